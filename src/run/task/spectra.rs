//! Estimating an EGOP for its own sake: eigenvalues, eigenvectors and what they amount to.

use ndarray::{Array2, Axis};
use rayon::prelude::*;

use super::Rows;
use crate::egop::{
    Measure, Spectrum, SymmetricPart, Symmetry, egop, measured_subspaces, subspace_distance,
};
use crate::error::{Error, Result};
use crate::experiment::System;
use crate::gradients::{Gradients, Sampler};
use crate::objective::Context;
use crate::record::{EigenvectorRow, MeasureRow, SpectrumRow};
use crate::trial::{Control, Precision};

/// Trial, name of the coordinate system, name of the block.
pub(in crate::run) type Label<'a> = (usize, &'a str, &'a str);

/// The rows of an EGOP estimate.
///
/// # Errors
/// As for [`estimates`].
pub(in crate::run) fn rows<R: Precision>(
    system: &System<'_>,
    trial: usize,
    context: &Context,
    control: Control<'_>,
) -> Result<Rows> {
    let mut rows = Rows::default();
    for (block, estimate) in estimates::<R>(system, context, control)? {
        let label = (trial, system.name, &*block);
        rows.spectrum.extend(eigenvalues(label, &estimate.whole));
        rows.eigenvectors.extend(eigenvectors(label, &estimate.whole, system.eigenvectors));
        rows.measures.extend(estimate.measures(label)?);
    }
    Ok(rows)
}

/// Estimates the EGOP of each block, from all samples and from either half of them.
///
/// # Errors
/// When there are fewer than two samples; otherwise as for [`egop`].
pub(in crate::run) fn estimates<R: Precision>(
    system: &System<'_>,
    context: &Context,
    control: Control<'_>,
) -> Result<Vec<(String, SplitHalf)>> {
    let objective = R::objective(system.objective, context)?;
    let layout = objective.layout();
    let progress = |samples: usize| {
        control.advance(samples as u64);
        !control.interrupted()
    };
    let sampler = Sampler {
        objective: &*objective,
        distribution: system.distribution,
        start: None,
        sampling: system.sampling,
        // With samples in common, two spectra would agree better than two estimates do.
        streams: context.streams.branch(system.name),
        progress: &progress,
    };
    let samples = sampler.samples();
    if samples < 2 {
        return Err(Error::Numerical("two samples are needed, for two halves".into()));
    }
    let groups = system.basis.groups(layout);
    let ranges: Vec<_> = groups.iter().map(|group| layout.parameters(group)).collect();
    let middle = samples / 2;
    let first = egop(&sampler, 0..middle, &ranges)?;
    let second = egop(&sampler, middle..samples, &ranges)?;
    let share = middle as f64 / samples as f64;
    let halves = first.into_iter().zip(second);
    let hidden = system.objective.known().hidden_units;
    groups
        .iter()
        .zip(halves)
        .map(|(group, halves)| {
            let symmetry = hidden.then(|| Symmetry::of(layout, group));
            Ok((layout.group_name(group), SplitHalf::decompose(halves, share, symmetry.as_ref())?))
        })
        .collect()
}

/// The spectra of an estimate and of the estimates from either half of its samples.
pub(in crate::run) struct SplitHalf {
    pub whole: Spectrum,
    halves: [Spectrum; 2],
    /// The symmetric parts of the three, where there are hidden units.
    symmetric: Vec<SymmetricPart>,
}

impl SplitHalf {
    /// `share` is the first half's share of the samples.
    fn decompose(
        (first, second): (Array2<f64>, Array2<f64>),
        share: f64,
        symmetry: Option<&Symmetry>,
    ) -> Result<Self> {
        let whole = &first * share + &second * (1.0 - share);
        let parts = symmetry.map(|symmetry| {
            let estimates = [&whole, &first, &second].into_par_iter();
            estimates.map(|estimate| symmetry.part(estimate.view())).collect::<Result<Vec<_>>>()
        });
        let symmetric = parts.transpose()?.unwrap_or_default();
        let mut spectra = [whole, first, second]
            .into_par_iter()
            .map(Spectrum::of)
            .collect::<Result<Vec<_>>>()?
            .into_iter();
        let mut next = || spectra.next().expect("three matrices have three spectra");
        Ok(Self { whole: next(), halves: [next(), next()], symmetric })
    }

    /// The measures, with the interval that the halves span.
    fn measures(&self, (trial, coordinates, block): Label<'_>) -> Result<Vec<MeasureRow>> {
        let row = |measure: &Measure, [lower, upper]: [f64; 2]| MeasureRow {
            trial,
            coordinates: coordinates.into(),
            block: block.into(),
            measure: measure.name.into(),
            at: measure.at,
            value: measure.value,
            lower,
            upper,
        };
        let spectra = std::iter::once(&self.whole).chain(&self.halves);
        let mut all: Vec<Vec<Measure>> = spectra.map(Measure::all).collect();
        for (measures, part) in all.iter_mut().zip(&self.symmetric) {
            measures.extend(Measure::symmetric(part));
        }
        let (whole, halves) = all.split_first().expect("there are three spectra");
        let mut rows: Vec<MeasureRow> = whole
            .iter()
            .map(|measure| {
                let same = |other: &&Measure| (other.name, other.at) == (measure.name, measure.at);
                let halves = halves.iter().filter_map(|half| Some(half.iter().find(same)?.value));
                let interval = halves.fold([measure.value; 2], |[lower, upper], value| {
                    [lower.min(value), upper.max(value)]
                });
                row(measure, interval)
            })
            .collect();
        let [first, second] = self.halves.each_ref().map(|half| half.eigenvectors.view());
        for k in measured_subspaces(&self.whole) {
            let leading =
                |vectors: ndarray::ArrayView2<'_, f64>| vectors.split_at(Axis(1), k).0.to_owned();
            let value = subspace_distance(leading(first).view(), leading(second).view())?;
            let measure = Measure { name: "subspace-distance", at: Some(k as f64), value };
            rows.push(row(&measure, [value; 2]));
        }
        Ok(rows)
    }
}

/// Rows of `spectrum.csv`.
pub(in crate::run) fn eigenvalues(label: Label<'_>, spectrum: &Spectrum) -> Vec<SpectrumRow> {
    let (trial, coordinates, block) = label;
    let eigenvalues = spectrum.eigenvalues.iter().enumerate();
    eigenvalues
        .map(|(k, &eigenvalue)| SpectrumRow {
            trial,
            coordinates: coordinates.into(),
            block: block.into(),
            k: k + 1,
            eigenvalue,
            density: (k < spectrum.eigenvectors.ncols()).then(|| spectrum.density(k)),
        })
        .collect()
}

/// Rows of `eigenvectors.csv`.
fn eigenvectors(label: Label<'_>, spectrum: &Spectrum, kept: usize) -> Vec<EigenvectorRow> {
    let (trial, coordinates, block) = label;
    let vectors = spectrum.eigenvectors.columns().into_iter().take(kept).enumerate();
    vectors
        .flat_map(|(k, vector)| {
            let entries: Vec<f64> = vector.to_vec();
            entries.into_iter().enumerate().map(move |(parameter, entry)| EigenvectorRow {
                trial,
                coordinates: coordinates.into(),
                block: block.into(),
                k: k + 1,
                parameter,
                entry,
            })
        })
        .collect()
}
