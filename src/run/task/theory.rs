//! The quantities of the paper's Theorem 3 for a change of variables.

use super::spectra::Label;
use crate::egop::Spectrum;
use crate::linalg::Real;
use crate::objective::Objective;
use crate::record::TheoryRow;
use crate::theory::{SmoothnessBounds, reparameterized};

/// What is known before anything is trained.
pub(in crate::run) fn row<R: Real>(
    (trial, coordinates, block): Label<'_>,
    spectrum: &Spectrum,
    objective: &dyn Objective<R>,
) -> TheoryRow {
    let (parameters, vectors) = spectrum.eigenvectors.dim();
    let (stable_rank, density) = (spectrum.stable_rank(), spectrum.density(0));
    // A Hessian is about all parameters; so must the eigenvectors be, and all of them.
    let hessian = objective.hessian();
    let hessian = hessian.filter(|hessian| hessian.matrix.dim() == (parameters, vectors));
    let bounds = hessian.as_ref().map(|hessian| {
        let after = reparameterized(hessian.matrix.view(), spectrum.eigenvectors.view());
        [SmoothnessBounds::of(hessian.matrix.view()), SmoothnessBounds::of(after.view())]
    });
    TheoryRow {
        trial,
        coordinates: coordinates.into(),
        block: block.into(),
        parameters,
        rank: 0,
        solver: String::new(),
        stable_rank,
        density,
        predicted: stable_rank.map(|rank| density.powi(2) * parameters as f64 / rank),
        hessian: hessian.map_or_else(String::new, |hessian| hessian.place.into()),
        smoothness_lower: bounds.map(|[original, _]| original.lower),
        smoothness_upper: bounds.map(|[original, _]| original.upper),
        reparameterized_lower: bounds.map(|[_, after]| after.lower),
        reparameterized_upper: bounds.map(|[_, after]| after.upper),
        algorithm: String::new(),
        observed_same_rate: None,
        observed_own_rate: None,
        gradient_same_rate: None,
        gradient_own_rate: None,
    }
}
