//! Slurm's job scripts. They name no folder: `submit.sh` goes to its own and hands it to the jobs,
//! so paths may hold blanks and the folder may be moved.

use std::fmt::Write;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// An option of `sbatch` for the jobs, such as `partition=main` or `exclusive`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SlurmOption {
    key: String,
    value: Option<String>,
}

/// What `submit.sh` sets itself.
const RESERVED: &[&str] = &["array", "chdir", "dependency", "parsable", "wrap"];

const PROCESSORS: &str = "cpus-per-task";

impl SlurmOption {
    /// The number of processors that the last of these options asks for; Slurm's default is 1.
    pub fn processors(options: &[Self]) -> usize {
        let asked = options.iter().rev().find(|option| option.key == PROCESSORS);
        asked.and_then(|option| processors(option.value.as_ref()?)).unwrap_or(1)
    }
}

impl FromStr for SlurmOption {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (key, value) = match text.split_once('=') {
            Some((key, value)) => (key, Some(value)),
            None => (text, None),
        };
        let is_key = key.starts_with(|c: char| c.is_ascii_lowercase())
            && key.chars().all(|c| c.is_ascii_lowercase() || c == '-');
        if !is_key {
            return Err(format!(
                "\"{text}\" is no option of sbatch; expected KEY=VALUE, such as partition=main"
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
        // Elements are planned for so many threads; whatever else is wrong, sbatch says.
        if key == PROCESSORS && value.and_then(processors).is_none() {
            return Err(format!(
                "{PROCESSORS} must be a whole number of at least 1, such as {PROCESSORS}=4"
            ));
        }
        Ok(Self { key: key.into(), value: value.map(Into::into) })
    }
}

fn processors(value: &str) -> Option<usize> {
    value.parse().ok().filter(|&number| number > 0)
}

impl TryFrom<String> for SlurmOption {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<SlurmOption> for String {
    fn from(option: SlurmOption) -> Self {
        option.to_string()
    }
}

impl std::fmt::Display for SlurmOption {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.value {
            Some(value) => write!(f, "{}={value}", self.key),
            None => f.write_str(&self.key),
        }
    }
}

fn script(name: &str, log: &str, options: &[SlurmOption], body: &str) -> String {
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

/// The job array: one element of the plan each.
pub fn array_script(name: &str, options: &[SlurmOption]) -> String {
    let body = r#"
# usage: sbatch --array=0-N array.sbatch [FIRST]
# Does the elements FIRST, FIRST + 1, ... of plan.jsonl. Finished tasks are not repeated.
set -euo pipefail
exec ./bin/egop-sweep run-task . --index "$((${1:-0} + SLURM_ARRAY_TASK_ID))"
"#;
    script(&format!("egop-{name}"), "%x-%A_%a.log", options, body)
}

/// The job that merges, and submits the pass that comes next if there is one.
pub fn merge_script(name: &str, options: &[SlurmOption]) -> String {
    let body = r"
# Writes the tables, or plans the pass that comes next. If tasks are missing it says so and fails.
set -euo pipefail
./bin/egop-sweep merge .
exec ./submit.sh
";
    script(&format!("egop-{name}-merge"), "%x-%j.log", options, body)
}

/// The script that submits both.
pub fn submit_script() -> &'static str {
    r#"#!/bin/bash
# Submits the plan as job arrays, none larger than Slurm allows, and then a job that merges.
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")"

elements=$(wc -l <plan.jsonl)
if ((elements == 0)); then
  echo "nothing is left to submit"
  exit 0
fi
largest=$(scontrol show config | awk '$1 == "MaxArraySize" { print $3 }')
if ((${largest:=1001} < 1)); then
  echo "this Slurm allows no job arrays (MaxArraySize = $largest)" >&2
  exit 1
fi

after=afterany
for ((first = 0; first < elements; first += largest)); do
  size=$((elements - first < largest ? elements - first : largest))
  job=$(sbatch --parsable --chdir="$PWD" --array="0-$((size - 1))" array.sbatch "$first")
  job=${job%%;*}
  echo "job $job: elements $first to $((first + size - 1)) of $elements"
  after+=:$job
done
job=$(sbatch --parsable --chdir="$PWD" --dependency="$after" merge.sbatch)
echo "job ${job%%;*}: merges when they have ended"
"#
}

#[cfg(test)]
mod tests {
    use super::*;

    fn option(text: &str) -> SlurmOption {
        text.parse().unwrap()
    }

    #[test]
    fn options_are_checked() {
        assert_eq!(option("partition=main").to_string(), "partition=main");
        assert_eq!(option("exclusive").to_string(), "exclusive");
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
            "cpus-per-task",
            "cpus-per-task=0",
            "cpus-per-task=x",
            "cpus-per-task=1.5",
        ] {
            assert!(wrong.parse::<SlurmOption>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn processors_are_those_of_the_last_option() {
        let options = [option("cpus-per-task=4"), option("partition=a"), option("cpus-per-task=8")];
        assert_eq!(SlurmOption::processors(&options), 8);
        assert_eq!(SlurmOption::processors(&options[1..2]), 1);
    }

    #[test]
    fn scripts() {
        let options = [option("partition=main"), option("exclusive"), option("time=1:00:00")];
        insta::assert_snapshot!("array", array_script("lsq", &options));
        insta::assert_snapshot!("merge", merge_script("lsq", &options));
    }
}
