//! Claims: statements about results, stated in a config and judged from the records.
//!
//! A claim never computes what a trial should have recorded. To add a kind: a file with its
//! settings and its [`Entry`], and a line in [`REGISTRY`].

use std::fmt::Debug;

use crate::config::Reader;
use crate::record::{ClaimRow, MeasureRow, RateRow, RunRow};

mod bootstrap;
mod every_rate;
mod measure;
mod range;
mod ratio;
mod side;

pub use side::{Rule, Side};

/// The records that claims are judged from.
#[derive(Clone, Copy, Debug)]
pub struct Records<'a> {
    /// All runs.
    pub runs: &'a [RunRow],
    /// The metric of each learning rate, with the selected ones marked.
    pub rates: &'a [RateRow],
    /// The measures of EGOP estimates.
    pub measures: &'a [MeasureRow],
    /// Trials planned.
    pub planned: usize,
}

/// What the records say of a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The whole interval is on the claimed side.
    Reproduced,
    /// The whole interval is on the other side.
    NotReproduced,
    /// The interval holds the bound, or there is nothing to compare.
    Inconclusive,
}

impl Verdict {
    /// As written in `claims.csv`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Reproduced => "reproduced",
            Self::NotReproduced => "not reproduced",
            Self::Inconclusive => "inconclusive",
        }
    }
}

/// What a test of a claim found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Finding {
    /// The verdict.
    pub verdict: Verdict,
    /// The statistic: lower end of its 95 % interval, median, upper end.
    pub interval: [f64; 3],
    /// Pairs (trials or learning rates) in favour.
    pub in_favour: usize,
    /// Pairs compared.
    pub pairs: usize,
    /// Pairs planned.
    pub planned: usize,
}

/// A test that decides a claim.
pub trait Test: Debug + Send + Sync {
    /// Judges the claim.
    fn judge(&self, records: Records<'_>) -> Finding;

    /// The test in words.
    fn describe(&self) -> String;

    /// The runs that it looks at, to be checked against the experiment's names.
    fn sides(&self) -> Vec<&Side> {
        Vec::new()
    }

    /// The names of the EGOP estimates that it looks at, to be checked likewise.
    fn spectra(&self) -> Vec<&str> {
        Vec::new()
    }
}

/// A claim and the test that decides it.
#[derive(Debug)]
pub struct Claim {
    /// Unique identifier.
    pub id: String,
    /// The claim in words.
    pub statement: String,
    /// Where it is made.
    pub source: String,
    /// The test.
    pub test: Box<dyn Test>,
}

/// How a config names a kind of test and how its settings are read.
#[derive(Debug)]
pub struct Entry {
    /// The value of `test`.
    pub name: &'static str,
    /// One line for `--list`.
    pub summary: &'static str,
    /// Reads the keys beside `test`.
    pub read: fn(&mut Reader<'_>) -> Option<Box<dyn Test>>,
}

/// All kinds of tests.
pub const REGISTRY: &[Entry] = &[ratio::ENTRY, every_rate::ENTRY, range::ENTRY, measure::ENTRY];

impl Claim {
    /// Reads `id`, `statement`, `source`, `test` (by default `ratio`) and the keys that go with it.
    pub fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let id = reader.text("id");
        let statement = reader.text("statement");
        let source = reader.text("source");
        let tests: Vec<_> = REGISTRY.iter().map(|entry| (entry.name, entry.read)).collect();
        let test = reader.choice_or("test", "ratio", &tests).and_then(|read| read(reader));
        Some(Self { id: id?, statement: statement?, source: source?, test: test? })
    }

    /// The row of `claims.csv`.
    pub fn judge(&self, records: Records<'_>) -> ClaimRow {
        let finding = self.test.judge(records);
        let [lower, median, upper] = finding.interval;
        ClaimRow {
            id: self.id.clone(),
            statement: self.statement.clone(),
            source: self.source.clone(),
            test: self.test.describe(),
            verdict: finding.verdict.name().into(),
            median,
            lower,
            upper,
            in_favour: finding.in_favour,
            pairs: finding.pairs,
            planned: finding.planned,
        }
    }
}
