//! Which learning rates are tried.

use std::collections::BTreeSet;

/// The allowed learning rates, as exponents of ten.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Lowest power of ten.
    pub lowest: i32,
    /// Highest power of ten.
    pub highest: i32,
}

/// The learning rates `multiple`·10^`exponent`, correctly rounded from their decimal form, so that
/// equal rates are equal doubles.
fn power(multiple: u8, exponent: i32) -> f64 {
    format!("{multiple}e{exponent}").parse().expect("a digit and an exponent are a number")
}

/// 10^`exponent`, correctly rounded.
pub fn power_of_ten(exponent: i32) -> f64 {
    power(1, exponent)
}

/// A learning rate in decimal form, short.
pub fn written(rate: f64) -> String {
    if (1e-4..1e6).contains(&rate) { rate.to_string() } else { format!("{rate:e}") }
}

/// The exponent of a power of ten.
///
/// # Panics
/// In debug builds, when the rate is no power of ten.
pub fn decade(rate: f64) -> i32 {
    let exponent = rate.log10().round() as i32;
    debug_assert_eq!(power(1, exponent), rate, "coarse rates are powers of ten");
    exponent
}

/// A coarse grid of powers of ten.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grid {
    /// Lowest exponent.
    pub from: i32,
    /// Highest exponent.
    pub to: i32,
}

impl Grid {
    /// Its learning rates, ascending.
    pub fn rates(&self) -> Vec<f64> {
        (self.from..=self.to).map(|exponent| power(1, exponent)).collect()
    }

    /// The grid with another decade beyond the best coarse exponent, if that lies on its edge and
    /// the limits allow it.
    pub fn extended(&self, best: i32, limits: Limits) -> Option<Self> {
        if best == self.from && self.from > limits.lowest {
            Some(Self { from: self.from - 1, ..*self })
        } else if best == self.to && self.to < limits.highest {
            Some(Self { to: self.to + 1, ..*self })
        } else {
            None
        }
    }
}

/// The refined grid around each best coarse exponent: one decade on each side (within the
/// limits), every decade split by doubling, as {1, 2, 4, 8}·10^k; ascending.
pub fn refined(best: &[i32], limits: Limits) -> Vec<f64> {
    let mut points = BTreeSet::new();
    for &best in best {
        let (from, to) = ((best - 1).max(limits.lowest), (best + 1).min(limits.highest));
        for exponent in from..to {
            points.extend([1, 2, 4, 8].map(|multiple| (exponent, multiple)));
        }
        points.insert((to, 1));
    }
    points.into_iter().map(|(exponent, multiple)| power(multiple, exponent)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits { lowest: -3, highest: 2 };

    #[test]
    fn the_papers_example_is_refined_as_in_the_paper() {
        let expected = [0.01, 0.02, 0.04, 0.08, 0.1, 0.2, 0.4, 0.8, 1.0];
        assert_eq!(refined(&[-1], LIMITS), expected);
    }

    #[test]
    fn refinements_of_several_coordinate_systems_are_united_within_the_limits() {
        assert_eq!(refined(&[2], LIMITS), [10.0, 20.0, 40.0, 80.0, 100.0]);
        assert_eq!(refined(&[0, 1], LIMITS).len(), 13);
        assert!(refined(&[0, 2, -2], LIMITS).is_sorted());
    }

    #[test]
    fn only_an_edge_within_the_limits_is_extended() {
        let grid = Grid { from: -2, to: 1 };
        assert_eq!(grid.rates(), [0.01, 0.1, 1.0, 10.0]);
        assert_eq!(grid.extended(0, LIMITS), None);
        assert_eq!(grid.extended(1, LIMITS), Some(Grid { from: -2, to: 2 }));
        assert_eq!(grid.extended(-2, LIMITS), Some(Grid { from: -3, to: 1 }));
        assert_eq!(Grid { from: -3, to: 2 }.extended(2, LIMITS), None);
        assert_eq!(decade(0.001), -3);
        assert_eq!([1e-5, 0.008, 20.0, 1e9].map(written), ["1e-5", "0.008", "20", "1e9"]);
    }
}
