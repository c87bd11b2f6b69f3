//! Level sets of a function on a grid, by marching squares.

use std::collections::BTreeMap;

use super::primitives::Point;

/// A function on a rectangular grid.
#[derive(Clone, Debug, PartialEq)]
pub struct ScalarField {
    x: Vec<f64>,
    y: Vec<f64>,
    /// Row by row: the value at (x[i], y[j]) is the `j · x.len() + i`-th.
    value: Vec<f64>,
}

/// An edge of the grid's cells, named by its lower left node.
type Edge = (usize, usize, Direction);

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Direction {
    Across,
    Up,
}

impl ScalarField {
    /// The grid that these points (x, y, value) form, in any order; `None` when they are not one
    /// value for each pair of an x and a y, or reach further than numbers go.
    pub fn new(points: &[(f64, f64, f64)]) -> Option<Self> {
        let distinct = |coordinate: fn(&(f64, f64, f64)) -> f64| {
            let mut values: Vec<f64> = points.iter().map(coordinate).collect();
            values.sort_by(f64::total_cmp);
            values.dedup();
            values
        };
        let (x, y) = (distinct(|p| p.0), distinct(|p| p.1));
        let mut sorted = points.to_vec();
        sorted.sort_by(|a, b| a.1.total_cmp(&b.1).then(a.0.total_cmp(&b.0)));
        let places = y.iter().flat_map(|&y| x.iter().map(move |&x| (x, y)));
        let complete = sorted.len() == x.len() * y.len()
            && sorted.iter().map(|&(x, y, _)| (x, y)).eq(places)
            && x.len() > 1
            && y.len() > 1;
        let finite = |axis: &[f64]| axis.iter().all(|place| place.is_finite());
        let spans =
            |axis: &[f64]| axis.last().zip(axis.first()).map_or(0.0, |(high, low)| high - low);
        let proper = |axis: &[f64]| finite(axis) && spans(axis).is_finite();
        (complete && proper(&x) && proper(&y)).then(|| Self {
            x,
            y,
            value: sorted.iter().map(|p| p.2).collect(),
        })
    }

    /// Least and greatest x and y.
    pub fn bounds(&self) -> [(f64, f64); 2] {
        [&self.x, &self.y].map(|axis| (axis[0], axis[axis.len() - 1]))
    }

