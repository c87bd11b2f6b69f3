//! The drawing kit: pages of charts with a legend and footnotes, as PNG and SVG.
//!
//! It is told what to draw and knows nothing of where that comes from. What a page looks like is
//! decided here once, in [`page`], [`chart`] and [`style`]; pages are drawn by a few primitives on a
//! [`canvas`], which is an SVG document, and the PNG is a picture of that. It yields bytes; writing
//! them is left to the caller.

pub mod axis;
pub mod canvas;
pub mod chart;
pub mod contour;
mod cutting;
pub mod overlaid;
pub mod page;
pub mod primitives;
pub mod sheet;
pub mod style;
pub mod symbol;
pub mod words;

mod letters;
mod picture;

pub(crate) use letters::{legible, turns};
