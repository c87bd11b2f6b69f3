//! A sheet: pages side by side, as one picture.

use super::canvas::{Drawing, render};
use super::page::{LegendPosition, Page};
use super::primitives::Rect;
use super::style::WHITE;
use crate::Result;

/// The most pages of a sheet.
pub const MOST_PAGES: usize = 6;

/// The pages from left to right, each with its letter and with its legend below its panels; as PNG and
/// SVG.
///
/// # Errors
/// [`crate::Error::Drawing`] when the picture would be empty or too large.
pub fn side_by_side(pages: &[(char, Page)]) -> Result<Vec<Drawing>> {
    let lettered = |(letter, page): &(char, Page)| Page {
        title: format!("({letter}) {}", page.title),
        legend_position: LegendPosition::Below,
        ..page.clone()
    };
    let pages: Vec<Page> = pages.iter().map(lettered).map(|page| page.bounded()).collect();
    let layouts: Vec<_> = pages.iter().map(Page::layout).collect();
    let width: f64 = layouts.iter().map(|layout| layout.width).sum();
    let height = layouts.iter().map(|layout| layout.height).fold(0.0, f64::max);
    render(width, height, |canvas| {
        let (right, bottom) = (width.ceil(), height.ceil());
        canvas.fill(&Rect { left: 0.0, top: 0.0, right, bottom }.corners(), WHITE);
        let mut left = 0.0;
        for (page, layout) in pages.iter().zip(&layouts) {
            canvas.shifted(left, |canvas| page.draw(canvas, layout));
            left += layout.width;
        }
    })
}
