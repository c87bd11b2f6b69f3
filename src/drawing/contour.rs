//! Level sets of a function on a grid.

use std::iter;

use contour::{Band, ContourBuilder};

use super::primitives::Point;

/// A function on a rectangular grid.
#[derive(Clone, Debug, PartialEq)]
pub struct ScalarField {
    x: Vec<f64>,
    y: Vec<f64>,
    /// Row by row: the value at (x[i], y[j]) is the `j · x.len() + i`-th.
    value: Vec<f64>,
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

    /// For each two neighbouring levels where the function lies between them, as one polygon by the
    /// even–odd rule: each outline is visited from the first one's start and left the same way, so
    /// that the ways there cancel.
    pub fn bands(&self, levels: &[f64]) -> Vec<Vec<Point>> {
        let bands = self.builder().isobands(&self.finite(), levels).expect(FITTING);
        let polygon = |band: &Band| {
            let mut polygon = Vec::new();
            for part in band.geometry() {
                for outline in iter::once(part.exterior()).chain(part.interiors()) {
                    polygon.extend(self.outline(outline.coords().map(|at| at.x_y())));
                    polygon.extend(polygon.first().copied());
                }
            }
            polygon
        };
        bands.iter().map(polygon).collect()
    }

    /// The boundaries of where the function is at least as high as one of the levels; where that
    /// reaches the end of the grid, the end is its boundary.
    pub fn lines(&self, levels: &[f64]) -> Vec<Vec<Point>> {
        let lines = self.builder().lines(&self.finite(), levels).expect(FITTING);
        lines
            .iter()
            .flat_map(|line| line.geometry())
            .map(|line| self.outline(line.coords().map(|at| at.x_y())))
            .collect()
    }

    fn builder(&self) -> ContourBuilder {
        ContourBuilder::new(self.x.len(), self.y.len(), true)
    }

    /// The values, with infinity at the end of the numbers: contours come close to such a node's
    /// neighbours.
    fn finite(&self) -> Vec<f64> {
        self.value.iter().map(|value| value.min(f64::MAX)).collect()
    }

    /// An outline in units of cells, of which the first node is the middle, in the coordinates of
    /// the grid.
    fn outline(&self, cells: impl Iterator<Item = Point>) -> Vec<Point> {
        let place = |nodes: &[f64], cell: f64| {
            let node = (cell - 0.5).clamp(0.0, (nodes.len() - 1) as f64);
            let before = (node as usize).min(nodes.len() - 2);
            nodes[before] + (node - before as f64) * (nodes[before + 1] - nodes[before])
        };
        cells.map(|(x, y)| (place(&self.x, x), place(&self.y, y))).collect()
    }
}

/// Why the library finds nothing wrong.
const FITTING: &str = "a grid has a value for each node, and there are two levels or more";

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
            let circle = std::f64::consts::PI * radius * radius;
            // One of the boundaries is the end of the grid.
            let lines = grid.lines(&[radius * radius]);
            assert_eq!(lines.len(), 2);
            let line = lines.iter().min_by(|a, b| area(a).total_cmp(&area(b))).unwrap();
            for &(x, y) in line {
                // Linear interpolation of r² over a cell h wide errs by at most h²/4 in r²,
                // h²/(8 r) in r.
                let h = 4.0 / (n - 1) as f64;
                assert!((x.hypot(y) - radius).abs() <= h * h / (8.0 * radius) + 1e-12);
            }
            assert!((area(line) / circle - 1.0).abs() < 0.01);
        }
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
    fn a_ring_has_two_boundaries_and_its_hole_stays_empty() {
        let ring = grid(81, |x, y| (x.hypot(y) - 1.0).abs());
        let bands = ring.bands(&[0.0, 0.3, 0.6]);
        for (place, inside) in [(1.0, [true, false]), (0.01, [false, false]), (1.5, [false, true])]
        {
            let found = [&bands[0], &bands[1]].map(|band| crosses(band, (place, 0.01)));
            assert_eq!(found, inside, "{place}");
        }
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
        fn nodes_lie_in_their_band(values in prop::collection::vec(0.0..3.0, 36)) {
            let axis = || (0..6).map(f64::from).collect();
            let grid = ScalarField { x: axis(), y: axis(), value: values };
            let bands = grid.bands(&[0.0, 1.0, 2.0]);
            // Nodes of the border lie on the boundary itself.
            let inner = |x: f64| x > 0.0 && x < 5.0;
            for (x, y, value) in grid.nodes().filter(|&(x, y, v)| inner(x) && inner(y) && v.fract().abs() > 1e-6) {
                for (low, band) in bands.iter().enumerate() {
                    prop_assert_eq!(crosses(band, (x, y)), value as usize == low, "{} {}", x, y);
                }
            }
        }

        #[test]
        fn outlines_stay_in_the_grid_whatever_the_values(
            values in prop::collection::vec(prop_oneof![0.0..3.0, Just(f64::INFINITY)], 36),
        ) {
            let axis = || (0..6).map(f64::from).collect();
            let grid = ScalarField { x: axis(), y: axis(), value: values };
            let inside = |&(x, y): &Point| (0.0..=5.0).contains(&x) && (0.0..=5.0).contains(&y);
            prop_assert!(grid.bands(&[0.0, 1.0, 2.0]).iter().flatten().all(inside));
            prop_assert!(grid.lines(&[0.0, 1.0, 2.0]).iter().flatten().all(inside));
        }
    }
}
