//! Median and quartiles of values among which failures count as the worst.

/// Which end of a metric is the good one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Better {
    /// Losses, norms, times.
    Lower,
    /// Accuracies.
    Higher,
}

impl Better {
    /// What a diverged run counts as.
    pub fn worst(self) -> f64 {
        match self {
            Self::Lower => f64::INFINITY,
            Self::Higher => f64::NEG_INFINITY,
        }
    }

    /// The value, or the worst one where it is not finite.
    pub fn or_worst(self, value: f64) -> f64 {
        if value.is_finite() { value } else { self.worst() }
    }
}

/// The three quartiles of some values.
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
    /// Quartiles by linear interpolation between the ordered values; `None` of no values. The
    /// values may be infinite, but not NaN; between a finite and an infinite one lies the infinite.
    pub fn of(mut values: Vec<f64>) -> Option<Self> {
        values.sort_by(f64::total_cmp);
        let last = values.len().checked_sub(1)?;
        let at = |part: f64| {
            let place = part * last as f64;
            let (below, rest) = (place.floor() as usize, place.fract());
            let (low, high) = (values[below], values[(below + 1).min(last)]);
            // ∞ − ∞ and 0·∞ are not numbers.
            if rest == 0.0 || low == high { low } else { low * (1.0 - rest) + high * rest }
        };
        Some(Self { lower: at(0.25), median: at(0.5), upper: at(0.75) })
    }

    /// The same with a function applied to each; it must keep their order.
    pub fn map(self, f: impl Fn(f64) -> f64) -> Self {
        Self { lower: f(self.lower), median: f(self.median), upper: f(self.upper) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn interpolates_between_values() {
        let quartiles = Quartiles::of(vec![4.0, 1.0, 3.0, 2.0]).unwrap();
        assert_eq!(quartiles, Quartiles { lower: 1.75, median: 2.5, upper: 3.25 });
        assert_eq!(Quartiles::of(vec![]), None);
    }

    #[test]
    fn diverged_runs_count_as_the_worst() {
        let worst = Better::Lower.worst();
        let two_of_five = Quartiles::of(vec![worst, 1.0, 3.0, worst, 2.0]).unwrap();
        assert_eq!(two_of_five, Quartiles { lower: 2.0, median: 3.0, upper: worst });
        let three_of_five = Quartiles::of(vec![worst, 1.0, worst, worst, 2.0]).unwrap();
        assert_eq!(three_of_five, Quartiles { lower: 2.0, median: worst, upper: worst });
        let half = Quartiles::of(vec![worst, 1.0]).unwrap();
        assert_eq!(half, Quartiles { lower: worst, median: worst, upper: worst });
        assert_eq!(Better::Higher.or_worst(f64::NAN), f64::NEG_INFINITY);
    }

    proptest! {
        #[test]
        fn are_ordered_and_never_nan(values in prop::collection::vec(
            prop_oneof![Just(f64::INFINITY), -1e300..1e300], 1..30,
        )) {
            let Quartiles { lower, median, upper } = Quartiles::of(values).unwrap();
            prop_assert!(lower <= median && median <= upper);
        }
    }
}
