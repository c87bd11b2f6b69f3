//! Figures as parts of a page of HTML.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::Serialize;

use crate::drawing::canvas::Svg;
use crate::drawing::legible;
use crate::drawing::page::Page;
use crate::drawing::words::in_words;
use crate::error::Result;

/// The most bytes of a drawing that is put into the page as it is; a larger one becomes a picture in
/// pixels. The largest of the shipped experiments has 320 kB.
const MOST_BYTES: usize = 500_000;

/// A figure.
#[derive(Debug, Serialize)]
pub(super) struct FigureView {
    /// Unique on the page.
    id: String,
    /// Name of its files.
    name: String,
    title: String,
    /// The remarks below it.
    notes: Vec<String>,
    /// What it shows, for who cannot see it.
    words: String,
    width: f64,
    height: f64,
    view_box: String,
    /// Attributes of the element around the elements.
    inherited: &'static str,
    /// The drawing; of a large one there is the picture.
    elements: Option<String>,
    /// The picture as PNG, in Base64.
    png: Option<String>,
}

impl FigureView {
    /// Title and remarks are set by the browser, so that they can be read at any width.
    pub fn of(id: String, name: &str, page: &Page) -> Result<Self> {
        let bare = Page { title: String::new(), footnotes: Vec::new(), ..page.clone() };
        let svg = bare.svg(&format!("{id}-"))?;
        let large = svg.elements.len() > MOST_BYTES;
        let png = if large { Some(BASE64_STANDARD.encode(svg.png()?)) } else { None };
        let view_box = svg.view_box();
        let Svg { width, height, elements } = svg;
        Ok(Self {
            id,
            name: name.to_owned(),
            title: page.title.clone(),
            notes: page.footnotes.clone(),
            words: legible(&in_words(page), usize::MAX),
            width,
            height,
            view_box,
            inherited: Svg::INHERITED,
            elements: (!large).then_some(elements),
            png,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drawing::axis::{Axis, Scale};
    use crate::drawing::chart::{Chart, Mark};
    use crate::drawing::page::LegendPosition;
    use crate::drawing::primitives::{Dash, Stroke};
    use crate::drawing::style::BLACK;

    fn page(points: u32) -> Page {
        let axis = || Axis { label: "x".into(), scale: Scale::Linear, low: 0.0, high: 1.0 };
        let mut panel = Chart::new(axis(), axis());
        let point = |index| (f64::from(index) / f64::from(points), f64::from(index % 2));
        let line = Mark::Line {
            points: (0..points).map(point).collect(),
            stroke: Stroke::new(BLACK, Dash::Solid),
        };
        panel.marks = vec![line];
        Page {
            title: "T <&>".into(),
            panels: vec![panel],
            columns: 1,
            frame: (300.0, 200.0),
            shared_axes: false,
            legend: Vec::new(),
            legend_position: LegendPosition::Right,
            footnotes: vec!["N".into()],
        }
    }

    #[test]
    fn a_large_drawing_becomes_a_picture() {
        let small = FigureView::of("a".into(), "fig", &page(9)).unwrap();
        assert!(small.png.is_none());
        let elements = small.elements.unwrap();
        assert!(elements.contains("url(#a-frame-1)") && elements.contains("id=\"a-frame-1\""));
        assert!(!elements.contains("T &lt;"), "the title is the caption's");
        let large = FigureView::of("a".into(), "fig", &page(100_000)).unwrap();
        assert!(large.elements.is_none());
        let png = large.png.unwrap();
        assert!(png.starts_with("iVBORw0KGgo") && png.len() < MOST_BYTES, "{}", png.len());
    }
}
