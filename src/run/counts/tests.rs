use std::sync::Arc;

use ndarray::Array2;
use proptest::prelude::*;

use super::*;
use crate::basis::{self, EgopBasis, Material, Scope};
use crate::coordinates::{
    self, Auxiliary, Change, Coordinates, Dense, Form, Forms, Kronecker, LinearMap, Reduced,
    Reflector,
};
use crate::data::{self, Decay};
use crate::egop::Gram;
use crate::gradients::Statistic;
use crate::lanes::{Lanes, Layout, Workspace};
use crate::linalg::counted;
use crate::minibatch::Order;
use crate::objective::{
    Absorbs, Batch, Build, Context, Images, LeastSquaresSpec, LinearNetSpec, LogSumExpSpec,
    LogisticSpec, MatrixSpec, Objective, RegressionSpec, ReluNetSpec, Spec,
};
use crate::rng::Streams;

/// The model is about products; what there is of others may be this share of them.
const TOLERANCE: f64 = 0.02;

pub(super) fn check(counted: u64, model: f64, what: &str) {
    let error = (counted as f64 - model).abs();
    assert!(model > 0.0 && error <= TOLERANCE * model, "{what}: {counted} counted, {model} said");
}

pub(super) fn matrix(rows: usize, columns: usize) -> MatrixSpec {
    MatrixSpec::new(rows, columns, Decay::Power { exponent: 0.5 })
}

fn objectives() -> Vec<Box<dyn Spec>> {
    let digits =
        |hidden: &[usize]| ReluNetSpec::new(Images::Digits { split_seed: 0 }, hidden.to_vec());
    let linear = |widths: &[usize]| LinearNetSpec {
        widths: widths.to_vec(),
        rows: [700, 70, 60],
        decay: Decay::Power { exponent: 1.0 },
    };
    let regression = |rows, columns| RegressionSpec { matrix: matrix(rows, columns), noise: 0.0 };
    vec![
        Box::new(digits(&[32])),
        Box::new(digits(&[20, 15, 12])),
        Box::new(linear(&[10, 50, 30, 10])),
        Box::new(linear(&[6, 4])),
        Box::new(LeastSquaresSpec(regression(40, 9))),
        Box::new(LeastSquaresSpec(regression(9, 40))),
        Box::new(LogSumExpSpec(regression(60, 7))),
        Box::new(LogisticSpec(matrix(200, 5))),
    ]
}

pub(super) fn built(spec: &dyn Spec) -> Box<dyn Objective<f64>> {
    let context = Context { streams: Streams::new(5, 0), data_dir: None };
    Build::<f64>::build(spec, &context).unwrap()
}

/// V on all parameters.
fn rotated(layout: &Layout) -> Coordinates<f64> {
    let size = layout.dimension();
    let vectors = data::orthonormal(size, size, &mut Streams::new(6, 0).rng("rotation"));
    let map: Arc<dyn LinearMap<f64>> = Arc::new(Dense::new(vectors.view()));
    Coordinates::new(layout, [(0..layout.blocks().len(), map)])
}

#[test]
fn a_gradient_makes_the_products_that_the_model_has() {
    const LANES: usize = 3;
    for spec in objectives() {
        let objective = built(&*spec);
        let theta = Lanes::<f64>::zeros(objective.layout(), LANES);
        let mut gradient = theta.clone();
        let mut products = |batch: Batch<'_>| {
            let (values, workspace) = (&mut [0.0; LANES], &mut Workspace::new());
            counted::during(|| {
                objective.value_and_gradient(&theta, batch, values, &mut gradient, workspace);
            })
        };
        let what = format!("{spec:?}");
        check(products(Batch::Full), LANES as f64 * spec.gradient_flops(None), &what);
        let Some(examples) = spec.examples() else { continue };
        for size in [1, 37, 300, examples] {
            let rows: Vec<usize> = (0..size).collect();
            let model = LANES as f64 * spec.gradient_flops(Some(size));
            check(products(Batch::Rows(&rows)), model, &what);
        }
    }
}

