//! Claims: statements about results, stated in a config and judged from the records.
//!
//! A claim never computes what a trial should have recorded. What counts as evidence is decided in
//! `pair`, what follows from it in `evidence`: no verdict comes from fewer than five values, nor from
//! two failures. To add a kind: a file with its settings and its [`Entry`], and a line in
//! [`REGISTRY`].

use std::fmt::Debug;

use crate::config::{Entry, Reader, key};
use crate::need::{Need, Want};
use crate::record::{AS_SHIPPED, BreakEvenRow, ClaimRow, MeasureRow, RateRow, RunRow, TheoryRow};
use crate::sweep::Metric;

mod across;
mod at_budget;
mod best_rate;
mod break_even;
mod claimed;
mod compared;
mod digits;
mod every_rate;
mod evidence;
mod measure;
mod pair;
mod paired;
mod range;
mod side;
mod theory;
mod ties;
mod to_level;
mod trend;

pub(crate) use compared::Compared;
pub(crate) use digits::number;
pub(crate) use evidence::Evidence;
pub use evidence::Interval;
pub(crate) use pair::{FLOOR, ratio};
pub use side::{Rule, Side};
pub(crate) use theory::quantities as theory_quantities;

/// The records that claims are judged from.
#[derive(Clone, Copy, Debug, Default)]
pub struct Records<'a> {
    /// All runs.
    pub runs: &'a [RunRow],
    /// The metric of each learning rate, with the selected ones marked.
    pub rates: &'a [RateRow],
    /// The measures of EGOP estimates.
    pub measures: &'a [MeasureRow],
    /// What the theory says of the changes of variables.
    pub theory: &'a [TheoryRow],
    /// From which budgets on the changes of variables pay.
    pub break_even: &'a [BreakEvenRow],
    /// Trials planned.
    pub planned: usize,
    /// Epochs of a run with minibatches, in which its steps are counted then.
    pub epochs: Option<u64>,
    /// How learning rates were selected, where any were.
    pub selection: Option<SelectionRule<'a>>,
}

/// How learning rates were selected.
#[derive(Clone, Copy, Debug)]
pub struct SelectionRule<'a> {
    /// By which metric.
    pub metric: Metric,
    /// Differences of a loss up to this share of the initial suboptimality are ties.
    pub floor: f64,
    /// Name of the original coordinates, where there are such.
    pub original: Option<&'a str>,
}

/// What the records say of a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The one-sided 95 % bounds of the median are on the claimed side.
    Reproduced,
    /// A one-sided 95 % bound of the median is on the other side.
    NotReproduced,
    /// Neither, or too few values to tell.
    Inconclusive,
    /// The settings are for a look, not for verdicts.
    NotJudged,
}

impl Verdict {
    /// All of them.
    pub const ALL: [Self; 4] =
        [Self::Reproduced, Self::NotReproduced, Self::Inconclusive, Self::NotJudged];

    /// What it means, in a sentence.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Reproduced => {
                "at least five pairs say something, one of each trial, and the one-sided 95 % bounds \
                 of their median are on the claimed side"
            }
            Self::NotReproduced => {
                "at least five pairs say something, and a one-sided 95 % bound of their median is on \
                 the other side than claimed"
            }
            Self::Inconclusive => {
                "the bounds of the median are on either side of what is claimed, or fewer than five \
                 pairs say something: more trials may decide it"
            }
            Self::NotJudged => {
                "the settings are for a look (the profile quick), and so there is no verdict, only \
                 numbers"
            }
        }
    }

    /// As written in `claims.csv`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Reproduced => "reproduced",
            Self::NotReproduced => "not reproduced",
            Self::Inconclusive => "inconclusive",
            Self::NotJudged => "not judged",
        }
    }
}

/// What a test of a claim found.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// The verdict.
    pub verdict: Verdict,
    /// Why, in words.
    pub reason: String,
    /// The statistic and its two-sided interval, where there are values.
    pub interval: Option<Interval>,
    /// The lowest and the highest median at the selected learning rates and those that tie with
    /// them, where rates are selected.
    pub tied: Option<(f64, f64)>,
    /// Pairs (trials or learning rates) in favour.
    pub in_favour: usize,
    /// Pairs that say something.
    pub pairs: usize,
    /// Pairs that say nothing: both sides fail, say.
    pub no_evidence: usize,
    /// Pairs planned.
    pub planned: usize,
}

