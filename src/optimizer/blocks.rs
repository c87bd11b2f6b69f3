//! The common loop of methods that take each block of parameters as a matrix, and keep matrices for
//! it.

use ndarray::{ArrayView2, ArrayViewMut2};

use crate::config::{Reader, key};
use crate::coordinates::Change;
use crate::error::Result;
use crate::lanes::{Lanes, LanesView, LanesViewMut, Layout, Role, Workspace};
use crate::linalg::Real;
use crate::optimizer::{Carry, LaneFailure, NO_REPLAY, Optimizer};

/// The state of one block of one lane, and its update.
pub(super) trait BlockState<R: Real>: Clone + Send {
    /// Update number `step`, from 1, of a block's matrix W.
    ///
    /// # Errors
    /// When a matrix has no decomposition.
    fn update(
        &mut self,
        step: i32,
        rate: R,
        theta: ArrayViewMut2<'_, R>,
        gradient: ArrayView2<'_, R>,
    ) -> Result<()>;

    /// What of the state is linear in the gradients: as many numbers as the block has, in its order.
    fn linear(&mut self) -> Option<&mut [R]>;
}

/// An optimizer that updates every block of every lane by itself.
pub(super) struct Blocks<R, S> {
    layout: Layout,
    shapes: Vec<Shape>,
    /// The state of each block before the first step.
    fresh: Vec<S>,
    /// The states of all blocks, for each lane.
    lanes: Vec<Vec<S>>,
    workspace: Workspace<R>,
    step: i32,
}

impl<R: Real, S: BlockState<R>> Blocks<R, S> {
    /// With the state that each block, read as a matrix of the given shape, begins with.
    pub(super) fn new(layout: &Layout, shapes: Vec<Shape>, fresh: Vec<S>, lanes: usize) -> Self {
        let states = vec![fresh.clone(); lanes];
        let (layout, workspace) = (layout.clone(), Workspace::new());
        Self { layout, shapes, fresh, lanes: states, workspace, step: 0 }
    }
}

impl<R: Real, S: BlockState<R>> Optimizer<R> for Blocks<R, S> {
    fn step(
        &mut self,
        mut theta: LanesViewMut<'_, R>,
        gradient: LanesView<'_, R>,
        rates: &[R],
    ) -> Result<(), LaneFailure> {
        // As in `Elementwise`: a saturated count is of averages that have forgotten their beginning.
        self.step = self.step.saturating_add(1);
        let mut failures = Vec::new();
        for (lane, (states, &rate)) in self.lanes.iter_mut().zip(rates).enumerate() {
            for (block, (state, &shape)) in states.iter_mut().zip(&self.shapes).enumerate() {
                let (mut theta, gradient) = (theta.block_mut(block), gradient.block(block));
                let theta = theta.row_mut(lane).into_shape_with_order(shape);
                let gradient = gradient.row(lane).into_shape_with_order(shape);
                let updated = state.update(
                    self.step,
                    rate,
                    theta.expect("rows of a block are contiguous"),
                    gradient.expect("rows of a block are contiguous"),
                );
                if let Err(error) = updated {
                    failures.push((lane, error));
                    break;
                }
            }
        }
        LaneFailure::unless_empty(failures)
    }

    fn change_coordinates(&mut self, change: &Change<R>, carry: Carry<'_, R>) {
        match carry {
            Carry::Index => {}
            Carry::Replay(_) => panic!("{NO_REPLAY}"),
            Carry::Reset => {
                self.step = 0;
                return self.lanes.iter_mut().for_each(|states| states.clone_from(&self.fresh));
            }
        }
        let mut linear = Lanes::zeros(&self.layout, self.lanes.len());
        for (lane, states) in self.lanes.iter_mut().enumerate() {
            for (block, state) in states.iter_mut().enumerate() {
                if let Some(numbers) = state.linear() {
                    let mut target = linear.block_mut(block);
                    target.row_mut(lane).iter_mut().zip(numbers).for_each(|(to, from)| *to = *from);
                }
            }
        }
        change.linear(&mut linear, &mut self.workspace);
        for (lane, states) in self.lanes.iter_mut().enumerate() {
            for (block, state) in states.iter_mut().enumerate() {
                if let Some(numbers) = state.linear() {
                    let source = linear.block(block);
                    numbers.iter_mut().zip(source.row(lane)).for_each(|(to, from)| *to = *from);
                }
            }
        }
    }

    fn retain(&mut self, lanes: &[usize]) {
        let mut row = 0;
        self.lanes.retain(|_| {
            row += 1;
            lanes.binary_search(&(row - 1)).is_ok()
        });
    }
}

/// Rows and columns.
pub(super) type Shape = (usize, usize);

/// Reads `shape`, as which a method takes the one vector of a convex objective.
pub(super) fn read_shape(reader: &mut Reader<'_>) -> Option<Option<Shape>> {
    let shape = key(
        "shape",
        "rows and columns as which the only block of a model is read; without it, as it is",
    );
    match reader.counts_or(shape, &[], 1..=1_000_000_000)?[..] {
        [] => Some(None),
        [rows, columns] => Some(Some((rows, columns))),
        _ => {
            reader.problem("shape", "must be two numbers, rows and columns, such as [10, 5]");
            None
        }
    }
}

/// What is wrong with a `shape` for a model.
pub(crate) fn shape_problem(shape: Option<Shape>, layout: &Layout) -> Option<String> {
    let ((rows, columns), blocks) = (shape?, layout.blocks());
    Some(match blocks {
        [only] if rows.checked_mul(columns) == Some(only.size()) => return None,
        [only] => format!("{rows} × {columns} are not the {} parameters", only.size()),
        _ => format!(
            "is for a model of one block, such as a convex objective's vector; this one has {}, \
             each of which has its own shape",
            blocks.len()
        ),
    })
}

/// The shape of each block of a model, the only one's replaced by `shape`, if there is one.
///
/// # Panics
/// Where [`shape_problem`] finds something wrong.
pub(super) fn shapes(shape: Option<Shape>, layout: &Layout) -> Vec<Shape> {
    if let Some(problem) = shape_problem(shape, layout) {
        panic!("shape {problem}");
    }
    let own = layout.blocks().iter().map(|block| block.shape);
    own.map(|own| shape.unwrap_or(own)).collect()
}

/// What is wrong with a list that has one value for all weights, or one for each block of a model.
pub(super) fn list_problem<T>(
    key: &'static str,
    list: &[T],
    layout: &Layout,
) -> Option<(&'static str, String)> {
    let blocks = layout.blocks().len();
    (list.len() != 1 && list.len() != blocks).then(|| {
        let problem = format!(
            "must have one value, for all weights, or one for each of the {blocks} blocks (weights \
             and biases in their order); it has {}",
            list.len()
        );
        (key, problem)
    })
}

/// The value for each block of a model: the only one for all weights, with another for biases, or
/// one for each.
///
/// # Panics
/// Where [`list_problem`] finds something wrong.
pub(super) fn of_blocks<T: Copy>(list: &[T], of_biases: T, layout: &Layout) -> Vec<T> {
    if let Some((_, problem)) = list_problem("", list, layout) {
        panic!("a list {problem}");
    }
    match *list {
        [one] => {
            let of_role = |role| if role == Role::Weight { one } else { of_biases };
            layout.blocks().iter().map(|block| of_role(block.role)).collect()
        }
        _ => list.to_vec(),
    }
}
