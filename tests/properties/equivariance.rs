//! Methods that do not see the rotations that they should not see: trained on W ↦ Q_L W Q_Rᵀ they take
//! the same steps, turned.

use egop::basis::Part;
use egop::data::{gaussian_vector, orthonormal};
use egop::objective::{Composite, LogSumExp};
use egop::optimizer::{
    Adam, EpsPlacement, FullAdagrad, GaLore, Momentum, Muon, Shampoo, Sides, Soap, Spec,
    VectorAdam, Vectors,
};
use egop::rng::Streams;
use egop::trial::Problem;
use ndarray::{Array2, linalg::kron};

use crate::bases::{separation, trained};

/// Parameters are read as 5 × 4 matrices.
const SHAPE: (usize, usize) = (5, 4);

fn problem(trial: usize) -> Problem<f64> {
    let streams = Streams::new(12, trial);
    let mut rng = streams.rng("equivariance");
    let size = SHAPE.0 * SHAPE.1;
    let entries = gaussian_vector(30 * size, &mut rng) / (size as f64).sqrt();
    let a = Array2::from_shape_vec((30, size), entries.to_vec()).unwrap();
    let y = a.dot(&gaussian_vector(size, &mut rng));
    let start = gaussian_vector(size, &mut rng);
    let objective = Box::new(Composite::new(a.view(), LogSumExp::new(&y)));
    Problem { objective, start, streams }
}

/// What θ is turned by.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Rotation {
    Left,
    Right,
    Both,
    /// Any of all 20 parameters.
    Any,
}

use Rotation::{Any, Both, Left, Right};

impl Rotation {
    fn matrix(self, trial: usize) -> Array2<f64> {
        let random =
            |size, purpose| orthonormal(size, size, &mut Streams::new(13, trial).rng(purpose));
        let (left, right) = (random(SHAPE.0, "left"), random(SHAPE.1, "right"));
        match self {
            Left => kron(&left, &Array2::eye(SHAPE.1)),
            Right => kron(&Array2::eye(SHAPE.0), &right),
            Both => kron(&left, &right),
            Any => random(SHAPE.0 * SHAPE.1, "any"),
        }
    }
}

/// How far 50 steps are apart, relative to the distance travelled, at worst of three problems.
fn apart(spec: &dyn Spec, rotation: Rotation, rate: f64) -> f64 {
    let of = |trial| {
        let problem = problem(trial);
        let turned = [Part::orthonormal(0..1, rotation.matrix(trial))];
        let [here, there] = [&[][..], &turned].map(|parts| trained(&problem, parts, spec, rate));
        assert!(here.iter().all(|run| run.trajectory.len() == 51), "{spec:?}");
        separation(&here, &there)
    };
    (0..3).map(of).fold(0.0, f64::max)
}

/// A method, the rotations that it does not see, and others.
type Case = (Box<dyn Spec>, &'static [Rotation], &'static [Rotation]);

fn cases() -> Vec<Case> {
    let shape = Some(SHAPE);
    let vectors = |vectors| VectorAdam { vectors: vec![vectors], shape, ..VectorAdam::default() };
    // ε as in the comparison with reference trajectories: the first step sees the gradient that the
    // basis was made of, whose other entries are rounding there.
    let soap =
        |sides, refresh| Soap { sides: vec![sides], refresh, eps: 1e-4, shape, ..Soap::default() };
    let shampoo = Shampoo { eps: 1e-4, shape, ..Shampoo::default() };
    // Signs of singular vectors matter only where they change.
    let galore = GaLore { ranks: vec![2], shape, ..GaLore::default() };
    let full = |eps, eps_placement| FullAdagrad { whole: true, eps, eps_placement };
    vec![
        (Box::new(Momentum::default()), &[Left, Right, Both, Any], &[]),
        (Box::new(Adam::default()), &[], &[Left, Right, Both, Any]),
        (Box::new(full(1e-2, EpsPlacement::Inside)), &[Left, Right, Both, Any], &[]),
        (Box::new(full(0.1, EpsPlacement::Outside)), &[Left, Right, Both, Any], &[]),
        (Box::new(vectors(Vectors::Rows)), &[Right], &[Left, Both, Any]),
        (Box::new(vectors(Vectors::Columns)), &[Left], &[Right, Both, Any]),
        (Box::new(vectors(Vectors::Whole)), &[Left, Right, Both, Any], &[]),
        (Box::new(vectors(Vectors::Entries)), &[], &[Left, Right, Both, Any]),
        (Box::new(shampoo), &[Left, Right, Both], &[Any]),
        (Box::new(Shampoo { beta1: 0.9, beta2: 0.999, ..shampoo }), &[Left, Right, Both], &[Any]),
        (Box::new(Shampoo { momentum: 0.9, ..shampoo }), &[Left, Right, Both], &[Any]),
        (Box::new(Shampoo { refresh: 5, ..shampoo }), &[Left, Right, Both], &[Any]),
        (Box::new(Shampoo { graft: true, ..shampoo }), &[], &[Left, Right, Both, Any]),
        (Box::new(soap(Sides::Both, 1)), &[Left, Right, Both], &[Any]),
        (Box::new(soap(Sides::Both, 10)), &[Left, Right, Both], &[Any]),
        (Box::new(soap(Sides::Both, 0)), &[Left, Right, Both], &[Any]),
        (Box::new(soap(Sides::Right, 2)), &[Right], &[Left, Both, Any]),
        (Box::new(Muon { shape, ..Muon::default() }), &[Left, Right, Both], &[Any]),
        (Box::new(galore), &[Right], &[Left, Both, Any]),
    ]
}

#[test]
fn methods_see_the_rotations_that_they_should_and_no_others() {
    for (spec, unseen, seen) in cases() {
        let what = |rotation, apart| format!("{spec:?}, {rotation:?}: {apart:e}");
        for &rotation in unseen {
            // 50 steps of roundings of decompositions, at a stable rate.
            let apart = apart(&*spec, rotation, 0.02);
            assert!(apart <= 1e-10, "{}", what(rotation, apart));
        }
        for &rotation in seen {
            let apart = apart(&*spec, rotation, 0.02);
            assert!(apart >= 1e-3, "{}", what(rotation, apart));
        }
    }
}