impl Finding {
    /// That nothing can be compared, and why.
    fn nothing(reason: String, planned: usize) -> Self {
        Self {
            verdict: Verdict::Inconclusive,
            reason,
            interval: None,
            tied: None,
            in_favour: 0,
            pairs: 0,
            no_evidence: 0,
            planned,
        }
    }
}

/// A test that decides a claim.
pub trait Test: Debug + Send + Sync {
    /// Judges the claim.
    fn judge(&self, records: Records<'_>) -> Finding;

    /// The test in words.
    fn describe(&self) -> String;

    /// What it needs of the experiment.
    fn wants(&self) -> Vec<Want<'_>>;
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
    /// Why it comes out as it does, where it is known not to hold; empty otherwise.
    pub explanation: String,
    /// Name of the figure of the experiment that shows it.
    pub figure: Option<String>,
    /// The test.
    pub test: Box<dyn Test>,
}

/// All kinds of tests.
pub const REGISTRY: &[Entry<dyn Test>] = &[
    paired::RATIO,
    paired::DIFFERENCE,
    to_level::ENTRY,
    every_rate::RATIO,
    every_rate::DIFFERENCE,
    best_rate::ENTRY,
    trend::ENTRY,
    range::ENTRY,
    measure::ENTRY,
    theory::ENTRY,
    break_even::ENTRY,
    at_budget::ENTRY,
];

impl Claim {
    /// Reads `id`, `statement`, `source`, `explanation`, `figure`, `test` (by default `ratio`) and the keys
    /// that go with it.
    pub fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let id = reader.string(key("id", "short name of the claim, unique in the config"));
        if id.as_ref().is_some_and(String::is_empty) {
            reader.problem("id", "must not be empty");
        }
        let statement = reader.string(key("statement", "what is claimed, in words"));
        let source = reader.string(key("source", "where it is claimed"));
        let explanation = key(
            "explanation",
            "why it is not reproduced, if it is not, in words: shown where settings are as shipped",
        );
        let explanation = reader.string_or(explanation, "");
        let test = reader.registered_or(key("test", "which test decides"), "ratio", REGISTRY);
        let figure =
            reader.optional_file_name(key("figure", "name of the figure's files that shows it"));
        Some(Self {
            id: id?,
            statement: statement?,
            source: source?,
            explanation: explanation?,
            figure: figure?,
            test: test?,
        })
    }

    /// What it needs of the experiment.
    pub fn wants(&self) -> Vec<Want<'_>> {
        let figure = self.figure.as_deref();
        let figure = figure.map(|figure| Want::new("figure", Need::Figure(figure)));
        figure.into_iter().chain(self.test.wants()).collect()
    }

    /// The row of `claims.csv`, found with these settings. With a reason not to judge it, the values are
    /// given and a verdict is not.
    pub fn judge(
        &self,
        records: Records<'_>,
        unjudged: Option<&str>,
        settings: String,
    ) -> ClaimRow {
        let mut finding = self.test.judge(records);
        if let Some(why) = unjudged {
            finding.verdict = Verdict::NotJudged;
            why.clone_into(&mut finding.reason);
        }
        let explained = finding.verdict == Verdict::NotReproduced && settings == AS_SHIPPED;
        let explanation = if explained { self.explanation.clone() } else { String::new() };
        ClaimRow {
            id: self.id.clone(),
            figure: self.figure.clone().unwrap_or_default(),
            statement: self.statement.clone(),
            source: self.source.clone(),
            test: self.test.describe(),
            verdict: finding.verdict.name().into(),
            reason: finding.reason,
            median: finding.interval.map(|interval| interval.median),
            lower: finding.interval.map(|interval| interval.lower),
            upper: finding.interval.map(|interval| interval.upper),
            level: finding.interval.map(|interval| interval.level),
            tied_low: finding.tied.map(|(low, _)| low),
            tied_high: finding.tied.map(|(_, high)| high),
            in_favour: finding.in_favour,
            pairs: finding.pairs,
            no_evidence: finding.no_evidence,
            planned: finding.planned,
            explanation,
            settings,
        }
    }
}
