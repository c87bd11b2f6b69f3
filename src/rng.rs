//! Random streams: every number is a function of (root seed, trial, purpose) alone, never of the
//! order of execution, the algorithm, the learning rate or the basis.
//!
//! The generator is ChaCha8; a stream's key is the SHA-256 of the three.

use ndarray_rand::rand::{RngCore, SeedableRng};
use rand_chacha::ChaCha8Rng;
use sha2::{Digest, Sha256};

/// The random streams of one trial.
#[derive(Clone, Copy, Debug)]
pub struct Streams {
    seed: u64,
    trial: u64,
}

impl Streams {
    /// The streams of a trial under a root seed.
    pub fn new(seed: u64, trial: usize) -> Self {
        Self { seed, trial: trial as u64 }
    }

    /// Streams that are independent of these and of those with another name.
    #[must_use]
    pub fn branch(&self, name: &str) -> Self {
        let seed = self.rng(&format!("branch {name}")).next_u64();
        Self { seed, ..*self }
    }

    /// The number of the trial.
    pub fn trial(&self) -> u64 {
        self.trial
    }

    /// The stream for a purpose, such as `data`, `start`, `egop` or `minibatch`.
    pub fn rng(&self, purpose: &str) -> ChaCha8Rng {
        let mut hash = Sha256::new();
        hash.update(b"egop random stream 1");
        hash.update(self.seed.to_le_bytes());
        hash.update(self.trial.to_le_bytes());
        hash.update(purpose.as_bytes());
        ChaCha8Rng::from_seed(hash.finalize().into())
    }

    /// The `index`-th of many streams for a purpose; any of them can be drawn without the others.
    pub fn indexed(&self, purpose: &str, index: usize) -> ChaCha8Rng {
        let mut rng = self.rng(purpose);
        rng.set_stream(index as u64);
        rng
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_differ_by_seed_trial_purpose_and_index_and_repeat() {
        let first = |mut rng: ChaCha8Rng| rng.next_u64();
        let one = Streams::new(1, 0);
        let draws = [
            first(one.rng("data")),
            first(one.rng("start")),
            first(Streams::new(2, 0).rng("data")),
            first(Streams::new(1, 1).rng("data")),
            first(one.indexed("data", 1)),
            first(one.branch("a").rng("data")),
            first(one.branch("b").rng("data")),
        ];
        for (i, a) in draws.iter().enumerate() {
            assert!(draws[i + 1..].iter().all(|b| a != b));
        }
        assert_eq!(draws[0], first(one.rng("data")));
        assert_eq!(draws[0], first(one.indexed("data", 0)));
    }
}
