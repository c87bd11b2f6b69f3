//! Losses of a network's outputs, and their gradients, for one lane.
//!
//! Outputs are stored outputs × examples, row-major. Losses are summed in doubles.

use crate::linalg::{Real, to_f64};
use crate::simd::vectorized;

/// Running sums, so that sums of many terms need not wait for one addition after the other.
const SUMS: usize = 8;

/// Σ f(x), in an order that depends on the number of terms only.
pub(super) fn sum<T: Copy>(terms: &[T], f: impl Fn(T) -> f64) -> f64 {
    vectorized(|| {
        let mut sums = [0.0; SUMS];
        let mut chunks = terms.chunks_exact(SUMS);
        for chunk in &mut chunks {
            for (sum, &x) in sums.iter_mut().zip(chunk) {
                *sum += f(x);
            }
        }
        sums.iter().sum::<f64>() + chunks.remainder().iter().map(|&x| f(x)).sum::<f64>()
    })
}

/// Overwrites outputs o by o − y and returns Σ (o − y)².
pub(super) fn squared_error<R: Real>(outputs: &mut [R], targets: &[R]) -> f64 {
    for (output, &target) in outputs.iter_mut().zip(targets) {
        *output -= target;
    }
    sum(outputs, |residual| to_f64(residual).powi(2))
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
    /// The shift by the maximum keeps large logits from overflowing. A logit that is NaN or +∞
    /// makes the loss NaN; −∞ is a probability of 0.
    pub fn evaluate(&mut self) -> (f64, usize) {
        let examples = self.labels.len();
        let (shift, sums) = self.work.split_at_mut(examples);
        shift.copy_from_slice(&self.logits[..examples]);
        // Until it holds the sums: the class of the largest logit, then the label's distance to it.
        let best = &mut *sums;
        best.fill(R::zero());
        vectorized(|| {
            let mut class = R::zero();
            for row in self.logits.chunks_exact(examples).skip(1) {
                class += R::one();
                for ((max, best), &logit) in shift.iter_mut().zip(&mut *best).zip(row) {
                    (*max, *best) = if logit > *max { (logit, class) } else { (*max, *best) };
                }
            }
        });

        let mut correct = 0;
        let labels = self.labels.iter().zip(&*shift).zip(&mut *best).enumerate();
        for (example, ((&label, &max), best)) in labels {
            let logit = self.logits[label * examples + example];
            correct += usize::from(logit == max && to_f64(*best) == label as f64);
            *best = max - logit;
        }
        let mut loss = sum(best, to_f64);

        sums.fill(R::zero());
        for row in self.logits.chunks_exact_mut(examples) {
            vectorized(|| row.iter_mut().zip(&*shift).for_each(|(logit, &max)| *logit -= max));
            R::exp_all(row);
            vectorized(|| sums.iter_mut().zip(&*row).for_each(|(sum, &power)| *sum += power));
        }
        // One logarithm for the product of some sums, each between 1 and the number of classes.
        let logarithm = |sums: &[R]| sums.iter().map(|&s| to_f64(s)).product::<f64>().ln();
        loss += sums.chunks(SUMS).map(logarithm).sum::<f64>();
        (loss, correct)
    }

    /// After [`Self::evaluate`]: overwrites the logits by the gradient of `scale` times the loss
    /// with respect to them, scale · (softmax − one-hot).
    pub fn gradient(&mut self, scale: R) {
        let examples = self.labels.len();
        let sums = &mut self.work[examples..2 * examples];
        vectorized(|| {
            for sum in &mut *sums {
                *sum = scale / *sum;
            }
            for row in self.logits.chunks_exact_mut(examples) {
                for (logit, &factor) in row.iter_mut().zip(&*sums) {
                    *logit *= factor;
                }
            }
        });
        for (example, &label) in self.labels.iter().enumerate() {
            self.logits[label * examples + example] -= scale;
        }
    }
}
