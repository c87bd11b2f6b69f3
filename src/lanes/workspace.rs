//! Buffers that are used again and again, so that a training step allocates nothing.

use crate::linalg::Real;

/// Reusable buffers.
#[derive(Debug)]
pub struct Workspace<R> {
    buffers: Vec<Vec<R>>,
    /// For what is called while buffers of this one are held.
    rest: Option<Box<Workspace<R>>>,
}

impl<R: Real> Workspace<R> {
    /// No buffers yet; they are made, and grow, on use.
    pub fn new() -> Self {
        Self { buffers: Vec::new(), rest: None }
    }

    /// How many numbers its buffers have room for.
    #[cfg(test)]
    pub(crate) fn entries(&self) -> usize {
        let rest = self.rest.as_ref().map_or(0, |rest| rest.entries());
        self.buffers.iter().map(Vec::len).sum::<usize>() + rest
    }

    /// Disjoint buffers of the given lengths. Their contents are unspecified.
    pub fn take<const N: usize>(&mut self, lengths: [usize; N]) -> [&mut [R]; N] {
        lend(&mut self.buffers, lengths)
    }

    /// The same, with another workspace for what is called while they are held.
    pub fn take_and_rest<const N: usize>(
        &mut self,
        lengths: [usize; N],
    ) -> ([&mut [R]; N], &mut Self) {
        let rest = self.rest.get_or_insert_with(|| Box::new(Self::new()));
        (lend(&mut self.buffers, lengths), rest)
    }
}

impl<R: Real> Default for Workspace<R> {
    fn default() -> Self {
        Self::new()
    }
}

fn lend<R: Real, const N: usize>(buffers: &mut Vec<Vec<R>>, lengths: [usize; N]) -> [&mut [R]; N] {
    if buffers.len() < N {
        buffers.resize_with(N, Vec::new);
    }
    for (buffer, &length) in buffers.iter_mut().zip(&lengths) {
        if buffer.len() < length {
            buffer.resize(length, R::zero());
        }
    }
    let mut buffers = buffers.iter_mut();
    lengths.map(|length| {
        let buffer = buffers.next().expect("at least N buffers were made above");
        &mut buffer[..length]
    })
}
