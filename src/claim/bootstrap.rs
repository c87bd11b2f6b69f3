//! Bootstrap intervals of a median (Efron & Tibshirani 1993, percentile method).

use ndarray_rand::rand::Rng;

use crate::rng::Streams;
use crate::sweep;

const RESAMPLES: usize = 2000;

/// Lower end of the 95 % interval, median, upper end; NaNs of no values. The resamples come from
/// a fixed stream: the same values give the same interval.
pub(super) fn median_interval(values: &[f64]) -> [f64; 3] {
    if values.is_empty() {
        return [f64::NAN; 3];
    }
    let mut rng = Streams::new(0, 0).rng("bootstrap");
    let medians: Vec<f64> = (0..RESAMPLES)
        .map(|_| {
            let resample: Vec<f64> =
                values.iter().map(|_| values[rng.random_range(0..values.len())]).collect();
            sweep::median(&resample)
        })
        .collect();
    let [low, high] = sweep::quantiles(&medians, [0.025, 0.975]);
    [low, sweep::median(values), high]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_holds_the_median_and_shrinks_with_more_values() {
        let values = |n: u32| -> Vec<f64> { (0..n).map(|i| f64::from(i * 7919 % 101)).collect() };
        let width = |n: u32| {
            let [lower, median, upper] = median_interval(&values(n));
            assert!(lower <= median && median <= upper);
            upper - lower
        };
        assert!(width(400) < width(10));
        assert_eq!(median_interval(&[2.0, 2.0]), [2.0; 3]);
        assert_eq!(median_interval(&[f64::INFINITY; 3]), [f64::INFINITY; 3]);
        assert!(median_interval(&[])[1].is_nan());
    }
}
