//! How soon a run came down how far.

use crate::sweep::ladder;

/// The steps at which a run first came down to each of a [`ladder`] of levels of its height at the
/// start.
///
/// Two runs are compared by the lowest level that both reach. A quarter of a decade is fine enough
/// for that, and no level above a tenth says anything.
#[derive(Clone, Debug)]
pub(super) struct Levels {
    /// Shares of the initial height, falling; none where there is no target.
    shares: Vec<f64>,
    /// The first step at each of them, as far as the run has come.
    steps: Vec<u64>,
}

impl Levels {
    /// The ladder down to a target, a share of the initial height: none if that is no share.
    pub fn to(target: f64) -> Self {
        Self { shares: ladder(target), steps: Vec::new() }
    }

    /// A run that was at `initial` at the start is at `height`.
    pub fn record(&mut self, step: u64, height: f64, initial: f64) {
        let next = &self.shares[self.steps.len()..];
        let reached = next.iter().take_while(|&&share| height <= share * initial).count();
        self.steps.extend(std::iter::repeat_n(step, reached));
    }

    /// The first step at each level that was reached.
    pub fn into_steps(self) -> Vec<u64> {
        self.steps
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_level_is_reached_once() {
        let mut levels = Levels::to(0.01);
        for (step, height) in [(0, 2.0), (1, 0.21), (2, 0.1), (3, 1.0), (4, f64::NAN), (5, 0.02)] {
            levels.record(step, height, 2.0);
        }
        // 0.2, 0.112, 0.063, 0.036, 0.02
        assert_eq!(levels.into_steps(), [2, 2, 5, 5, 5]);
    }
}
