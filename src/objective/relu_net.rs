//! ReLU networks with biases on real data (paper, section 4.3).

use std::sync::OnceLock;

use super::feed_forward;
use super::{Absorbs, Build, Context, Entry, FeedForward, Known, Objective, Spec};
use crate::config::{Reader, key};
use crate::data::{DataSet, digits, fashion_mnist};
use crate::error::Result;
use crate::lanes::Layout;
use crate::linalg::Real;

pub(super) const ENTRY: Entry<dyn Spec> = Entry {
    name: "relu-net",
    summary: "ReLU network with biases, cross entropy on digits or Fashion-MNIST",
    read: |reader: &mut Reader<'_>| Some(Box::new(ReluNetSpec::read(reader)?)),
};

/// Data sets with classes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Images {
    /// [`digits`].
    Digits {
        /// Decides which examples are for validation and which for tests.
        split_seed: u64,
    },
    /// [`fashion_mnist`].
    FashionMnist,
}

impl Images {
    /// Reads `data` and, for digits, `split_seed`.
    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let data = key("data", "which images are classified");
        if reader.choice(data, &[("digits", false), ("fashion-mnist", true)])? {
            return Some(Self::FashionMnist);
        }
        let seed = key("split_seed", "decides which digits are for validation and which for tests");
        let seed = reader.count_or(seed, 0, 0..=u32::MAX as usize)?;
        Some(Self::Digits { split_seed: seed as u64 })
    }

    /// Inputs, outputs and training examples.
    fn shape(self) -> (usize, usize, usize) {
        match self {
            Self::Digits { .. } => (digits::PIXELS, digits::CLASSES, digits::TRAINING_EXAMPLES),
            Self::FashionMnist => {
                use fashion_mnist::{CLASSES, PIXELS, TRAINING_EXAMPLES};
                (PIXELS, CLASSES, TRAINING_EXAMPLES)
            }
        }
    }
}

/// A ReLU network that classifies images.
#[derive(Debug)]
pub struct ReluNetSpec {
    images: Images,
    hidden: Vec<usize>,
    /// The data, once they are loaded.
    loaded: OnceLock<DataSet<f64>>,
}

impl ReluNetSpec {
    /// A network with hidden layers of these widths.
    pub fn new(images: Images, hidden: Vec<usize>) -> Self {
        Self { images, hidden, loaded: OnceLock::new() }
    }

    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let images = Images::read(reader);
        let hidden = reader.counts(key("hidden", "widths of the hidden layers"), 1..=10_000);
        Some(Self::new(images?, hidden?))
    }

    fn widths(&self) -> Vec<usize> {
        let (inputs, outputs, _) = self.images.shape();
        [&[inputs], &*self.hidden, &[outputs]].concat()
    }

    fn load(&self, context: &Context) -> Result<&DataSet<f64>> {
        if let Some(data) = self.loaded.get() {
            return Ok(data);
        }
        let data = match self.images {
            Images::Digits { split_seed } => digits::load(split_seed)?,
            Images::FashionMnist => fashion_mnist::load(context.data_dir.as_deref())?,
        };
        Ok(self.loaded.get_or_init(|| data))
    }
}

impl<R: Real> Build<R> for ReluNetSpec {
    fn build(&self, context: &Context) -> Result<Box<dyn Objective<R>>> {
        Ok(Box::new(FeedForward::new(&self.hidden, true, self.load(context)?.cast::<R>())))
    }
}

impl Spec for ReluNetSpec {
    fn layout(&self) -> Layout {
        feed_forward::layout(&self.widths(), true)
    }

    fn examples(&self) -> Option<usize> {
        Some(self.images.shape().2)
    }

    fn remark(&self) -> Option<String> {
        Some(feed_forward::described(&self.widths()))
    }

    fn gradient_flops(&self, batch: Option<usize>) -> f64 {
        let (.., examples) = self.images.shape();
        feed_forward::gradient_flops(&self.widths(), batch.unwrap_or(examples))
    }

    fn absorbs(&self) -> Absorbs {
        Absorbs::Inputs
    }

    fn known(&self) -> Known {
        Known { validation: true, test: true, accuracy: true, ..Known::default() }
    }

    fn data_elements(&self) -> usize {
        // Loaded once for all trials in doubles, converted for each; training rows are most.
        let (inputs, _, examples) = self.images.shape();
        3 * inputs * examples
    }

    fn data(&self, context: &Context) -> Result<Vec<(String, String)>> {
        self.load(context)?;
        Ok(match self.images {
            Images::Digits { .. } => digits::files(),
            Images::FashionMnist => fashion_mnist::files(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Streams;

    #[test]
    fn what_the_settings_announce_is_what_is_built() {
        let context = Context { streams: Streams::new(1, 0), data_dir: None };
        for (images, hidden, dimension) in [
            (Images::Digits { split_seed: 0 }, vec![32], 2410),
            (Images::Digits { split_seed: 7 }, vec![], 650),
            (Images::FashionMnist, vec![20], 4024),
        ] {
            let spec = ReluNetSpec::new(images, hidden);
            assert_eq!(spec.layout().dimension(), dimension);
            let files = match spec.data(&context) {
                Ok(files) => files,
                Err(error) => {
                    eprintln!("SKIPPED: {error}");
                    assert_eq!(images, Images::FashionMnist);
                    continue;
                }
            };
            assert!(files.iter().all(|(_, sha256)| sha256.len() == 64));
            let objective = Build::<f32>::build(&spec, &context).unwrap();
            assert_eq!(*objective.layout(), spec.layout());
            assert_eq!(objective.examples(), spec.examples());
            assert_eq!(objective.minimum(), None);
        }
    }
}
