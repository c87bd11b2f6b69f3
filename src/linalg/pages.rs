//! Memory that is read from front to back at every step.

use std::alloc::{Layout, handle_alloc_error};
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut, Range};
use std::sync::Arc;

use memmap2::MmapMut;
use pulp::bytemuck::{Pod, cast_slice, cast_slice_mut};

/// A slice on pages of its own, huge ones where the system has them: the processor looks up the
/// address of every page, which for pages of 4 KiB takes a tenth of the time of a product of a few
/// rows with a matrix of megabytes.
#[derive(Debug)]
pub struct Pages<R>(MmapMut, PhantomData<R>);

impl<R: Pod> Pages<R> {
    /// As many zeros.
    ///
    /// Ends the program when there is not the memory, as vectors do.
    pub fn zeros(count: usize) -> Self {
        let layout = Layout::array::<R>(count).expect("about as much as a matrix in memory takes");
        let pages = MmapMut::map_anon(layout.size()).unwrap_or_else(|_| handle_alloc_error(layout));
        // Without huge pages it is only slower.
        #[cfg(target_os = "linux")]
        pages.advise(memmap2::Advice::HugePage).unwrap_or_default();
        Self(pages, PhantomData)
    }

    /// Parts of so many numbers each, one after the other.
    pub fn divided(self, counts: impl IntoIterator<Item = usize>) -> Vec<Part<R>> {
        let (pages, mut end) = (Arc::new(self), 0);
        let part = |count| {
            let start = end;
            end += count;
            Part { pages: Arc::clone(&pages), range: start..end }
        };
        counts.into_iter().map(part).collect()
    }
}

/// Some numbers of pages that stay while any of their parts does.
#[derive(Debug)]
pub struct Part<R> {
    pages: Arc<Pages<R>>,
    range: Range<usize>,
}

impl<R: Pod> Deref for Part<R> {
    type Target = [R];

    fn deref(&self) -> &[R] {
        &self.pages[self.range.clone()]
    }
}

impl<R: Pod> Deref for Pages<R> {
    type Target = [R];

    fn deref(&self) -> &[R] {
        cast_slice(&self.0)
    }
}

impl<R: Pod> DerefMut for Pages<R> {
    fn deref_mut(&mut self) -> &mut [R] {
        cast_slice_mut(&mut self.0)
    }
}
