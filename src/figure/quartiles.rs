//! The quartiles of a metric over the trials.

use crate::sweep::{Goal, quantiles};

/// Three quartiles.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quartiles {
    /// A quarter of the values lies below.
    pub lower: f64,
    /// Half of the values lies below.
    pub median: f64,
    /// Three quarters of the values lie below.
    pub upper: f64,
}

impl Quartiles {
    /// The quartiles of values that may be infinite but not NaN.
    pub fn of(values: &[f64]) -> Self {
        let [lower, median, upper] = quantiles(values, [0.25, 0.5, 0.75]);
        Self { lower, median, upper }
    }

    /// The same with a function applied to each; it must keep their order.
    pub fn map(self, f: impl Fn(f64) -> f64) -> Self {
        Self { lower: f(self.lower), median: f(self.median), upper: f(self.upper) }
    }
}

/// The value, or what a diverged run counts as where it is not finite.
pub fn or_worst(goal: Goal, value: f64) -> f64 {
    if value.is_finite() { value } else { goal.worst() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn diverged_runs_count_as_the_worst() {
        let worst = or_worst(Goal::Lower, f64::NEG_INFINITY);
        assert_eq!(worst, f64::INFINITY);
        let two_of_five = Quartiles::of(&[worst, 1.0, 3.0, worst, 2.0]);
        assert_eq!(two_of_five, Quartiles { lower: 2.0, median: 3.0, upper: worst });
        let three_of_five = Quartiles::of(&[worst, 1.0, worst, worst, 2.0]);
        assert_eq!(three_of_five, Quartiles { lower: 2.0, median: worst, upper: worst });
        let half = Quartiles::of(&[or_worst(Goal::Higher, f64::NAN), 0.9]);
        assert_eq!(half, Quartiles { lower: -worst, median: -worst, upper: -worst });
    }

    proptest! {
        #[test]
        fn are_ordered_and_never_nan(values in prop::collection::vec(
            prop_oneof![Just(f64::NEG_INFINITY), 0.0..1.0], 1..30,
        )) {
            let Quartiles { lower, median, upper } = Quartiles::of(&values);
            prop_assert!(lower <= median && median <= upper);
        }
    }
}
