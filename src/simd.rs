//! Loops compiled for the vector instructions that the machine has, found at run time.

/// Runs a loop with the widest vector instructions of this machine. The results are those of the
/// plain loop: rounding does not depend on the width.
///
/// Only what is inlined into `work` is compiled so.
#[inline(always)]
pub(crate) fn vectorized<T>(work: impl FnOnce() -> T) -> T {
    pulp::Arch::new().dispatch(work)
}
