//! What the theory says of a change of variables, within bounds.

use crate::claim::evidence::{Bounds, Evidence, Nothing};
use crate::claim::measure::{bounds, read_bounds};
use crate::claim::{Entry, Finding, Records, Test};
use crate::config::{Reader, key};
use crate::need::{Need, Want};
use crate::record::TheoryRow;

pub(super) const ENTRY: Entry<dyn Test> = Entry {
    name: "theory",
    summary: "a number of theory.csv between two bounds",
    read: |reader: &mut Reader<'_>| {
        let coordinates = reader.string(key("coordinates", "name of the coordinate system"));
        let block = reader.string_or(key("block", "name of the parameter block, or all"), "all");
        let names: Vec<_> = QUANTITIES.iter().map(|quantity| (quantity.name, quantity)).collect();
        let quantity = reader.choice(key("quantity", "which number is judged"), &names);
        let bounds = read_bounds(reader);
        let (coordinates, block, quantity) = (coordinates?, block?, quantity?);
        Some(Box::new(Theory { coordinates, block, quantity, bounds: bounds? }))
    },
};

/// A number of a change of variables.
#[derive(Debug)]
struct Quantity {
    name: &'static str,
    needs_hessian: bool,
    /// `None` where it is not known.
    get: fn(&TheoryRow) -> Option<f64>,
}

/// L_f / L_{f∘V}, at least: the lower bound of the one over the upper bound of the other.
fn least_gain(row: &TheoryRow) -> Option<f64> {
    Some(row.smoothness_lower? / row.reparameterized_upper?)
}

/// L_f / L_{f∘V}, at most.
fn greatest_gain(row: &TheoryRow) -> Option<f64> {
    Some(row.smoothness_upper? / row.reparameterized_lower?)
}

const fn of_spectrum(name: &'static str, get: fn(&TheoryRow) -> Option<f64>) -> Quantity {
    Quantity { name, needs_hessian: false, get }
}

const fn of_hessian(name: &'static str, get: fn(&TheoryRow) -> Option<f64>) -> Quantity {
    Quantity { name, needs_hessian: true, get }
}

static QUANTITIES: &[Quantity] = &[
    of_spectrum("stable-rank", |row| row.stable_rank),
    of_spectrum("density", |row| Some(row.density)),
    of_spectrum("predicted", |row| row.predicted),
    of_hessian("least-smoothness-gain", least_gain),
    of_hessian("greatest-smoothness-gain", greatest_gain),
    of_hessian("least-gain-over-predicted", |row| Some(least_gain(row)? / row.predicted?)),
    of_hessian("greatest-gain-over-predicted", |row| Some(greatest_gain(row)? / row.predicted?)),
];

/// Their names, and how each is taken from a row; `None` where it is not known.
pub(crate) fn quantities() -> impl Iterator<Item = (&'static str, fn(&TheoryRow) -> Option<f64>)> {
    QUANTITIES.iter().map(|quantity| (quantity.name, quantity.get))
}

#[derive(Debug)]
struct Theory {
    coordinates: String,
    block: String,
    quantity: &'static Quantity,
    bounds: Bounds,
}

impl Test for Theory {
    fn judge(&self, records: Records<'_>) -> Finding {
        let rows = records
            .theory
            .iter()
            .filter(|row| row.coordinates == self.coordinates && row.block == self.block);
        let values = rows.map(|row| (self.quantity.get)(row).ok_or(Nothing::Undefined));
        Evidence::new(values, records.planned).judge(self.bounds, "trials")
    }

    fn describe(&self) -> String {
        let Self { coordinates, block, quantity, bounds: claimed } = self;
        let block = if block == "all" { String::new() } else { format!("/{block}") };
        format!("{} of {coordinates}{block} {}", quantity.name, bounds(*claimed))
    }

    fn wants(&self) -> Vec<Want<'_>> {
        let Self { coordinates, block, quantity, .. } = self;
        let of = std::slice::from_ref(coordinates);
        let mut wants = vec![
            Want::new("test", Need::Training),
            Want::new("coordinates", Need::Coordinates(coordinates)),
            Want::new("coordinates", Need::Spectrum(Some(coordinates))),
            Want::new("block", Need::Block { of, block }),
        ];
        wants.extend(quantity.needs_hessian.then(|| Want::new("quantity", Need::Hessian)));
        wants
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::claim::Verdict;

    fn row(trial: usize, smoothness: Option<f64>) -> TheoryRow {
        TheoryRow {
            trial,
            coordinates: "r".into(),
            block: "all".into(),
            parameters: 50,
            rank: 0,
            solver: String::new(),
            stable_rank: Some(1.5),
            density: 0.8,
            predicted: Some(20.0),
            hessian: String::new(),
            smoothness_lower: smoothness,
            smoothness_upper: smoothness.map(|lower| lower + 3.0),
            reparameterized_lower: Some(2.0),
            reparameterized_upper: Some(2.5),
            algorithm: String::new(),
            observed_same_rate: None,
            observed_own_rate: None,
            gradient_same_rate: None,
            gradient_own_rate: None,
        }
    }

    fn judged(name: &str, bounds: Bounds, smoothness: [Option<f64>; 5]) -> Finding {
        let rows: Vec<TheoryRow> =
            smoothness.into_iter().enumerate().map(|(trial, of)| row(trial, of)).collect();
        let quantity = QUANTITIES.iter().find(|quantity| quantity.name == name).unwrap();
        let test = Theory { coordinates: "r".into(), block: "all".into(), quantity, bounds };
        test.judge(Records { theory: &rows, planned: 5, ..Records::default() })
    }

    #[test]
    fn the_gain_is_between_its_bounds() {
        let smooth = [30.0, 32.0, 34.0, 36.0, 38.0].map(Some);
        let least = judged("least-smoothness-gain", [10.0, f64::INFINITY], smooth);
        assert_eq!(least.verdict, Verdict::Reproduced);
        assert_eq!(least.interval.map(|interval| interval.median), Some(34.0 / 2.5));
        let greatest = judged("greatest-gain-over-predicted", [0.0, 0.9], smooth);
        assert_eq!(greatest.interval.map(|interval| interval.median), Some(37.0 / 2.0 / 20.0));
        assert_eq!(greatest.verdict, Verdict::Inconclusive);
        let unknown = judged("least-smoothness-gain", [0.0, 9.0], [None; 5]);
        assert_eq!((unknown.verdict, unknown.no_evidence), (Verdict::Inconclusive, 5));
        assert_eq!(judged("density", [0.7, 0.9], [None; 5]).verdict, Verdict::Reproduced);
    }
}
