//! Pictures of SVG documents, as PNG.

use std::sync::{Arc, LazyLock};

use resvg::tiny_skia::{Color, Pixmap, Transform};
use resvg::usvg::fontdb::Database;
use resvg::usvg::{Options, Tree};

use crate::{Error, Result};

/// Pixels of the picture per logical pixel (1/96 inch).
const PIXELS: f32 = 2.0;
/// Their number per metre.
const PER_METRE: u32 = (96.0 * PIXELS / 0.0254 + 0.5) as u32;

/// The shipped font is the only one, so that a picture does not depend on the machine.
static FONTS: LazyLock<Arc<Database>> = LazyLock::new(|| {
    let mut fonts = Database::new();
    fonts.load_font_data(dejavu::sans::regular().to_vec());
    Arc::new(fonts)
});

/// The picture of a document on white.
///
/// # Errors
/// [`Error::Drawing`] when it is no SVG document, or too large.
pub fn png(svg: &str) -> Result<Vec<u8>> {
    let options = Options { fontdb: Arc::clone(&FONTS), ..Options::default() };
    let tree = Tree::from_str(svg, &options).map_err(|e| Error::Drawing(e.to_string()))?;
    let [width, height] =
        [tree.size().width(), tree.size().height()].map(|size| (size * PIXELS).round() as u32);
    let mut picture = Pixmap::new(width, height)
        .ok_or_else(|| Error::Drawing(format!("a picture of {width} × {height} pixels")))?;
    picture.fill(Color::WHITE);
    resvg::render(&tree, Transform::from_scale(PIXELS, PIXELS), &mut picture.as_mut());
    // Nothing shines through white: without opacities the file is smaller.
    let colours: Vec<u8> =
        picture.pixels().iter().flat_map(|p| [p.red(), p.green(), p.blue()]).collect();
    encoded(&colours, width, height).map_err(|failure| Error::Drawing(failure.to_string()))
}

fn encoded(colours: &[u8], width: u32, height: u32) -> Result<Vec<u8>, png::EncodingError> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_filter(png::Filter::Paeth);
    let (xppu, yppu) = (PER_METRE, PER_METRE);
    encoder.set_pixel_dims(Some(png::PixelDimensions { xppu, yppu, unit: png::Unit::Meter }));
    let mut writer = encoder.write_header()?;
    writer.write_image_data(colours)?;
    writer.finish()?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    #[test]
    fn a_picture_states_its_size_and_resolution_and_shows_the_document() {
        let svg = "<svg width=\"20\" height=\"10\" xmlns=\"http://www.w3.org/2000/svg\">\
                   <rect x=\"5\" y=\"0\" width=\"5\" height=\"10\" fill=\"#0072B2\"/></svg>";
        let bytes = png(svg).unwrap();
        let mut reader = png::Decoder::new(Cursor::new(bytes)).read_info().unwrap();
        assert_eq!(reader.info().size(), (40, 20));
        assert_eq!(reader.info().pixel_dims.map(|dims| dims.xppu), Some(7559));
        let mut pixels = vec![0; 40 * 20 * 3];
        reader.next_frame(&mut pixels).unwrap();
        let (blue, white) = ([0, 0x72, 0xB2], [255; 3]);
        for (at, pixel) in pixels.chunks_exact(3).enumerate() {
            assert_eq!(pixel, if (10..20).contains(&(at % 40)) { blue } else { white }, "{at}");
        }
    }

    #[test]
    fn texts_are_set_in_the_shipped_font() {
        let text = |text: &str| {
            format!(
                "<svg width=\"200\" height=\"50\" xmlns=\"http://www.w3.org/2000/svg\">\
                 <text y=\"40\" font-size=\"40\" font-family=\"DejaVu Sans, Verdana\">{text}</text></svg>"
            )
        };
        let empty = png(&text("")).unwrap();
        for shown in ["Adam", "λ₁", "10⁻⁸", "θ̃ ∝ ‖∇f‖"] {
            assert_ne!(png(&text(shown)).unwrap(), empty, "{shown}");
        }
    }

    #[test]
    fn what_is_no_document_is_an_error() {
        assert!(matches!(png("<svg"), Err(Error::Drawing(_))));
    }
}
