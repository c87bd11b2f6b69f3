//! egop-run with a function of one's own: sweep, verdicts, figures and report without a fork.
//! cargo run --release --example own_objective -- examples/own_objective.toml --out results/valley

use std::process::ExitCode;

use egop::cli::{self, RunArgs};
use egop::config::{Allowed, Entry, Reader, key};
use egop::objective::{self, PerLane, PointObjective, PointSpec, Spec};

/// f(θ) = log cosh Σ_i (θ_i − 1) + c ‖θ − 1‖²/2: steep along the diagonal, flat across it.
#[derive(Clone, Debug)]
struct Valley {
    dimension: usize,
    curvature: f64,
}

impl PointObjective for Valley {
    fn dimension(&self) -> usize {
        self.dimension
    }

    fn value_and_gradient(&self, theta: &[f64], gradient: &mut [f64]) -> f64 {
        let sum: f64 = theta.iter().map(|x| x - 1.0).sum();
        for (slope, x) in gradient.iter_mut().zip(theta) {
            *slope = sum.tanh() + self.curvature * (x - 1.0);
        }
        let squares: f64 = theta.iter().map(|x| (x - 1.0).powi(2)).sum();
        sum.cosh().ln() + self.curvature * squares / 2.0
    }

    fn minimum(&self) -> Option<f64> {
        Some(0.0)
    }
}

/// What `kind = "valley"` reads.
fn read(reader: &mut Reader<'_>) -> Option<Box<dyn Spec>> {
    let dimension = reader.count(key("dimension", "number of parameters"), 1..=1000);
    let curvature = key("curvature", "c, how steep the valley's floor is");
    let curvature = reader.number_or(curvature, 0.01, Allowed::at_least(0.0));
    Some(Box::new(PointSpec(Valley { dimension: dimension?, curvature: curvature? })))
}

fn main() -> ExitCode {
    let valley = PerLane::new(Valley { dimension: 5, curvature: 0.01 });
    let theta = ndarray::arr1(&[0.3, -0.2, 1.5, 0.0, 0.7]);
    assert!(objective::check_gradient(&valley, theta.view(), 1e-5) < 1e-7, "the gradient is wrong");
    objective::add(Entry { name: "valley", summary: "a valley along the diagonal", read });
    cli::run(&RunArgs::of_this_program())
}
