//! The shipped font, DejaVu Sans: how wide a text is, and the pixels that it covers.
//!
//! plotters can do this too, but sets each glyph without its left side bearing, so that letters
//! stand unevenly.

use std::sync::LazyLock;

use ab_glyph::{Font, FontRef, PxScale, ScaleFont, point};

static FONT: LazyLock<FontRef<'static>> = LazyLock::new(|| {
    FontRef::try_from_slice(dejavu::sans::regular()).expect("the shipped font is a valid file")
});

/// ab_glyph's scale is the font's height; ours is its em.
fn scale(em: f64) -> PxScale {
    let per_em = FONT.height_unscaled() / FONT.units_per_em().unwrap_or(2048.0);
    PxScale::from(em as f32 * per_em)
}

/// A text as it can be set in a line and written to an SVG document: what XML does not allow, or
/// would end the line, becomes a space, and what is longer than `most` characters is cut off. All
/// texts of a page go through here.
pub fn legible(text: &str, most: usize) -> String {
    let forbidden = |letter: char| {
        letter.is_control()
            || matches!(letter, '\u{fffe}' | '\u{ffff}' | '\u{2028}' | '\u{2029}')
            // These turn the direction of all that follows.
            || matches!(letter, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    let mut letters = text.chars().map(|letter| if forbidden(letter) { ' ' } else { letter });
    let mut legible: String = letters.by_ref().take(most).collect();
    if letters.next().is_some() {
        legible.pop();
        legible.push('…');
    }
    legible
}

/// Where each glyph starts, and where the text ends, for a font size of `em`.
fn positions(text: &str, em: f64) -> (Vec<(char, f32)>, f32) {
    let font = FONT.as_scaled(scale(em));
    let mut end = 0.0;
    let mut previous = None;
    let mut starts = Vec::new();
    for letter in text.chars() {
        let glyph = font.glyph_id(letter);
        end += previous.map_or(0.0, |previous| font.kern(previous, glyph));
        starts.push((letter, end));
        end += font.h_advance(glyph);
        previous = Some(glyph);
    }
    (starts, end)
}

/// Width of a text, in the unit of `em`.
pub fn text_width(text: &str, em: f64) -> f64 {
    f64::from(positions(text, em).1)
}

/// The pixels that a text covers, with their coverage, relative to the start of its baseline.
pub fn coverage(text: &str, em: f64, mut pixel: impl FnMut(i64, i64, f64)) {
    let font = FONT.as_scaled(scale(em));
    for (letter, start) in positions(text, em).0 {
        let glyph = font.glyph_id(letter).with_scale_and_position(font.scale(), point(start, 0.0));
        if let Some(outline) = font.outline_glyph(glyph) {
            let corner = outline.px_bounds().min;
            outline.draw(|x, y, coverage| {
                let (x, y) = (i64::from(x) + corner.x as i64, i64::from(y) + corner.y as i64);
                pixel(x, y, f64::from(coverage));
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_letter_that_figures_use_is_in_the_font() {
        for letter in "10⁻⁰¹²³⁴⁵⁶⁷⁸⁹ −×∞ηλβθρ∇‖₁₂√|·∝≤".chars().filter(|c| *c != ' ')
        {
            assert_ne!(FONT.glyph_id(letter).0, 0, "{letter}");
        }
    }

    #[test]
    fn a_text_becomes_legible() {
        assert_eq!(legible("a\u{0}b\u{1b}[31m\nc\t<&>", 100), "a b [31m c <&>");
        assert_eq!(legible("ηηηη", 4), "ηηηη");
        assert_eq!(legible("ηηηηη", 4), "ηηη…");
        assert_eq!(legible("", 0), "");
    }

    #[test]
    fn a_text_covers_its_width() {
        let (mut left, mut right) = (i64::MAX, i64::MIN);
        coverage("HillH", 40.0, |x, _, coverage| {
            if coverage > 0.5 {
                (left, right) = (left.min(x), right.max(x));
            }
        });
        let bearing = 0.098 * 40.0; // of H, on both sides
        // Antialiasing moves an edge by up to a pixel.
        assert!((left as f64 - bearing).abs() <= 1.0);
        assert!((right as f64 + 1.0 - (text_width("HillH", 40.0) - bearing)).abs() <= 1.0);
    }
}
