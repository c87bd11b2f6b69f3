//! What pages are drawn on: an SVG document, of which the PNG is a picture. Positions are in
//! logical pixels (1/96 inch).

use std::fmt::{Debug, Write as _};

use plotters::backend::{DrawingBackend, SVGBackend};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{
    Color, FontDesc, FontFamily, FontStyle, FontTransform, RGBAColor, RGBColor, ShapeStyle,
};

use super::cutting;
use super::picture;
use super::primitives::{Anchor, Colour, Point, Rect, Stroke, TextStyle};
use crate::{Error, Result};

/// The extensions of the files of each picture.
pub const FORMATS: [&str; 2] = ["png", "svg"];

/// One picture in one format.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drawing {
    /// The file's extension: `png` or `svg`.
    pub extension: &'static str,
    /// The file's contents.
    pub bytes: Vec<u8>,
}

/// Everything is drawn this many times enlarged, since plotters' coordinates are whole numbers.
const ENLARGEMENT: f64 = 6.0;

/// The greatest width and height of a picture in logical pixels.
const LARGEST: f64 = 12_000.0;

/// The font that a viewer looks for, and what comes close to it.
const FAMILY: FontFamily<'static> = FontFamily::Name("DejaVu Sans, Verdana, sans-serif");
/// plotters divides the font size by this on the way into a document.
const SVG_SIZE: f64 = 1.24;
/// plotters moves a text anchored at its top this far (in em) down to its baseline.
const SVG_TOP: f64 = 0.76;

/// Draws a picture of the given size as PNG and as SVG.
///
/// # Errors
/// [`Error::Drawing`] when the picture would be empty or too large.
pub fn render(width: f64, height: f64, draw: impl FnOnce(&mut Canvas)) -> Result<Vec<Drawing>> {
    let svg = svg(width, height, "", draw)?;
    Ok(vec![
        Drawing { extension: "png", bytes: svg.png()? },
        Drawing { extension: "svg", bytes: svg.document().into_bytes() },
    ])
}

/// Draws a picture of the given size; the ids of its elements begin with `ids`.
///
/// # Errors
/// [`Error::Drawing`] when the picture would be empty or too large.
pub fn svg(width: f64, height: f64, ids: &str, draw: impl FnOnce(&mut Canvas)) -> Result<Svg> {
    let (width, height) = (width.ceil(), height.ceil());
    // NaN compares false.
    if ![width, height].iter().all(|size| (1.0..=LARGEST).contains(size)) {
        return Err(Error::Drawing(format!("a picture of {width} × {height} pixels")));
    }
    let page = Rect { left: 0.0, top: 0.0, right: width, bottom: height };
    let mut canvas = Canvas { elements: String::new(), ids: ids.to_owned(), clips: 0, frame: page };
    draw(&mut canvas);
    Ok(Svg { width, height, elements: canvas.elements })
}

/// A picture as elements of SVG.
#[derive(Clone, Debug, PartialEq)]
pub struct Svg {
    /// Its width in logical pixels.
    pub width: f64,
    /// Its height.
    pub height: f64,
    /// What it consists of, in the coordinates of [`Svg::view_box`].
    pub elements: String,
}

impl Svg {
    /// What joins and fills the elements inherit from the element around them.
    pub const INHERITED: &str = "stroke-linejoin=\"round\" fill-rule=\"evenodd\"";

    /// The coordinates of the elements.
    pub fn view_box(&self) -> String {
        format!("0 0 {} {}", self.width * ENLARGEMENT, self.height * ENLARGEMENT)
    }

    /// The whole document.
    pub fn document(&self) -> String {
        let Self { width, height, elements } = self;
        format!(
            "<svg width=\"{width}\" height=\"{height}\" viewBox=\"{}\" \
             xmlns=\"http://www.w3.org/2000/svg\" {}>\n{elements}</svg>\n",
            self.view_box(),
            Self::INHERITED,
        )
    }

    /// It as PNG.
    ///
    /// # Errors
    /// [`Error::Drawing`] when the picture is too large.
    pub fn png(&self) -> Result<Vec<u8>> {
        picture::png(&self.document())
    }
}

/// The document that is being drawn.
pub struct Canvas {
    elements: String,
    /// What ids begin with: those of several documents on one page must differ.
    ids: String,
    /// Number of frames at which something was cut off.
    clips: usize,
    /// Beyond it nothing shows.
    frame: Rect,
}

