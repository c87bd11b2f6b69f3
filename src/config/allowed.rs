//! Which numbers a key allows.

use std::fmt;
use std::ops::{Bound, RangeBounds};

/// Which numbers a key allows. NaN and infinities are never allowed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Allowed {
    low: Bound<f64>,
    high: Bound<f64>,
}

impl Allowed {
    /// Any finite number.
    pub const fn any() -> Allowed {
        Allowed { low: Bound::Unbounded, high: Bound::Unbounded }
    }

    /// x > 0.
    pub const fn positive() -> Allowed {
        Allowed { low: Bound::Excluded(0.0), high: Bound::Unbounded }
    }

    /// x ≥ `low`.
    pub const fn at_least(low: f64) -> Allowed {
        Allowed { low: Bound::Included(low), high: Bound::Unbounded }
    }

    /// `low` ≤ x ≤ `high`.
    pub const fn between(low: f64, high: f64) -> Allowed {
        Allowed { low: Bound::Included(low), high: Bound::Included(high) }
    }

    /// `low` ≤ x < `high`, as for decay rates.
    pub const fn from_to_below(low: f64, high: f64) -> Allowed {
        Allowed { low: Bound::Included(low), high: Bound::Excluded(high) }
    }

    /// Whether `x` is allowed.
    pub fn contains(self, x: f64) -> bool {
        x.is_finite() && self.bounds().contains(&x)
    }

    /// Where the allowed numbers begin and end.
    pub(super) const fn bounds(self) -> (Bound<f64>, Bound<f64>) {
        (self.low, self.high)
    }
}

/// "a number from 0 to 1"; "a finite number" where the range alone would let one expect infinity.
impl fmt::Display for Allowed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let open = self.high == Bound::Unbounded;
        f.write_str(if open { "a finite number" } else { "a number" })?;
        match self.low {
            Bound::Unbounded => {}
            Bound::Excluded(low) => write!(f, " above {}", short(low))?,
            Bound::Included(low) if open => write!(f, " of at least {}", short(low))?,
            Bound::Included(low) => write!(f, " from {}", short(low))?,
        }
        match self.high {
            Bound::Unbounded => Ok(()),
            Bound::Included(high) => write!(f, " to {}", short(high)),
            Bound::Excluded(high) => write!(f, " to below {}", short(high)),
        }
    }
}

/// A number without its 300 zeros.
pub fn short(x: f64) -> String {
    if x == 0.0 || (1e-4..1e7).contains(&x.abs()) { format!("{x}") } else { format!("{x:e}") }
}

#[cfg(test)]
mod tests {
    use super::Allowed;

    #[test]
    fn bounds_are_in_or_out_as_they_say() {
        for (allowed, text, inside, outside) in [
            (Allowed::any(), "a finite number", vec![-1e300, 0.0, 1e300], vec![]),
            (
                Allowed::positive(),
                "a finite number above 0",
                vec![5e-324, 1e300],
                vec![0.0, -0.0, -1.0],
            ),
            (Allowed::at_least(2.0), "a finite number of at least 2", vec![2.0, 1e300], vec![1.9]),
            (
                Allowed::between(1e-8, 1e9),
                "a number from 1e-8 to 1e9",
                vec![1e-8, 1e9],
                vec![0.0, 2e9],
            ),
            (
                Allowed::from_to_below(0.0, 1.0),
                "a number from 0 to below 1",
                vec![0.0, 0.9],
                vec![1.0],
            ),
        ] {
            assert_eq!(allowed.to_string(), text);
            assert!(inside.iter().all(|&x| allowed.contains(x)), "{allowed:?}");
            let never = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY];
            assert!(!outside.iter().chain(&never).any(|&x| allowed.contains(x)), "{allowed:?}");
        }
    }
}
