//! What the theory says of each change of variables beside what was observed.

use serde::Serialize;

use crate::record::TheoryRow;
use crate::sweep::median;

/// The theory of an experiment's changes of variables.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TheorySummary<'a> {
    /// Where the Hessian is taken, if one is known.
    pub hessian: Option<&'a str>,
    /// By coordinate system, block and algorithm, in the order of the rows.
    pub medians: Vec<TheoryMedians<'a>>,
}

/// Medians over the trials, of one algorithm; `None` where no trial has the number.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TheoryMedians<'a> {
    /// Name of the coordinate system.
    pub coordinates: &'a str,
    /// Parameter block, or `all` for a global EGOP.
    pub block: &'a str,
    /// Name of the algorithm.
    pub algorithm: &'a str,
    /// Stable rank of the EGOP.
    pub stable_rank: Option<f64>,
    /// Density β₁ of the leading eigenvector.
    pub density: f64,
    /// The factor β₁² d over the stable rank.
    pub predicted: Option<f64>,
    /// Lower and upper bound of L_f.
    pub smoothness: [Option<f64>; 2],
    /// Lower and upper bound of L_{f∘V}.
    pub reparameterized: [Option<f64>; 2],
    /// Observed ratio of steps to the target, both at the rate that is best in original
    /// coordinates.
    pub observed_same_rate: Option<f64>,
    /// The same, each at its own best rate.
    pub observed_own_rate: Option<f64>,
    /// Observed ratio of the mean ℓ₁ norms of the gradients, both at the rate that is best in
    /// original coordinates.
    pub gradient_same_rate: Option<f64>,
    /// The same, each at its own best rate.
    pub gradient_own_rate: Option<f64>,
}

impl<'a> TheorySummary<'a> {
    /// Sums up the rows of `theory.csv`, in any order.
    pub fn of(rows: &'a [TheoryRow]) -> Self {
        let label = |row: &'a TheoryRow| [&*row.coordinates, &*row.block, &*row.algorithm];
        let mut labels: Vec<[&str; 3]> = Vec::new();
        for row in rows {
            if !labels.contains(&label(row)) {
                labels.push(label(row));
            }
        }
        let medians = labels.into_iter().map(|of| {
            let same: Vec<&TheoryRow> = rows.iter().filter(|row| label(row) == of).collect();
            TheoryMedians::of(of, &same)
        });
        Self {
            hessian: rows.iter().map(|row| &*row.hessian).find(|place| !place.is_empty()),
            medians: medians.collect(),
        }
    }
}

impl<'a> TheoryMedians<'a> {
    fn of([coordinates, block, algorithm]: [&'a str; 3], rows: &[&TheoryRow]) -> Self {
        let some = |get: fn(&TheoryRow) -> Option<f64>| {
            let values: Vec<f64> = rows.iter().filter_map(|row| get(row)).collect();
            (!values.is_empty()).then(|| median(&values))
        };
        Self {
            coordinates,
            block,
            algorithm,
            stable_rank: some(|row| row.stable_rank),
            density: median(&rows.iter().map(|row| row.density).collect::<Vec<f64>>()),
            predicted: some(|row| row.predicted),
            smoothness: [some(|row| row.smoothness_lower), some(|row| row.smoothness_upper)],
            reparameterized: [
                some(|row| row.reparameterized_lower),
                some(|row| row.reparameterized_upper),
            ],
            observed_same_rate: some(|row| row.observed_same_rate),
            observed_own_rate: some(|row| row.observed_own_rate),
            gradient_same_rate: some(|row| row.gradient_same_rate),
            gradient_own_rate: some(|row| row.gradient_own_rate),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(trial: usize, algorithm: &str, stable_rank: f64, observed: Option<f64>) -> TheoryRow {
        TheoryRow {
            trial,
            coordinates: "reparameterized".into(),
            block: "all".into(),
            parameters: 9,
            rank: 0,
            solver: String::new(),
            stable_rank: (stable_rank > 0.0).then_some(stable_rank),
            density: 0.5,
            predicted: (stable_rank > 0.0).then_some(2.0),
            hessian: if trial == 1 { "at the minimum".into() } else { String::new() },
            smoothness_lower: (trial == 1).then_some(3.0),
            smoothness_upper: (trial == 1).then_some(4.0),
            reparameterized_lower: None,
            reparameterized_upper: None,
            algorithm: algorithm.into(),
            observed_same_rate: observed,
            observed_own_rate: None,
            gradient_same_rate: None,
            gradient_own_rate: None,
        }
    }

    #[test]
    fn medians_are_of_the_trials_that_have_the_number() {
        let rows = [
            row(0, "adam", 1.0, Some(2.0)),
            row(0, "adagrad", 1.0, Some(f64::INFINITY)),
            row(1, "adam", 5.0, Some(6.0)),
            row(1, "adagrad", 5.0, Some(f64::INFINITY)),
            row(2, "adam", 2.0, None),
        ];
        let summary = TheorySummary::of(&rows);
        assert_eq!(summary.hessian, Some("at the minimum"));
        let [adam, adagrad] = &summary.medians[..] else { panic!("{summary:?}") };
        assert_eq!((adam.algorithm, adagrad.algorithm), ("adam", "adagrad"));
        assert_eq!((adam.stable_rank, adagrad.stable_rank), (Some(2.0), Some(3.0)));
        assert_eq!(adam.observed_same_rate, Some(4.0));
        assert_eq!(adagrad.observed_same_rate, Some(f64::INFINITY));
        assert_eq!(adam.smoothness, [Some(3.0), Some(4.0)]);
        assert_eq!((adam.reparameterized, adam.observed_own_rate), ([None, None], None));
    }

    #[test]
    fn what_no_trial_knows_is_not_summed_up() {
        let rows = [row(0, "adam", 0.0, Some(2.0)), row(2, "adam", 0.0, Some(3.0))];
        let adam = &TheorySummary::of(&rows).medians[0];
        assert_eq!((adam.stable_rank, adam.predicted, adam.density), (None, None, 0.5));
    }

    #[test]
    fn of_no_rows_there_is_nothing() {
        assert_eq!(TheorySummary::of(&[]), TheorySummary { hessian: None, medians: Vec::new() });
    }
}
