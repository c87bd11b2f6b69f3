//! What the values of some trials say of a median: exact order-statistic inference (the sign
//! test), which assumes nothing but independent trials.
//!
//! The k-th smallest of n values is below the median with probability P(Bin(n, ½) ≥ k); so it is a
//! lower bound at the level 1 − P(Bin(n, ½) ≤ k − 1).

use std::collections::BTreeMap;
use std::fmt;

use crate::claim::digits::told_apart;
use crate::claim::{Finding, Verdict};
use crate::sweep::median;

/// Values from which a verdict comes: of four, even the lowest is no 95 % bound (1 − 2⁻⁴ = 94 %).
pub(super) const ENOUGH: usize = 5;
/// The share of wrong bounds that is allowed.
pub(super) const ALPHA: f64 = 0.05;

/// P(Bin(n, ½) ≤ k).
fn binomial(n: usize, k: usize) -> f64 {
    // Powers of two are kept apart: they are exact, and 2⁻ⁿ is no double from n = 1075 on.
    const LARGE: i32 = 500;
    let (mut term, mut sum) = (1.0, 1.0);
    let mut exponent = -(n as i32);
    for i in 0..k.min(n) {
        term = term * (n - i) as f64 / (i + 1) as f64;
        sum += term;
        if sum > 2.0_f64.powi(LARGE) {
            term *= 2.0_f64.powi(-LARGE);
            sum *= 2.0_f64.powi(-LARGE);
            exponent += LARGE;
        }
    }
    (sum * 2.0_f64.powi(exponent)).min(1.0)
}

/// The probability that so many of so many values, or more, are on one side of their median.
pub(super) fn sign_test(on_one_side: usize, of: usize) -> f64 {
    // P(Bin ≥ m) = P(Bin ≤ n − m).
    binomial(of, of - on_one_side)
}

/// The largest k for which the k-th smallest of n values is below the median except with
/// probability `alpha`; 0 where not even the smallest is.
fn rank(n: usize, alpha: f64) -> usize {
    (0..n).take_while(|&below| binomial(n, below) <= alpha).count()
}

/// A median, and the interval between two order statistics that holds the true one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// Lower end.
    pub lower: f64,
    /// The median of the values.
    pub median: f64,
    /// Upper end.
    pub upper: f64,
    /// The probability with which such intervals hold the true median: exact, at least 95 % from
    /// six values on.
    pub level: f64,
}

/// What there is no value for, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Nothing {
    /// Neither side arrives.
    BothFail,
    /// One side stays above all levels to which steps are counted.
    AboveLevels,
    /// Rounding decides which is lower.
    Floor,
    /// Both sides are the same run.
    SameRun,
    /// What is claimed lies beyond what is known of both sides.
    TooShort,
    /// The budgets that both sides were compared within differ.
    OtherBudgets,
    /// The set-up takes more than the budget.
    TooDear,
    /// 0/0, say.
    Undefined,
}

impl fmt::Display for Nothing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::BothFail => "both sides fail",
            Self::AboveLevels => "one side stays above a tenth of its start",
            Self::Floor => "both sides are at the numerical floor",
            Self::SameRun => "both sides are the same run",
            Self::TooShort => "the common budget ends before the one that is claimed",
            Self::OtherBudgets => "the two sides are known at different budgets",
            Self::TooDear => "the set-up of both sides takes more than the budget",
            Self::Undefined => "there is no ratio (0/0)",
        })
    }
}

/// What is claimed of a median: that it lies from the first to the second, which may be infinite.
pub(crate) type Bounds = [f64; 2];

/// A value, and between which bounds the true one is: both are the value itself where it is known.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Value {
    pub value: f64,
    pub bounds: Bounds,
}

impl From<f64> for Value {
    fn from(value: f64) -> Self {
        Self { value, bounds: [value; 2] }
    }
}

