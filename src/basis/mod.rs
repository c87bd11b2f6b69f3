//! Bases: orthonormal changes of variables θ = V θ̃ (paper, section 2).

use crate::lanes::Lanes;
use crate::linalg::Real;
use crate::objective::Scratch;

/// An orthonormal change of variables θ = V θ̃.
pub trait Basis<R: Real>: Send + Sync {
    /// θ = V θ̃ for each lane.
    fn to_original(
        &self,
        reparameterized: &Lanes<R>,
        original: &mut Lanes<R>,
        scratch: &mut Scratch<R>,
    );

    /// θ̃ = Vᵀ θ for each lane; the same map takes gradients to reparameterized coordinates.
    fn to_reparameterized(
        &self,
        original: &Lanes<R>,
        reparameterized: &mut Lanes<R>,
        scratch: &mut Scratch<R>,
    );
}
