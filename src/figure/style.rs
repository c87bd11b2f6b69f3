//! What an algorithm and a coordinate system look like, the same in every figure.

use super::canvas::Colour;
use super::chart::Dash;

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
const PALETTE: [Colour; 8] = [
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

/// The colours of algorithms: the paper's four have theirs in every experiment, others take what
/// is left in the order of the config.
pub fn algorithm_colours(names: &[&str]) -> Vec<Colour> {
    const PAPER: [&str; 4] = ["adam", "adagrad", "sgd", "momentum"];
    let (paper, others) = PALETTE.split_at(PAPER.len());
    let mut others = others.iter().cycle();
    names
        .iter()
        .map(|name| match PAPER.iter().position(|known| known == name) {
            Some(index) => paper[index],
            None => *others.next().expect("it goes round and round"),
        })
        .collect()
}

/// The line style of the `index`-th coordinate system, original coordinates being the first.
pub fn dash(index: usize) -> Dash {
    const STYLES: [Dash; 5] =
        [Dash::Solid, Dash::Dashed, Dash::Dotted, Dash::DashDotted, Dash::DashDotDotted];
    STYLES[index % STYLES.len()]
}

/// How an algorithm is called in a figure.
pub fn algorithm_name(name: &str) -> String {
    match name {
        "adam" => "Adam".into(),
        "adagrad" => "Adagrad".into(),
        "sgd" => "SGD".into(),
        "momentum" => "Momentum".into(),
        other => other.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_papers_algorithms_keep_their_colours() {
        let all = algorithm_colours(&["adam", "adagrad", "sgd", "momentum"]);
        assert_eq!(all, PALETTE[..4]);
        let some = algorithm_colours(&["shampoo", "adagrad", "soap"]);
        assert_eq!(some, [PALETTE[4], PALETTE[1], PALETTE[5]]);
    }
}
