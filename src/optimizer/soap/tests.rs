//! SOAP's bases and state; see also `tests/comparators.rs`.

use super::*;

fn state(spec: &Soap) -> State<f64> {
    spec.states(&Layout::vector(20)).remove(0)
}

#[test]
fn signs_of_eigenvectors_change_no_bit() {
    let spec = Soap { shape: Some((5, 4)), refresh: 3, ..Soap::default() };
    let [mut plain, mut flipped] = [state(&spec), state(&spec)];
    let wave = |(i, j): (usize, usize)| ((i * i + 3 * i * j + 7 * j + 1) as f64).sin();
    let (left, right) = (Array2::from_shape_fn((5, 5), wave), Array2::from_shape_fn((4, 4), wave));
    let mut thetas = [Array2::from_shape_fn((5, 4), wave), Array2::from_shape_fn((5, 4), wave)];
    for step in 1..40 {
        for (state, theta) in [&mut plain, &mut flipped].into_iter().zip(&mut thetas) {
            let gradient = left.dot(&left.t()).dot(theta).dot(&right);
            state.update(step, 0.01, theta.view_mut(), gradient.view()).unwrap();
        }
        for basis in flipped.bases.iter_mut().flatten() {
            let column = step as usize % basis.vectors.ncols();
            basis.vectors.column_mut(column).mapv_inplace(|x| -x);
        }
        assert_eq!(thetas[0], thetas[1], "step {step}");
    }
}

#[test]
fn the_state_is_as_long_as_said() {
    for sides in [Sides::Both, Sides::Left, Sides::Right, Sides::None] {
        for (merge, shape) in [(false, (5, 4)), (true, (5, 4)), (false, (20, 1))] {
            let shape = Some(shape);
            let spec = Soap { sides: vec![sides], merge, shape, ..Soap::default() };
            let State { m, v, bases, .. } = state(&spec);
            let bases = bases.iter().flatten().map(|one| one.gram.len() + one.vectors.len());
            let numbers = m.len() + v.len() + bases.sum::<usize>();
            assert_eq!(spec.state_len(&Layout::vector(20)), numbers, "{spec:?}");
        }
    }
}

#[test]
fn merged_matrices_and_long_sides_have_other_bases() {
    let bases = |merge, longest_side| {
        let spec = Soap { merge, longest_side, shape: Some((5, 4)), ..Soap::default() };
        state(&spec).bases.map(|basis| basis.map(|basis| basis.gram.nrows()))
    };
    assert_eq!(bases(false, 5), [Some(5), Some(4)]);
    assert_eq!(bases(false, 4), [None, Some(4)]);
    assert_eq!(bases(true, 20), [Some(20), None]);
    assert_eq!(bases(true, 19), [Some(5), Some(4)]);
}
