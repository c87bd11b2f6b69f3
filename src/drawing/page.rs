//! A page: panels in a grid, a legend outside of them, a title and footnotes.

use super::canvas::{Canvas, Drawing, Svg, render, svg};
use super::chart::{Chart, Margins};
use super::letters::{legible, text_width};
use super::primitives::{Anchor, Colour, Rect, Stroke, TextStyle};
use super::style::{BLACK, GREY, WHITE};
use super::symbol::Symbol;
use crate::Result;

/// One line of the legend: a sample and what it stands for.
#[derive(Clone, Debug, PartialEq)]
pub struct LegendEntry {
    /// What it stands for.
    pub label: String,
    /// A piece of line.
    pub stroke: Option<Stroke>,
    /// A piece of band behind it.
    pub band: Option<Colour>,
    /// A symbol on it.
    pub symbol: Option<Symbol>,
}

impl LegendEntry {
    /// An entry for a line.
    pub fn line(label: impl Into<String>, stroke: Stroke) -> Self {
        Self { label: label.into(), stroke: Some(stroke), band: None, symbol: None }
    }

    /// An entry for a symbol.
    pub fn symbol(label: impl Into<String>, symbol: Symbol) -> Self {
        Self { label: label.into(), stroke: None, band: None, symbol: Some(symbol) }
    }

    /// The same entry with a piece of band.
    pub fn with_band(self, colour: Colour) -> Self {
        Self { band: Some(colour), ..self }
    }

    fn width(&self) -> f64 {
        SAMPLE + GAP + text_width(&self.label, LEGEND)
    }

    fn draw(&self, canvas: &mut Canvas, left: f64, middle: f64) {
        let right = left + SAMPLE;
        if let Some(colour) = self.band {
            let band = Rect { left, right, top: middle - 4.0, bottom: middle + 4.0 };
            canvas.fill(&band.corners(), colour);
        }
        if let Some(stroke) = self.stroke {
            canvas.line(&[(left, middle), (right, middle)], stroke);
        }
        if let Some(symbol) = self.symbol {
            symbol.draw(canvas, ((left + right) / 2.0, middle));
        }
        let style =
            TextStyle { size: LEGEND, anchor: Anchor::Start, upwards: false, colour: BLACK };
        canvas.text(&self.label, (right + GAP, middle + 0.36 * LEGEND), style);
    }
}

/// Where the legend stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LegendPosition {
    /// To the right of the panels.
    Right,
    /// Below them.
    Below,
}

/// A whole picture, ready to be drawn.
#[derive(Clone, Debug, PartialEq)]
pub struct Page {
    /// Stands above everything.
    pub title: String,
    /// The panels, row by row.
    pub panels: Vec<Chart>,
    /// Panels in a row.
    pub columns: usize,
    /// Width and height of each panel's frame in logical pixels.
    pub frame: (f64, f64),
    /// Whether all panels have the same axes, which are then labelled at the outer ones only.
    pub shared_axes: bool,
    /// The legend.
    pub legend: Vec<LegendEntry>,
    /// Where the legend stands.
    pub legend_position: LegendPosition,
    /// Remarks below everything.
    pub footnotes: Vec<String>,
}

const TITLE: f64 = 14.0;
const LEGEND: f64 = 11.0;
const FOOTNOTE: f64 = 9.5;
/// Height of a line of text, in em.
const LEADING: f64 = 1.35;
const BORDER: f64 = 12.0;
const GAP: f64 = 7.0;
const SAMPLE: f64 = 32.0;
const ENTRY_HEIGHT: f64 = 18.0;

/// The most of each that a page shows, so that its size does not depend on what it is made from.
const MOST_PANELS: usize = 24;
const MOST_ENTRIES: usize = 48;
const MOST_FOOTNOTES: usize = 8;
/// The most letters of a title or a footnote, and of every other text.
const MOST_LETTERS: usize = 400;
const MOST_LETTERS_OF_A_LABEL: usize = 90;
/// The least and the greatest width and height of a frame.
const FRAME: (f64, f64) = (80.0, 1200.0);

/// Sizes that follow from a page's contents, in logical pixels.
pub(super) struct PageLayout {
    pub width: f64,
    pub height: f64,
    /// Horizontal middle of the panels.
    middle: f64,
    title: Vec<String>,
    footnotes: Vec<String>,
    frames: Vec<Rect>,
    /// Upper left corner of the legend, and the number of its columns with their width.
    legend: (f64, f64),
    legend_columns: (usize, f64),
}