    /// The nodes with their values.
    pub fn nodes(&self) -> impl Iterator<Item = (f64, f64, f64)> + '_ {
        let places = self.y.iter().flat_map(|&y| self.x.iter().map(move |&x| (x, y)));
        places.zip(&self.value).map(|((x, y), &value)| (x, y, value))
    }

    /// The same grid with a function applied to its values.
    pub fn map(self, f: impl Fn(f64) -> f64) -> Self {
        Self { value: self.value.into_iter().map(f).collect(), ..self }
    }

    /// The function at other nodes within the bounds, by cubic interpolation: contours of a coarse
    /// grid have corners, and break up in narrow valleys.
    pub fn resampled(&self, x: Vec<f64>, y: Vec<f64>) -> Self {
        let (across, up) = (stencils(&self.x, &x), stencils(&self.y, &y));
        let mut value = Vec::with_capacity(x.len() * y.len());
        for (j, rows) in &up {
            for (i, columns) in &across {
                let mut sum = 0.0;
                for (row, up) in rows.iter().enumerate() {
                    for (column, across) in columns.iter().enumerate() {
                        let weight = up * across;
                        if weight != 0.0 {
                            sum += weight * self.value[(j + row) * self.x.len() + i + column];
                        }
                    }
                }
                // Beside an infinite value there is no telling.
                value.push(if sum.is_finite() { sum } else { f64::INFINITY });
            }
        }
        Self { x, y, value }
    }

    /// The boundary of {value < level} as closed loops (the first point is not repeated); where
    /// that set reaches the end of the grid, the end is its boundary.
    pub fn sublevel(&self, level: f64) -> Vec<Vec<Point>> {
        // A ring of nodes outside of the set, on top of the outermost ones, closes every loop.
        let (columns, rows) = (self.x.len() + 2, self.y.len() + 2);
        let inside = |i: usize, j: usize| self.padded(i, j).is_some_and(|value| value < level);
        let mut neighbours: BTreeMap<Edge, Vec<Edge>> = BTreeMap::new();
        let mut join = |a: Edge, b: Edge| {
            neighbours.entry(a).or_default().push(b);
            neighbours.entry(b).or_default().push(a);
        };
        for j in 0..rows - 1 {
            for i in 0..columns - 1 {
                let corners =
                    [inside(i, j), inside(i + 1, j), inside(i + 1, j + 1), inside(i, j + 1)];
                let below = (i, j, Direction::Across);
                let above = (i, j + 1, Direction::Across);
                let left = (i, j, Direction::Up);
                let right = (i + 1, j, Direction::Up);
                let edges = [below, right, above, left];
                // The edge number n runs from corner n to corner n + 1.
                let crossed: Vec<Edge> = (0..4)
                    .filter(|&n| corners[n] != corners[(n + 1) % 4])
                    .map(|n| edges[n])
                    .collect();
                match crossed[..] {
                    [a, b] => join(a, b),
                    [a, b, c, d] => {
                        // A saddle: its middle decides which two corners are connected.
                        let middle = self.middle(i, j) < level;
                        if middle == corners[0] {
                            join(a, b);
                            join(c, d);
                        } else {
                            join(d, a);
                            join(b, c);
                        }
                    }
                    _ => {}
                }
            }
        }
        let mut loops = Vec::new();
        while let Some((&start, _)) = neighbours.first_key_value() {
            let mut points = Vec::new();
            let mut edge = start;
            while let Some(next) = neighbours.remove(&edge) {
                points.push(self.crossing(edge, level));
                match next.into_iter().find(|next| neighbours.contains_key(next)) {
                    Some(next) => edge = next,
                    None => break,
                }
            }
            loops.push(points);
        }
        loops
    }

    /// The value at a node, counted with the ring around the grid; `None` in the ring.
    fn padded(&self, i: usize, j: usize) -> Option<f64> {
        let (i, j) = (i.checked_sub(1)?, j.checked_sub(1)?);
        (i < self.x.len() && j < self.y.len()).then(|| self.value[j * self.x.len() + i])
    }

    fn middle(&self, i: usize, j: usize) -> f64 {
        let corners = [(i, j), (i + 1, j), (i, j + 1), (i + 1, j + 1)];
        corners.iter().map(|&(i, j)| self.padded(i, j).unwrap_or(f64::INFINITY)).sum::<f64>() / 4.0
    }

    /// Where the level is reached on an edge, between its ends by linear interpolation.
    fn crossing(&self, (i, j, direction): Edge, level: f64) -> Point {
        let end = match direction {
            Direction::Across => (i + 1, j),
            Direction::Up => (i, j + 1),
        };
        let place = |(i, j): (usize, usize)| {
            let at = |axis: &[f64], index: usize| axis[index.clamp(1, axis.len()) - 1];
            (at(&self.x, i), at(&self.y, j))
        };
        let (from, to) = (place((i, j)), place(end));
        let finite = |(i, j)| self.padded(i, j).filter(|value| value.is_finite());
        let t = match (finite((i, j)), finite(end)) {
            (Some(a), Some(b)) => (level - a) / (b - a),
            (None, _) => 1.0,
            (_, None) => 0.0,
        };
        (from.0 + t * (to.0 - from.0), from.1 + t * (to.1 - from.1))
    }
}

/// For each place the first node and the weights of Lagrange's interpolation by the four nodes
/// around it.
fn stencils(nodes: &[f64], places: &[f64]) -> Vec<(usize, Vec<f64>)> {
    let points = nodes.len().min(4);
    let weights = |place: f64| {
        let after = nodes.partition_point(|&node| node <= place);
        let first = after.saturating_sub(points / 2).min(nodes.len() - points);
        let stencil = &nodes[first..first + points];
        let weight = |&node: &f64| {
            let others = stencil.iter().filter(|&&other| other != node);
            others.map(|other| (place - other) / (node - other)).product()
        };
        (first, stencil.iter().map(weight).collect())
    };
    places.iter().copied().map(weights).collect()
}

