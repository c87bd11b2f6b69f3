//! Linear maps that scale: as their formulas say, whatever lanes they are applied to.

use std::sync::Arc;

use egop::coordinates::{
    Auxiliary, Form, Frozen, Kronecker, LinearMap, Orthonormal, Reduced, Reflector,
};
use egop::data::{gaussian_vector, orthonormal};
use egop::lanes::Workspace;
use egop::linalg::{Real, from_f64, orthonormality_defect, to_f64};
use egop::rng::Streams;
use egop::trial::Precision;
use ndarray::{Array1, Array2, ArrayView2, Axis, concatenate};
use proptest::prelude::*;

/// A map with the matrix J that it must be, and its name.
pub struct Case {
    pub name: &'static str,
    pub form: Arc<dyn Form>,
    pub matrix: Array2<f64>,
}

/// A ⊗ B.
pub fn kronecker(a: ArrayView2<'_, f64>, b: ArrayView2<'_, f64>) -> Array2<f64> {
    let (rows, columns) = b.dim();
    let size = (a.nrows() * rows, a.ncols() * columns);
    Array2::from_shape_fn(size, |(i, j)| a[(i / rows, j / columns)] * b[(i % rows, j % columns)])
}

/// Every map on the weights of a layer, outputs × inputs, with so many directions of its own.
pub fn cases(shape: (usize, usize), k: usize, seed: u64) -> Vec<Case> {
    let mut rng = Streams::new(seed, 0).rng("maps");
    let d = shape.0 * shape.1;
    let v = orthonormal(d, k, &mut rng);
    let complement = Array2::eye(d) - v.dot(&v.t());
    let offset = complement.dot(&gaussian_vector(d, &mut rng));
    let [outputs, inputs] = [shape.0, shape.1].map(|size| orthonormal(size, size, &mut rng));
    let eyes = [shape.0, shape.1].map(Array2::<f64>::eye);
    let sides = |by_outputs: bool, by_inputs: bool| Kronecker {
        shape,
        outputs: by_outputs.then(|| outputs.clone().into()),
        inputs: by_inputs.then(|| inputs.clone().into()),
    };
    let reflector = Reflector::new(v.view()).unwrap();
    let vectors = || v.clone().into();
    let all: Vec<(&'static str, Arc<dyn Form>, Array2<f64>)> = vec![
        ("reflector", Arc::new(reflector.clone()), reflector.to_matrix()),
        ("inputs", Arc::new(sides(false, true)), kronecker(eyes[0].view(), inputs.view())),
        ("outputs", Arc::new(sides(true, false)), kronecker(outputs.view(), eyes[1].view())),
        ("kronecker", Arc::new(sides(true, true)), kronecker(outputs.view(), inputs.view())),
        ("no side", Arc::new(sides(false, false)), Array2::eye(d)),
        (
            "auxiliary",
            Arc::new(Auxiliary { vectors: vectors() }),
            concatenate(Axis(1), &[v.view(), complement.view()]).unwrap(),
        ),
        ("reduced", Arc::new(Reduced { vectors: vectors() }), v.clone()),
        ("frozen", Arc::new(Frozen { vectors: vectors(), offset: offset.into() }), v.clone()),
    ];
    all.into_iter().map(|(name, form, matrix)| Case { name, form, matrix }).collect()
}

/// Rows of standard Gaussians.
fn rows<R: Real>(lanes: usize, size: usize, seed: u64) -> Array2<R> {
    let mut rng = Streams::new(seed, 1).rng("rows");
    let all = gaussian_vector(lanes * size, &mut rng).mapv(from_f64);
    all.into_shape_with_order((lanes, size)).unwrap()
}

type Apply<R> = fn(&dyn LinearMap<R>, &Array2<R>) -> Array2<R>;

fn to_original<R: Real>(map: &dyn LinearMap<R>, z: &Array2<R>) -> Array2<R> {
    let mut theta = Array2::from_elem((z.nrows(), map.original()), R::nan());
    map.to_original(z.view(), theta.view_mut(), &mut Workspace::new());
    theta
}

fn pull_back<R: Real>(map: &dyn LinearMap<R>, gradient: &Array2<R>) -> Array2<R> {
    let mut out = Array2::from_elem((gradient.nrows(), map.trained()), R::nan());
    map.pull_back(gradient.view(), out.view_mut(), &mut Workspace::new());
    out
}

