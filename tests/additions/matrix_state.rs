//! An optimizer whose state is a matrix for each lane, which may have no decomposition: θ ← θ −
//! η (S + εI)^(−1/2) g with S ← S + g gᵀ.

use egop::coordinates::{Change, Coordinates, Orthonormal};
use egop::data;
use egop::distribution::Distribution;
use egop::lanes::{LanesView, LanesViewMut, Layout};
use egop::linalg::{Real, from_f64, symmetric_eigen, to_f64};
use egop::objective::{PerLane, PointObjective};
use egop::optimizer::{Build, Carry, LaneFailure, Optimizer, Spec};
use egop::record::Stop;
use egop::rng::Streams;
use egop::trial::{Control, Method, Outcome, Precision, Problem, Recording, Training, train};
use ndarray::{Array1, Array2, ArrayView1};

const EPS: f64 = 1e-6;

#[derive(Clone, Copy, Debug)]
struct FullMatrix {
    /// A lane fails in its step of this number if its rate is above 1.
    fails_in: u32,
}

struct State {
    sums: Vec<Array2<f64>>,
    step: u32,
    fails_in: u32,
}

impl Spec for FullMatrix {
    fn state_len(&self, layout: &Layout) -> usize {
        layout.dimension().pow(2)
    }

    fn step_flops(&self, layout: &Layout) -> f64 {
        9.0 * (layout.dimension() as f64).powi(3)
    }
}

impl<R: Real> Build<R> for FullMatrix {
    fn build(&self, layout: &Layout, lanes: usize) -> Box<dyn Optimizer<R>> {
        let sum = Array2::zeros((layout.dimension(), layout.dimension()));
        Box::new(State { sums: vec![sum; lanes], step: 0, fails_in: self.fails_in })
    }
}

impl<R: Real> Optimizer<R> for State {
    fn step(
        &mut self,
        mut theta: LanesViewMut<'_, R>,
        gradient: LanesView<'_, R>,
        rates: &[R],
    ) -> Result<(), LaneFailure> {
        self.step += 1;
        let mut failed = Vec::new();
        for (lane, (sum, &rate)) in self.sums.iter_mut().zip(rates).enumerate() {
            if self.step == self.fails_in && to_f64(rate) > 1.0 {
                failed.push(lane);
                continue;
            }
            let g: Array1<f64> = gradient.block(0).row(lane).mapv(to_f64);
            *sum += &outer(g.view(), g.view());
            let (values, vectors) = symmetric_eigen(sum.clone()).expect("sums of finite numbers");
            let scaled = vectors.t().dot(&g) / (values + EPS).mapv(f64::sqrt);
            let step = vectors.dot(&scaled).mapv(|x| rate * from_f64::<R>(x));
            let mut block = theta.block_mut(0);
            let mut row = block.row_mut(lane);
            row -= &step;
        }
        let message = "no decomposition".into();
        if failed.is_empty() { Ok(()) } else { Err(LaneFailure { lanes: failed, message }) }
    }

    fn retain(&mut self, lanes: &[usize]) {
        self.sums = lanes.iter().map(|&lane| self.sums[lane].clone()).collect();
    }

    fn change_coordinates(&mut self, _: &Change<R>, _: Carry<'_, R>) {
        unreachable!("nothing here changes coordinates while it trains")
    }
}

fn outer(a: ArrayView1<'_, f64>, b: ArrayView1<'_, f64>) -> Array2<f64> {
    Array2::from_shape_fn((a.len(), b.len()), |(i, j)| a[i] * b[j])
}

/// Σ i θ_i²/2.
struct Quadratic;

impl PointObjective for Quadratic {
    fn dimension(&self) -> usize {
        5
    }

    fn value_and_gradient(&self, theta: &[f64], gradient: &mut [f64]) -> f64 {
        let weights = (1..).map(f64::from);
        let terms = theta.iter().zip(gradient).zip(weights).map(|((x, g), weight)| {
            *g = weight * x;
            weight * x * x / 2.0
        });
        terms.sum()
    }
}

fn runs<R: Precision>(rates: &[f64], rotated: bool, fails_in: u32) -> Vec<Outcome> {
    let rho = Distribution::Gaussian { scale: 1.0 };
    let problem = Problem::<R>::new(PerLane::new(Quadratic), rho, Streams::new(1, 0));
    let rotation = rotated.then(|| {
        let v = data::orthonormal(5, 5, &mut Streams::new(1, 0).rng("rotation"));
        (0..1, R::linear_map(&Orthonormal(v.into())))
    });
    let coordinates = Coordinates::new(problem.objective.layout(), rotation);
    let optimizer = FullMatrix { fails_in };
    let methods = [Method { optimizer: &optimizer, learning_rates: rates }];
    let training = Training { gradient_tolerance: 0.0, ..Training::full_batch(40) };
    let recording = Recording::Trajectory;
    train(&problem, &coordinates, &methods, &training, recording, Control::none()).unwrap()
}

#[test]
fn it_minimizes_and_does_not_see_rotations() {
    let [original, rotated] = [false, true].map(|rotated| runs::<f64>(&[0.5], rotated, 0));
    assert!(original[0].ends.1.train_loss < 0.1 * original[0].ends.0.train_loss);
    for (a, b) in original[0].trajectory.iter().zip(&rotated[0].trajectory) {
        // Equivariant under every rotation; decompositions are to 1e-13, and there are 40 steps.
        assert!((&a.theta - &b.theta).iter().all(|error| error.abs() < 1e-9));
    }
    assert_eq!(runs::<f32>(&[0.5], true, 0)[0].stop, Stop::Budget);
}

#[test]
fn a_lane_that_fails_ends_alone() {
    let together = runs::<f64>(&[0.3, 2.0, 0.6], false, 7);
    let stops: Vec<_> = together.iter().map(|run| (run.stop, run.steps)).collect();
    assert_eq!(stops, [(Stop::Budget, 40), (Stop::Failed, 7), (Stop::Budget, 40)]);
    let alone = runs::<f64>(&[0.3, 0.6], false, 7);
    assert_eq!(together[0], alone[0]);
    assert_eq!(together[2], alone[1]);
}
