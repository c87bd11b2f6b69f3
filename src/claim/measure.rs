//! A measure of an EGOP estimate, or the ratio of two, within bounds.

use std::fmt;

use crate::claim::evidence::{Bounds, Evidence};
use crate::claim::{Entry, Finding, Records, Test};
use crate::config::{Allowed, Reader, key, short};
use crate::egop::Measure;
use crate::need::{MeasureOf, Need, Want};
use crate::record::MeasureRow;

pub(super) const ENTRY: Entry<dyn Test> = Entry {
    name: "measure",
    summary: "a measure of an EGOP estimate, or its ratio to another, between two bounds",
    read: |reader: &mut Reader<'_>| {
        let of = reader.table(key("of", "the measure that is judged"), Quantity::read);
        let over =
            reader.optional_table(key("over", "the measure that it is divided by"), Quantity::read);
        let bounds = read_bounds(reader);
        let (of, over, bounds) = (of?, over?, bounds?);
        if over.as_ref() == Some(&of) {
            reader.problem("over", "is the same as `of`: the ratio is 1 whatever it is");
            return None;
        }
        Some(Box::new(InBounds { of, over, bounds }))
    },
};

/// Reads `lowest` and `highest`, of which one may be left out.
pub(super) fn read_bounds(reader: &mut Reader<'_>) -> Option<Bounds> {
    let lowest = key("lowest", "the lowest median that is claimed");
    let lowest = reader.optional_number(lowest, Allowed::any());
    let highest = key("highest", "the highest median that is claimed");
    let highest = reader.optional_number(highest, Allowed::any());
    match (lowest?, highest?) {
        (None, None) => {
            reader.problem("lowest", "a bound is needed, lowest or highest: any value is true");
            None
        }
        (Some(lowest), Some(highest)) if lowest > highest => {
            reader.problem("lowest", format!("must be at most `highest`, {highest}"));
            None
        }
        (lowest, highest) => {
            Some([lowest.unwrap_or(f64::NEG_INFINITY), highest.unwrap_or(f64::INFINITY)])
        }
    }
}

/// "from 1 to 2", "≥ 1".
pub(super) fn bounds([lowest, highest]: Bounds) -> String {
    match [lowest, highest].map(f64::is_finite) {
        [true, true] => format!("from {} to {}", short(lowest), short(highest)),
        [true, false] => format!("≥ {}", short(lowest)),
        _ => format!("≤ {}", short(highest)),
    }
}

/// Which rows of `measures.csv`: one for each trial.
#[derive(Debug, PartialEq)]
struct Quantity {
    spectrum: String,
    block: String,
    measure: &'static str,
    at: Option<f64>,
}

impl Quantity {
    /// Reads `spectrum`, `block` (by default `all`), `measure` and `at`.
    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let spectrum = reader.string(key("spectrum", "name of the EGOP estimate"));
        let block = reader.string_or(key("block", "name of the parameter block, or all"), "all");
        let measures: Vec<_> = Measure::NAMES.iter().map(|&(name, _)| (name, name)).collect();
        let measure = reader.choice(key("measure", "which number sums up the estimate"), &measures);
        let at = key("at", "the index or threshold that it is taken at, if it needs one");
        let at = reader.optional_number(at, Allowed::positive());
        Some(Self { spectrum: spectrum?, block: block?, measure: measure?, at: at? })
    }

    fn measure(&self) -> MeasureOf<'_> {
        let Self { spectrum, block, measure, at } = self;
        MeasureOf { estimate: spectrum, block, name: measure, at: *at }
    }

    /// What the quantity of this key needs.
    fn wants(&self, key: &str) -> [Want<'_>; 3] {
        let Self { spectrum, block, .. } = self;
        let of = std::slice::from_ref(spectrum);
        [
            Want::new(format!("{key}.spectrum"), Need::Estimate(spectrum)),
            Want::new(format!("{key}.block"), Need::Block { of, block }),
            Want::new(format!("{key}.at"), Need::Measure(self.measure())),
        ]
    }

    fn rows<'a>(&'a self, records: Records<'a>) -> impl Iterator<Item = &'a MeasureRow> {
        records.measures.iter().filter(|row| {
            row.coordinates == self.spectrum
                && row.block == self.block
                && row.measure == self.measure
                && row.at == self.at
        })
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.measure)?;
        if let Some(at) = self.at {
            write!(f, " at {at}")?;
        }
        write!(f, " of {}", self.spectrum)?;
        if self.block == "all" { Ok(()) } else { write!(f, "/{}", self.block) }
    }
}