impl Value {
    fn is_nan(self) -> bool {
        self.value.is_nan() || self.bounds.iter().any(|bound| bound.is_nan())
    }
}

/// The values of a statistic over the trials, and what came of the trials that have none.
///
/// Where a value is only known to lie between bounds, lower bounds of the median come from the
/// lower ones and upper bounds from the upper ones: they hold wherever the true values are.
#[derive(Clone, Debug, Default)]
pub(crate) struct Evidence {
    values: Vec<Value>,
    nothing: BTreeMap<Nothing, usize>,
    planned: usize,
}

impl Evidence {
    /// Of so many trials as are planned; those of which there is nothing at all are missing.
    pub fn new<T: Into<Value>>(
        found: impl IntoIterator<Item = Result<T, Nothing>>,
        planned: usize,
    ) -> Self {
        let mut evidence = Self { planned, ..Self::default() };
        for one in found {
            match one.map(Into::into) {
                Ok(value) if !value.is_nan() => evidence.values.push(value),
                Ok(_) => *evidence.nothing.entry(Nothing::Undefined).or_default() += 1,
                Err(why) => *evidence.nothing.entry(why).or_default() += 1,
            }
        }
        evidence
    }

    fn sorted(&self, of: impl Fn(&Value) -> f64) -> Vec<f64> {
        let mut sorted: Vec<f64> = self.values.iter().map(of).collect();
        sorted.sort_by(f64::total_cmp);
        sorted
    }

    /// The k-th smallest of what is known from below, and the k-th largest from above.
    fn order_statistics(&self, k: usize) -> Option<Bounds> {
        let lower = self.sorted(|value| value.bounds[0]);
        let upper = self.sorted(|value| value.bounds[1]);
        Some([*lower.get(k - 1)?, *upper.get(self.len() - k)?])
    }

    /// How many values there are.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// How many trials are there and say nothing.
    pub fn no_evidence(&self) -> usize {
        self.nothing.values().sum()
    }

    /// The median and its two-sided interval; `None` of no values.
    pub fn interval(&self) -> Option<Interval> {
        let n = self.len();
        // Where not even the extremes make a 95 % interval, they make the best there is.
        let k = rank(n, ALPHA / 2.0).max(1);
        let [lower, upper] = self.order_statistics(k)?;
        Some(Interval {
            lower,
            median: median(&self.sorted(|value| value.value)),
            upper,
            level: (1.0 - 2.0 * binomial(n, k - 1)).max(0.0),
        })
    }

    /// One-sided 95 % bounds of the median from below and from above; `None` from too few values.
    pub fn bounds(&self) -> Option<Bounds> {
        if self.len() < ENOUGH {
            return None;
        }
        self.order_statistics(rank(self.len(), ALPHA))
    }

    /// The values that are surely within the bounds.
    fn within(&self, [low, high]: Bounds) -> usize {
        let within = |&&Value { bounds: [from, to], .. }: &&Value| low <= from && to <= high;
        self.values.iter().filter(within).count()
    }

    /// In how many trials the value is known from one side alone, or not at all.
    fn open(&self) -> usize {
        self.values.iter().filter(|Value { bounds: [from, to], .. }| from != to).count()
    }

    /// The probability of so many values, or more, on one side of the claimed bounds if the median
    /// is within them.
    pub fn p_of_refutation(&self, [low, high]: Bounds) -> f64 {
        let below = self.values.iter().filter(|value| value.bounds[1] < low).count();
        let above = self.values.iter().filter(|value| value.bounds[0] > high).count();
        sign_test(below.max(above), self.len())
    }

    /// "3 of 10 pairs say anything", and why.
    pub fn shortage(&self, unit: &str) -> String {
        let mut text = format!("{} of {} {unit} say anything", self.len(), self.planned);
        let missing = self.planned.saturating_sub(self.len() + self.no_evidence());
        let missing = (missing > 0).then(|| format!("there are no results of {missing}"));
        let reasons = self.nothing.iter().map(|(why, count)| format!("in {count} {why}"));
        let reasons: Vec<String> = reasons.chain(missing).collect();
        if !reasons.is_empty() {
            text = format!("{text}: {}", reasons.join(", "));
        }
        text
    }

