//! Gradients against differences of values.

use ndarray::ArrayView1;

use super::{Batch, Objective};
use crate::lanes::{Lanes, Workspace};

/// How far the gradient at θ (d entries) is from central differences (f(θ + h e_i) − f(θ − h e_i))/2h
/// on the full batch: the largest difference of an entry, over the largest entry.
///
/// With h near the cube root of the rounding, 1e-5, a right gradient of a smooth f is within about
/// 1e-8; a wrong one is not within 1e-3. NaN when a value or an entry is not finite.
pub fn check_gradient(objective: &dyn Objective<f64>, theta: ArrayView1<'_, f64>, h: f64) -> f64 {
    let layout = objective.layout();
    let mut workspace = Workspace::new();
    let mut evaluate = |lanes: &Lanes<f64>| {
        let (mut values, mut gradient) = (vec![0.0; lanes.lanes()], lanes.clone());
        let values_of = &mut values;
        objective.value_and_gradient(lanes, Batch::Full, values_of, &mut gradient, &mut workspace);
        (values, gradient.lane(0))
    };
    let (_, gradient) = evaluate(&Lanes::broadcast(layout, 1, theta));
    let (mut off, mut largest) = (0.0_f64, f64::MIN_POSITIVE);
    for (i, &slope) in gradient.iter().enumerate() {
        let mut both = Lanes::broadcast(layout, 2, theta);
        for (lane, step) in [(0, h), (1, -h)] {
            let mut point = theta.to_owned();
            point[i] += step;
            both.set_lane(lane, point.view());
        }
        let (values, _) = evaluate(&both);
        let difference = (values[0] - values[1]) / (2.0 * h);
        if !(difference.is_finite() && slope.is_finite()) {
            return f64::NAN;
        }
        off = off.max((slope - difference).abs());
        largest = largest.max(slope.abs()).max(difference.abs());
    }
    off / largest
}

#[cfg(test)]
mod tests {
    use ndarray::arr1;

    use super::*;
    use crate::objective::{PerLane, PointObjective};

    /// Σ sin θ_i, with a gradient that is multiplied by a factor.
    struct Waves(f64);

    impl PointObjective for Waves {
        fn dimension(&self) -> usize {
            3
        }

        fn value_and_gradient(&self, theta: &[f64], gradient: &mut [f64]) -> f64 {
            gradient.iter_mut().zip(theta).for_each(|(g, x)| *g = self.0 * x.cos());
            theta.iter().map(|x| x.sin()).sum()
        }
    }

    #[test]
    fn right_gradients_are_told_from_wrong_ones() {
        let theta = arr1(&[0.3, -1.0, 2.0]);
        let check = |factor| check_gradient(&PerLane::new(Waves(factor)), theta.view(), 1e-5);
        // h²/6, and the rounding of values over h.
        assert!(check(1.0) < 1e-9, "{}", check(1.0));
        assert!(check(1.01) > 5e-3 && check(-1.0) > 1.0);
        assert!(check(f64::NAN).is_nan());
    }
}
