//! Distributions ρ over parameters: for EGOP samples and for initialization (spec: paper, D.5).

use ndarray::Array1;
use ndarray_rand::rand::{Rng, RngCore};
use ndarray_rand::rand_distr::{Distribution as _, StandardNormal, Uniform};

use crate::config::{Allowed, Reader, key};
use crate::lanes::{Layout, Role};
use crate::linalg::{Real, from_f64};
use crate::simd::vectorized;

/// A distribution over parameter vectors.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Distribution {
    /// Every parameter N(0, scale²).
    Gaussian {
        /// Standard deviation.
        scale: f64,
    },
    /// Weights N(0, 2/(fan_in + fan_out)), biases U(−1/√fan_in, 1/√fan_in).
    XavierNormal,
    /// Weights and biases U(−1/√fan_in, 1/√fan_in): the default of a PyTorch linear layer.
    UniformFanIn,
}

impl Distribution {
    /// Reads `kind` and, for a Gaussian, `scale`.
    pub fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let kinds = [
            ("gaussian", None),
            ("xavier-normal", Some(Self::XavierNormal)),
            ("uniform-fan-in", Some(Self::UniformFanIn)),
        ];
        let kind = key("kind", "which distribution parameters are drawn from");
        if let Some(without_scale) = reader.choice(kind, &kinds)? {
            return Some(without_scale);
        }
        let scale = key("scale", "standard deviation of every parameter");
        Some(Self::Gaussian { scale: reader.number_or(scale, 1.0, Allowed::at_least(1e-30))? })
    }

    /// Draws one parameter vector of d entries.
    pub fn sample<R: Real>(&self, layout: &Layout, rng: &mut impl Rng) -> Array1<R> {
        let mut sample = vec![R::zero(); layout.dimension()];
        self.fill(layout, rng, &mut sample);
        sample.into()
    }

    /// Overwrites a vector of d entries by a drawn one.
    pub fn fill<R: Real>(&self, layout: &Layout, rng: &mut impl Rng, sample: &mut [R]) {
        for block in layout.blocks() {
            let entries = &mut sample[block.range.clone()];
            let (fan_in, fan_out) = (block.fan.0 as f64, block.fan.1 as f64);
            match (self, block.role) {
                (Self::Gaussian { scale }, _) => fill_normal(*scale, rng, entries),
                (Self::XavierNormal, Role::Weight) => {
                    fill_normal((2.0 / (fan_in + fan_out)).sqrt(), rng, entries);
                }
                (Self::XavierNormal, Role::Bias) | (Self::UniformFanIn, _) => {
                    let bound = 1.0 / fan_in.sqrt();
                    let uniform = Uniform::new_inclusive(-bound, bound)
                        .expect("a layer has at least one input, so the bound is finite");
                    fill_uniform(&uniform, rng, entries);
                }
            }
        }
    }
}

/// Draws the numbers that `uniform.sample(rng)` would, one after the other, of a generator that fills memory
/// with the words that it would give one by one, as ChaCha does. A number takes one of them; many are made
/// at a time.
fn fill_uniform<R: Real>(uniform: &Uniform<f64>, rng: &mut impl Rng, entries: &mut [R]) {
    let mut words = [0; 512];
    for entries in entries.chunks_mut(words.len()) {
        let words = &mut words[..entries.len()];
        rng.fill(words);
        vectorized(|| {
            for (entry, &word) in entries.iter_mut().zip(&*words) {
                *entry = from_f64(uniform.sample(&mut Word(word)));
            }
        });
    }
}

/// A generator of one word.
struct Word(u64);

impl RngCore for Word {
    fn next_u32(&mut self) -> u32 {
        unreachable!("a uniform number takes a word of 64 bits")
    }

    fn next_u64(&mut self) -> u64 {
        self.0
    }

    fn fill_bytes(&mut self, _: &mut [u8]) {
        unreachable!("a uniform number takes a word of 64 bits")
    }
}

fn fill_normal<R: Real>(deviation: f64, rng: &mut impl Rng, entries: &mut [R]) {
    entries.fill_with(|| {
        let unit: f64 = StandardNormal.sample(rng);
        from_f64(deviation * unit)
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Streams;

    /// Mean square of many draws against the variance; 4 standard errors of a mean square.
    fn assert_variance(draws: &[f64], variance: f64, kurtosis: f64) {
        let n = draws.len() as f64;
        let mean_square = draws.iter().map(|x| x * x).sum::<f64>() / n;
        let error = variance * ((kurtosis - 1.0) / n).sqrt();
        assert!((mean_square - variance).abs() < 4.0 * error, "{mean_square} for {variance}");
    }

    #[test]
    fn blocks_have_the_variance_of_their_role() {
        let layout = Layout::new([
            ("weight".into(), (60, 90), Role::Weight, (90, 60)),
            ("bias".into(), (6000, 1), Role::Bias, (90, 60)),
        ]);
        let draw = |distribution: Distribution| {
            let all = distribution.sample::<f64>(&layout, &mut Streams::new(7, 0).rng("start"));
            (all.to_vec()[..5400].to_vec(), all.to_vec()[5400..].to_vec())
        };
        let (weights, biases) = draw(Distribution::XavierNormal);
        assert_variance(&weights, 2.0 / 150.0, 3.0);
        assert_variance(&biases, 1.0 / 90.0 / 3.0, 1.8);
        let (weights, biases) = draw(Distribution::UniformFanIn);
        assert_variance(&weights, 1.0 / 90.0 / 3.0, 1.8);
        assert_variance(&biases, 1.0 / 90.0 / 3.0, 1.8);
        let (weights, biases) = draw(Distribution::Gaussian { scale: 0.5 });
        assert_variance(&weights, 0.25, 3.0);
        assert_variance(&biases, 0.25, 3.0);
    }

    #[test]
    fn uniform_numbers_are_those_drawn_one_by_one() {
        let uniform = Uniform::new_inclusive(-0.3, 0.3).unwrap();
        for count in [0, 1, 511, 512, 1300] {
            let mut rng = Streams::new(7, 0).rng("start");
            let mut alone = rng.clone();
            let mut entries = vec![0.0; count];
            fill_uniform(&uniform, &mut rng, &mut entries);
            let expected: Vec<f64> = (0..count).map(|_| uniform.sample(&mut alone)).collect();
            assert_eq!(entries, expected);
            // What is drawn next is the same.
            assert_eq!(rng.next_u64(), alone.next_u64(), "{count}");
        }
    }

    #[test]
    fn a_gaussian_is_the_same_for_all_parameters_of_a_network() {
        let fan = (4, 3);
        let network = Layout::new([
            ("layer1.weight".into(), (3, 4), Role::Weight, fan),
            ("layer1.bias".into(), (3, 1), Role::Bias, fan),
            ("layer2.weight".into(), (2, 3), Role::Weight, (3, 2)),
            ("layer2.bias".into(), (2, 1), Role::Bias, (3, 2)),
        ]);
        let draw = |layout: &Layout| {
            let mut rng = Streams::new(7, 0).rng("start");
            Distribution::Gaussian { scale: 2.0 }.sample::<f64>(layout, &mut rng)
        };
        assert_eq!(draw(&network), draw(&Layout::vector(23)));
    }
}