impl Page {
    /// The page as PNG and SVG.
    pub fn render(&self) -> Result<Vec<Drawing>> {
        let page = self.bounded();
        let layout = page.layout();
        render(layout.width, layout.height, |canvas| page.draw(canvas, &layout))
    }

    /// The page as SVG, the ids of its elements beginning with `ids`.
    ///
    /// # Errors
    /// [`crate::Error::Drawing`] when the picture would be empty or too large.
    pub fn svg(&self, ids: &str) -> Result<Svg> {
        let page = self.bounded();
        let layout = page.layout();
        svg(layout.width, layout.height, ids, |canvas| page.draw(canvas, &layout))
    }

    /// The page as far as it can be shown: texts that can be set, and no more of anything than
    /// there is room for. What is left out is said.
    pub(super) fn bounded(&self) -> Self {
        let label = |text: &str| legible(text, MOST_LETTERS_OF_A_LABEL);
        let size = |size: f64| if size.is_nan() { FRAME.0 } else { size.clamp(FRAME.0, FRAME.1) };
        let notes = self.footnotes.iter().take(MOST_FOOTNOTES);
        let mut footnotes: Vec<String> = notes.map(|note| legible(note, MOST_LETTERS)).collect();
        let more = self.footnotes.len() - footnotes.len();
        if more > 0 {
            footnotes.push(format!("{more} more remarks are left out."));
        }
        let mut panels: Vec<Chart> = self.panels.iter().take(MOST_PANELS).cloned().collect();
        panels.iter_mut().for_each(|panel| panel.relabel(&label));
        if panels.len() < self.panels.len() {
            let all = self.panels.len();
            footnotes.push(format!("{} of {all} panels are shown.", panels.len()));
        }
        let entries = self.legend.iter().take(MOST_ENTRIES);
        let mut legend: Vec<LegendEntry> =
            entries.map(|entry| LegendEntry { label: label(&entry.label), ..*entry }).collect();
        let more = self.legend.len() - legend.len();
        if more > 0 {
            let label = format!("and {more} more");
            legend.push(LegendEntry { label, stroke: None, band: None, symbol: None });
        }
        Self {
            title: legible(&self.title, MOST_LETTERS),
            panels,
            columns: self.columns.clamp(1, MOST_PANELS),
            frame: (size(self.frame.0), size(self.frame.1)),
            shared_axes: self.shared_axes,
            legend,
            legend_position: self.legend_position,
            footnotes,
        }
    }

    /// Whether a panel's axes carry labels (horizontal, vertical).
    fn labelled(&self, index: usize) -> (bool, bool) {
        let lowest = index + self.columns >= self.panels.len();
        (!self.shared_axes || lowest, !self.shared_axes || index.is_multiple_of(self.columns))
    }

    pub(super) fn layout(&self) -> PageLayout {
        let (frame_width, frame_height) = self.frame;
        let rows = self.panels.len().div_ceil(self.columns);
        let columns = self.columns.min(self.panels.len());
        let mut lefts = vec![0.0_f64; columns];
        let mut rights = vec![0.0_f64; columns];
        // A page without panels has room for a legend all the same.
        let mut tops = vec![0.0_f64; rows.max(1)];
        let mut bottoms = vec![0.0_f64; rows];
        for (index, panel) in self.panels.iter().enumerate() {
            let Margins { left, bottom, top, right } = panel.margins(frame_width, frame_height);
            let (row, column) = (index / self.columns, index % self.columns);
            let (x_labels, y_labels) = self.labelled(index);
            // Its first tick's label reaches beyond the frame, as its neighbour's last one does.
            lefts[column] = lefts[column].max(if y_labels { left } else { 2.0 * GAP });
            rights[column] = rights[column].max(if x_labels { right } else { GAP });
            tops[row] = tops[row].max(top);
            bottoms[row] = bottoms[row].max(if x_labels { bottom } else { GAP });
        }
        let grid_width: f64 =
            lefts.iter().chain(&rights).sum::<f64>() + columns as f64 * frame_width;

        let entry = self.legend.iter().map(LegendEntry::width).fold(0.0, f64::max);
        let width = match self.legend_position {
            _ if self.legend.is_empty() => grid_width,
            LegendPosition::Right => grid_width + GAP + entry,
            LegendPosition::Below => grid_width.max(entry),
        } + 2.0 * BORDER;
        let room = width - 2.0 * BORDER;

        let title = wrapped(&self.title, TITLE, room);
        let top = BORDER + title.len() as f64 * TITLE * LEADING + GAP;
        let mut frames = Vec::with_capacity(self.panels.len());
        let mut lower = top;
        for row in 0..rows {
            let mut left = BORDER;
            for column in 0..columns.min(self.panels.len() - row * self.columns) {
                left += lefts[column];
                let upper = lower + tops[row];
                frames.push(Rect {
                    left,
                    right: left + frame_width,
                    top: upper,
                    bottom: upper + frame_height,
                });
                left += frame_width + rights[column];
            }
            lower += tops[row] + frame_height + bottoms[row];
        }

        let (legend, legend_columns) = match self.legend_position {
            LegendPosition::Right => ((BORDER + grid_width + GAP, top + tops[0]), (1, entry)),
            LegendPosition::Below => {
                let column = entry + 2.0 * GAP;
                let fitting = ((room + 2.0 * GAP) / column).floor().max(1.0) as usize;
                let rows = self.legend.len().div_ceil(fitting).max(1);
                let used = self.legend.len().div_ceil(rows).max(1);
                let start = BORDER + (room - used as f64 * column + 2.0 * GAP) / 2.0;
                ((start, lower + GAP), (used, column))
            }
        };
        let legend_height = self.legend.len().div_ceil(legend_columns.0) as f64 * ENTRY_HEIGHT;
        if !self.legend.is_empty() {
            lower = lower.max(legend.1 + legend_height);
        }
        let footnotes: Vec<String> =
            self.footnotes.iter().flat_map(|note| wrapped(note, FOOTNOTE, room)).collect();
        let notes_height = footnotes.len() as f64 * FOOTNOTE * LEADING;
        let height = lower + if footnotes.is_empty() { 0.0 } else { GAP } + notes_height + BORDER;
        let (left, right) = frames
            .iter()
            .fold((width, 0.0_f64), |(left, right), f| (f.left.min(left), f.right.max(right)));
        let middle = (left + right) / 2.0;
        PageLayout { width, height, middle, title, footnotes, frames, legend, legend_columns }
    }

