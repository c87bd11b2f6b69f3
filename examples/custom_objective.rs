//! A function of one's own, minimized by Adam in original coordinates and in the EGOP's eigenbasis:
//! cargo run --release --example custom_objective

use egop::basis::{EgopBasis, Scope};
use egop::gradients::{Counted, Samples, Sampling};
use egop::objective::{PerLane, PointObjective};
use egop::trial::{Control, Problem, Training};
use egop::{Result, distribution::Distribution, optimizer::Adam, rng::Streams};

/// f(θ) = log cosh Σ_i (θ_i − 1) + ‖θ − 1‖²/200: steep along the diagonal, flat across it.
struct Valley;

impl PointObjective for Valley {
    fn dimension(&self) -> usize {
        50
    }

    fn value_and_gradient(&self, theta: &[f64], gradient: &mut [f64]) -> f64 {
        let sum: f64 = theta.iter().map(|x| x - 1.0).sum();
        for (slope, x) in gradient.iter_mut().zip(theta) {
            *slope = sum.tanh() + (x - 1.0) / 100.0;
        }
        sum.cosh().ln() + theta.iter().map(|x| (x - 1.0).powi(2)).sum::<f64>() / 200.0
    }
}

fn main() -> Result<()> {
    let rho = Distribution::Gaussian { scale: 1.0 };
    let problem = Problem::<f64>::new(PerLane::new(Valley), rho, Streams::new(1, 0));
    let sampling = Sampling { samples: Samples::PerParameter(2.0, Counted::All), minibatch: None };
    let egop = problem.parts(&EgopBasis::new(Scope::Global), rho, sampling, Control::none())?;
    for (coordinates, parts) in [("original", &[][..]), ("reparameterized", &egop)] {
        let run = problem.minimize(parts, &Adam::default(), 0.1, &Training::full_batch(300))?;
        println!("{coordinates}: loss {:.2e}", run.ends.1.train_loss);
    }
    Ok(())
}
