//! A chart: two axes and the marks between them. It is a panel of a page, or an inset of another.

use super::axis::{Axis, Tick};
use super::canvas::Canvas;
use super::letters::text_width;
use super::primitives::{Anchor, Colour, Point, Rect, Stroke, TextStyle};
use super::style::{BLACK, FAINT, WHITE};
use super::symbol::Symbol;

/// Something drawn in the coordinates of a panel.
#[derive(Clone, Debug, PartialEq)]
pub enum Mark {
    /// A line through points, broken where one is not finite.
    Line {
        /// The points.
        points: Vec<Point>,
        /// How it is drawn.
        stroke: Stroke,
    },
    /// The area between two values (low, high) over each x; an infinite one is the panel's edge.
    Band {
        /// x, low, high.
        points: Vec<(f64, f64, f64)>,
        /// Its colour.
        colour: Colour,
    },
    /// A polygon filled by the even–odd rule.
    Area {
        /// Its corners.
        vertices: Vec<Point>,
        /// Its colour.
        colour: Colour,
    },
    /// Symbols at points; an infinite coordinate puts one on that edge of the panel, and one
    /// beyond the edge is left out.
    Symbols {
        /// The points.
        points: Vec<Point>,
        /// What is drawn there.
        symbol: Symbol,
    },
}

/// Two axes and what is drawn between them.
#[derive(Clone, Debug, PartialEq)]
pub struct Chart {
    /// Stands above the panel; may be empty.
    pub title: String,
    /// Colour of the title.
    pub title_colour: Colour,
    /// Horizontal axis.
    pub x: Axis,
    /// Vertical axis.
    pub y: Axis,
    /// Rows from the top down, if there are any: in place of its numbers the vertical axis has their
    /// names, each at the number of the rows below.
    pub rows: Vec<RowLabel>,
    /// Names in place of the numbers 1, 2 and so on of the horizontal axis, if there are any.
    pub x_names: Vec<String>,
    /// What is drawn, in this order.
    pub marks: Vec<Mark>,
    /// A smaller panel inside this one.
    pub inset: Option<Inset>,
}

/// What stands beside a row.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RowLabel {
    /// Left of it.
    pub name: String,
    /// Right of it; may be empty.
    pub remark: String,
}

/// A smaller panel inside another.
#[derive(Clone, Debug, PartialEq)]
pub struct Inset {
    /// What is drawn.
    pub panel: Box<Chart>,
    /// Where, labels included, as fractions of the outer panel from its upper left corner.
    pub area: Rect,
}

/// Font size of the axes' labels and panel titles.
pub const LABEL: f64 = 12.0;
/// Font size of the ticks' labels.
const TICK: f64 = 10.5;
const TICK_LENGTH: f64 = 4.5;
const SMALL_TICK_LENGTH: f64 = 2.5;
const PADDING: f64 = 5.0;
/// Height of capitals and digits in DejaVu Sans, in em.
const CAPITAL: f64 = 0.73;

/// Room that labels take beside the frame of a panel.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Margins {
    /// Left of it, for the vertical axis.
    pub left: f64,
    /// Below it, for the horizontal axis.
    pub bottom: f64,
    /// Above it, for the title.
    pub top: f64,
    /// Right of it, for the last tick's label.
    pub right: f64,
}

impl Chart {
    /// A panel without a title or marks.
    pub fn new(x: Axis, y: Axis) -> Self {
        Self {
            title: String::new(),
            title_colour: BLACK,
            x,
            y,
            rows: Vec::new(),
            x_names: Vec::new(),
            marks: Vec::new(),
            inset: None,
        }
    }

    /// Changes what is written on it.
    pub(super) fn relabel(&mut self, label: &impl Fn(&str) -> String) {
        for text in [&mut self.title, &mut self.x.label, &mut self.y.label] {
            *text = label(text);
        }
        for RowLabel { name, remark } in &mut self.rows {
            (*name, *remark) = (label(name), label(remark));
        }
        if let Some(inset) = &mut self.inset {
            inset.panel.relabel(label);
        }
    }

    /// Room for labels beside a frame of this size.
    pub fn margins(&self, width: f64, height: f64) -> Margins {
        let widest = |ticks: &[Tick]| {
            ticks
                .iter()
                .filter_map(|tick| tick.label.as_deref())
                .map(|label| text_width(label, TICK))
                .fold(0.0, f64::max)
        };
        let remarks = self.rows.iter().map(|row| text_width(&row.remark, TICK));
        let remark = remarks.fold(0.0, f64::max);
        let remark = if remark > 0.0 { PADDING + remark } else { 0.0 };
        let label = |axis: &Axis| if axis.label.is_empty() { 0.0 } else { LABEL + PADDING };
        Margins {
            left: TICK_LENGTH + PADDING + widest(&self.y_ticks(height)) + label(&self.y),
            bottom: TICK_LENGTH + PADDING + TICK + label(&self.x),
            top: if self.title.is_empty() { 0.0 } else { LABEL + 2.0 * PADDING },
            right: remark.max(widest(&self.x_ticks(width)) / 2.0),
        }
    }

