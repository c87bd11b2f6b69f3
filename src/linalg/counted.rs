//! What products take, counted where they are made: tests compare it with the model.

use std::cell::Cell;

thread_local! {
    static OPERATIONS: Cell<u64> = const { Cell::new(0) };
}

/// Counts a product of m × k by k × n: a multiplication and an addition for each term, what a back
/// end pads it with aside.
pub(super) fn add(m: usize, k: usize, n: usize) {
    OPERATIONS.set(OPERATIONS.get() + 2 * (m * k * n) as u64);
}

/// The floating-point operations of the products that a piece of work makes on this thread.
pub(crate) fn during(work: impl FnOnce()) -> u64 {
    let before = OPERATIONS.get();
    work();
    OPERATIONS.get() - before
}
