//! Losses of a network's outputs, and their gradients, for one lane.
//!
//! Outputs are stored outputs × examples, row-major. Losses are summed in doubles.

use crate::linalg::{Real, double, real};

/// Running sums, so that sums of many terms need not wait for one addition after the other.
const SUMS: usize = 8;

/// Σ f(x), in an order that depends on the number of terms only.
pub(super) fn sum<T: Copy>(terms: &[T], f: impl Fn(T) -> f64) -> f64 {
    let mut sums = [0.0; SUMS];
    let mut chunks = terms.chunks_exact(SUMS);
    for chunk in &mut chunks {
        for (sum, &x) in sums.iter_mut().zip(chunk) {
            *sum += f(x);
        }
    }
    sums.iter().sum::<f64>() + chunks.remainder().iter().map(|&x| f(x)).sum::<f64>()
}

/// Overwrites outputs o by o − y and returns Σ (o − y)².
pub(super) fn squared_error<R: Real>(outputs: &mut [R], targets: &[R]) -> f64 {
    for (output, &target) in outputs.iter_mut().zip(targets) {
        *output -= target;
    }
    sum(outputs, |residual| double(residual).powi(2))
}

/// Softmax cross entropy of the outputs (logits) of some examples with classes.
#[derive(Debug)]
pub(super) struct CrossEntropy<'a, R> {
    /// Classes × examples.
    pub logits: &'a mut [R],
    /// The class of each example.
    pub labels: &'a [usize],
    /// Two numbers for each example, of any content.
    pub work: &'a mut [R],
}

impl<R: Real> CrossEntropy<'_, R> {
    /// Returns Σ −log softmax(z)_label and the number of examples whose label has the largest
    /// logit (the first of them at a tie); overwrites the logits z by exp(z − max z), and the
    /// second half of the work space by its sum over the classes.
    ///
    /// The shift by the maximum keeps large logits from overflowing; a logit that is not finite
    /// gives a loss that is not.
    pub fn evaluate(&mut self) -> (f64, usize) {
        let examples = self.labels.len();
        let (shift, sums) = self.work.split_at_mut(examples);
        shift.copy_from_slice(&self.logits[..examples]);
        for row in self.logits.chunks_exact(examples).skip(1) {
            for (max, &logit) in shift.iter_mut().zip(row) {
                *max = if logit > *max { logit } else { *max };
            }
        }

        let (mut loss, mut correct) = (0.0, 0);
        for (example, (&label, &max)) in self.labels.iter().zip(&*shift).enumerate() {
            let logit = |class| self.logits[class * examples + example];
            loss += double(max - logit(label));
            correct += usize::from(logit(label) == max && (0..label).all(|c| logit(c) != max));
        }

        sums.fill(R::zero());
        for row in self.logits.chunks_exact_mut(examples) {
            pulp::Arch::new().dispatch(Exponentials { row, shift, sums });
        }
        (loss + sum(sums, |s: R| double(s.ln())), correct)
    }

    /// After [`Self::evaluate`]: overwrites the logits by the gradient of `scale` times the loss
    /// with respect to them, scale · (softmax − one-hot).
    pub fn gradient(&mut self, scale: R) {
        let examples = self.labels.len();
        let sums = &mut self.work[examples..2 * examples];
        for sum in &mut *sums {
            *sum = scale / *sum;
        }
        for row in self.logits.chunks_exact_mut(examples) {
            for (logit, &factor) in row.iter_mut().zip(&*sums) {
                *logit *= factor;
            }
        }
        for (example, &label) in self.labels.iter().enumerate() {
            self.logits[label * examples + example] -= scale;
        }
    }
}

/// Overwrites logits by exp(logit − shift) and adds them to sums, with the widest vector
/// instructions that the machine has; the results do not depend on it.
struct Exponentials<'a, R> {
    row: &'a mut [R],
    shift: &'a [R],
    sums: &'a mut [R],
}

impl<R: Real> pulp::WithSimd for Exponentials<'_, R> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, _: S) {
        for ((logit, &shift), sum) in self.row.iter_mut().zip(self.shift).zip(self.sums) {
            *logit = real(exp_of_nonpositive(double(*logit - shift)));
            *sum += *logit;
        }
    }
}

/// eˣ for x ≤ 0, to 2 units in the last place; 0 where eˣ would be subnormal. Unlike the C
/// library's, it is the same on every machine, and the compiler turns a loop of it into vector
/// instructions.
#[inline(always)]
fn exp_of_nonpositive(x: f64) -> f64 {
    const LN_2_HIGH: f64 = f64::from_bits(0x3fe6_2e42_fee0_0000);
    const LN_2_LOW: f64 = 1.908_214_929_270_587_7e-10;
    // Adding it rounds to an integer, which then fills the low bits.
    const ROUND: f64 = 1.5 * (1_u64 << 52) as f64;
    // 1/k!, from k = 13: the first term left out is below 5e-18 for |r| ≤ ln(2)/2.
    const TAYLOR: [f64; 14] = [
        1.0 / 6_227_020_800.0,
        1.0 / 479_001_600.0,
        1.0 / 39_916_800.0,
        1.0 / 3_628_800.0,
        1.0 / 362_880.0,
        1.0 / 40_320.0,
        1.0 / 5040.0,
        1.0 / 720.0,
        1.0 / 120.0,
        1.0 / 24.0,
        1.0 / 6.0,
        0.5,
        1.0,
        1.0,
    ];
    let rounded = x.mul_add(std::f64::consts::LOG2_E, ROUND);
    let n = rounded - ROUND;
    let r = n.mul_add(-LN_2_LOW, n.mul_add(-LN_2_HIGH, x));
    let mut power = TAYLOR[0];
    for &coefficient in &TAYLOR[1..] {
        power = power.mul_add(r, coefficient);
    }
    let exponent = rounded.to_bits().wrapping_add(1023) << 52;
    if x < -708.0 { 0.0 } else { power * f64::from_bits(exponent) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exponential_is_that_of_the_standard_library() {
        for step in 0..708_000 {
            let x = f64::from(-step) / 1000.0 - f64::from(step % 17) * 1e-5;
            let (found, expected) = (exp_of_nonpositive(x), x.exp());
            let ulps = found.to_bits().abs_diff(expected.to_bits());
            assert!(ulps <= 2 || x < -708.0, "{x}: {found} and {expected}");
        }
        assert_eq!(exp_of_nonpositive(0.0), 1.0);
        assert_eq!(exp_of_nonpositive(-709.0), 0.0);
        assert_eq!(exp_of_nonpositive(f64::NEG_INFINITY), 0.0);
        assert!(exp_of_nonpositive(f64::NAN).is_nan());
    }
}
