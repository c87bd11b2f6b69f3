//! Colours and line styles, the same on every page.

use super::primitives::{Colour, Dash};

/// Black, for frames and texts.
pub const BLACK: Colour = Colour::opaque(0, 0, 0);
/// Grey, for footnotes.
pub const GREY: Colour = Colour::opaque(90, 90, 90);
/// Light grey, for grid lines.
pub const FAINT: Colour = Colour::opaque(229, 229, 229);
/// White, for the ground.
pub const WHITE: Colour = Colour::opaque(255, 255, 255);

/// Colours that stay apart for colour-blind readers (Okabe and Ito, "Color Universal Design",
/// 2008), those that are hard to see as thin lines on white last.
pub const PALETTE: [Colour; 8] = [
    Colour::opaque(0, 114, 178),
    Colour::opaque(213, 94, 0),
    Colour::opaque(0, 158, 115),
    Colour::opaque(204, 121, 167),
    Colour::opaque(230, 159, 0),
    Colour::opaque(86, 180, 233),
    Colour::opaque(0, 0, 0),
    Colour::opaque(240, 228, 66),
];

/// The `index`-th colour.
pub fn colour(index: usize) -> Colour {
    PALETTE[index % PALETTE.len()]
}

/// The `index`-th line style.
pub fn dash(index: usize) -> Dash {
    const STYLES: [Dash; 5] =
        [Dash::Solid, Dash::Dashed, Dash::Dotted, Dash::DashDotted, Dash::DashDotDotted];
    STYLES[index % STYLES.len()]
}
