//! Exponentials, four at a time: most of the time of the objectives that have them. The system's
//! `exp` also takes a slow path for every underflow, and lanes at large learning rates have many.

use wide::f64x4;

/// Exponentials are taken in groups of this size.
pub(super) const GROUP: usize = 4;

/// e^x for each x; 0 far below the smallest double, without subnormal numbers.
pub(super) fn exp(x: [f64; GROUP]) -> [f64; GROUP] {
    f64x4::from(x).exp().to_array()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_exponential_to_a_few_roundings() {
        for i in -7000..7000_i32 {
            let x = f64::from(i) * 0.1;
            for y in exp([x, 0.0, x, 1.0]).into_iter().step_by(2) {
                // The polynomial is good to about two units in the last place.
                assert!((y / x.exp() - 1.0).abs() < 1e-15, "e^{x} = {y:e}");
            }
        }
    }

    #[test]
    fn the_ends_are_limits_and_nan_stays() {
        let [zero, infinity, nan, one] = exp([f64::NEG_INFINITY, f64::INFINITY, f64::NAN, 0.0]);
        assert_eq!((zero, infinity, one), (0.0, f64::INFINITY, 1.0));
        assert!(nan.is_nan());
        assert_eq!(exp([-1e300, -800.0, 800.0, 1e300]), [0.0, 0.0, f64::INFINITY, f64::INFINITY]);
    }
}
