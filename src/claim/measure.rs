//! A measure of an EGOP estimate, or the ratio of two, within bounds.

use std::fmt;

use crate::claim::{Entry, Finding, Records, Test, Verdict};
use crate::config::{Allowed, Reader};
use crate::egop::Measure;
use crate::record::MeasureRow;
use crate::sweep;

pub(super) const ENTRY: Entry = Entry {
    name: "measure",
    summary: "a measure of an EGOP estimate, or its ratio to another, between two bounds",
    read: |reader: &mut Reader<'_>| {
        let of = reader.table("of", Quantity::read);
        let over = reader.optional_table("over", Quantity::read);
        let lowest = reader.number_or("lowest", f64::MIN, Allowed::any());
        let highest = reader.number_or("highest", f64::MAX, Allowed::any());
        Some(Box::new(InBounds { of: of?, over: over?, lowest: lowest?, highest: highest? }))
    },
};

/// Which rows of `measures.csv`: one for each trial.
#[derive(Debug)]
struct Quantity {
    spectrum: String,
    block: String,
    measure: &'static str,
    at: Option<f64>,
}

impl Quantity {
    /// Reads `spectrum`, `block` (by default `all`), `measure` and `at`.
    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let spectrum = reader.text("spectrum");
        let block = reader.text_or("block", "all");
        let measures: Vec<_> = Measure::NAMES.iter().map(|&(name, _)| (name, name)).collect();
        let measure = reader.choice("measure", &measures);
        let at = reader.optional_number("at", Allowed::positive());
        Some(Self { spectrum: spectrum?, block: block?, measure: measure?, at: at? })
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

/// Reproduced when the interval, which the halves of the samples span, lies within the bounds.
#[derive(Debug)]
struct InBounds {
    of: Quantity,
    over: Option<Quantity>,
    lowest: f64,
    highest: f64,
}

impl InBounds {
    /// Lower end, value and upper end for each trial.
    fn intervals(&self, records: Records<'_>) -> Vec<[f64; 3]> {
        let of = self.of.rows(records);
        let Some(over) = &self.over else {
            return of.map(|row| [row.lower, row.value, row.upper]).collect();
        };
        of.filter_map(|of| {
            let over = over.rows(records).find(|over| over.trial == of.trial)?;
            Some([of.lower / over.upper, of.value / over.value, of.upper / over.lower])
        })
        .collect()
    }
}

impl Test for InBounds {
    fn judge(&self, records: Records<'_>) -> Finding {
        let intervals = self.intervals(records);
        let median = |end: usize| {
            sweep::median(&intervals.iter().map(|interval| interval[end]).collect::<Vec<_>>())
        };
        let interval = if intervals.is_empty() { [f64::NAN; 3] } else { [0, 1, 2].map(median) };
        let [lower, value, upper] = interval;
        let within = |value: f64| (self.lowest..=self.highest).contains(&value);
        Finding {
            verdict: if value.is_nan() {
                Verdict::Inconclusive
            } else if within(lower) && within(upper) {
                Verdict::Reproduced
            } else if upper < self.lowest || lower > self.highest {
                Verdict::NotReproduced
            } else {
                Verdict::Inconclusive
            },
            interval,
            in_favour: intervals.iter().filter(|interval| within(interval[1])).count(),
            pairs: intervals.len(),
            planned: records.planned,
        }
    }

    fn describe(&self) -> String {
        let Self { of, over, lowest, highest } = self;
        let over = over.as_ref().map_or(String::new(), |over| format!(" over {over}"));
        let bounds = match (*lowest == f64::MIN, *highest == f64::MAX) {
            (true, true) => "any".into(),
            (true, false) => format!("≤ {highest}"),
            (false, true) => format!("≥ {lowest}"),
            (false, false) => format!("from {lowest} to {highest}"),
        };
        format!("{of}{over} {bounds}")
    }

    fn spectra(&self) -> Vec<&str> {
        let over = self.over.iter();
        over.chain([&self.of]).map(|quantity| &*quantity.spectrum).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(spectrum: &str, at: Option<f64>, [lower, value, upper]: [f64; 3]) -> MeasureRow {
        MeasureRow {
            trial: 0,
            coordinates: spectrum.into(),
            block: "all".into(),
            measure: "density".into(),
            at,
            value,
            lower,
            upper,
        }
    }

    fn verdict(over: Option<&str>, lowest: f64, highest: f64) -> Verdict {
        let quantity = |spectrum: &str| Quantity {
            spectrum: spectrum.into(),
            block: "all".into(),
            measure: "density",
            at: Some(2.0),
        };
        let measures = [
            row("a", Some(1.0), [100.0; 3]),
            row("a", Some(2.0), [1.0, 2.0, 3.0]),
            row("b", Some(2.0), [4.0, 4.0, 8.0]),
        ];
        let test = InBounds { of: quantity("a"), over: over.map(quantity), lowest, highest };
        let records = Records { runs: &[], rates: &[], measures: &measures, planned: 1 };
        test.judge(records).verdict
    }

    #[test]
    fn the_whole_interval_must_lie_within_the_bounds() {
        assert_eq!(verdict(None, 1.0, 3.0), Verdict::Reproduced);
        assert_eq!(verdict(None, 1.5, 3.0), Verdict::Inconclusive);
        assert_eq!(verdict(None, 3.5, 9.0), Verdict::NotReproduced);
        // The ratio lies between 1/8 and 3/4.
        assert_eq!(verdict(Some("b"), 0.125, 0.75), Verdict::Reproduced);
        assert_eq!(verdict(Some("b"), 0.126, 0.75), Verdict::Inconclusive);
        assert_eq!(verdict(Some("b"), 0.0, 0.12), Verdict::NotReproduced);
        assert_eq!(verdict(Some("missing"), 0.0, 1.0), Verdict::Inconclusive);
    }
}
