//! Texts: what can be set, and how wide it is in the shipped font, DejaVu Sans.

use std::sync::LazyLock;

use ab_glyph::{Font, FontRef, PxScale, ScaleFont};

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
            || turns(letter)
    };
    let mut letters = text.chars().map(|letter| if forbidden(letter) { ' ' } else { letter });
    let mut legible: String = letters.by_ref().take(most).collect();
    if letters.next().is_some() {
        legible.pop();
        legible.push('…');
    }
    legible
}

/// Whether a letter turns the direction of all that follows.
pub fn turns(letter: char) -> bool {
    matches!(letter, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Width of a text set in a font size of `em`, in the same unit.
pub fn text_width(text: &str, em: f64) -> f64 {
    let font = FONT.as_scaled(scale(em));
    let mut previous = None;
    let advances = text.chars().map(|letter| {
        let glyph = font.glyph_id(letter);
        let kern = previous.replace(glyph).map_or(0.0, |previous| font.kern(previous, glyph));
        kern + font.h_advance(glyph)
    });
    f64::from(advances.sum::<f32>())
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
}
