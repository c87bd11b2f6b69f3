//! Slurm's job scripts. They name no folder: `submit.sh` goes to its own and hands it to the jobs,
//! so paths may hold blanks and the folder may be moved.

use std::fmt::Write;

use crate::cluster::scheduler::{Scheduler, Script};

/// Slurm: job arrays of `sbatch`.
#[derive(Clone, Copy, Debug)]
pub struct Slurm;

impl Scheduler for Slurm {
    fn name(&self) -> &'static str {
        "slurm"
    }

    fn title(&self) -> &'static str {
        "Slurm"
    }

    fn emit_flag(&self) -> &'static str {
        "emit-slurm"
    }

    fn options_help(&self) -> &'static str {
        "Options of sbatch for the jobs, such as partition=main time=2:00:00 cpus-per-task=4"
    }

    /// Options are those of `sbatch`, such as `partition=main` or `exclusive`.
    fn check(&self, option: &str) -> Result<(), String> {
        let (key, value) = split(option);
        let is_key = key.starts_with(|c: char| c.is_ascii_lowercase())
            && key.chars().all(|c| c.is_ascii_lowercase() || c == '-');
        if !is_key {
            return Err(format!(
                "\"{option}\" is no option of sbatch; expected KEY=VALUE, such as partition=main"
            ));
        }

        if key.len() == 1 || value == Some("") {
            return Err(format!(
                "\"{option}\" lacks {}",
                if key.len() == 1 { "the option's long name" } else { "a value" }
            ));
        }
        if RESERVED.contains(&key) {
            return Err(format!("\"{key}\" is set by the scripts themselves"));
        }
        // In a script's #SBATCH lines these would need quotes, whose rules differ between versions.
        let plain = |c: char| c.is_ascii_graphic() && !"\"'\\#".contains(c);
        if let Some(value) = value
            && !value.chars().all(plain)
        {
            return Err(format!("the value of \"{key}\" must be without blanks, quotes, \\ and #"));
        }
        // Array tasks are planned for so many threads; whatever else is wrong, sbatch says.
        if key == PROCESSORS && value.and_then(processors).is_none() {
            return Err(format!(
                "{PROCESSORS} must be a whole number of at least 1, such as {PROCESSORS}=4"
            ));
        }
        Ok(())
    }

    fn threads(&self, options: &[String]) -> usize {
        let asked = options.iter().rev().find_map(|option| match split(option) {
            (PROCESSORS, value) => value,
            _ => None,
        });
        asked.and_then(processors).unwrap_or(1)
    }

    fn scripts(&self, name: &str, options: &[String]) -> Vec<Script> {
        let job = |name, text| Script { name, text, executable: false };
        vec![
            job("array.sbatch", array_script(name, options)),
            job("merge.sbatch", merge_script(name, options)),
            Script { name: SUBMIT, text: SUBMIT_SCRIPT.into(), executable: true },
        ]
    }

    fn submit(&self) -> &'static str {
        SUBMIT
    }

    fn threads_variable(&self) -> &'static str {
        "SLURM_CPUS_PER_TASK"
    }

    fn memory_variable(&self) -> &'static str {
        "SLURM_MEM_PER_NODE"
    }
}

/// What `submit.sh` sets itself.
const RESERVED: &[&str] = &["array", "chdir", "dependency", "parsable", "wrap"];

/// The option that asks for threads; Slurm's default is 1.
const PROCESSORS: &str = "cpus-per-task";

const SUBMIT: &str = "submit.sh";

/// `KEY=VALUE`, or `KEY`.
fn split(option: &str) -> (&str, Option<&str>) {
    match option.split_once('=') {
        Some((key, value)) => (key, Some(value)),
        None => (option, None),
    }
}

fn processors(value: &str) -> Option<usize> {
    value.parse().ok().filter(|&number| number > 0)
}

fn script(name: &str, log: &str, options: &[String], body: &str) -> String {
    let mut text = format!(
        "#!/bin/bash\n#SBATCH --job-name={name}\n#SBATCH --output=logs/{log}\n\
         #SBATCH --open-mode=append\n#SBATCH --cpus-per-task=1\n"
    );
    for option in options {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "#SBATCH --{option}");
    }
    text + body
}

/// The job array: one line of the plan each.
fn array_script(name: &str, options: &[String]) -> String {
    let body = r#"
# usage: sbatch --array=0-N array.sbatch [FIRST]
# Does the array tasks FIRST, FIRST + 1, ... of plan.jsonl. Finished tasks are not repeated.
set -euo pipefail
exec ./bin/egop-sweep run-task . --index "$((${1:-0} + SLURM_ARRAY_TASK_ID))"
"#;
    script(&format!("egop-{name}"), "%x-%A_%a.log", options, body)
}

/// The job that merges, and submits the round that comes next if there is one.
fn merge_script(name: &str, options: &[String]) -> String {
    let body = r"
# Plans the round that comes next, or writes tables, figures, verdicts and report after the last. If
# tasks are missing it says so and fails.
set -euo pipefail
./bin/egop-sweep merge .
exec ./submit.sh
";
    script(&format!("egop-{name}-merge"), "%x-%j.log", options, body)
}

/// The script that submits both.
const SUBMIT_SCRIPT: &str = r#"#!/bin/bash
# Submits the plan as job arrays, none larger than Slurm allows, and then a job that merges.
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")"

tasks=$(wc -l <plan.jsonl)
if ((tasks == 0)); then
  echo "nothing is left to submit"
  exit 0
fi
largest=$(scontrol show config | awk '$1 == "MaxArraySize" { print $3 }')
if ((${largest:=1001} < 1)); then
  echo "this Slurm allows no job arrays (MaxArraySize = $largest)" >&2
  exit 1
fi

after=afterany
for ((first = 0; first < tasks; first += largest)); do
  size=$((tasks - first < largest ? tasks - first : largest))
  job=$(sbatch --parsable --chdir="$PWD" --array="0-$((size - 1))" array.sbatch "$first")
  job=${job%%;*}
  echo "job $job: array tasks $first to $((first + size - 1)) of $tasks"
  after+=:$job
done
job=$(sbatch --parsable --chdir="$PWD" --dependency="$after" merge.sbatch)
echo "job ${job%%;*}: merges when they have ended"
"#;

#[cfg(test)]
mod tests {
    use super::*;

    fn options(all: &[&str]) -> Vec<String> {
        all.iter().map(|&option| option.to_owned()).collect()
    }

    #[test]
    fn options_are_checked() {
        Slurm.check("partition=main").unwrap();
        Slurm.check("exclusive").unwrap();
        for wrong in [
            "",
            "=",
            "Partition=x",
            "a b=c",
            "array=0-3",
            "dependency=singleton",
            "comment=a b",
            "comment=\"a\"",
            "comment=a\n#SBATCH --array=1",
            "config.toml",
            "-p=main",
            "c=4",
            "mem=",
            "cpus-per-task",
            "cpus-per-task=0",
            "cpus-per-task=x",
            "cpus-per-task=1.5",
        ] {
            assert!(Slurm.check(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn processors_are_those_of_the_last_option() {
        let options = options(&["cpus-per-task=4", "partition=a", "cpus-per-task=8"]);
        assert_eq!(Slurm.threads(&options), 8);
        assert_eq!(Slurm.threads(&options[1..2]), 1);
    }

    #[test]
    fn scripts() {
        let options = options(&["partition=main", "exclusive", "time=1:00:00"]);
        insta::assert_snapshot!("array", array_script("lsq", &options));
        insta::assert_snapshot!("merge", merge_script("lsq", &options));
    }
}
