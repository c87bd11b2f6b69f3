//! Which numbers a key allows.

use std::fmt;

/// Which numbers a key allows. NaN and infinities are never allowed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Allowed(Range);

#[derive(Clone, Copy, Debug, PartialEq)]
enum Range {
    Any,
    Above(f64),
    AtLeast(f64),
    FromTo(f64, f64),
    FromToBelow(f64, f64),
}

impl Allowed {
    /// Any finite number.
    pub const fn any() -> Allowed {
        Allowed(Range::Any)
    }

    /// x > 0.
    pub const fn positive() -> Allowed {
        Allowed(Range::Above(0.0))
    }

    /// x > `low`.
    pub const fn above(low: f64) -> Allowed {
        Allowed(Range::Above(low))
    }

    /// x ≥ `low`.
    pub const fn at_least(low: f64) -> Allowed {
        Allowed(Range::AtLeast(low))
    }

    /// `low` ≤ x ≤ `high`.
    pub const fn between(low: f64, high: f64) -> Allowed {
        Allowed(Range::FromTo(low, high))
    }

    /// `low` ≤ x < `high`, as for decay rates.
    pub const fn from_to_below(low: f64, high: f64) -> Allowed {
        Allowed(Range::FromToBelow(low, high))
    }

    /// Whether `x` is allowed.
    pub fn contains(self, x: f64) -> bool {
        x.is_finite()
            && match self.0 {
                Range::Any => true,
                Range::Above(low) => x > low,
                Range::AtLeast(low) => x >= low,
                Range::FromTo(low, high) => low <= x && x <= high,
                Range::FromToBelow(low, high) => low <= x && x < high,
            }
    }
}

/// "a number from 0 to 1"; "a finite number" where the range alone would let one expect infinity.
impl fmt::Display for Allowed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Range::Any => f.write_str("a finite number"),
            Range::Above(low) => write!(f, "a finite number above {}", short(low)),
            Range::AtLeast(low) => write!(f, "a finite number of at least {}", short(low)),
            Range::FromTo(low, high) => {
                write!(f, "a number from {} to {}", short(low), short(high))
            }
            Range::FromToBelow(low, high) => {
                write!(f, "a number from {} to below {}", short(low), short(high))
            }
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
            (Allowed::above(-1.5), "a finite number above -1.5", vec![-1.4, 9.0], vec![-1.5, -2.0]),
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
