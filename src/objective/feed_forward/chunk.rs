//! The examples of a batch, a fixed number at a time.

use std::ops::Range;

use ndarray::ArrayView2;

use super::matrix;
use crate::data::{Examples, Targets};
use crate::linalg::{Real, fetch};
use crate::objective::Batch;

/// Examples in a chunk. Fixed, so that the order of summation depends on nothing else.
pub(super) const CHUNK: usize = 512;
/// Rows between the one that is copied and that whose memory is asked for.
const AHEAD: usize = 8;
/// Numbers that are asked for, of as many as [`PART`]: the processor foresees what comes after them.
const ASKED: usize = 64;
const PART: usize = 400;

/// Some examples that pass through the network together.
pub(super) struct Chunk<'a, R> {
    /// Number of examples.
    pub size: usize,
    /// Examples × features.
    pub inputs: ArrayView2<'a, R>,
    pub targets: ChunkTargets<'a, R>,
}

pub(super) enum ChunkTargets<'a, R> {
    Labels(&'a [usize]),
    /// Outputs × examples.
    Vectors(&'a [R]),
}

impl<'a, R: Real> Chunk<'a, R> {
    /// Examples number `range` of a batch, in the given buffers where they have to be copied.
    pub fn gather(
        examples: &'a Examples<R>,
        batch: Batch<'_>,
        range: Range<usize>,
        inputs: &'a mut [R],
        targets: &'a mut [R],
        labels: &'a mut [usize; CHUNK],
    ) -> Self {
        let size = range.len();
        let features = examples.inputs().ncols();
        let all = examples.all_inputs();
        let entries = match batch {
            Batch::Full => &all[range.start * features..range.end * features],
            Batch::Rows(rows) => {
                let row = |row: usize| &all[row * features..(row + 1) * features];
                let rows = &rows[range.clone()];
                let pairs = inputs.chunks_exact_mut(features).zip(rows);
                for (index, (to, &from)) in pairs.enumerate() {
                    let soon = rows.get(index + AHEAD).map_or(&[][..], |&soon| row(soon));
                    soon.chunks(PART).for_each(|part| fetch(&part[..part.len().min(ASKED)]));
                    to.copy_from_slice(row(from));
                }
                &inputs[..size * features]
            }
        };
        let rows = range.map(|index| batch.row(index));
        let targets = match examples.targets() {
            Targets::Classes { labels: all, .. } => {
                labels.iter_mut().zip(rows).for_each(|(to, row)| *to = all[row]);
                ChunkTargets::Labels(&labels[..size])
            }
            Targets::Vectors(vectors) => {
                for (example, row) in rows.enumerate() {
                    for (output, &entry) in vectors.row(row).iter().enumerate() {
                        targets[output * size + example] = entry;
                    }
                }
                ChunkTargets::Vectors(&targets[..size * vectors.ncols()])
            }
        };
        Self { size, inputs: matrix(entries, size, features), targets }
    }
}
