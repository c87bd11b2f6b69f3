//! Outlines in pixels: cut at a rectangle, cut into dashes by their length, and discs.

use super::primitives::{Point, Rect};

/// The parts of a polyline inside the rectangle; a non-finite point breaks it.
pub fn clip_line(points: &[Point], rect: &Rect) -> Vec<Vec<Point>> {
    let mut parts: Vec<Vec<Point>> = Vec::new();
    let mut open = false;
    for pair in points.windows(2) {
        let Some((from, to)) = clip_segment(pair[0], pair[1], rect) else {
            open = false;
            continue;
        };
        match parts.last_mut() {
            Some(part) if open => part.push(to),
            _ => parts.push(vec![from, to]),
        }
        open = to == pair[1];
    }
    parts
}

/// The part of a segment inside the rectangle (Liang and Barsky's method); ends that are inside
/// are kept to the bit.
fn clip_segment(from: Point, to: Point, rect: &Rect) -> Option<(Point, Point)> {
    if ![from.0, from.1, to.0, to.1].iter().all(|place| place.is_finite()) {
        return None;
    }
    let near = |(x, y): Point| (x.clamp(-FAR, FAR), y.clamp(-FAR, FAR));
    let (from, to) = (near(from), near(to));
    let (dx, dy) = (to.0 - from.0, to.1 - from.1);
    let (mut enter, mut leave) = (0.0_f64, 1.0_f64);
    for (along, room) in [
        (-dx, from.0 - rect.left),
        (dx, rect.right - from.0),
        (-dy, from.1 - rect.top),
        (dy, rect.bottom - from.1),
    ] {
        if along == 0.0 {
            if room < 0.0 {
                return None;
            }
        } else if along < 0.0 {
            enter = enter.max(room / along);
        } else {
            leave = leave.min(room / along);
        }
    }
    if enter > leave {
        return None;
    }
    let at = |t: f64| (from.0 + t * dx, from.1 + t * dy);
    Some((if enter > 0.0 { at(enter) } else { from }, if leave < 1.0 { at(leave) } else { to }))
}

/// Further out than any place on a page; what is beyond is brought here before differences are
/// taken, which would overflow.
const FAR: f64 = 1e12;

/// The part of a polygon inside the rectangle (Sutherland and Hodgman's method); points without a
/// place (NaN) are passed over.
pub fn clip_polygon(vertices: &[Point], rect: &Rect) -> Vec<Point> {
    let placed = |point: &&Point| !(point.0.is_nan() || point.1.is_nan());
    let near = |&(x, y): &Point| (x.clamp(-FAR, FAR), y.clamp(-FAR, FAR));
    let vertices: Vec<Point> = vertices.iter().filter(placed).map(near).collect();
    let [across, down] = [|p: Point| p.0, |p: Point| p.1];
    // One edge after the other; how far a point lies inside is `sign · (bound − coordinate)`.
    let edges = [
        (across, rect.left, -1.0),
        (across, rect.right, 1.0),
        (down, rect.top, -1.0),
        (down, rect.bottom, 1.0),
    ];
    edges.iter().fold(vertices, |polygon, &(coordinate, bound, sign)| {
        let inside = |p: Point| sign * (bound - coordinate(p));
        let mut kept = Vec::with_capacity(polygon.len());
        for (&from, &to) in polygon.iter().zip(polygon.iter().cycle().skip(1)) {
            let (a, b) = (inside(from), inside(to));
            if a >= 0.0 {
                kept.push(from);
            }
            if (a >= 0.0) != (b >= 0.0) {
                let t = a / (a - b);
                kept.push((from.0 + t * (to.0 - from.0), from.1 + t * (to.1 - from.1)));
            }
        }
        kept
    })
}

/// The most times that a pattern of dashes is repeated: what is longer is drawn whole.
const MOST_REPEATS: f64 = 1e5;

/// Cuts a polyline into dashes measured along its length, however many points it has. `pattern`
/// alternates the lengths of dashes and gaps; an empty one leaves the line whole, as does one that
/// would be repeated too often.
pub fn dashes(points: &[Point], pattern: &[f64]) -> Vec<Vec<Point>> {
    let length: f64 = points.windows(2).map(|p| (p[1].0 - p[0].0).hypot(p[1].1 - p[0].1)).sum();
    // NaN compares false.
    let few = length <= MOST_REPEATS * pattern.iter().sum::<f64>();
    if pattern.is_empty() || points.len() < 2 || !few {
        return vec![points.to_vec()];
    }
    let mut cut = Vec::new();
    let mut index = 0;
    let mut left = pattern[0];
    let mut dash = vec![points[0]];
    for pair in points.windows(2) {
        let (dx, dy) = (pair[1].0 - pair[0].0, pair[1].1 - pair[0].1);
        let length = dx.hypot(dy);
        let mut done = 0.0;
        while length - done > left {
            done += left;
            let t = done / length;
            let point = (pair[0].0 + t * dx, pair[0].1 + t * dy);
            dash.push(point);
            if index % 2 == 0 {
                cut.push(std::mem::take(&mut dash));
            }
            dash = vec![point];
            index = (index + 1) % pattern.len();
            left = pattern[index];
        }
        left -= length - done;
        dash.push(pair[1]);
    }
    if index % 2 == 0 {
        cut.push(dash);
    }
    cut
}

