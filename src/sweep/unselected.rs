//! Why no learning rate could be selected.

use serde::Serialize;

use crate::record::RateRow;
use crate::sweep::written;

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

    /// Of the rows of one method, none of which is selected, with learning rates ascending; `None` of none.
    pub fn of(rows: &[RateRow]) -> Option<Self> {
        let [first, ..] = rows else { return None };
        let last = rows.last()?;
        let diverged = rows.iter().map(|row| row.diverged);
        let all = |holds: fn(&RateRow) -> bool| rows.iter().all(holds);
        Some(Self {
            rates: rows.len(),
            range: [first.learning_rate, last.learning_rate],
            trials: rows.iter().map(|row| row.trials).max().unwrap_or(0),
            planned: first.planned,
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
        })
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
        NoRate::of(rows).map(|none| none.cause)
    }

    #[test]
    fn where_none_was_selected_it_says_what_was_tried_and_what_came_of_it() {
        let rows = [row(0.1, 5, 5, ""), row(1.0, 4, 4, ""), row(10.0, 5, 5, "")];
        let unselected = NoRate::of(&rows);
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
        assert_eq!(cause(&[]), None);
    }
}
