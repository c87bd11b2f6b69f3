//! What the symmetry of hidden units predicts: the eigenvalues of an estimate's symmetric part, as far
//! as `measures.csv` has them, and the ends of its shelves.

use crate::drawing::chart::Mark;
use crate::drawing::primitives::{Colour, Dash, Point, Stroke};
use crate::drawing::symbol::{Shape, Symbol};
use crate::record::MeasureRow;

/// The symmetric part of one estimate.
pub(super) struct Prediction {
    /// (k, λ_k/λ₁), in order.
    points: Vec<Point>,
    /// The indices k at which shelves end.
    ends: Vec<f64>,
}

impl Prediction {
    /// From the rows of one estimate; `None` where they have none of it.
    pub fn of<'a>(rows: impl Iterator<Item = &'a MeasureRow> + Clone) -> Option<Self> {
        let named = |name: &'static str| rows.clone().filter(move |row| row.measure == name);
        let mut points: Vec<Point> = named("symmetric-relative-eigenvalue")
            .filter_map(|row| Some((row.at?, row.value)))
            .collect();
        points.sort_by(|a, b| a.0.total_cmp(&b.0));
        let ends = named("symmetric-shelf-end").map(|row| row.value).collect();
        (!points.is_empty()).then_some(Self { points, ends })
    }

    /// A light line through neighbouring indices up to the last one, rings at those that stand alone,
    /// and a dotted line up from the lowest value wherever a shelf ends.
    pub fn marks(&self, colour: Colour, last: f64, [lowest, highest]: [f64; 2]) -> Vec<Mark> {
        let light = lighter(colour);
        let shown: Vec<Point> = (self.points.iter().copied())
            .filter(|&(k, value)| k <= last && value >= lowest)
            .collect();
        let runs = shown.chunk_by(|one, next| next.0 == one.0 + 1.0);
        let lines = runs.clone().filter(|run| run.len() > 1).map(|run| Mark::Line {
            points: run.to_vec(),
            stroke: Stroke { colour: light, width: 3.0, dash: Dash::Solid },
        });
        let alone = runs.filter(|run| run.len() == 1).flatten().copied().collect();
        let symbol = Symbol { shape: Shape::Ring, radius: 2.6, colour: light };
        let ends = self.ends.iter().filter(|&&end| end < last).map(|&end| Mark::Line {
            points: vec![(end + 0.5, lowest), (end + 0.5, highest)],
            stroke: Stroke { colour: light, width: 1.2, dash: Dash::Dotted },
        });
        ends.chain(lines).chain([Mark::Symbols { points: alone, symbol }]).collect()
    }

    /// The ends of shelves, as a footnote lists them.
    pub fn ends(&self) -> String {
        self.ends.iter().map(f64::to_string).collect::<Vec<_>>().join(", ")
    }
}

/// Half way to white.
fn lighter(colour: Colour) -> Colour {
    let (red, green, blue) = colour.rgb;
    let [red, green, blue] = [red, green, blue].map(|part| part / 2 + 128);
    Colour::opaque(red, green, blue)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(measure: &str, at: f64, value: f64) -> MeasureRow {
        MeasureRow {
            trial: 0,
            coordinates: "a".into(),
            block: "all".into(),
            measure: measure.into(),
            at: Some(at),
            value,
            lower: value,
            upper: value,
        }
    }

    #[test]
    fn neighbours_are_joined_and_others_stand_alone() {
        let mut rows: Vec<MeasureRow> = [5.0, 1.0, 2.0, 3.0]
            .map(|k: f64| row("symmetric-relative-eigenvalue", k, 1.0 / k))
            .into();
        assert!(Prediction::of(rows[..0].iter()).is_none());
        rows.extend([row("symmetric-shelf-end", 1.0, 2.0), row("shelf-end", 1.0, 4.0)]);
        let found = Prediction::of(rows.iter()).unwrap();
        assert_eq!(found.ends(), "2");
        let marks = found.marks(Colour::opaque(0, 0, 255), 9.0, [0.1, 1.0]);
        let [Mark::Line { points: end, .. }, Mark::Line { points: line, stroke }, alone] = &*marks
        else {
            panic!("{marks:?}")
        };
        assert_eq!(end[..], [(2.5, 0.1), (2.5, 1.0)]);
        assert_eq!(line[..], [(1.0, 1.0), (2.0, 0.5), (3.0, 1.0 / 3.0)]);
        assert_eq!(stroke.colour, Colour::opaque(128, 128, 255));
        assert!(matches!(alone, Mark::Symbols { points, .. } if points[..] == [(5.0, 0.2)]));
    }
}
