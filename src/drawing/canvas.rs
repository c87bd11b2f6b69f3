//! What pages are drawn on: three primitives in logical pixels (1/96 inch), and the two surfaces
//! that turn them into an SVG document and a PNG picture.

use plotters::backend::{DrawingBackend, SVGBackend};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{
    Color, FontDesc, FontFamily, FontStyle, FontTransform, RGBAColor, RGBColor, ShapeStyle,
};

use super::letters::{coverage, text_width};
use super::primitives::{Anchor, Colour, Point, TextStyle};
use super::raster::Raster;
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

/// A surface to draw on.
pub trait Canvas {
    /// A solid line through the points.
    fn line(&mut self, points: &[Point], width: f64, colour: Colour);
    /// A filled polygon; where it overlaps itself, the even–odd rule holds.
    fn fill(&mut self, vertices: &[Point], colour: Colour);
    /// A line of text.
    fn text(&mut self, text: &str, position: Point, style: TextStyle);
}

/// Both surfaces draw this many times enlarged, since plotters' coordinates are whole numbers.
const ENLARGEMENT: f64 = 6.0;
/// Pixels of the PNG per logical pixel (192 per inch); the enlargement is a multiple of it.
const PNG_PIXELS: usize = 2;

/// The greatest width and height of a picture in logical pixels.
const LARGEST: f64 = 12_000.0;

/// The font that an SVG viewer looks for, and what comes close to it.
const FAMILY: FontFamily<'static> = FontFamily::Name("DejaVu Sans, Verdana, sans-serif");
/// plotters divides the font size by this on the way into an SVG document.
const SVG_SIZE: f64 = 1.24;
/// plotters moves a text anchored at its top this far (in em) down to its baseline, in SVG.
const SVG_TOP: f64 = 0.76;

/// Draws the same picture of the given size as PNG and as SVG.
pub fn render(
    width: f64,
    height: f64,
    draw: impl Fn(&mut dyn Canvas) + Sync,
) -> Result<Vec<Drawing>> {
    let (width, height) = (width.ceil(), height.ceil());
    // NaN compares false.
    if ![width, height].iter().all(|size| (1.0..=LARGEST).contains(size)) {
        return Err(Error::Drawing(format!("a picture of {width} × {height} pixels")));
    }
    let (png, svg) = rayon::join(|| png(width, height, &draw), || svg(width, height, &draw));
    Ok(vec![
        Drawing { extension: "png", bytes: png? },
        Drawing { extension: "svg", bytes: svg?.into_bytes() },
    ])
}

fn png(width: f64, height: f64, draw: impl Fn(&mut dyn Canvas)) -> Result<Vec<u8>> {
    let mut canvas =
        PngCanvas(Raster::new((width * ENLARGEMENT) as usize, (height * ENLARGEMENT) as usize));
    draw(&mut canvas);
    canvas.0.png(ENLARGEMENT as usize / PNG_PIXELS, 96 * PNG_PIXELS)
}

struct PngCanvas(Raster);

fn enlarged(points: &[Point]) -> Vec<Point> {
    points.iter().map(|&(x, y)| (x * ENLARGEMENT, y * ENLARGEMENT)).collect()
}

impl Canvas for PngCanvas {
    fn line(&mut self, points: &[Point], width: f64, colour: Colour) {
        self.0.line(&enlarged(points), width * ENLARGEMENT, colour);
    }

    fn fill(&mut self, vertices: &[Point], colour: Colour) {
        self.0.fill(&enlarged(vertices), colour);
    }

    fn text(&mut self, text: &str, (x, y): Point, style: TextStyle) {
        let size = style.size * ENLARGEMENT;
        let shift = match style.anchor {
            Anchor::Start => 0.0,
            Anchor::Middle => 0.5,
            Anchor::End => 1.0,
        } * text_width(text, size);
        let (x, y) = (x * ENLARGEMENT, y * ENLARGEMENT);
        let (x, y) = if style.upwards { (x, y + shift) } else { (x - shift, y) };
        let (x, y) = (x.round() as i64, y.round() as i64);
        let colour = style.colour;
        coverage(text, size, |across, down, covered| {
            let (dx, dy) = if style.upwards { (down, -across) } else { (across, down) };
            self.0.blend(x + dx, y + dy, colour.with_opacity(colour.opacity * covered));
        });
    }
}

