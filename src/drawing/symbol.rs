//! Symbols at points.

use super::canvas::Canvas;
use super::primitives::{Colour, Point, Stroke};
use super::style::WHITE;

/// The outline of a symbol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// A filled disc.
    Disc,
    /// A disc filled with white.
    Ring,
    /// A circle, through which one sees.
    Circle,
    /// A square on one corner, likewise.
    Diamond,
    /// A square, likewise.
    Square,
    /// ×.
    Cross,
    /// Six rays.
    Asterisk,
}

/// A symbol at a point.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Symbol {
    /// Its outline.
    pub shape: Shape,
    /// Its radius in logical pixels.
    pub radius: f64,
    /// Its colour.
    pub colour: Colour,
}

impl Symbol {
    /// Draws it.
    pub fn draw(self, canvas: &mut Canvas, (x, y): Point) {
        let Self { shape, radius, colour } = self;
        let mut rays = |count: u32, turn: f64| {
            for ray in 0..count {
                let angle = std::f64::consts::PI * f64::from(ray) / f64::from(count) + turn;
                let (dx, dy) = (radius * angle.cos(), radius * angle.sin());
                canvas.line(&[(x - dx, y - dy), (x + dx, y + dy)], Stroke::solid(colour, 1.5));
            }
        };
        // As many corners as make it round, where it is a circle.
        let outline = |corners: u32, turn: f64| -> Vec<Point> {
            let angle =
                |corner| std::f64::consts::TAU * f64::from(corner) / f64::from(corners) + turn;
            let corner = |angle: f64| (x + radius * angle.cos(), y + radius * angle.sin());
            (0..=corners + 1).map(|index| corner(angle(index))).collect()
        };
        match shape {
            Shape::Circle => canvas.line(&outline(32, 0.0), Stroke::solid(colour, 1.3)),
            Shape::Diamond => canvas.line(&outline(4, 0.0), Stroke::solid(colour, 1.3)),
            Shape::Square => {
                canvas.line(&outline(4, std::f64::consts::FRAC_PI_4), Stroke::solid(colour, 1.3));
            }
            Shape::Disc => canvas.disc((x, y), radius, colour),
            Shape::Ring => {
                canvas.disc((x, y), radius, colour);
                canvas.disc((x, y), radius - 1.5, WHITE);
            }
            Shape::Cross => rays(2, std::f64::consts::FRAC_PI_4),
            Shape::Asterisk => rays(3, std::f64::consts::FRAC_PI_2),
        }
    }
}