fn start<R: Real>(map: &dyn LinearMap<R>, theta: &Array2<R>) -> Array2<R> {
    let mut z = Array2::from_elem((theta.nrows(), map.trained()), R::nan());
    map.start(theta.view(), z.view_mut(), &mut Workspace::new());
    z
}

/// Numbers of lanes agree to so many roundings.
fn close<R: Real>(found: &Array2<R>, expected: &Array2<f64>, what: &str) {
    let tolerance = if R::epsilon() < from_f64(1e-10) { 1e-13 } else { 5e-6 };
    let largest = expected.iter().fold(1.0_f64, |largest, x| largest.max(x.abs()));
    assert_eq!(found.dim(), expected.dim(), "{what}");
    for (&found, &expected) in found.iter().zip(expected) {
        let off = (to_f64(found) - expected).abs();
        assert!(off <= 10.0 * tolerance * largest, "{what}: {found:e} for {expected:e}");
    }
}

/// There, back and written down; sums of at most 300 products of numbers below 5.
fn is_the_matrix<R: Precision>(case: &Case, lanes: usize, seed: u64) {
    let Case { name, matrix, form } = case;
    let map = R::linear_map(&**form);
    assert_eq!((map.original(), map.trained()), matrix.dim(), "{name}");
    close(&map.to_dense().unwrap().mapv(from_f64::<R>), matrix, name);
    let (z, g) = (rows::<R>(lanes, map.trained(), seed), rows::<R>(lanes, map.original(), seed));
    let constant = to_original(&*map, &Array2::zeros(z.dim())).mapv(to_f64);
    // What is frozen may be nothing: of as many columns as rows.
    let (nothing, whole) = (constant.iter().all(|&c| c == 0.0), matrix.is_square());
    assert!(nothing == map.is_linear() || nothing && whole, "{name}");
    assert_eq!(map.is_linear(), *name != "frozen");
    close(&to_original(&*map, &z), &(constant + z.mapv(to_f64).dot(&matrix.t())), name);
    close(&pull_back(&*map, &g), &g.mapv(to_f64).dot(matrix), name);
}

/// What starts at θ is at θ, but for maps with fewer variables than parameters.
fn starts_where_it_is<R: Precision>(case: &Case, lanes: usize, seed: u64) {
    let map = R::linear_map(&*case.form);
    let theta = rows::<R>(lanes, map.original(), seed);
    let again = to_original(&*map, &start(&*map, &theta));
    if map.trained() >= map.original() {
        close(&again, &theta.mapv(to_f64), case.name);
    }
    // And again: J Jᵀ or Jᵀ J is I.
    let twice = to_original(&*map, &start(&*map, &again));
    close(&twice, &again.mapv(to_f64), case.name);
}

/// The bits of every lane are those of the lane alone.
fn lanes_are_independent<R: Precision>(case: &Case, seed: u64) {
    let map = R::linear_map(&*case.form);
    let apply: [(Apply<R>, usize); 3] =
        [(to_original, map.trained()), (pull_back, map.original()), (start, map.original())];
    for (apply, size) in apply {
        let all = rows::<R>(17, size, seed);
        let together = apply(&*map, &all);
        for lanes in [1, 2, 3, 16] {
            let some = all.slice_axis(Axis(0), (17 - lanes..).into()).to_owned();
            let expected = together.slice_axis(Axis(0), (17 - lanes..).into());
            assert_eq!(apply(&*map, &some), expected, "{}, {lanes} lanes", case.name);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..Default::default() })]

    #[test]
    fn maps_are_the_matrices_that_they_stand_for(
        outputs in 1..12_usize, inputs in 1..12_usize, share in 0.0..=1.0_f64,
        lanes in 1..20_usize, seed: u32,
    ) {
        let k = (share * (outputs * inputs) as f64).ceil().max(1.0) as usize;
        for case in cases((outputs, inputs), k, seed.into()) {
            is_the_matrix::<f64>(&case, lanes, seed.into());
            is_the_matrix::<f32>(&case, lanes, seed.into());
            starts_where_it_is::<f64>(&case, lanes, seed.into());
            starts_where_it_is::<f32>(&case, lanes, seed.into());
        }
    }

    #[test]
    fn matrices_are_orthogonal_or_have_orthonormal_rows_or_columns(
        outputs in 1..12_usize, inputs in 1..12_usize, k in 1..12_usize, seed: u32,
    ) {
        let k = k.min(outputs * inputs);
        for case in cases((outputs, inputs), k, seed.into()) {
            let j = f64::linear_map(&*case.form).to_dense().unwrap();
            let (original, trained) = j.dim();
            // Sums of at most 160 products of numbers below 1.
            if trained <= original {
                prop_assert!(orthonormality_defect(j.view()) <= 1e-13, "{}", case.name);
            }
            if trained >= original {
                prop_assert!(orthonormality_defect(j.t()) <= 1e-13, "{}", case.name);
            }
        }
    }

    #[test]
    fn what_is_frozen_stays(size in 2..60_usize, k in 1..10_usize, seed: u32) {
        let k = k.min(size - 1);
        let mut rng = Streams::new(seed.into(), 0).rng("frozen");
        let v = orthonormal(size, k, &mut rng);
        let theta = rows::<f64>(1, size, seed.into());
        let beyond = |theta: &Array2<f64>| theta - &theta.dot(&v).dot(&v.t());
        let offset: Array1<f64> = beyond(&theta).row(0).to_owned();
        let frozen = Frozen { vectors: v.clone().into(), offset: offset.into() };
        let map = f64::linear_map(&frozen);
        close(&to_original(&*map, &start(&*map, &theta)), &theta, "θ₀");
        let elsewhere = to_original(&*map, &rows(1, k, 1));
        close(&beyond(&elsewhere), &beyond(&theta), "beyond V");
        let map = f64::linear_map(&Reduced { vectors: v.clone().into() });
        let elsewhere = to_original(&*map, &rows(1, k, 1));
        close(&beyond(&elsewhere), &Array2::zeros((1, size)), "beyond V");
    }
}