impl Canvas {
    /// A line through the points.
    pub fn line(&mut self, points: &[Point], stroke: Stroke) {
        // Round ends reach into the gaps, and would fill those of wide lines.
        let stretch = (stroke.width / Stroke::BROKEN).max(1.0);
        let dashes: Vec<String> = stroke
            .dash
            .pattern()
            .iter()
            .map(|length| (length * stretch * ENLARGEMENT).round().to_string())
            .collect();
        if !dashes.is_empty() {
            // Round ends, as dots are round.
            let _ = writeln!(
                self.elements,
                "<g stroke-dasharray=\"{}\" stroke-linecap=\"round\">",
                dashes.join(" ")
            );
        }
        let style = shape(stroke.colour, stroke.width * ENLARGEMENT);
        for piece in cutting::line(points, &self.frame) {
            self.add(|svg| svg.draw_path(places(&piece), &style));
        }
        if !dashes.is_empty() {
            self.elements.push_str("</g>\n");
        }
    }

    /// A filled polygon; where it overlaps itself, the even–odd rule holds.
    pub fn fill(&mut self, vertices: &[Point], colour: Colour) {
        let vertices = cutting::polygon(vertices, &self.frame);
        self.add(|svg| svg.fill_polygon(places(&vertices), &shape(colour, 1.0)));
    }

    /// A filled disc.
    pub fn disc(&mut self, centre: Point, radius: f64, colour: Colour) {
        let radius = (radius * ENLARGEMENT).round().max(1.0) as u32;
        self.add(|svg| svg.draw_circle(place(centre), radius, &shape(colour, 1.0), true));
    }

    /// A line of text.
    pub fn text(&mut self, text: &str, (x, y): Point, style: TextStyle) {
        let anchor = match style.anchor {
            Anchor::Start => HPos::Left,
            Anchor::Middle => HPos::Center,
            Anchor::End => HPos::Right,
        };
        let transform = if style.upwards { FontTransform::Rotate270 } else { FontTransform::None };
        let font = FontDesc::new(FAMILY, style.size * ENLARGEMENT * SVG_SIZE, FontStyle::Normal);
        let colour = mixed(style.colour);
        let set = plotters::style::TextStyle::from(font)
            .color(&colour)
            .transform(transform)
            .pos(Pos::new(anchor, VPos::Top));
        let top = SVG_TOP * style.size;
        let position = if style.upwards { (x - top, y) } else { (x, y - top) };
        self.add(|svg| svg.draw_text(text, &set, place(position)));
    }

    /// What is drawn meanwhile, as far as it lies inside the rectangle.
    pub fn clipped(&mut self, frame: &Rect, draw: impl FnOnce(&mut Self)) {
        self.clips += 1;
        let [(left, top), _, (right, bottom), _] = frame.corners().map(place);
        let _ = writeln!(
            self.elements,
            "<clipPath id=\"{3}frame-{0}\"><rect x=\"{left}\" y=\"{top}\" width=\"{1}\" \
             height=\"{2}\"/></clipPath>\n<g clip-path=\"url(#{3}frame-{0})\">",
            self.clips,
            right - left,
            bottom - top,
            self.ids,
        );
        let outer = std::mem::replace(&mut self.frame, *frame);
        draw(self);
        self.frame = outer;
        self.elements.push_str("</g>\n");
    }

    /// What is drawn meanwhile, moved to the right.
    pub fn shifted(&mut self, right: f64, draw: impl FnOnce(&mut Self)) {
        let (right, _) = place((right, 0.0));
        let _ = writeln!(self.elements, "<g transform=\"translate({right} 0)\">");
        draw(self);
        self.elements.push_str("</g>\n");
    }

    /// Appends what plotters writes, without the document that it puts around it: its own cannot
    /// be grouped, which dashes and frames need.
    fn add<E: Debug>(&mut self, draw: impl FnOnce(&mut SVGBackend<'_>) -> Result<(), E>) {
        let mut document = String::new();
        draw(&mut SVGBackend::with_string(&mut document, (0, 0)))
            .expect("plotters writes texts to memory without any condition");
        let (_, inner) = document.split_once(">\n").unwrap_or_default();
        self.elements.push_str(inner.strip_suffix("</svg>\n").unwrap_or(inner));
    }
}

fn place((x, y): Point) -> (i32, i32) {
    // What does not fit into a whole number becomes the nearest that does.
    let whole = |place: f64| (place * ENLARGEMENT).round() as i32;
    (whole(x), whole(y))
}

fn places(points: &[Point]) -> Vec<(i32, i32)> {
    let mut places: Vec<_> = points.iter().copied().map(place).collect();
    places.dedup();
    places
}

fn mixed(colour: Colour) -> RGBAColor {
    let (red, green, blue) = colour.rgb;
    RGBColor(red, green, blue).mix(colour.opacity)
}

fn shape(colour: Colour, width: f64) -> ShapeStyle {
    ShapeStyle { color: mixed(colour), filled: true, stroke_width: width.round().max(1.0) as u32 }
}
