//! One side of a comparison: which runs.

use std::collections::BTreeMap;
use std::fmt;

use crate::claim::Records;
use crate::config::Reader;
use crate::record::RunRow;
use crate::sweep::Metric;

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
        let algorithm = reader.text("algorithm");
        let coordinates = reader.text("coordinates");
        let tuned = reader.choice_or("tuned", "original", &Rule::NAMES);
        Some(Self { algorithm: algorithm?, coordinates: coordinates?, tuned: tuned? })
    }

    /// All runs of the algorithm in the coordinate system.
    pub(super) fn all<'a>(&self, records: Records<'a>) -> impl Iterator<Item = &'a RunRow> {
        records
            .runs
            .iter()
            .filter(|run| *run.algorithm == self.algorithm && *run.coordinates == self.coordinates)
    }

    /// The metric of each trial at the selected learning rate.
    pub(crate) fn values(&self, records: Records<'_>, metric: &Metric) -> BTreeMap<usize, f64> {
        let selected = records.rates.iter().find(|rate| {
            rate.algorithm == self.algorithm
                && rate.coordinates == self.coordinates
                && self.tuned.selects(&rate.selected)
        });
        let Some(selected) = selected else { return BTreeMap::new() };
        self.all(records)
            .filter(|run| run.learning_rate == selected.learning_rate)
            .filter_map(|run| Some((run.trial, metric.value(run)?)))
            .collect()
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
