//! Minibatches: which training rows each gradient uses.

use ndarray_rand::rand::seq::SliceRandom;

use crate::rng::Streams;

/// In which order the rows are passed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// As stored, in every epoch.
    Fixed,
    /// Drawn anew for every epoch.
    Reshuffled,
}

impl Order {
    /// The names used in configs.
    pub const NAMES: [(&'static str, Self); 2] =
        [("fixed", Self::Fixed), ("reshuffled", Self::Reshuffled)];
}

/// How passes over the training rows are cut into minibatches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Minibatches {
    /// Number of training rows.
    pub examples: usize,
    /// Rows in a minibatch; the last one of a pass has what is left.
    pub size: usize,
    /// Order of the rows.
    pub order: Order,
}

impl Minibatches {
    /// Minibatches in one pass.
    pub fn per_epoch(&self) -> usize {
        self.examples.div_ceil(self.size)
    }

    /// Rows of the last minibatch of a pass.
    pub fn last(&self) -> usize {
        self.examples - (self.per_epoch() - 1) * self.size
    }

    /// The rows in the order of pass number `epoch`, from the trial's stream for `purpose`.
    pub fn pass(&self, streams: &Streams, purpose: &str, epoch: usize) -> Vec<usize> {
        let mut rows: Vec<usize> = (0..self.examples).collect();
        if self.order == Order::Reshuffled {
            rows.shuffle(&mut streams.indexed(purpose, epoch));
        }
        rows
    }

    /// Cuts a pass into its minibatches.
    pub fn cut<'a>(&self, pass: &'a [usize]) -> std::slice::Chunks<'a, usize> {
        pass.chunks(self.size)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pass_visits_every_row_once() {
        let streams = Streams::new(1, 2);
        for order in [Order::Fixed, Order::Reshuffled] {
            let batches = Minibatches { examples: 103, size: 10, order };
            let pass = batches.pass(&streams, "minibatch", 4);
            assert_eq!(batches.cut(&pass).count(), batches.per_epoch());
            assert_eq!(batches.cut(&pass).last().map(<[_]>::len), Some(3));
            assert_eq!((batches.last(), Minibatches { size: 103, ..batches }.last()), (3, 103));
            let mut sorted = pass.clone();
            sorted.sort_unstable();
            assert!(sorted.into_iter().eq(0..103));
            assert_eq!(pass.is_sorted(), order == Order::Fixed);
        }
    }
}