    fn x_ticks(&self, width: f64) -> Vec<Tick> {
        if !self.x_names.is_empty() {
            let names = self.x_names.iter().enumerate();
            let tick = |(index, name): (usize, &String)| Tick {
                value: (index + 1) as f64,
                label: Some(name.clone()),
            };
            return names.map(tick).collect();
        }
        self.x.ticks(width, |label| text_width(label, TICK))
    }

    fn y_ticks(&self, height: f64) -> Vec<Tick> {
        if self.rows.is_empty() {
            return self.y.ticks(height, |_| TICK);
        }
        // Where there is no room for all names, there is for every second or third.
        let stride = (1.2 * TICK * self.rows.len() as f64 / height).ceil().max(1.0) as usize;
        let names = self.rows.iter().rev().enumerate().step_by(stride);
        let tick = |(below, row): (usize, &RowLabel)| Tick {
            value: below as f64,
            label: Some(row.name.clone()),
        };
        names.map(tick).collect()
    }

    /// Draws the panel around its frame, with or without the labels of either axis.
    pub fn draw(&self, canvas: &mut Canvas, frame: &Rect, x_labels: bool, y_labels: bool) {
        canvas.fill(&frame.corners(), WHITE);
        self.draw_grid(canvas, frame);
        let (symbols, shapes): (Vec<&Mark>, Vec<&Mark>) =
            self.marks.iter().partition(|mark| matches!(mark, Mark::Symbols { .. }));
        canvas.clipped(frame, |canvas| {
            shapes.into_iter().for_each(|mark| self.draw_mark(canvas, frame, mark));
        });
        let mut outline = frame.corners().to_vec();
        outline.extend(frame.corners().iter().take(2));
        canvas.line(&outline, Stroke::solid(BLACK, 1.0));
        self.draw_ticks(canvas, frame, x_labels, y_labels);
        if !self.title.is_empty() {
            let style = TextStyle {
                size: LABEL,
                anchor: Anchor::Middle,
                upwards: false,
                colour: self.title_colour,
            };
            let middle = (frame.left + frame.right) / 2.0;
            canvas.text(&self.title, (middle, frame.top - PADDING - 1.0), style);
        }
        if let Some(inset) = &self.inset {
            inset.draw(canvas, frame);
        }
        for mark in symbols {
            self.draw_mark(canvas, frame, mark);
        }
    }

    fn place(&self, frame: &Rect, (x, y): Point) -> Point {
        (
            frame.left + self.x.fraction(x) * frame.width(),
            frame.bottom - self.y.fraction(y) * frame.height(),
        )
    }

    fn draw_grid(&self, canvas: &mut Canvas, frame: &Rect) {
        let labelled = |tick: &Tick| tick.label.is_some();
        for tick in self.x_ticks(frame.width()).into_iter().filter(labelled) {
            let (x, _) = self.place(frame, (tick.value, self.y.low));
            canvas.line(&[(x, frame.top), (x, frame.bottom)], Stroke::solid(FAINT, 0.7));
        }
        for tick in self.y_ticks(frame.height()).into_iter().filter(labelled) {
            let (_, y) = self.place(frame, (self.x.low, tick.value));
            canvas.line(&[(frame.left, y), (frame.right, y)], Stroke::solid(FAINT, 0.7));
        }
    }

