//! Where no learning rate could be selected: what was tried, and what came of it.

use std::fmt;

use crate::record::RateRow;
use crate::sweep::written;

/// An algorithm in a coordinate system for which no learning rate was selected.
#[derive(Clone, Copy, Debug)]
pub struct Unselected<'a> {
    rows: &'a [RateRow],
}

impl<'a> Unselected<'a> {
    /// The rows of one algorithm in one coordinate system, learning rates ascending; `None` where
    /// one was selected.
    pub fn of(rows: &'a [RateRow]) -> Option<Self> {
        let selected = rows.iter().any(|row| !row.selected.is_empty());
        (!selected && !rows.is_empty()).then_some(Self { rows })
    }

    /// `0.001 – 10`.
    fn range(&self) -> String {
        match (self.rows.first(), self.rows.last()) {
            (Some(first), Some(last)) if first.learning_rate < last.learning_rate => {
                format!("{} – {}", written(first.learning_rate), written(last.learning_rate))
            }
            (first, _) => first.map_or_else(String::new, |first| written(first.learning_rate)),
        }
    }

    /// As a row of the table of the selected ones, whose columns are: algorithm, coordinates, tuned
    /// in, η, median, quartiles, to target, diverged, n.
    pub fn cells(&self) -> [String; 9] {
        let Some(first) = self.rows.first() else { return Default::default() };
        let none = || "–".to_owned();
        let finished = self.rows.iter().map(|row| row.trials).max().unwrap_or(0);
        let diverged = self.rows.iter().map(|row| row.diverged);
        let (fewest, most) = (diverged.clone().min().unwrap_or(0), diverged.max().unwrap_or(0));
        [
            first.algorithm.clone(),
            first.coordinates.clone(),
            "none".into(),
            self.range(),
            none(),
            none(),
            none(),
            if fewest == most { most.to_string() } else { format!("{fewest} – {most}") },
            if finished == first.planned {
                finished.to_string()
            } else {
                format!("n={finished}/{}", first.planned)
            },
        ]
    }
}

impl fmt::Display for Unselected<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(first) = self.rows.first() else { return Ok(()) };
        let RateRow { algorithm, coordinates, metric, planned, .. } = first;
        write!(f, "{algorithm} in {coordinates} coordinates: no learning rate selected, as ")?;
        let rates = match self.rows.len() {
            1 => "at the one learning rate".to_owned(),
            rates => format!("at each of {rates} learning rates"),
        };
        let range = self.range();
        if self.rows.iter().all(|row| row.trials == 0) {
            write!(f, "none of {planned} trials was finished")
        } else if self.rows.iter().all(|row| row.diverged == row.trials) {
            let trials = self.rows.iter().map(|row| row.trials).max().unwrap_or(0);
            write!(f, "all of {trials} trials diverged {rates}, {range}")
        } else if self.rows.iter().all(|row| 2 * row.diverged >= row.trials) {
            write!(f, "half of the trials or more diverged {rates}, {range}")
        } else {
            write!(f, "half of the trials or more have no finite {metric} {rates}, {range}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(learning_rate: f64, diverged: usize, trials: usize, selected: &str) -> RateRow {
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

    fn says(rows: &[RateRow]) -> String {
        Unselected::of(rows).map_or_else(String::new, |unselected| unselected.to_string())
    }

    #[test]
    fn what_happened_is_said_with_the_range_that_was_tried() {
        let all = [row(0.1, 5, 5, ""), row(10.0, 5, 5, "")];
        assert_eq!(
            says(&all),
            "adam in original coordinates: no learning rate selected, as all of 5 trials diverged at \
             each of 2 learning rates, 0.1 – 10"
        );
        let cells = Unselected::of(&all).unwrap().cells();
        assert_eq!(&cells[2..4], ["none", "0.1 – 10"]);
        assert_eq!(&cells[7..], ["5", "5"]);
        assert!(
            says(&[row(0.1, 3, 5, "")]).contains("half of the trials or more diverged at the one")
        );
        assert!(says(&[row(0.1, 0, 5, "")]).contains("no finite final_loss"));
        assert!(says(&[row(0.1, 0, 0, "")]).contains("none of 5 trials was finished"));
        assert_eq!(says(&[row(0.1, 5, 5, ""), row(1.0, 0, 5, "own")]), "");
    }
}