    pub(super) fn draw(&self, canvas: &mut Canvas, layout: &PageLayout) {
        let ground =
            Rect { left: 0.0, top: 0.0, right: layout.width.ceil(), bottom: layout.height.ceil() };
        canvas.fill(&ground.corners(), WHITE);
        let style =
            TextStyle { size: TITLE, anchor: Anchor::Middle, upwards: false, colour: BLACK };
        // Above the panels, not above the legend, as far as it fits.
        let widths = layout.title.iter().map(|line| text_width(line, TITLE));
        let half = widths.fold(0.0, f64::max) / 2.0;
        let middle = layout.middle.min(layout.width - BORDER - half).max(BORDER + half);
        for (line, text) in layout.title.iter().enumerate() {
            let baseline = BORDER + TITLE + line as f64 * TITLE * LEADING;
            canvas.text(text, (middle, baseline), style);
        }
        for (index, (panel, frame)) in self.panels.iter().zip(&layout.frames).enumerate() {
            let (x_labels, y_labels) = self.labelled(index);
            panel.draw(canvas, frame, x_labels, y_labels);
        }
        let (columns, column_width) = layout.legend_columns;
        let per_column = self.legend.len().div_ceil(columns).max(1);
        for (index, entry) in self.legend.iter().enumerate() {
            let (column, row) = (index / per_column, index % per_column);
            entry.draw(
                canvas,
                layout.legend.0 + column as f64 * column_width,
                layout.legend.1 + (row as f64 + 0.5) * ENTRY_HEIGHT,
            );
        }
        let style =
            TextStyle { size: FOOTNOTE, anchor: Anchor::Start, upwards: false, colour: GREY };
        let lines = layout.footnotes.len() as f64;
        for (line, text) in layout.footnotes.iter().enumerate() {
            let baseline =
                layout.height - BORDER - (lines - 1.0 - line as f64) * FOOTNOTE * LEADING;
            canvas.text(text, (BORDER, baseline - 0.2 * FOOTNOTE), style);
        }
    }
}

/// Breaks a text between words so that each line fits into the width, and a word that does not fit
/// between its letters.
fn wrapped(text: &str, size: f64, width: f64) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if text_width(&format!("{line} {word}"), size) <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ if text_width(word, size) <= width => lines.push(word.to_owned()),
            _ => {
                let mut line = String::new();
                for letter in word.chars() {
                    line.push(letter);
                    if text_width(&line, size) > width && line.pop().is_some() && !line.is_empty() {
                        lines.push(std::mem::replace(&mut line, letter.into()));
                    } else if line.is_empty() {
                        line.push(letter);
                    }
                }
                lines.push(line);
            }
        }
    }
    lines
}
