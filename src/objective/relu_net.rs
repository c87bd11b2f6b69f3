//! ReLU networks with biases on real data (paper, section 4.3).

use std::sync::OnceLock;

use super::feed_forward;
use super::user_net::{self, Activation, UserNetSpec};
use super::{
    Absorbs, Build, Context, Entry, FeedForward, Known, NamedArrays, Objective, Spec,
    example_arrays,
};
use crate::config::{Reader, key};
use crate::data::{DataSet, UserExamples, digits, fashion_mnist};
use crate::error::Result;
use crate::lanes::Layout;
use crate::linalg::Real;

pub(super) const ENTRY: Entry<dyn Spec> = Entry {
    name: "relu-net",
    summary: "ReLU network with biases, cross entropy on digits or Fashion-MNIST, or own data",
    read,
};

fn read(reader: &mut Reader<'_>) -> Option<Box<dyn Spec>> {
    let data = key("data", "which images are classified, or files of one's own");
    let choices = [
        ("digits", Some(Images::read_digits as fn(&mut Reader<'_>) -> Option<Images>)),
        ("fashion-mnist", Some(Images::read_fashion_mnist)),
        ("files", None),
    ];
    let hidden = |reader: &mut Reader<'_>| {
        reader.counts(key("hidden", "widths of the hidden layers"), 1..=10_000)
    };
    match reader.choice(data, &choices)? {
        Some(images) => {
            let (images, hidden) = (images(reader), hidden(reader));
            Some(Box::new(ReluNetSpec::new(images?, hidden?)))
        }
        None => {
            let ends = [
                key("columns", "numbers in each row of the inputs"),
                key("outputs", "number of classes, or of entries of a target vector"),
            ]
            .map(|end| reader.count(end, 1..=100_000));
            let rows = user_net::read_rows(reader);
            let (examples, hidden) = (UserExamples::read(reader), hidden(reader));
            let [inputs, outputs] = ends;
            let widths = [&[inputs?], &*hidden?, &[outputs?]].concat();
            Some(Box::new(UserNetSpec::new(Activation::Relu, widths, rows?, examples?)))
        }
    }
}

/// Data sets with classes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Images {
    /// [`digits`].
    Digits {
        /// Decides which examples are for validation and which for tests.
        split_seed: u64,
    },
    /// [`fashion_mnist`].
    FashionMnist(fashion_mnist::Selection),
}

impl Images {
    /// Reads `classes` and `pooled`.
    fn read_fashion_mnist(reader: &mut Reader<'_>) -> Option<Self> {
        Some(Self::FashionMnist(selection(reader)?))
    }

    /// Reads `split_seed`.
    fn read_digits(reader: &mut Reader<'_>) -> Option<Self> {
        let seed = key("split_seed", "decides which digits are for validation and which for tests");
        let seed = reader.count_or(seed, 0, 0..=u32::MAX as usize)?;
        Some(Self::Digits { split_seed: seed as u64 })
    }

    /// Inputs, outputs and training examples.
    fn shape(&self) -> (usize, usize, usize) {
        match self {
            Self::Digits { .. } => (digits::PIXELS, digits::CLASSES, digits::TRAINING_EXAMPLES),
            Self::FashionMnist(selected) => {
                (selected.pixels(), selected.classes.len(), selected.training_examples())
            }
        }
    }
}

/// Reads `classes` and `pooled`.
fn selection(reader: &mut Reader<'_>) -> Option<fashion_mnist::Selection> {
    let fashion_mnist::Selection { classes, pooled } = fashion_mnist::Selection::default();
    let last = fashion_mnist::CLASSES - 1;
    let meaning = "which classes of Fashion-MNIST, in the order of the network's outputs";
    let classes = reader.counts_or(key("classes", meaning), &classes, 0..=last);
    let meaning = "whether images are max-pooled 2 × 2 to 14 × 14 pixels";
    let pooled = reader.flag_or(key("pooled", meaning), pooled);
    let classes = classes?;
    if let Some(twice) = (1..classes.len()).find(|&i| classes[..i].contains(&classes[i])) {
        reader.problem("classes", format!("class {} is there twice", classes[twice]));
        return None;
    }
    if classes.len() < 2 {
        reader.problem("classes", "two classes are needed, or there is nothing to tell apart");
        return None;
    }
    Some(fashion_mnist::Selection { classes, pooled: pooled? })
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

    fn widths(&self) -> Vec<usize> {
        let (inputs, outputs, _) = self.images.shape();
        [&[inputs], &*self.hidden, &[outputs]].concat()
    }

    fn load(&self, context: &Context) -> Result<&DataSet<f64>> {
        if let Some(data) = self.loaded.get() {
            return Ok(data);
        }
        let data = match &self.images {
            Images::Digits { split_seed } => digits::load(*split_seed)?,
            Images::FashionMnist(selected) => {
                fashion_mnist::load(selected, context.data_dir.as_deref())?
            }
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

    fn absorbing_rows(&self) -> usize {
        match &self.images {
            Images::Digits { .. } => digits::EXAMPLES,
            Images::FashionMnist(selected) => selected.all_examples(),
        }
    }

    fn known(&self) -> Known {
        let hidden_units = !self.hidden.is_empty();
        Known { validation: true, test: true, accuracy: true, hidden_units, ..Known::default() }
    }

    fn data_elements(&self) -> usize {
        // Loaded once for all trials in doubles, converted for each.
        3 * self.copied_elements()
    }

    fn copied_elements(&self) -> usize {
        self.images.shape().0 * self.absorbing_rows()
    }

    fn arrays(&self, context: &Context) -> Result<NamedArrays> {
        Ok(example_arrays(self.load(context)?))
    }

    fn data(&self, context: &Context) -> Result<Vec<(String, String)>> {
        self.load(context)?;
        Ok(match self.images {
            Images::Digits { .. } => digits::files(),
            Images::FashionMnist(_) => fashion_mnist::files(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Overlay, Resolved, Source};
    use crate::data::fashion_mnist::Selection;
    use crate::rng::Streams;

    fn read(text: &str) -> Result<Resolved<Box<dyn Spec>>, String> {
        let source = Source::parse("test", text.as_bytes()).unwrap();
        crate::config::read(&source, &Overlay::default(), super::read)
            .map_err(|problems| problems.to_string())
    }

    #[test]
    fn classes_and_pooling_are_keys_whose_defaults_change_nothing() {
        let fashion = |keys: &str| read(&format!("data = 'fashion-mnist'\nhidden = []\n{keys}"));
        let (silent, stated) =
            (fashion("").unwrap(), fashion("classes = [0, 1, 2, 3]\npooled = true").unwrap());
        assert_eq!(format!("{:?}", silent.value), format!("{:?}", stated.value));
        assert_eq!((silent.identity.len(), silent.identity), (4, stated.identity));
        let whole = fashion("pooled = false\nclasses = [9, 8]").unwrap();
        assert_eq!(whole.identity.len(), 4);
        assert_eq!(whole.value.layout().dimension(), 2 * 785);
        assert_eq!(whole.value.examples(), Some(12_000));
        assert_eq!(whole.value.remark().unwrap(), "layers 784-2");
        for (keys, wanted) in [
            ("classes = [1, 2, 1]", "class 1 is there twice"),
            ("classes = [1]", "two classes are needed"),
            ("classes = []", "two classes are needed"),
            ("classes = [1, 10]", "from 0 to 9"),
            ("pooled = 1", "true or false"),
        ] {
            let message = fashion(keys).unwrap_err();
            assert!(message.contains(wanted), "{message}");
        }
        assert!(read("data = 'digits'\nhidden = []\npooled = true").is_err());
    }

    #[test]
    fn what_the_settings_announce_is_what_is_built() {
        let context = Context { streams: Streams::new(1, 0), data_dir: None };
        for (images, hidden, dimension) in [
            (Images::Digits { split_seed: 0 }, vec![32], 2410),
            (Images::Digits { split_seed: 7 }, vec![], 650),
            (Images::Digits { split_seed: 0 }, vec![5, 4, 3], 404),
            (Images::FashionMnist(Selection::default()), vec![20], 4024),
            (Images::FashionMnist(Selection { classes: vec![7, 5], pooled: false }), vec![2], 1576),
        ] {
            let is_fashion = matches!(images, Images::FashionMnist(_));
            let spec = ReluNetSpec::new(images, hidden);
            assert_eq!(spec.layout().dimension(), dimension);
            let files = match spec.data(&context) {
                Ok(files) => files,
                Err(error) => {
                    eprintln!("SKIPPED: {error}");
                    assert!(is_fashion);
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