#[test]
fn a_dense_map_makes_the_products_that_the_model_has() {
    const LANES: usize = 5;
    for sizes in [[7, 1], [30, 11], [64, 40]] {
        let weight =
            |name: &str, size| (name.into(), (size, 1), crate::lanes::Role::Weight, (size, 1));
        let layout = Layout::new([weight("a", sizes[0]), weight("b", sizes[1])]);
        let coordinates = rotated(&layout);
        let z = Lanes::<f64>::zeros(coordinates.trained(), LANES);
        let (mut theta, mut back) = (Lanes::zeros(&layout, LANES), z.clone());
        let workspace = &mut Workspace::new();
        let counted = counted::during(|| {
            coordinates.to_original(&z, &mut theta, workspace);
            coordinates.pull_back(&theta, &mut back, workspace);
        });
        check(counted, LANES as f64 * coordinates.cost().flops, "V there and back");
        let cost = basis::Spec::cost(&EgopBasis::new(Scope::Global), &layout, 1);
        assert_eq!(coordinates.cost(), cost, "what is planned with");
    }
}

#[test]
fn maps_that_scale_make_the_products_that_the_model_has() {
    const LANES: usize = 5;
    let mut rng = Streams::new(3, 0).rng("data");
    let mut square = |size| Some(data::orthonormal(size, size, &mut rng).into());
    let kronecker = |outputs, inputs| Kronecker { shape: (30, 40), outputs, inputs };
    let products = vec![
        kronecker(square(30), square(40)),
        kronecker(None, square(40)),
        kronecker(square(30), None),
    ];
    let vectors: ndarray::ArcArray2<f64> = data::orthonormal(1200, 70, &mut rng).into();
    let reflector = Reflector::new(vectors.view()).unwrap();
    let mut forms: Vec<(&dyn Form, Cost)> = vec![(&reflector, Reflector::cost(1200, 70))];
    for product in &products {
        let sides = (product.outputs.is_some(), product.inputs.is_some());
        forms.push((product, Kronecker::cost(product.shape, sides.0, sides.1)));
    }
    let auxiliary = Auxiliary { vectors: vectors.clone() };
    let reduced = Reduced { vectors };
    forms.push((&auxiliary, Auxiliary::cost(1200, 70)));
    forms.push((&reduced, Reduced::cost(1200, 70)));
    for (form, planned) in forms {
        let map: Arc<dyn LinearMap<f64>> = coordinates::Build::build(form);
        assert_eq!(map.cost(), planned, "what is planned with");
        let z = Array2::zeros((LANES, map.trained()));
        let (mut theta, mut back) = (Array2::zeros((LANES, map.original())), z.clone());
        let workspace = &mut Workspace::new();
        let counted = counted::during(|| {
            map.to_original(z.view(), theta.view_mut(), workspace);
            map.pull_back(theta.view(), back.view_mut(), workspace);
        });
        check(counted, LANES as f64 * planned.flops, &format!("{form:?}")[..20]);
    }
}

#[test]
fn squares_that_change_make_the_products_that_the_model_has() {
    let mut rng = Streams::new(3, 0).rng("data");
    let mut random = |rows, columns| data::orthonormal(rows, columns, &mut rng);
    let mut reflector =
        || -> Arc<dyn Form> { Arc::new(Reflector::new(random(1200, 70).view()).unwrap()) };
    let reflectors = [reflector(), reflector()];
    let mut side = |size| Some(random(size, size).into());
    let mut kronecker = || -> Arc<dyn Form> {
        Arc::new(Kronecker { shape: (30, 40), outputs: side(30), inputs: side(40) })
    };
    let products = [kronecker(), kronecker()];
    for (forms, planned) in [
        (reflectors, Reflector::squares_flops(1200, 70)),
        (products, Kronecker::squares_flops((30, 40), true, true)),
    ] {
        let layout = Layout::vector(1200);
        let [from, to] = forms.map(|form| -> Forms { vec![(0..1, form)] });
        let coordinates = |forms: &Forms| {
            let maps = forms
                .iter()
                .map(|(blocks, form)| (blocks.clone(), coordinates::Build::<f64>::build(&**form)));
            Coordinates::new(&layout, maps)
        };
        let change = Change::new((&coordinates(&from), &from), (&coordinates(&to), &to));
        let mut squares = Lanes::filled(&layout, 1, 1.0);
        check(counted::during(|| change.squares(&mut squares)), planned, "B∘B");
    }
}