/// The median over the trials within bounds. What the halves of the samples give tells how good an
/// estimate is, not how trials differ: it is in `measures.csv`.
#[derive(Debug)]
struct InBounds {
    of: Quantity,
    over: Option<Quantity>,
    bounds: Bounds,
}

impl InBounds {
    /// The value of a trial.
    fn value(&self, of: &MeasureRow, records: Records<'_>) -> Option<f64> {
        let Some(over) = &self.over else { return Some(of.value) };
        let over = over.rows(records).find(|over| over.trial == of.trial)?;
        // 0/0 is no number, and counts as nothing.
        Some(of.value / over.value)
    }
}

impl Test for InBounds {
    fn judge(&self, records: Records<'_>) -> Finding {
        let values = self.of.rows(records).filter_map(|of| self.value(of, records));
        Evidence::new(values.map(Ok), records.planned).judge(self.bounds, "trials")
    }

    fn describe(&self) -> String {
        let Self { of, over, bounds: claimed } = self;
        let over = over.as_ref().map_or(String::new(), |over| format!(" over {over}"));
        format!("{of}{over} {}", bounds(*claimed))
    }

    fn wants(&self) -> Vec<Want<'_>> {
        let mut wants = vec![Want::new("test", Need::Estimates)];
        wants.extend(self.of.wants("of"));
        wants.extend(self.over.iter().flat_map(|over| over.wants("over")));
        let over = self.over.as_ref().map(Quantity::measure);
        let key = if self.bounds[0].is_finite() { "lowest" } else { "highest" };
        let undecided = Need::Undecided { of: self.of.measure(), over, bounds: self.bounds };
        wants.push(Want::new(key, undecided));
        wants
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::claim::Verdict;

    fn row(spectrum: &str, trial: usize, at: f64, value: f64) -> MeasureRow {
        MeasureRow {
            trial,
            coordinates: spectrum.into(),
            block: "all".into(),
            measure: "density".into(),
            at: Some(at),
            value,
            lower: value,
            upper: value,
        }
    }

    fn judged(over: Option<&str>, trials: usize, lowest: f64, highest: f64) -> Finding {
        let quantity = |spectrum: &str| Quantity {
            spectrum: spectrum.into(),
            block: "all".into(),
            measure: "density",
            at: Some(2.0),
        };
        let measures: Vec<MeasureRow> = (0..trials)
            .flat_map(|trial| {
                let value = 1.0 + trial as f64;
                [
                    row("a", trial, 1.0, 100.0),
                    row("a", trial, 2.0, value),
                    row("b", trial, 2.0, 2.0 * value),
                    row("zero", trial, 2.0, 0.0),
                ]
            })
            .collect();
        let bounds = [lowest, highest];
        let test = InBounds { of: quantity("a"), over: over.map(quantity), bounds };
        test.judge(Records { measures: &measures, planned: trials, ..Records::default() })
    }

    #[test]
    fn five_trials_within_the_bounds_are_needed() {
        let verdict = |over, trials, lowest, highest| judged(over, trials, lowest, highest).verdict;
        assert_eq!(verdict(None, 5, 1.0, 5.0), Verdict::Reproduced);
        assert_eq!(verdict(None, 4, 1.0, 5.0), Verdict::Inconclusive);
        assert_eq!(verdict(None, 5, 1.5, 5.0), Verdict::Inconclusive);
        assert_eq!(verdict(None, 5, 6.0, 9.0), Verdict::NotReproduced);
        assert_eq!(verdict(Some("b"), 5, 0.5, 0.5), Verdict::Reproduced);
        assert_eq!(verdict(Some("b"), 5, 0.6, 0.7), Verdict::NotReproduced);
        assert_eq!(verdict(Some("zero"), 5, 0.6, 0.7), Verdict::NotReproduced);
        let missing = judged(Some("missing"), 5, 0.0, 1.0);
        assert_eq!(missing.verdict, Verdict::Inconclusive);
        assert_eq!(
            missing.reason,
            "0 of 5 trials say anything: there are no results of 5; at least 5 are needed"
        );
    }
}
