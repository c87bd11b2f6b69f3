//! Gradients that were sampled elsewhere, in the place of a function.

use std::ops::RangeInclusive;
use std::sync::OnceLock;

use ndarray::{Array2, ArrayView2, Axis};

use super::{Batch, Build, Context, Entry, Metrics, Objective, Spec};
use crate::config::{Reader, key};
use crate::data::{Split, UserFiles, WithSums};
use crate::error::{Error, Result};
use crate::lanes::{Block, Lanes, Layout, Role, Workspace};
use crate::linalg::{Real, from_f64, to_f64};

pub(super) const ENTRY: Entry<dyn Spec> = Entry {
    name: "gradients",
    summary: "gradients g_i that were sampled elsewhere, one in each row; f(θ) = mean of ⟨g_i, θ⟩",
    read: |reader: &mut Reader<'_>| Some(Box::new(SampledSpec::read(reader)?)),
};

/// f(θ) = mean of ⟨g_i, θ⟩ over the examples i, whose gradients are the g_i at every point: what is
/// estimated from them one by one is what was estimated from the function that they are of.
#[derive(Clone, Debug)]
pub struct SampledGradients<R> {
    /// One in each row.
    gradients: Array2<R>,
    layout: Layout,
}

impl<R: Real> SampledGradients<R> {
    /// Of gradients (rows × d) with respect to parameters in these blocks.
    ///
    /// # Panics
    /// When rows have another length.
    pub fn new(gradients: Array2<R>, layout: Layout) -> Self {
        assert_eq!(gradients.ncols(), layout.dimension(), "a gradient has d entries");
        Self { gradients, layout }
    }

    /// The mean over a batch, in doubles.
    fn mean(&self, batch: Batch<'_>) -> Vec<f64> {
        let count = batch.len(self.gradients.nrows());
        let mut mean = vec![0.0; self.gradients.ncols()];
        for index in 0..count {
            let row = self.gradients.row(batch.row(index));
            mean.iter_mut().zip(row).for_each(|(sum, &g)| *sum += to_f64(g) / count as f64);
        }
        mean
    }

    fn value(&self, mean: &[f64], theta: &Lanes<R>, lane: usize) -> f64 {
        theta.lane(lane).iter().zip(mean).map(|(&x, g)| to_f64(x) * g).sum()
    }
}

impl<R: Real> Objective<R> for SampledGradients<R> {
    fn layout(&self) -> &Layout {
        &self.layout
    }

    fn examples(&self) -> Option<usize> {
        Some(self.gradients.nrows())
    }

    fn value_and_gradient(
        &self,
        theta: &Lanes<R>,
        batch: Batch<'_>,
        values: &mut [f64],
        gradient: &mut Lanes<R>,
        _: &mut Workspace<R>,
    ) {
        let mean = self.mean(batch);
        let row: ndarray::Array1<R> = mean.iter().map(|&g| from_f64(g)).collect();
        for (lane, value) in values.iter_mut().enumerate() {
            *value = self.value(&mean, theta, lane);
            gradient.set_lane(lane, row.view());
        }
    }

    fn evaluate(
        &self,
        theta: &Lanes<R>,
        split: Split,
        _: &mut Workspace<R>,
    ) -> Option<Vec<Metrics>> {
        let mean = (split == Split::Training).then(|| self.mean(Batch::Full))?;
        let loss = |lane| Metrics { loss: self.value(&mean, theta, lane), accuracy: None };
        Some((0..theta.lanes()).map(loss).collect())
    }
}

/// Gradients in files of the user's.
#[derive(Debug)]
pub struct SampledSpec {
    files: UserFiles,
    rows: usize,
    layout: Layout,
    /// The gradients and their files, once they are loaded.
    loaded: OnceLock<WithSums<Array2<f64>>>,
}

/// Sizes of a block's largest entry. Their squares, and sums of as many as there can be, are numbers in
/// double precision, and they themselves in single precision, with all their digits.
const SIZES: RangeInclusive<f64> = 1e-30..=1e30;

type Described = (String, (usize, usize), Role, (usize, usize));

/// One block of the parameters.
fn block(reader: &mut Reader<'_>) -> Option<Described> {
    let name = reader.string(key("name", "name of the block"));
    let shape = key("shape", "rows (outputs) and columns (inputs) of its matrix, or entries");
    let shape = reader.counts(shape, 1..=100_000_000);
    let role = key("role", "a block basis leaves biases as they are");
    let role = reader.choice_or(role, "weight", &[("weight", Role::Weight), ("bias", Role::Bias)]);
    let shape = match shape?[..] {
        [entries] => (entries, 1),
        [rows, columns] => (rows, columns),
        _ => {
            reader.problem("shape", "must be one or two numbers, such as [32, 64]");
            return None;
        }
    };
    Some((name?, shape, role?, (shape.1, shape.0)))
}

