//! What a study comes to, point by point.

use serde::{Deserialize, Serialize};

/// One number of one point of a study (`study.csv`), with its interval.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct StudyRow {
    /// Name of the config that is varied.
    pub base: String,
    /// The key that is varied, the first of several that move together.
    pub axis: String,
    /// Its value at the point.
    pub value: String,
    /// A claim by its id; or the metric whose ratio is taken, original over these coordinates, with
    /// what steps are counted in; or the name of a number of the theory.
    pub quantity: String,
    /// Name of the algorithm; empty of claims and the theory.
    pub algorithm: String,
    /// Name of the coordinate system; empty of claims.
    pub coordinates: String,
    /// In which coordinates learning rates are best, `original` or `own`; empty of claims and the
    /// theory.
    pub tuned: String,
    /// Parameter block, or `all`, of the theory; empty of the others.
    pub block: String,
    /// Median over the trials; empty where no trial says anything, like the next two.
    pub median: Option<f64>,
    /// Lower end of the exact order-statistic interval of the median.
    pub lower: Option<f64>,
    /// Upper end of it.
    pub upper: Option<f64>,
    /// The verdict on a claim; empty of the others.
    pub verdict: String,
    /// The claim in words; empty of the others.
    pub statement: String,
    /// Paired trials (or learning rates) that say something.
    pub pairs: usize,
    /// Pairs planned.
    pub planned: usize,
}
