//! Trials: one random instance of a problem, on which all runs train side by side as lanes.

mod control;
mod engine;
mod following;
mod levels;
mod problem;
mod reestimation;
mod reparameterized;
mod thinning;
mod tracker;
mod train;
mod training;
mod window;

pub use control::Control;
pub use following::Follow;
pub use problem::{Precision, Problem, Start};
pub use reestimation::{Origin, Reestimation, State};
pub use thinning::CurvePoints;
pub use tracker::{CurvePoint, GradientNorms, Iterate, Outcome};
pub use train::{train, train_following};
pub use training::{Method, Recording, Training};
