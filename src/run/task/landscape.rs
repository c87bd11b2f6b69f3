//! The loss of a two-parameter objective on a grid around its minimizer, for contour plots.

use ndarray::Array1;

use crate::data::Split;
use crate::lanes::{Lanes, Workspace};
use crate::linalg::{Real, from_f64, to_f64};
use crate::record::LandscapeRow;
use crate::trial::Problem;

/// Points along each axis.
const POINTS: usize = 161;
/// Rows of the table.
pub(in crate::run) const ROWS: usize = POINTS * POINTS;
/// Half the grid's width over the distance from the start to the minimizer: paths may overshoot.
const REACH: f64 = 1.6;

/// No rows when the objective does not have two parameters or its minimizer is not known.
pub(super) fn rows<R: Real>(problem: &Problem<R>, trial: usize) -> Vec<LandscapeRow> {
    let objective = &*problem.objective;
    let Some(minimizer) = objective.minimizer() else { return Vec::new() };
    if minimizer.len() != 2 {
        return Vec::new();
    }
    let center = minimizer.mapv(to_f64);
    let offset = problem.start.mapv(to_f64) - &center;
    let reach = REACH * offset.dot(&offset).sqrt();
    let axis =
        |center: f64, i: usize| center + reach * (2.0 * i as f64 / (POINTS - 1) as f64 - 1.0);
    let mut workspace = Workspace::new();
    let mut theta = Lanes::<R>::zeros(objective.layout(), POINTS);
    let mut rows = Vec::with_capacity(ROWS);
    for j in 0..POINTS {
        let y = axis(center[1], j);
        for i in 0..POINTS {
            let point = Array1::from_vec(vec![from_f64(axis(center[0], i)), from_f64(y)]);
            theta.set_lane(i, point.view());
        }
        let losses =
            objective.evaluate(&theta, Split::Training, &mut workspace).unwrap_or_default();
        rows.extend(losses.iter().enumerate().map(|(i, metrics)| LandscapeRow {
            trial,
            x: axis(center[0], i),
            y,
            loss: metrics.loss,
        }));
    }
    rows
}