/// One polygon that covers, by the even–odd rule, what the loops enclose: each is visited from the
/// first one's start and left the same way, so that the ways there cancel.
pub fn joined(loops: &[Vec<Point>]) -> Vec<Point> {
    let mut polygon = Vec::new();
    for points in loops {
        polygon.extend(points);
        polygon.extend(points.first());
        polygon.extend(loops[0].first());
    }
    polygon
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn grid(n: usize, f: impl Fn(f64, f64) -> f64) -> ScalarField {
        let at = |index: usize| 4.0 * index as f64 / (n - 1) as f64 - 2.0;
        let points: Vec<_> = (0..n * n)
            .map(|index| (at(index % n), at(index / n)))
            .map(|(x, y)| (x, y, f(x, y)))
            .collect();
        ScalarField::new(&points).unwrap()
    }

    fn area(points: &[Point]) -> f64 {
        let next = points.iter().cycle().skip(1);
        points.iter().zip(next).map(|(a, b)| a.0 * b.1 - a.1 * b.0).sum::<f64>().abs() / 2.0
    }

    #[test]
    fn level_sets_of_a_quadratic_are_circles() {
        let n = 101;
        let grid = grid(n, |x, y| x * x + y * y);
        for radius in [0.3, 1.0, 1.9] {
            let loops = grid.sublevel(radius * radius);
            assert_eq!(loops.len(), 1);
            for &(x, y) in &loops[0] {
                // Linear interpolation of r² over a cell h wide errs by at most h²/4 in r²,
                // h²/(8 r) in r.
                let h = 4.0 / (n - 1) as f64;
                assert!((x.hypot(y) - radius).abs() <= h * h / (8.0 * radius) + 1e-12);
            }
            let circle = std::f64::consts::PI * radius * radius;
            assert!((area(&loops[0]) / circle - 1.0).abs() < 0.01);
        }
    }

    #[test]
    fn a_set_that_reaches_the_end_of_the_grid_ends_there() {
        let loops = grid(21, |x, _| x).sublevel(0.5);
        assert_eq!(loops.len(), 1);
        // From x = −2 to x = 0.5, over the whole height.
        assert!((area(&loops[0]) - 2.5 * 4.0).abs() < 1e-12);
    }

    #[test]
    fn a_ring_has_two_boundaries_and_its_hole_stays_empty() {
        let loops = grid(81, |x, y| (x.hypot(y) - 1.0).abs()).sublevel(0.3);
        assert_eq!(loops.len(), 2);
        let mut areas: Vec<f64> = loops.iter().map(|points| area(points)).collect();
        areas.sort_by(f64::total_cmp);
        let circle = |radius: f64| std::f64::consts::PI * radius * radius;
        assert!((areas[0] - circle(0.7)).abs() < 0.02 && (areas[1] - circle(1.3)).abs() < 0.02);
        let polygon = joined(&loops);
        assert!(crosses(&polygon, (1.0, 0.01)) && !crosses(&polygon, (0.0, 0.01)));
    }

    /// Whether a point is inside by the even–odd rule.
    fn crosses(polygon: &[Point], (x, y): Point) -> bool {
        let next = polygon.iter().cycle().skip(1);
        let crossings = polygon.iter().zip(next).filter(|(a, b)| {
            (a.1 > y) != (b.1 > y) && x < a.0 + (y - a.1) / (b.1 - a.1) * (b.0 - a.0)
        });
        crossings.count() % 2 == 1
    }

    #[test]
    fn resampling_reproduces_cubics_and_keeps_away_from_infinities() {
        let f = |x: f64, y: f64| x * x * x - 2.0 * x * y * y + y - 1.0;
        let coarse = grid(7, f);
        let places: Vec<f64> = (0..=40).map(|i| f64::from(i) / 10.0 - 2.0).collect();
        for (x, y, value) in coarse.resampled(places.clone(), places.clone()).nodes() {
            // Rounding of sums of 16 terms of size 10.
            assert!((value - f(x, y)).abs() < 1e-12, "{x} {y}");
        }
        let broken = coarse.map(|value| if value > 9.0 { f64::INFINITY } else { value });
        assert!(broken.resampled(places.clone(), places).nodes().all(|node| !node.2.is_nan()));
    }

    #[test]
    fn an_incomplete_grid_is_none() {
        assert_eq!(ScalarField::new(&[(0.0, 0.0, 1.0), (1.0, 0.0, 1.0), (0.0, 1.0, 1.0)]), None);
        assert_eq!(ScalarField::new(&[]), None);
        let twice = [(0.0, 0.0, 1.0), (1.0, 0.0, 1.0), (0.0, 1.0, 1.0), (0.0, 1.0, 2.0)];
        assert_eq!(ScalarField::new(&twice), None);
    }

    proptest! {
        #[test]
        fn nodes_lie_on_the_right_side(values in prop::collection::vec(-1.0..1.0, 36)) {
            let grid = ScalarField {
                x: (0..6).map(f64::from).collect(),
                y: (0..6).map(f64::from).collect(),
                value: values,
            };
            let loops = grid.sublevel(0.0);
            if loops.is_empty() {
                prop_assert!(grid.nodes().all(|(_, _, value)| value >= 0.0));
            } else {
                let polygon = joined(&loops);
                // Nodes of the border lie on the boundary itself.
                let inner = |x: f64| x > 0.0 && x < 5.0;
                for (x, y, value) in grid.nodes().filter(|&(x, y, v)| inner(x) && inner(y) && v.abs() > 1e-6) {
                    prop_assert_eq!(crosses(&polygon, (x, y)), value < 0.0, "{} {}", x, y);
                }
            }
        }
    }
}