impl SampledSpec {
    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let files = key("gradients", "files of gradients, one in each row: .npy, CSV");
        let files = UserFiles::read(reader, files);
        let rows = reader.count(key("rows", "number of gradients"), 1..=100_000_000);
        let blocks = key("blocks", "the blocks that a gradient's entries are of, in their order");
        let needed = Some("at least one is needed, with name and shape");
        let blocks = reader.tables(blocks, needed, block);
        let (files, rows, blocks) = (files?, rows?, blocks?);
        if blocks.iter().any(|block| block.0.is_empty()) {
            reader.problem("blocks", "a name must not be empty");
            return None;
        }
        let twice = |&index: &usize| blocks[..index].iter().any(|one| one.0 == blocks[index].0);
        if let Some(index) = (0..blocks.len()).find(twice) {
            reader.problem("blocks", format!("\"{}\" is there twice", blocks[index].0));
            return None;
        }
        Some(Self { files, rows, layout: Layout::new(blocks), loaded: OnceLock::new() })
    }

    fn load(&self) -> Result<&WithSums<Array2<f64>>> {
        if let Some(loaded) = self.loaded.get() {
            return Ok(loaded);
        }
        let rows = self.files.load(self.layout.dimension())?;
        rows.expect(self.rows, "as objective.rows says")?;
        let gradients = rows.numbers();
        if let Some(problem) = self.out_of_range(&gradients) {
            return Err(self.files.unfit(Error::Numerical(problem)));
        }
        let loaded = (gradients, rows.sums().collect());
        Ok(self.loaded.get_or_init(|| loaded))
    }

    /// Why nothing can be estimated from gradients of such sizes, if that is so: sums of their products
    /// must neither overflow nor vanish, in any block, nor their entries in single precision.
    fn out_of_range(&self, gradients: &Array2<f64>) -> Option<String> {
        let largest = |entries: ArrayView2<'_, f64>| entries.fold(0.0, |most, g| g.abs().max(most));
        if largest(gradients.view()) == 0.0 {
            return Some("holds zeros only: no direction is preferred to any other".into());
        }
        let sizes = self.layout.blocks().iter().map(|block| {
            let range = block.range.clone();
            (block, largest(gradients.slice_axis(Axis(1), range.into())))
        });
        // Of a bias no basis is made.
        let allowed = |block: &Block, size: f64| match block.role {
            Role::Bias => size == 0.0 || SIZES.contains(&size),
            Role::Weight => SIZES.contains(&size),
        };
        let (block, size) = sizes.into_iter().find(|(block, size)| !allowed(block, *size))?;
        let name = &block.name;
        if size == 0.0 {
            return Some(format!(
                "all entries of the block \"{name}\" are 0, and no direction in it is preferred: with role = \"bias\" \
                 a block basis leaves it as it is"
            ));
        }
        let [least, most] = [SIZES.start(), SIZES.end()];
        Some(format!(
            "the largest entry of the block \"{name}\" is {size:e}; expected one from {least:e} to {most:e}, whose \
             products can be added up: multiply all gradients by one number, which changes no \
             eigenvector"
        ))
    }
}

impl<R: Real> Build<R> for SampledSpec {
    fn build(&self, _: &Context) -> Result<Box<dyn Objective<R>>> {
        let gradients = self.load()?.0.mapv(from_f64);
        Ok(Box::new(SampledGradients::<R>::new(gradients, self.layout.clone())))
    }
}

impl Spec for SampledSpec {
    fn layout(&self) -> Layout {
        self.layout.clone()
    }

    fn examples(&self) -> Option<usize> {
        Some(self.rows)
    }

    fn gradient_flops(&self, batch: Option<usize>) -> f64 {
        batch.unwrap_or(self.rows) as f64 * self.layout.dimension() as f64
    }

    fn data_elements(&self) -> usize {
        // Loaded once for all trials in doubles, converted for each.
        3 * self.rows * self.layout.dimension()
    }

    fn has_samples_only(&self) -> bool {
        true
    }

    fn files(&self) -> Result<Vec<(String, String)>> {
        Ok(self.load()?.1.clone())
    }
}

#[cfg(test)]
mod tests {
    use ndarray::arr2;

    use super::*;

    #[test]
    fn the_gradient_of_an_example_is_its_row_at_every_point() {
        let rows = arr2(&[[1.0, 2.0, 3.0], [5.0, -2.0, 0.0]]);
        let objective = SampledGradients::new(rows, Layout::vector(3));
        let mut theta = Lanes::zeros(&Layout::vector(3), 2);
        theta.set_lane(1, ndarray::arr1(&[1.0, 1.0, 2.0]).view());
        let (mut values, mut gradient) = ([0.0; 2], theta.clone());
        let mut evaluate = |batch: Batch<'_>| {
            let mut workspace = Workspace::new();
            objective.value_and_gradient(&theta, batch, &mut values, &mut gradient, &mut workspace);
            assert_eq!(gradient.lane(0), gradient.lane(1));
            (values[1], gradient.lane(0).to_vec())
        };
        assert_eq!(evaluate(Batch::Rows(&[1])), (3.0, vec![5.0, -2.0, 0.0]));
        assert_eq!(evaluate(Batch::Full), (6.0, vec![3.0, 0.0, 1.5]));
    }
}
