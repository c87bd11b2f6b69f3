//! Rows of dots: each row a method, its values along the horizontal axis, with median and quartiles.

use super::quartiles::Quartiles;
use crate::drawing::axis::{Axis, Scale};
use crate::drawing::chart::{Chart, Mark, RowLabel};
use crate::drawing::page::LegendEntry;
use crate::drawing::primitives::{Colour, Dash, Stroke};
use crate::drawing::style::GREY;
use crate::drawing::symbol::{Shape, Symbol};

/// A row.
pub(super) struct Row {
    /// What stands beside it.
    pub label: RowLabel,
    pub colour: Colour,
    /// Its values over the trials; an infinite one is at the end of the axis.
    pub values: Vec<f64>,
}

const VALUE: Symbol = Symbol { shape: Shape::Circle, radius: 2.6, colour: GREY };
const BEYOND: Symbol = Symbol { shape: Shape::Cross, radius: 3.5, colour: GREY };
const MEDIAN: Symbol = Symbol { shape: Shape::Disc, radius: 3.6, colour: GREY };
/// Room that a row takes, in logical pixels.
const HEIGHT: f64 = 19.0;

/// The height of a frame with so many rows.
pub(super) fn height(rows: usize) -> f64 {
    HEIGHT * (rows as f64 + 0.5)
}

/// The rows, from the top down.
pub(super) fn panel(x: Axis, rows: &[Row]) -> Chart {
    let half = 0.75;
    let high = rows.len() as f64 - 1.0 + half;
    let y = Axis { label: String::new(), scale: Scale::Linear, low: -half, high };
    let mut panel = Chart::new(x, y);
    panel.rows = rows.iter().map(|row| row.label.clone()).collect();
    for (below, row) in rows.iter().rev().enumerate() {
        let marks = marks(row, below as f64, &panel.x);
        panel.marks.extend(marks);
    }
    panel
}

fn marks(row: &Row, y: f64, x: &Axis) -> Vec<Mark> {
    if row.values.is_empty() {
        return Vec::new();
    }
    let within = |value: f64| value.clamp(x.low, x.high);
    // What is too small for the axis is at its beginning, as what is infinite at its end.
    let place = |value: f64| match value {
        _ if value < x.low => (f64::NEG_INFINITY, y),
        _ if value > x.high => (f64::INFINITY, y),
        _ => (value, y),
    };
    let symbols = |symbol: Symbol, values: &[f64]| Mark::Symbols {
        points: values.iter().map(|&value| place(value)).collect(),
        symbol: Symbol { colour: row.colour, ..symbol },
    };
    let Quartiles { lower, median, upper } = Quartiles::of(&row.values);
    let bar = Stroke { colour: row.colour.with_opacity(0.45), width: 4.0, dash: Dash::Solid };
    let (beyond, values): (Vec<f64>, Vec<f64>) =
        row.values.iter().partition(|&&value| value > x.high);
    let middle = if median > x.high { Vec::new() } else { vec![median] };
    vec![
        Mark::Line { points: vec![(within(lower), y), (within(upper), y)], stroke: bar },
        symbols(VALUE, &values),
        symbols(BEYOND, &beyond),
        symbols(MEDIAN, &middle),
    ]
}

/// What the symbols mean; `beyond`: one of a trial beyond the axis.
pub(super) fn legend(beyond: &str) -> Vec<LegendEntry> {
    let bar = Stroke { colour: GREY.with_opacity(0.45), width: 4.0, dash: Dash::Solid };
    vec![
        LegendEntry::symbol("a trial", VALUE),
        LegendEntry::symbol(beyond, BEYOND),
        LegendEntry { symbol: Some(MEDIAN), ..LegendEntry::line("median and quartiles", bar) },
    ]
}
