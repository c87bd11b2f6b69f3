//! The learning rates that were selected, and why where none could be.

use serde::Serialize;

use crate::record::RateRow;
use crate::sweep::NoRate;

/// The learning rates of an experiment.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RatesSummary<'a> {
    /// The metric by which they were selected; `None` where there are none.
    pub metric: Option<&'a str>,
    /// By algorithm and coordinate system, in the order of the rows.
    pub methods: Vec<MethodSummary<'a>>,
}

/// The learning rates of one algorithm in one coordinate system.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MethodSummary<'a> {
    /// Name of the algorithm.
    pub algorithm: &'a str,
    /// Name of the coordinate system.
    pub coordinates: &'a str,
    /// The selected ones.
    pub selected: Vec<&'a RateRow>,
    /// What was tried, where none was selected.
    pub unselected: Option<NoRate>,
}

impl<'a> RatesSummary<'a> {
    /// Sums up the rows of `learning_rates.csv`, in which those of a method are side by side with
    /// learning rates ascending.
    pub fn of(rows: &'a [RateRow]) -> Self {
        let same =
            |a: &RateRow, b: &RateRow| a.algorithm == b.algorithm && a.coordinates == b.coordinates;
        let methods = rows.chunk_by(same).map(|rows| {
            let selected: Vec<&RateRow> =
                rows.iter().filter(|row| !row.selected.is_empty()).collect();
            MethodSummary {
                algorithm: &rows[0].algorithm,
                coordinates: &rows[0].coordinates,
                unselected: if selected.is_empty() { NoRate::of(rows) } else { None },
                selected,
            }
        });
        Self { metric: rows.first().map(|row| &*row.metric), methods: methods.collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sweep::rate_row as row;

    #[test]
    fn methods_are_told_apart_and_their_selected_rates_kept() {
        let adagrad = RateRow { algorithm: "adagrad".into(), ..row(2.0, 0, 5, "both") };
        let rows =
            [row(0.1, 0, 5, "own"), row(1.0, 0, 5, ""), row(10.0, 0, 5, "original"), adagrad];
        let summary = RatesSummary::of(&rows);
        assert_eq!(summary.metric, Some("final_loss"));
        let [adam, adagrad] = &summary.methods[..] else { panic!("{summary:?}") };
        assert_eq!((adam.algorithm, adam.selected.len()), ("adam", 2));
        assert_eq!(adam.selected[1], &rows[2]);
        assert_eq!((adagrad.algorithm, adagrad.selected.len()), ("adagrad", 1));
        assert!(summary.methods.iter().all(|method| method.unselected.is_none()));
        assert_eq!(RatesSummary::of(&[]), RatesSummary { metric: None, methods: Vec::new() });
    }

    #[test]
    fn it_can_be_serialized() {
        let rows = [row(0.1, 3, 5, "")];
        let json = serde_json::to_value(RatesSummary::of(&rows)).unwrap();
        assert_eq!(json["methods"][0]["unselected"]["cause"], "half-diverged");
    }
}
