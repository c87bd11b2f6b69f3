//! Trials: one random instance of a problem, on which all runs train side by side as lanes.

mod control;
mod levels;
mod problem;
mod reparameterized;
mod thinning;
mod tracker;
mod train;
mod training;

pub use control::Control;
pub use problem::{Precision, Problem, Start};
pub use thinning::CurvePoints;
pub use tracker::{CurvePoint, GradientNorms, Iterate, Outcome};
pub use train::{Method, Recording, train};
pub use training::Training;
