//! What products take, counted where they are made: tests compare it with the model.

use std::cell::Cell;

thread_local! {
    static OPERATIONS: Cell<u64> = const { Cell::new(0) };
    static DECOMPOSITIONS: Cell<f64> = const { Cell::new(0.0) };
}

/// Adds a decomposition, of so many operations by the formulas of `flops`.
pub(super) fn decomposition(operations: f64) {
    DECOMPOSITIONS.set(DECOMPOSITIONS.get() + operations);
}

/// The floating-point operations of the decompositions that a piece of work makes on this thread.
pub(crate) fn decompositions_during(work: impl FnOnce()) -> f64 {
    let before = DECOMPOSITIONS.get();
    work();
    DECOMPOSITIONS.get() - before
}

/// Counts a product of m × k by k × n: a multiplication and an addition for each term, zeros among
/// them; what a back end pads it with aside.
pub(super) fn add(m: usize, k: usize, n: usize) {
    OPERATIONS.set(OPERATIONS.get() + 2 * (m * k * n) as u64);
}

/// Counts the lower triangle of a product of n × k by k × n.
pub(super) fn add_lower(n: usize, k: usize) {
    OPERATIONS.set(OPERATIONS.get() + (n * (n + 1) * k) as u64);
}

/// The floating-point operations of the products that a piece of work makes on this thread.
pub(crate) fn during(work: impl FnOnce()) -> u64 {
    let before = OPERATIONS.get();
    work();
    OPERATIONS.get() - before
}
