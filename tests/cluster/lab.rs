//! A plan in a folder, and a Slurm that notes what it is asked and does it at once.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use egop::store::is_reproducible;
use tempfile::TempDir;

/// Three trials in two coordinate systems, with a coarse round, extensions and a refined one; then
/// curves, a claim and a figure.
const CONFIG: &str = concat!(
    include_str!("../data/tiny.toml"),
    r#"
[[claims]]
id = "faster"
statement = "Adam is faster"
source = "ours"
figure = "curves"
metric = "final_loss"
left = { algorithm = "adam", coordinates = "original" }
right = { algorithm = "adam", coordinates = "reparameterized" }
relation = "at-least"
factor = 1.0

[[figures]]
kind = "curves"
file = "curves"
title = "Tiny"
metric = "suboptimality"
"#
);

/// Notes its arguments. Where `RUN` is set it also does the job, as Slurm would: the tasks of an
/// array one after the other, in the folder asked for, with the log where it belongs.
const SBATCH: &str = r#"#!/bin/bash
set -euo pipefail
echo "sbatch $*" >>"$FAKE/asked"
[ ! -e "$FAKE/broken" ] || { echo "sbatch: error: Batch job submission failed" >&2; exit 1; }
job=$(($(cat "$FAKE/job" 2>/dev/null || echo 0) + 1))
echo "$job" >"$FAKE/job"
elements=
while [[ $1 == --* ]]; do
  case $1 in
  --chdir=*) cd "${1#--chdir=}" ;;
  --array=0-*) elements=${1#--array=0-} ;;
  esac
  shift
done
echo "$job"
[ -n "${RUN:-}" ] || exit 0
if [ -n "$elements" ]; then
  for ((i = 0; i <= elements; i++)); do
    SLURM_ARRAY_TASK_ID=$i bash "$@" >"logs/$job-$i.log" 2>&1 || true
  done
else
  bash "$@" >"logs/$job.log" 2>&1 || true
fi
"#;

const SCONTROL: &str = r#"#!/bin/bash
echo "scontrol $*" >>"$FAKE/asked"
cat <<CONF
Configuration data as of 2026-01-01T00:00:00
MaxArraySize            = ${MAX_ARRAY_SIZE:-1001}
MaxJobCount             = 10000
CONF
"#;

pub struct Lab {
    /// All paths in it have blanks and other characters that shells dislike.
    pub folder: TempDir,
    pub config: PathBuf,
    pub plan: PathBuf,
    pub results: PathBuf,
}

impl Lab {
    pub fn new() -> Self {
        let folder = tempfile::Builder::new().prefix("a folder's $name %j ").tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let (config, plan, results) = (at("tiny.toml"), at("the plan"), at("the results"));
        fs::write(&config, CONFIG).unwrap();
        let fake = at("fake slurm");
        fs::create_dir(&fake).unwrap();
        for (name, script) in [("sbatch", SBATCH), ("scontrol", SCONTROL)] {
            fs::write(fake.join(name), script).unwrap();
            fs::set_permissions(fake.join(name), fs::Permissions::from_mode(0o755)).unwrap();
        }
        Self { folder, config, plan, results }
    }

    pub fn fake(&self) -> PathBuf {
        self.folder.path().join("fake slurm")
    }

    /// A command that finds our Slurm.
    pub fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let path = std::env::var("PATH").unwrap();
        let mut command = Command::new(program);
        command.env("PATH", format!("{}:{path}", self.fake().display()));
        command.env("FAKE", self.fake()).env_remove("SLURM_CPUS_PER_TASK");
        command
    }

    pub fn egop_sweep(&self) -> Command {
        self.command(env!("CARGO_BIN_EXE_egop-sweep"))
    }

    /// `egop-sweep CONFIG --out RESULTS --emit-slurm PLAN`.
    pub fn emit(&self, extra: &[&str]) -> Output {
        let mut command = self.egop_sweep();
        command.arg(&self.config).arg("--out").arg(&self.results);
        command.arg("--emit-slurm").arg(&self.plan).args(extra);
        command.output().unwrap()
    }

    /// Emits a plan whose array tasks are single tasks.
    pub fn emit_single_tasks(&self) {
        success(&self.emit(&["--array-task-minutes", "0"]));
    }

    pub fn submit(&self, environment: &[(&str, &str)]) -> Output {
        let mut command = self.command(self.plan.join("submit.sh"));
        command.envs(environment.iter().copied()).current_dir("/").output().unwrap()
    }

    pub fn run_task(&self, index: usize) -> Output {
        let mut command = self.egop_sweep();
        command.arg("run-task").arg(&self.plan).args(["--index", &index.to_string()]);
        command.output().unwrap()
    }

    pub fn merge(&self, extra: &[&str]) -> Output {
        self.egop_sweep().arg("merge").arg(&self.plan).args(extra).output().unwrap()
    }

    pub fn status(&self, extra: &[&str]) -> String {
        let output = self.egop_sweep().arg("status").arg(&self.plan).args(extra).output().unwrap();
        success(&output);
        stdout(&output)
    }

    /// Lines of the plan.
    pub fn array_tasks(&self) -> usize {
        fs::read_to_string(self.plan.join("plan.jsonl")).unwrap().lines().count()
    }

    /// What Slurm was asked, with our folder's name left out.
    pub fn asked(&self) -> String {
        let asked = fs::read_to_string(self.fake().join("asked")).unwrap();
        asked.replace(self.folder.path().to_str().unwrap(), "FOLDER")
    }

    /// `egop-run CONFIG --out OUT`.
    pub fn egop_run(&self, out: &Path) -> Output {
        let mut command = self.command(env!("CARGO_BIN_EXE_egop-run"));
        command.arg(&self.config).arg("--out").arg(out).output().unwrap()
    }

    /// What is published without a cluster.
    pub fn local(&self) -> BTreeMap<String, Vec<u8>> {
        let out = self.folder.path().join("local");
        success(&self.egop_run(&out));
        let files = published(&out);
        for name in ["runs.csv", "curves.csv", "claims.csv", "curves.png"] {
            assert!(files.contains_key(name), "{name}");
        }
        files
    }
}

/// What is published in a folder, but for what tells of times.
pub fn published(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let sums = fs::read_to_string(folder.join("SHA256SUMS")).unwrap();
    let names = sums.lines().map(|line| line.split_once("  ").unwrap().1.to_owned());
    let names = names.filter(|name| is_reproducible(name));
    let files: BTreeMap<String, Vec<u8>> =
        names.map(|name| (name.clone(), fs::read(folder.join(name)).unwrap())).collect();
    assert!(files.contains_key("experiment.toml") && files.len() > 1, "{sums}");
    files
}

#[track_caller]
pub fn success(output: &Output) {
    assert!(output.status.success(), "{}{}", stdout(output), stderr(output));
}

pub fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

pub fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}