    /// Judges the claim that the median lies within bounds.
    pub fn judge(&self, claimed: Bounds, unit: &str) -> Finding {
        let [low, high] = claimed;
        let (verdict, reason) = match self.bounds() {
            None => (
                Verdict::Inconclusive,
                format!("{}; at least {ENOUGH} are needed", self.shortage(unit)),
            ),
            Some([from, to]) => {
                let [least, most] = [from, to].map(|bound| told_apart(bound, claimed));
                let at_least = format!("at least {least}");
                let at_most = format!("at most {most}");
                let between = format!("from {least} to {most}");
                let (verdict, range) = if low <= from && to <= high {
                    let sure = match (low.is_finite(), high.is_finite()) {
                        (true, false) => at_least,
                        (false, true) => at_most,
                        _ => between,
                    };
                    (Verdict::Reproduced, sure)
                } else if to < low {
                    (Verdict::NotReproduced, at_most)
                } else if from > high {
                    (Verdict::NotReproduced, at_least)
                } else {
                    (Verdict::Inconclusive, between)
                };
                let open = match self.open() {
                    0 => String::new(),
                    open => format!("; of {open} of {} {unit} only bounds are known", self.len()),
                };
                (verdict, format!("median {range}, by one-sided 95 % bounds{open}"))
            }
        };
        Finding {
            verdict,
            reason,
            interval: self.interval(),
            tied: None,
            in_favour: self.within(claimed),
            pairs: self.len(),
            no_evidence: self.no_evidence(),
            planned: self.planned,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANY: f64 = f64::INFINITY;

    fn of(values: &[f64]) -> Evidence {
        Evidence::new(values.iter().map(|&value| Ok(value)), values.len())
    }

    fn up_to(n: usize) -> Evidence {
        of(&(1..=n).map(|i| i as f64).collect::<Vec<_>>())
    }

    #[test]
    fn binomial_tails_are_those_of_the_tables() {
        assert_eq!(binomial(5, 0), 1.0 / 32.0);
        assert!((binomial(10, 2) - 56.0 / 1024.0).abs() < 1e-15);
        assert!((binomial(10_000, 5000) - 0.503_989).abs() < 1e-6);
        assert_eq!(binomial(3, 3), 1.0);
        assert_eq!(binomial(40, 39), 1.0 - 0.5_f64.powi(40));
        assert!((binomial(10_000, 10_000) - 1.0).abs() < 1e-12);
    }

    /// Ranks from the usual tables of the sign test's intervals (Conover 1999, table A3).
    #[test]
    fn intervals_are_order_statistics_with_their_own_level() {
        for (n, lower, level) in [
            (1, 1.0, 0.0),
            (3, 1.0, 0.75),
            (5, 1.0, 0.9375),
            (6, 1.0, 0.96875),
            (10, 2.0, 0.978_515_625),
            (15, 4.0, 0.964_843_75),
            (50, 18.0, 0.967_161),
        ] {
            let interval = up_to(n).interval().unwrap();
            assert_eq!(interval.lower, lower, "{n}");
            assert_eq!(interval.upper, (n + 1) as f64 - lower, "{n}");
            assert!((interval.level - level).abs() < 1e-6, "{n}: {}", interval.level);
        }
        assert_eq!(of(&[]).interval(), None);
        let infinite = of(&[f64::INFINITY; 6]).interval().unwrap();
        assert_eq!([infinite.lower, infinite.median, infinite.upper], [f64::INFINITY; 3]);
    }

    #[test]
    fn five_values_make_a_bound_and_four_do_not() {
        assert_eq!(up_to(4).bounds(), None);
        assert_eq!(up_to(5).bounds(), Some([1.0, 5.0]));
        assert_eq!(up_to(10).bounds(), Some([2.0, 9.0]));
    }

    #[test]
    fn a_verdict_needs_its_bound() {
        let verdict = |values: &[f64], bounds| of(values).judge(bounds, "pairs").verdict;
        let five = [2.0, 3.0, 4.0, 5.0, 9.0];
        assert_eq!(verdict(&five, [2.0, ANY]), Verdict::Reproduced);
        assert_eq!(verdict(&five, [2.1, ANY]), Verdict::Inconclusive);
        assert_eq!(verdict(&five, [9.1, ANY]), Verdict::NotReproduced);
        assert_eq!(verdict(&five, [-ANY, 9.0]), Verdict::Reproduced);
        assert_eq!(verdict(&five, [-ANY, 1.9]), Verdict::NotReproduced);
        assert_eq!(verdict(&five, [2.0, 9.0]), Verdict::Reproduced);
        assert_eq!(verdict(&five, [2.0, 8.0]), Verdict::Inconclusive);
        assert_eq!(verdict(&five[1..], [2.0, ANY]), Verdict::Inconclusive);
        assert_eq!(verdict(&[ANY; 5], [2.0, ANY]), Verdict::Reproduced);
        assert_eq!(verdict(&[ANY; 5], [0.5, 2.0]), Verdict::NotReproduced);
    }

    #[test]
    fn what_says_nothing_is_counted_apart_and_explained() {
        let found = [Ok(1.0), Err(Nothing::Floor), Ok(f64::NAN), Err(Nothing::BothFail), Ok(2.0)];
        let finding = Evidence::new(found, 6).judge([0.0, ANY], "pairs");
        assert_eq!(finding.verdict, Verdict::Inconclusive);
        assert_eq!((finding.pairs, finding.no_evidence, finding.planned), (2, 3, 6));
        assert_eq!(
            finding.reason,
            "2 of 6 pairs say anything: in 1 both sides fail, in 1 both sides are at the numerical \
             floor, in 1 there is no ratio (0/0), there are no results of 1; at least 5 are needed"
        );
    }

    /// Wherever the true values are within their bounds, the median's bounds hold it.
    #[test]
    fn what_is_known_from_one_side_alone_counts_on_that_side() {
        let known = |value: f64, bounds: Bounds| Ok(Value { value, bounds });
        let found = [
            known(1.0, [0.0, 1.0]),
            known(2.0, [2.0, 2.0]),
            known(3.0, [3.0, ANY]),
            known(4.0, [4.0, ANY]),
            known(5.0, [0.0, ANY]),
        ];
        let evidence = Evidence::new(found, 5);
        assert_eq!(evidence.bounds(), Some([0.0, ANY]));
        assert_eq!(evidence.interval().unwrap().median, 3.0);
        let finding = evidence.judge([2.0, ANY], "pairs");
        assert_eq!((finding.verdict, finding.in_favour), (Verdict::Inconclusive, 3));
        assert!(finding.reason.ends_with("; of 4 of 5 pairs only bounds are known"), "{finding:?}");
        let above = Evidence::new([known(2.0, [2.0, ANY]); 5], 5).judge([1.5, ANY], "pairs");
        assert_eq!(above.verdict, Verdict::Reproduced);
        assert_eq!(evidence.p_of_refutation([1.5, ANY]), sign_test(1, 5));
    }

    #[test]
    fn refutations_have_the_sign_tests_probability() {
        let five = of(&[1.0, 2.0, 3.0, 4.0, 5.0]);
        assert_eq!(five.p_of_refutation([6.0, ANY]), 1.0 / 32.0);
        assert_eq!(five.p_of_refutation([5.0, ANY]), 6.0 / 32.0);
        assert_eq!(five.p_of_refutation([0.0, 0.5]), 1.0 / 32.0);
        assert_eq!(five.p_of_refutation([0.0, 9.0]), 1.0);
    }
}
