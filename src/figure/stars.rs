//! Selected learning rates, as symbols on the axis of learning rates: one for those that are best in
//! original coordinates, and one for each other coordinate system that was tuned.

use super::facts::Facts;
use super::metric::called;
use super::selection::{AS_SET, MethodRates, ORIGINAL, RateChoice, exceptions};
use crate::config::{Reader, key};
use crate::drawing::chart::Mark;
use crate::drawing::page::LegendEntry;
use crate::drawing::style::GREY;
use crate::drawing::symbol::{Shape, Symbol};
use crate::need::{Need, Want};
use crate::record::RateRow;

/// Which selected rates are marked.
#[derive(Clone, Copy, Debug)]
pub struct Marked(&'static [RateChoice]);

impl Marked {
    /// Reads `tuned`.
    pub fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let marked =
            key("tuned", "which selected rates are marked: best in original coordinates, or own");
        let choices = [
            ("both", Self(&[RateChoice::Original, RateChoice::Own])),
            ("original", Self(&[RateChoice::Original])),
            ("own", Self(&[RateChoice::Own])),
        ];
        reader.choice_or(marked, "both", &choices)
    }

    /// What it needs of the experiment: of both, there may be only one to be marked.
    pub fn wants(self) -> Option<Want<'static>> {
        let [only] = self.0 else { return None };
        (*only == RateChoice::Original).then(|| Want::new("tuned", Need::Original))
    }
}

/// Marks a rate that is best in original coordinates.
const BEST_IN_ORIGINAL: Symbol = Symbol { shape: Shape::Asterisk, radius: 6.0, colour: GREY };
/// The shapes of others; one sees an asterisk through the first two.
const OTHERS: [Shape; 3] = [Shape::Diamond, Shape::Square, Shape::Ring];

/// The symbols of a figure.
pub struct Stars<'a> {
    marked: Marked,
    /// Those of the coordinate systems that were tuned, beside the original.
    own: Vec<(&'a str, Symbol)>,
}

impl<'a> Stars<'a> {
    /// Those of some methods.
    pub fn new(marked: Marked, methods: &[MethodRates<'a>], facts: &Facts) -> Self {
        let mut names: Vec<&str> = Vec::new();
        for method in methods {
            let tuned = facts.tuned.iter().any(|name| name == method.coordinates);
            if tuned && method.coordinates != ORIGINAL && !names.contains(&method.coordinates) {
                names.push(method.coordinates);
            }
        }
        let symbols = OTHERS.into_iter().cycle();
        let symbols = symbols.map(|shape| Symbol { shape, radius: 7.0, ..BEST_IN_ORIGINAL });
        Self { marked, own: names.into_iter().zip(symbols).collect() }
    }

    /// The symbols of some methods, each once.
    pub fn marks<'m>(&self, methods: impl Iterator<Item = &'m MethodRates<'m>>) -> Vec<Mark> {
        let mut marks = Vec::new();
        for method in methods {
            for choice in self.marked.0 {
                let symbol = match choice {
                    RateChoice::Own if method.coordinates != ORIGINAL => {
                        self.own.iter().find(|one| one.0 == method.coordinates).map(|one| one.1)
                    }
                    _ => Some(BEST_IN_ORIGINAL),
                };
                let Some((symbol, row)) = symbol.zip(method.selected(*choice)) else { continue };
                let mark = Mark::Symbols {
                    points: vec![(row.learning_rate, f64::NEG_INFINITY)],
                    symbol: Symbol { colour: method.stroke.colour, ..symbol },
                };
                if !marks.contains(&mark) {
                    marks.push(mark);
                }
            }
        }
        marks
    }

    /// What those mean that some methods have.
    pub fn legend(&self, methods: &[MethodRates<'_>]) -> Vec<LegendEntry> {
        let marks = self.marks(methods.iter());
        let is_there = |symbol: &Symbol| {
            let same = |mark: &Mark| matches!(mark, Mark::Symbols { symbol: other, .. } if other.shape == symbol.shape);
            marks.iter().any(same)
        };
        let own = self.own.iter().map(|(name, symbol)| (format!("η best in {name}"), *symbol));
        let original = ("η best in original coordinates".to_owned(), BEST_IN_ORIGINAL);
        let all = std::iter::once(original).chain(own);
        let there = all.filter(|(_, symbol)| is_there(symbol));
        there.map(|(label, symbol)| LegendEntry::symbol(label, symbol)).collect()
    }
}

/// The footnote on how rates were selected.
pub fn selection_note(facts: &Facts, method: &MethodRates<'_>) -> String {
    match method.rates.first() {
        Some(row) if !facts.tuned.is_empty() => {
            let tuned = facts.tuned.join(", ");
            let selected = method.rates.iter().filter(|row| !row.selected.is_empty());
            let selected: Vec<&RateRow> = selected.copied().collect();
            let exceptions = exceptions(&selected);
            format!("Selected: best by median {}{exceptions}; tuned: {tuned}.", called(&row.metric))
        }
        Some(row) if method.rates.len() > 1 => {
            format!("Selected: best of those set, by median {}.", called(&row.metric))
        }
        _ => AS_SET.into(),
    }
}
