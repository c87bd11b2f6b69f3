//! One side of a comparison: which runs.

use std::collections::BTreeMap;
use std::fmt;

use crate::claim::Records;
use crate::config::{Reader, key};
use crate::need::{Need, Want};
use crate::record::{BreakEvenRow, RateRow, RunRow};
use crate::sweep::NoRate;

/// By which rule a learning rate was selected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// Best in original coordinates, used in all coordinate systems (paper, D.5).
    Original,
    /// Best in the coordinate system itself (paper, Fig. 12).
    Own,
}

impl Rule {
    /// The names used in configs.
    pub const NAMES: [(&'static str, Self); 2] = [("original", Self::Original), ("own", Self::Own)];

    /// Whether a row's `selected` says so.
    pub fn selects(self, selected: &str) -> bool {
        selected == "both"
            || match self {
                Self::Original => selected == "original",
                Self::Own => selected == "own",
            }
    }
}

/// The runs of an algorithm in a coordinate system at a selected learning rate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Side {
    /// Name of the algorithm.
    pub algorithm: String,
    /// Name of the coordinate system.
    pub coordinates: String,
    /// Selection rule.
    pub tuned: Rule,
}

impl Side {
    /// Reads `algorithm`, `coordinates` and `tuned` (by default `original`).
    pub fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let algorithm = reader.string(key("algorithm", "name of the algorithm"));
        let coordinates = reader.string(key("coordinates", "name of the coordinate system"));
        let tuned =
            key("tuned", "in which coordinates its learning rate is best: the original or its own");
        let tuned = reader.choice_or(tuned, "original", &Rule::NAMES);
        Some(Self { algorithm: algorithm?, coordinates: coordinates?, tuned: tuned? })
    }

    /// What the side of this key needs: its names and, where rates are `selected`, a rule for them.
    pub(super) fn wants(&self, key: &str, selected: bool) -> Vec<Want<'_>> {
        let mut wants = vec![
            Want::new(format!("{key}.algorithm"), Need::Algorithm(&self.algorithm)),
            Want::new(format!("{key}.coordinates"), Need::Coordinates(&self.coordinates)),
            Want::new(
                format!("{key}.coordinates"),
                Need::TrainsIn {
                    algorithm: &self.algorithm,
                    coordinates: std::slice::from_ref(&self.coordinates),
                },
            ),
        ];
        if selected && self.tuned == Rule::Original {
            let algorithm = std::slice::from_ref(&self.algorithm);
            wants.push(Want::new(format!("{key}.tuned"), Need::OriginalRates(algorithm)));
        }
        wants
    }

    /// The runs of the algorithm in the coordinate system at a learning rate, by trial.
    pub(super) fn at<'a>(&self, records: Records<'a>, rate: f64) -> BTreeMap<usize, &'a RunRow> {
        let runs = records.runs.iter().filter(|run| {
            run.learning_rate == rate
                && *run.algorithm == self.algorithm
                && *run.coordinates == self.coordinates
        });
        runs.map(|run| (run.trial, run)).collect()
    }

    /// The rows of `learning_rates.csv` on the algorithm in this coordinate system, with rates ascending.
    pub(super) fn rows(&self, records: Records<'_>, coordinates: &str) -> Vec<RateRow> {
        let of =
            |rate: &&RateRow| rate.algorithm == self.algorithm && rate.coordinates == *coordinates;
        let mut rows: Vec<RateRow> = records.rates.iter().filter(of).cloned().collect();
        rows.sort_by(|a, b| a.learning_rate.total_cmp(&b.learning_rate));
        rows
    }

    /// The learning rates that were tried, ascending.
    pub(super) fn rates(&self, records: Records<'_>) -> Vec<f64> {
        let rows = self.rows(records, &self.coordinates);
        rows.into_iter().map(|rate| rate.learning_rate).collect()
    }

    /// The selected learning rate; or why there is none.
    pub(super) fn selected(&self, records: Records<'_>) -> Result<f64, String> {
        let rows = self.rows(records, &self.coordinates);
        if let Some(selected) = rows.iter().find(|rate| self.tuned.selects(&rate.selected)) {
            return Ok(selected.learning_rate);
        }
        // What was not selected here was selected by what came of it there.
        let there = match (self.tuned, records.selection.and_then(|rule| rule.original)) {
            (Rule::Original, Some(original)) => self.rows(records, original),
            _ => rows,
        };
        let why = match (NoRate::of(&there), there.first()) {
            (Some(none), Some(rate)) => none.reason(&rate.metric),
            _ => "none was tried".to_owned(),
        };
        let Self { algorithm, coordinates, .. } = self;
        Err(format!("no learning rate was selected for {algorithm}/{coordinates}: {why}"))
    }

    /// Whether a row of `break_even.csv` compares these runs with those in original coordinates.
    pub(super) fn is_compared_in(&self, row: &BreakEvenRow) -> bool {
        *row.algorithm == self.algorithm
            && *row.coordinates == self.coordinates
            && self.tuned.selects(&row.tuned)
    }

    /// The runs at the selected learning rate, by trial; none where there is no such rate.
    pub(crate) fn runs<'a>(&self, records: Records<'a>) -> BTreeMap<usize, &'a RunRow> {
        self.selected(records).map_or_else(|_| BTreeMap::new(), |rate| self.at(records, rate))
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.algorithm, self.coordinates)?;
        match self.tuned {
            Rule::Original => Ok(()),
            Rule::Own => f.write_str(" at its own rate"),
        }
    }
}

/// Reads `left` and `right`, which must differ: by their learning rates alone, if those are
/// `selected`.
pub(super) fn sides(reader: &mut Reader<'_>, selected: bool) -> Option<[Side; 2]> {
    let left = reader.table(key("left", "the runs that are compared"), Side::read);
    let right = reader.table(key("right", "the runs that they are compared with"), Side::read);
    let (left, right) = (left?, right?);
    let same = left.algorithm == right.algorithm && left.coordinates == right.coordinates;
    if same && (left.tuned == right.tuned || !selected) {
        reader.problem("right", "is the same as `left`: a side compared with itself says nothing");
        return None;
    }
    Some([left, right])
}