fn svg(width: f64, height: f64, draw: impl Fn(&mut dyn Canvas)) -> Result<String> {
    let size = ((width * ENLARGEMENT) as u32, (height * ENLARGEMENT) as u32);
    let mut document = String::new();
    let mut canvas =
        SvgCanvas { backend: SVGBackend::with_string(&mut document, size), failure: None };
    draw(&mut canvas);
    if let Err(failure) = canvas.backend.present() {
        canvas.failure.get_or_insert(failure.to_string());
    }
    if let Some(failure) = canvas.failure.take() {
        return Err(Error::Drawing(failure));
    }
    drop(canvas);
    // plotters states the enlarged size; shown at the logical one, lines get their widths and
    // coordinates a sixth of a pixel as resolution. Joins and fills are inherited from here.
    let (stated, wanted) = (
        format!("<svg width=\"{}\" height=\"{}\"", size.0, size.1),
        format!(
            "<svg width=\"{width}\" height=\"{height}\" stroke-linejoin=\"round\" \
             fill-rule=\"evenodd\""
        ),
    );
    Ok(document.replacen(&stated, &wanted, 1))
}

struct SvgCanvas<'a> {
    backend: SVGBackend<'a>,
    failure: Option<String>,
}

impl SvgCanvas<'_> {
    fn note<E: std::fmt::Display>(&mut self, outcome: Result<(), E>) {
        if let Err(failure) = outcome {
            self.failure.get_or_insert(failure.to_string());
        }
    }
}

fn whole(points: &[Point]) -> Vec<(i32, i32)> {
    let mut whole: Vec<_> =
        enlarged(points).into_iter().map(|(x, y)| (x.round() as i32, y.round() as i32)).collect();
    whole.dedup();
    whole
}

fn mixed(colour: Colour) -> RGBAColor {
    let (red, green, blue) = colour.rgb;
    RGBColor(red, green, blue).mix(colour.opacity)
}

fn shape(colour: Colour, width: f64) -> ShapeStyle {
    ShapeStyle { color: mixed(colour), filled: true, stroke_width: width.round().max(1.0) as u32 }
}

impl Canvas for SvgCanvas<'_> {
    fn line(&mut self, points: &[Point], width: f64, colour: Colour) {
        let outcome = self.backend.draw_path(whole(points), &shape(colour, width * ENLARGEMENT));
        self.note(outcome);
    }

    fn fill(&mut self, vertices: &[Point], colour: Colour) {
        let outcome = self.backend.fill_polygon(whole(vertices), &shape(colour, 1.0));
        self.note(outcome);
    }

    fn text(&mut self, text: &str, (x, y): Point, style: TextStyle) {
        let size = style.size * ENLARGEMENT;
        let anchor = match style.anchor {
            Anchor::Start => HPos::Left,
            Anchor::Middle => HPos::Center,
            Anchor::End => HPos::Right,
        };
        let transform = if style.upwards { FontTransform::Rotate270 } else { FontTransform::None };
        let font = FontDesc::new(FAMILY, size * SVG_SIZE, FontStyle::Normal);
        let colour = mixed(style.colour);
        let set = plotters::style::TextStyle::from(font)
            .color(&colour)
            .transform(transform)
            .pos(Pos::new(anchor, VPos::Top));
        let (x, y) = (x * ENLARGEMENT, y * ENLARGEMENT);
        let top = SVG_TOP * size;
        let (x, y) = if style.upwards { (x - top, y) } else { (x, y - top) };
        let outcome = self.backend.draw_text(text, &set, (x.round() as i32, y.round() as i32));
        self.note(outcome);
    }
}