#[test]
fn inputs_are_rotated_once() {
    for spec in objectives().iter().filter(|spec| spec.absorbs() == Absorbs::Inputs) {
        let shape = spec.layout().blocks()[0].matrix();
        let inputs = data::orthonormal(shape.1, shape.1, &mut Streams::new(3, 0).rng("data"));
        let map = Kronecker { shape, outputs: None, inputs: Some(inputs.into()) };
        let map: Arc<dyn LinearMap<f64>> = coordinates::Build::build(&map);
        let coordinates = Coordinates::new(&spec.layout(), [(0..1, map)]);
        let objective = built(&**spec);
        let counted = counted::during(|| drop(objective.absorb(&coordinates).unwrap()));
        let model = spec.absorbing_rows() as f64 * 2.0 * (shape.1 as f64).powi(2);
        check(counted, model, &format!("{spec:?}"));
    }
}

#[test]
fn an_absorbed_map_is_that_of_the_rows() {
    for spec in objectives().iter().filter(|spec| spec.absorbs() == Absorbs::Everything) {
        let (objective, coordinates) = (built(&**spec), rotated(&spec.layout()));
        let counted = counted::during(|| drop(objective.absorb(&coordinates).unwrap()));
        // The minimizer, which nobody trains with, is one row more.
        let rows = spec.absorbing_rows() + usize::from(objective.minimizer().is_some());
        let model = rows as f64 * coordinates.cost().flops / 2.0;
        check(counted, model, &format!("{spec:?}"));
    }
}

#[test]
fn a_gram_matrix_makes_the_products_that_the_model_has() {
    const SAMPLES: usize = 10;
    for size in [5, 256, 257, 700, 2048] {
        let gradients = Array2::zeros((SAMPLES, size + 3));
        let mut gram = Gram::new(2..2 + size);
        let counted = counted::during(|| {
            gram.add(gradients.view());
            gram.mean();
        });
        let layout = Layout::vector(size);
        let of = Material::gradients(SAMPLES);
        let preparation = basis::Spec::preparation(&EgopBasis::new(Scope::Global), &layout, of);
        check(counted, preparation.products, &format!("GᵀG of {size}"));
        // The square, but for half of the diagonal.
        let square = (size * size) as f64;
        let share = Gram::flops(size) / square;
        assert!((1.0..=1.0 + 256.0 / size.max(256) as f64).contains(&share), "{size}: {share}");
    }
}

proptest! {
    /// Updates in turn take what each of them takes.
    #[test]
    fn a_series_is_the_sum_of_its_minibatches(
        examples in 1_usize..200, size in 1_usize..200, count in 0_usize..100, rest in 0..1000,
    ) {
        let minibatches = Minibatches { examples, size: size.min(examples), order: Order::Fixed };
        let spec = ReluNetSpec::new(Images::Digits { split_seed: 0 }, vec![3]);
        let rest = f64::from(rest);
        let series = Series::of_gradients(&spec, Some(minibatches)).plus(rest);
        let pass: Vec<usize> = (0..examples).collect();
        let rows: Vec<usize> = minibatches.cut(&pass).map(<[_]>::len).collect();
        let one = |rows: &usize| spec.gradient_flops(Some(*rows)) + rest;
        let sum: f64 = rows.iter().cycle().take(count).map(one).sum();
        // Whole numbers below 2⁵³ have no rounding.
        prop_assert_eq!(series.flops(count as u64), sum);
    }
}