#[test]
fn a_lane_does_not_depend_on_the_lanes_beside_it() {
    // In one piece, and more.
    for (shape, k) in [((5, 7), 3), ((5, 7), 35), ((26, 50), 1), ((26, 50), 67)] {
        for case in cases(shape, k, 1) {
            lanes_are_independent::<f64>(&case, 2);
            lanes_are_independent::<f32>(&case, 2);
        }
    }
}

#[test]
fn several_pieces_make_the_same_matrix() {
    for case in cases((26, 50), 67, 3) {
        is_the_matrix::<f64>(&case, 3, 4);
        is_the_matrix::<f32>(&case, 3, 4);
    }
}

/// A hundred times there and back, where errors could add up.
fn round_trips<R: Precision>(tolerance: f64) {
    let mut rng = Streams::new(6, 0).rng("round trips");
    let reflector = Reflector::new(orthonormal(2048, 100, &mut rng).view()).unwrap();
    let map = R::linear_map(&reflector);
    let theta = rows::<R>(2, 2048, 5);
    let mut found = theta.clone();
    for _ in 0..100 {
        found = to_original(&*map, &pull_back(&*map, &found));
    }
    let norm = |rows: Array2<R>| rows.mapv(to_f64).mapv(|x| x * x).sum().sqrt();
    let off = norm(&found - &theta) / norm(theta);
    assert!(off <= tolerance, "{off:e}");
}

#[test]
fn rounding_does_not_grow_on_the_way_there_and_back() {
    // Each of two hundred applications is off by up to 4 ‖HᵀH − I‖ and some roundings: 4e-14 and
    // 1e-7.
    round_trips::<f64>(1e-11);
    round_trips::<f32>(2e-5);
}

#[test]
fn what_a_map_takes_grows_with_its_columns() {
    let of = |form: &dyn Form| f64::linear_map(form).cost();
    let all = cases((6, 4), 2, 7);
    let cost = |name: &str| of(&*all.iter().find(|case| case.name == name).unwrap().form);
    let dense = of(&Orthonormal(Array2::eye(24).into()));
    assert_eq!((dense.flops, dense.elements), (4.0 * 576.0, 2.0 * 576.0));
    let reflector = cost("reflector");
    assert_eq!((reflector.flops, reflector.elements), (8.0 * 48.0 + 16.0, 2.0 * 48.0 + 8.0));
    let (inputs, outputs) = (cost("inputs"), cost("outputs"));
    assert_eq!((inputs.flops, inputs.elements), (4.0 * 24.0 * 4.0, 32.0));
    assert_eq!((outputs.flops, outputs.elements), (4.0 * 24.0 * 6.0, 36.0));
    assert_eq!(cost("kronecker"), inputs + outputs);
    assert_eq!(cost("auxiliary").flops, 8.0 * 48.0);
    assert_eq!(cost("reduced").flops, 4.0 * 48.0);
    assert_eq!(cost("frozen").elements, 2.0 * 48.0 + 24.0);
}