/// The corners of a polygon that looks like a disc.
pub fn disc((x, y): Point, radius: f64) -> Vec<Point> {
    let corners = 24;
    (0..corners)
        .map(|corner| {
            let angle = std::f64::consts::TAU * f64::from(corner) / f64::from(corners);
            (x + radius * angle.cos(), y + radius * angle.sin())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const FRAME: Rect = Rect { left: 0.0, top: 0.0, right: 100.0, bottom: 50.0 };

    fn length(points: &[Point]) -> f64 {
        points.windows(2).map(|p| (p[1].0 - p[0].0).hypot(p[1].1 - p[0].1)).sum()
    }

    #[test]
    fn dashes_do_not_depend_on_how_finely_a_line_is_divided() {
        let coarse = dashes(&[(0.0, 0.0), (100.0, 0.0)], &[6.0, 4.0]);
        let fine: Vec<Point> = (0..=1000).map(|i| (f64::from(i) / 10.0, 0.0)).collect();
        let fine = dashes(&fine, &[6.0, 4.0]);
        assert_eq!(coarse.len(), 10);
        assert_eq!(fine.len(), 10);
        for (a, b) in coarse.iter().zip(&fine) {
            // Sums of a thousand steps of 0.1 carry rounding of about 1e-12.
            assert!((a[0].0 - b[0].0).abs() < 1e-9);
            assert!((a[a.len() - 1].0 - b[b.len() - 1].0).abs() < 1e-9);
        }
    }

    #[test]
    fn dashes_turn_corners() {
        let cut = dashes(&[(0.0, 0.0), (3.0, 0.0), (3.0, 10.0)], &[5.0, 2.0]);
        assert_eq!(cut[0], vec![(0.0, 0.0), (3.0, 0.0), (3.0, 2.0)]);
        assert_eq!(cut[1], vec![(3.0, 4.0), (3.0, 9.0)]);
        assert_eq!(cut.len(), 2);
    }

    #[test]
    fn a_line_is_cut_where_it_leaves_the_frame_and_where_it_is_not_finite() {
        let parts = clip_line(
            &[
                (-10.0, 25.0),
                (50.0, 25.0),
                (50.0, 75.0),
                (60.0, 75.0),
                (60.0, 25.0),
                (f64::NAN, 0.0),
                (70.0, 25.0),
                (80.0, 25.0),
            ],
            &FRAME,
        );
        assert_eq!(
            parts,
            vec![
                vec![(0.0, 25.0), (50.0, 25.0), (50.0, 50.0)],
                vec![(60.0, 50.0), (60.0, 25.0)],
                vec![(70.0, 25.0), (80.0, 25.0)],
            ]
        );
    }

    #[test]
    fn a_polygon_around_the_frame_becomes_the_frame() {
        let around = [(-10.0, -10.0), (110.0, -10.0), (110.0, 60.0), (-10.0, 60.0)];
        let mut clipped = clip_polygon(&around, &FRAME);
        clipped.sort_by(|a, b| a.partial_cmp(b).unwrap());
        let mut corners = FRAME.corners().to_vec();
        corners.sort_by(|a, b| a.partial_cmp(b).unwrap());
        assert_eq!(clipped, corners);
    }

    fn polyline() -> impl Strategy<Value = Vec<Point>> {
        prop::collection::vec((-50.0..150.0, -50.0..100.0), 2..40)
    }

    #[test]
    fn a_line_that_is_too_long_for_its_dashes_is_whole() {
        for end in [1e300, f64::MAX, f64::INFINITY, f64::NAN] {
            assert_eq!(dashes(&[(0.0, 0.0), (end, 1.0)], &[7.0, 3.0]).len(), 1);
        }
    }

    proptest! {
        #[test]
        fn whatever_is_clipped_lies_inside(
            points in prop::collection::vec((prop::num::f64::ANY, prop::num::f64::ANY), 0..9),
        ) {
            // Places are brought to within 1e12 first: an ulp of that is 1e-4.
            let inside = |&(x, y): &Point| {
                (-1e-3..=100.0 + 1e-3).contains(&x) && (-1e-3..=50.0 + 1e-3).contains(&y)
            };
            prop_assert!(clip_line(&points, &FRAME).iter().flatten().all(inside));
            prop_assert!(clip_polygon(&points, &FRAME).iter().all(inside));
        }

        #[test]
        fn what_is_clipped_lies_inside(points in polyline()) {
            let inside = |&(x, y): &Point| {
                // One rounding of t·dx: far below a thousandth of a pixel.
                (-1e-9..=100.0 + 1e-9).contains(&x) && (-1e-9..=50.0 + 1e-9).contains(&y)
            };
            prop_assert!(clip_line(&points, &FRAME).iter().flatten().all(inside));
            prop_assert!(clip_polygon(&points, &FRAME).iter().all(inside));
        }

        #[test]
        fn dashes_have_their_lengths(points in polyline()) {
            let pattern = [7.0, 3.0, 1.0, 3.0];
            let cut = dashes(&points, &pattern);
            for (number, dash) in cut.iter().enumerate() {
                let wanted = pattern[2 * number % 4];
                if number + 1 < cut.len() {
                    prop_assert!((length(dash) - wanted).abs() < 1e-9);
                } else {
                    prop_assert!(length(dash) < wanted + 1e-9);
                }
            }
        }
    }
}