    fn draw_ticks(&self, canvas: &mut Canvas, frame: &Rect, x_labels: bool, y_labels: bool) {
        let style = |size, anchor, upwards| TextStyle { size, anchor, upwards, colour: BLACK };
        let length = |tick: &Tick| {
            if tick.label.is_some() { TICK_LENGTH } else { SMALL_TICK_LENGTH }
        };
        for tick in self.x_ticks(frame.width()) {
            let (x, _) = self.place(frame, (tick.value, self.y.low));
            canvas.line(
                &[(x, frame.bottom), (x, frame.bottom + length(&tick))],
                Stroke::solid(BLACK, 0.8),
            );
            if let Some(label) = tick.label.filter(|_| x_labels) {
                let baseline = frame.bottom + TICK_LENGTH + PADDING + CAPITAL * TICK;
                canvas.text(&label, (x, baseline), style(TICK, Anchor::Middle, false));
            }
        }
        let mut widest = 0.0_f64;
        for tick in self.y_ticks(frame.height()) {
            let (_, y) = self.place(frame, (self.x.low, tick.value));
            canvas.line(
                &[(frame.left - length(&tick), y), (frame.left, y)],
                Stroke::solid(BLACK, 0.8),
            );
            if let Some(label) = tick.label.filter(|_| y_labels) {
                widest = widest.max(text_width(&label, TICK));
                let position = (frame.left - TICK_LENGTH - PADDING / 2.0, y + CAPITAL * TICK / 2.0);
                canvas.text(&label, position, style(TICK, Anchor::End, false));
            }
        }
        for (below, row) in self.rows.iter().rev().enumerate() {
            let (_, y) = self.place(frame, (self.x.low, below as f64));
            let position = (frame.right + PADDING, y + CAPITAL * TICK / 2.0);
            canvas.text(&row.remark, position, style(TICK, Anchor::Start, false));
        }
        if x_labels {
            let middle = (frame.left + frame.right) / 2.0;
            let baseline = frame.bottom + TICK_LENGTH + 2.0 * PADDING + TICK + CAPITAL * LABEL;
            canvas.text(&self.x.label, (middle, baseline), style(LABEL, Anchor::Middle, false));
        }
        if y_labels {
            let middle = (frame.top + frame.bottom) / 2.0;
            let baseline = frame.left - TICK_LENGTH - widest - 2.0 * PADDING;
            canvas.text(&self.y.label, (baseline, middle), style(LABEL, Anchor::Middle, true));
        }
    }

    fn draw_mark(&self, canvas: &mut Canvas, frame: &Rect, mark: &Mark) {
        let place = |&point: &Point| self.place(frame, point);
        match mark {
            Mark::Line { points, stroke } => {
                let placed: Vec<Point> = points.iter().map(place).collect();
                let finite = |&(x, y): &Point| x.is_finite() && y.is_finite();
                for part in placed.split(|point| !finite(point)).filter(|part| part.len() > 1) {
                    canvas.line(part, *stroke);
                }
            }
            Mark::Band { points, colour } => {
                let upper = points.iter().map(|&(x, _, high)| (x, high));
                let lower = points.iter().rev().map(|&(x, low, _)| (x, low));
                // What is infinite has no slope; the rest is cut at the frame.
                let edge = |point: Point| {
                    let (x, y) = place(&point);
                    let y = if y.is_infinite() { y.clamp(frame.top, frame.bottom) } else { y };
                    (x, y)
                };
                let corners = upper.chain(lower).map(edge);
                canvas.fill(&placed(corners), *colour);
            }
            Mark::Area { vertices, colour } => {
                canvas.fill(&placed(vertices.iter().map(place)), *colour);
            }
            Mark::Symbols { points, symbol } => {
                for &point in points {
                    let (x, y) = place(&point);
                    let to_edge = |value: f64, given: f64, low: f64, high: f64| {
                        if given.is_infinite() { value.max(low).min(high) } else { value }
                    };
                    let x = to_edge(x, point.0, frame.left, frame.right);
                    let y = to_edge(y, point.1, frame.top, frame.bottom);
                    // A thousandth of a pixel is rounding, not a place beyond the edge.
                    let within = (frame.left - 1e-3..=frame.right + 1e-3).contains(&x)
                        && (frame.top - 1e-3..=frame.bottom + 1e-3).contains(&y);
                    if within {
                        symbol.draw(canvas, (x, y));
                    }
                }
            }
        }
    }
}

impl Inset {
    fn draw(&self, canvas: &mut Canvas, outer: &Rect) {
        let area = Rect {
            left: outer.left + self.area.left * outer.width(),
            right: outer.left + self.area.right * outer.width(),
            top: outer.top + self.area.top * outer.height(),
            bottom: outer.top + self.area.bottom * outer.height(),
        };
        let margins = self.panel.margins(area.width(), area.height());
        let frame = Rect {
            left: area.left + margins.left,
            right: area.right - margins.right,
            top: area.top + margins.top + PADDING,
            bottom: area.bottom - margins.bottom,
        };
        // Its labels may leave no room. NaN compares false.
        if !(frame.width() > 0.0 && frame.height() > 0.0) {
            return;
        }
        canvas.fill(&area.corners(), WHITE);
        self.panel.draw(canvas, &frame, true, true);
    }
}

/// The points that have a place.
fn placed(points: impl Iterator<Item = Point>) -> Vec<Point> {
    points.filter(|(x, y)| !(x.is_nan() || y.is_nan())).collect()
}
