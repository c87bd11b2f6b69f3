//! The learning rates that were selected, and what came of all where none could be.

use serde::Serialize;

use crate::record::RateRow;
use crate::sweep::written;

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

/// That no learning rate was selected.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct NoRate {
    /// How many learning rates were tried.
    pub rates: usize,
    /// The least and the greatest of them.
    pub range: [f64; 2],
    /// The most trials that were finished at one of them.
    pub trials: usize,
    /// Trials planned at each.
    pub planned: usize,
    /// The fewest and the most trials that diverged or failed at one of them.
    pub diverged: [usize; 2],
    /// Why none was selected.
    pub cause: NoRateCause,
}

/// Why no learning rate was selected: of every rate that was tried, the first of these that holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum NoRateCause {
    /// No trial was finished.
    NothingFinished,
    /// All finished trials diverged or failed.
    AllDiverged,
    /// Half of the finished trials or more diverged or failed.
    HalfDiverged,
    /// Half of the finished trials or more have no finite value of the metric.
    HalfNotFinite,
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
                unselected: selected.is_empty().then(|| NoRate::of(rows)),
                selected,
            }
        });
        Self { metric: rows.first().map(|row| &*row.metric), methods: methods.collect() }
    }
}

impl NoRate {
    /// What came of all learning rates, in words.
    pub fn reason(&self, metric: &str) -> String {
        let Self { planned, trials, .. } = self;
        let range = self.range_in_words();
        let rates = match self.rates {
            1 => "at the one learning rate".to_owned(),
            rates => format!("at each of {rates} learning rates"),
        };
        match self.cause {
            NoRateCause::NothingFinished => format!("none of {planned} trials was finished"),
            NoRateCause::AllDiverged => {
                format!("all of {trials} trials diverged or failed {rates}, {range}")
            }
            NoRateCause::HalfDiverged => {
                format!("half of the trials or more diverged or failed {rates}, {range}")
            }
            NoRateCause::HalfNotFinite => {
                format!("half of the trials or more have no finite {metric} {rates}, {range}")
            }
        }
    }

    /// The rates that were tried: `0.001 – 10`.
    pub fn range_in_words(&self) -> String {
        let [least, greatest] = self.range.map(written);
        if least == greatest { least } else { format!("{least} – {greatest}") }
    }

    /// Of the rows of one method, of which there is one at least.
    fn of(rows: &[RateRow]) -> Self {
        let diverged = rows.iter().map(|row| row.diverged);
        let all = |holds: fn(&RateRow) -> bool| rows.iter().all(holds);
        Self {
            rates: rows.len(),
            range: [rows[0].learning_rate, rows[rows.len() - 1].learning_rate],
            trials: rows.iter().map(|row| row.trials).max().unwrap_or(0),
            planned: rows[0].planned,
            diverged: [diverged.clone().min().unwrap_or(0), diverged.max().unwrap_or(0)],
            cause: if all(|row| row.trials == 0) {
                NoRateCause::NothingFinished
            } else if all(|row| row.diverged == row.trials) {
                NoRateCause::AllDiverged
            } else if all(|row| 2 * row.diverged >= row.trials) {
                NoRateCause::HalfDiverged
            } else {
                NoRateCause::HalfNotFinite
            },
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A learning rate that nobody arrives at.
    pub fn row(learning_rate: f64, diverged: usize, trials: usize, selected: &str) -> RateRow {
        RateRow {
            algorithm: "adam".into(),
            coordinates: "original".into(),
            learning_rate,
            metric: "final_loss".into(),
            median: f64::INFINITY,
            lower_quartile: f64::INFINITY,
            upper_quartile: f64::INFINITY,
            reached_target: None,
            trials,
            planned: 5,
            diverged,
            selected: selected.into(),
            reason: String::new(),
        }
    }

    fn cause(rows: &[RateRow]) -> Option<NoRateCause> {
        RatesSummary::of(rows).methods[0].unselected.map(|unselected| unselected.cause)
    }

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
    fn where_none_was_selected_it_says_what_was_tried_and_what_came_of_it() {
        let rows = [row(0.1, 5, 5, ""), row(1.0, 4, 4, ""), row(10.0, 5, 5, "")];
        let unselected = RatesSummary::of(&rows).methods[0].unselected;
        let wanted = NoRate {
            rates: 3,
            range: [0.1, 10.0],
            trials: 5,
            planned: 5,
            diverged: [4, 5],
            cause: NoRateCause::AllDiverged,
        };
        assert_eq!(unselected, Some(wanted));
        assert_eq!(cause(&[row(0.1, 3, 5, "")]), Some(NoRateCause::HalfDiverged));
        assert_eq!(cause(&[row(0.1, 0, 5, "")]), Some(NoRateCause::HalfNotFinite));
        assert_eq!(cause(&[row(0.1, 0, 0, "")]), Some(NoRateCause::NothingFinished));
        assert_eq!(cause(&[row(0.1, 5, 5, ""), row(1.0, 0, 5, "own")]), None);
    }

    #[test]
    fn it_can_be_serialized() {
        let rows = [row(0.1, 3, 5, "")];
        let json = serde_json::to_value(RatesSummary::of(&rows)).unwrap();
        assert_eq!(json["methods"][0]["unselected"]["cause"], "half-diverged");
    }
}
