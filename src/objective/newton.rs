//! Newton's method, for minima that have no formula.

use ndarray::{Array1, Array2};

use crate::linalg;

/// Minimizes a convex function from `start`, with step halving: the minimizer and the minimum, or
/// the point at which it stopped short of one.
pub(super) fn minimize(
    start: Array1<f64>,
    value: impl Fn(&Array1<f64>) -> f64,
    gradient_and_hessian: impl Fn(&Array1<f64>) -> (Array1<f64>, Array2<f64>),
) -> Result<(Array1<f64>, f64), Array1<f64>> {
    let mut theta = start;
    let mut current = value(&theta);
    for _ in 0..100 {
        let (gradient, hessian) = gradient_and_hessian(&theta);
        let Ok(direction) = linalg::solve_positive_definite(hessian.view(), gradient.view()) else {
            break;
        };
        // Half the squared Newton decrement estimates the suboptimality that is left; below the
        // value's rounding there is nothing to gain.
        let decrement = gradient.dot(&direction);
        if decrement < f64::EPSILON * current.max(1.0) {
            return Ok((theta, current));
        }
        // Near the minimum the last full step may raise the sum by its rounding: no reason to halve
        // it.
        let rounding = 16.0 * f64::EPSILON * current.max(1.0);
        let mut scale = 1.0;
        loop {
            let candidate = &theta - &(&direction * scale);
            let next = value(&candidate);
            if next <= current + rounding {
                (theta, current) = (candidate, next);
                break;
            }
            scale *= 0.5;
            if scale < 1e-10 {
                // Nothing lower nearby: the minimum, unless the direction is rounding alone.
                let near = decrement < 1e-9 * current.max(1.0);
                return if near { Ok((theta, current)) } else { Err(theta) };
            }
        }
    }
    Err(theta)
}
