//! What a base of a study comes to along an axis, and where its values stand.

use crate::drawing::axis::{Axis, Scale};
use crate::drawing::primitives::Stroke;
use crate::record::StudyRow;

/// Of values that are that far apart, one to the other, the axis is logarithmic.
const FAR_APART: f64 = 20.0;

/// Logical pixels of a character of a tick's label, about, and between two labels.
const CHARACTER: f64 = 6.5;
const BETWEEN: f64 = 8.0;

/// One line of a panel: the points that have a value, with their intervals.
pub(super) struct Series {
    pub name: String,
    pub stroke: Stroke,
    /// x, lower, median, upper.
    pub points: Vec<(f64, [f64; 3])>,
}

/// What a base comes to along an axis.
pub(super) struct Subject<'a> {
    pub base: &'a str,
    pub axis: &'a str,
    pub rows: Vec<&'a StudyRow>,
}

impl Subject<'_> {
    /// The values, in the order of the table.
    fn values(&self) -> Vec<&String> {
        names(self.rows.iter().map(|row| &row.value))
    }

    /// The values as numbers and how they are spread, where all are numbers, rise from one to the next,
    /// and fit on one axis.
    fn numbers(&self) -> Option<(Vec<f64>, Scale)> {
        let number = |value: &String| value.parse().ok().filter(|number: &f64| number.is_finite());
        let numbers: Vec<f64> = self.values().into_iter().map(number).collect::<Option<_>>()?;
        let rising = numbers.windows(2).all(|pair| pair[0] < pair[1]);
        let positive = || numbers.iter().copied().filter(|&number| number > 0.0);
        let least = positive().fold(f64::INFINITY, f64::min);
        let far_apart = positive().any(|number| number / least >= FAR_APART);
        let scale = match (far_apart, positive().count() == numbers.len()) {
            (false, _) => Some(Scale::Linear),
            (true, true) => Some(Scale::Logarithmic),
            // No axis has 0 and several decades.
            (true, false) => None,
        };
        scale.filter(|_| rising).map(|scale| (numbers, scale))
    }

    /// Where a value stands: a number there, or else by its place in the order.
    fn place(&self, value: &str) -> f64 {
        let index = self.values().iter().position(|one| *one == value).unwrap_or_default();
        self.numbers().map_or((index + 1) as f64, |(numbers, _)| numbers[index])
    }

    /// The horizontal axis, with room for what stands so far beside the first and the last value.
    pub fn horizontal(&self, aside: f64) -> Axis {
        let places: Vec<f64> = self.values().into_iter().map(|value| self.place(value)).collect();
        let scale = self.numbers().map_or(Scale::Whole, |(_, scale)| scale);
        Axis::covering(self.axis, scale, places, 0.04 + aside)
    }

    /// The values as labels of an axis so many pixels wide, where they are an order, and fit.
    pub fn labels(&self, width: f64) -> Vec<String> {
        let values = self.values();
        let room = width / values.len().max(1) as f64 - BETWEEN;
        let fits = |value: &&String| value.chars().count() as f64 * CHARACTER <= room;
        let fit = self.numbers().is_none() && values.iter().all(fits);
        if fit { values.into_iter().cloned().collect() } else { Vec::new() }
    }

    /// What the places stand for, where they are an order, on an axis that has no room for the values.
    pub fn note(&self, width: f64) -> Option<String> {
        if self.numbers().is_some() || !self.labels(width).is_empty() {
            return None;
        }
        let values = self.values().into_iter().enumerate();
        let values: Vec<String> =
            values.map(|(index, value)| format!("{}: {value}", index + 1)).collect();
        Some(format!("{}, {}: {}.", self.base, self.axis, values.join("; ")))
    }

    /// Of which lines no trial says anything, and at which values; `None`: of none.
    pub fn silent(&self, is_shown: impl Fn(&StudyRow) -> bool) -> Option<String> {
        let shown = || self.rows.iter().copied().filter(|row| is_shown(row));
        let line = |row: &StudyRow| format!("{}, {}", row.algorithm, row.coordinates);
        let mut lines: Vec<(String, Vec<&str>)> = Vec::new();
        for row in shown().filter(|row| row.median.is_none()) {
            match lines.iter_mut().find(|(name, _)| *name == line(row)) {
                Some((_, values)) => values.push(&row.value),
                None => lines.push((line(row), vec![&row.value])),
            }
        }
        let all = |name: &String| shown().filter(|row| line(row) == *name).count();
        let told = lines.iter().map(|(name, values)| match values.len() < all(name) {
            true => format!("{name} at {}", values.join(", ")),
            false => name.clone(),
        });
        let told: Vec<String> = told.collect();
        (!told.is_empty()).then(|| format!("{} ({}): {}", self.base, self.axis, told.join("; ")))
    }

    /// The line of some rows; `None` without any that says something. It has gaps where none does.
    pub fn series<'b>(
        &self,
        name: String,
        stroke: Stroke,
        rows: impl Iterator<Item = &'b StudyRow>,
    ) -> Option<Series> {
        let said: Vec<(&String, [f64; 3])> = rows
            .filter_map(|row| Some((&row.value, [row.lower?, row.median?, row.upper?])))
            .collect();
        let point = |value: &String| {
            let found = said.iter().find(|(of, _)| *of == value);
            (self.place(value), found.map_or([f64::NAN; 3], |(_, found)| *found))
        };
        let mut points: Vec<(f64, [f64; 3])> = self.values().into_iter().map(point).collect();
        points.sort_by(|one, other| one.0.total_cmp(&other.0));
        (!said.is_empty()).then_some(Series { name, stroke, points })
    }
}

/// Names as they come, each once.
pub(super) fn names<'a>(all: impl Iterator<Item = &'a String>) -> Vec<&'a String> {
    let mut names = Vec::new();
    for name in all {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}
