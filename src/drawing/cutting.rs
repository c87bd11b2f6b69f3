//! What of a line or a polygon lies near a frame. Beyond it nothing shows; but whole numbers end
//! there, and viewers give up on a path of a million dashes.

use line_clipping::cohen_sutherland::clip_line;
use line_clipping::sutherland_hodgman::clip_polygon;
use line_clipping::{LineSegment, Polygon, Window};

use super::primitives::{Point, Rect};

/// In logical pixels: wider than any line, so that where it is cut does not show.
const MARGIN: f64 = 100.0;

/// As far as a place may be: sums and products of it keep a hundredth of a pixel.
const FARTHEST: f64 = 1e12;

fn window(frame: &Rect) -> Window {
    let Rect { left, top, right, bottom } = frame;
    Window::new(left - MARGIN, right + MARGIN, top - MARGIN, bottom + MARGIN)
}

fn bounded((x, y): Point) -> line_clipping::Point {
    let [x, y] = [x, y].map(|place| place.clamp(-FARTHEST, FARTHEST));
    line_clipping::Point::new(x, y)
}

/// The pieces of a line through points that lie near the frame.
pub(super) fn line(points: &[Point], frame: &Rect) -> Vec<Vec<Point>> {
    let window = window(frame);
    let mut pieces: Vec<Vec<Point>> = Vec::new();
    let mut last = None;
    for ends in points.windows(2) {
        let [from, to] = [ends[0], ends[1]].map(bounded);
        let Some(LineSegment { p1, p2 }) = clip_line(LineSegment::new(from, to), window) else {
            continue;
        };
        match pieces.last_mut() {
            Some(piece) if last == Some(p1) => piece.push((p2.x, p2.y)),
            _ => pieces.push(vec![(p1.x, p1.y), (p2.x, p2.y)]),
        }
        last = Some(p2);
    }
    pieces
}

/// The part of a polygon that lies near the frame. Where it leaves and comes back, an edge may run
/// along the window, out of sight.
pub(super) fn polygon(vertices: &[Point], frame: &Rect) -> Vec<Point> {
    let vertices: Vec<_> = vertices.iter().copied().map(bounded).collect();
    // A polygon of no vertices has no first one.
    if vertices.is_empty() {
        return Vec::new();
    }
    let cut = clip_polygon(&Polygon::new(&vertices), window(frame));
    cut.vertices.iter().map(|point| (point.x, point.y)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME: Rect = Rect { left: 0.0, top: 0.0, right: 400.0, bottom: 300.0 };

    #[test]
    fn a_line_keeps_its_direction_however_far_it_goes() {
        // Slope −2 through (200, 150), from far to far.
        let far = |t: f64| (200.0 + t, 150.0 - 2.0 * t);
        for t in [300.0, 1e5, 1e9] {
            let pieces = line(&[far(-t), far(t)], &FRAME);
            let [(x0, y0), (x1, y1)] = pieces[0][..] else { panic!("{pieces:?}") };
            assert!(((y1 - y0) / (x1 - x0) + 2.0).abs() < 1e-6, "{pieces:?}");
            // The place of the line, to a hundredth of a pixel.
            assert!((y0 - (150.0 - 2.0 * (x0 - 200.0))).abs() < 1e-2);
            assert!([y0, y1].iter().all(|y| (-101.0..=401.0).contains(y)));
        }
    }

    #[test]
    fn what_leaves_and_comes_back_is_in_pieces() {
        let points = [(10.0, 10.0), (20.0, 20.0), (1e4, 20.0), (1e4, 40.0), (20.0, 40.0)];
        let pieces = line(&points, &FRAME);
        assert_eq!(pieces.len(), 2);
        assert_eq!(pieces[0], [(10.0, 10.0), (20.0, 20.0), (500.0, 20.0)]);
        assert_eq!(pieces[1], [(500.0, 40.0), (20.0, 40.0)]);
        assert!(line(&[(1e4, 0.0), (1e4, 9.0)], &FRAME).is_empty());
        assert!(line(&[(1.0, 1.0)], &FRAME).is_empty());
    }

    #[test]
    fn polygons_keep_their_edges() {
        let vertices = [(0.0, 0.0), (400.0, -8e5), (400.0, 8e5)];
        let cut = polygon(&vertices, &FRAME);
        // The edge from the first vertex has slope −2000 as far as it is near.
        assert!(cut.iter().any(|&(x, y)| (x - 0.05).abs() < 1e-9 && y == -100.0), "{cut:?}");
        assert!(polygon(&[], &FRAME).is_empty());
        assert!(polygon(&[(1e4, 0.0), (1e4, 9.0), (2e4, 0.0)], &FRAME).is_empty());
    }
}
