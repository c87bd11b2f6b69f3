//! From one change of variables to another at the same point: θ = V z = V′ z′, so that z′ = B z with
//! B = V′ᵀV, for orthogonal V and V′.
//!
//! What is linear in gradients goes with B. Averages of their squares go with B∘B, whose entries are
//! B_ij², as far as the entries of gradients are uncorrelated in the old variables.

use std::ops::Range;
use std::sync::Arc;

use ndarray::{ArcArray2, Array1, Array2, Axis, Zip, concatenate};

use super::tall::view;
use super::{Coordinates, Form, Kronecker, Reflector, Structure, columns, size};
use crate::lanes::{Lanes, Layout, Workspace};
use crate::linalg::{InBlocks, Real, from_f64, times, to_f64};

/// The maps on groups of consecutive blocks, as they were formed.
pub type Forms = Vec<(Range<usize>, Arc<dyn Form>)>;

/// z′ = B z.
#[derive(Debug)]
pub struct Change<R> {
    from: Coordinates<R>,
    to: Coordinates<R>,
    groups: Vec<ChangedGroup>,
}

/// Consecutive blocks with V and V′; `None`: I.
#[derive(Debug)]
struct ChangedGroup {
    blocks: Range<usize>,
    maps: [Option<Arc<dyn Form>>; 2],
}

impl<R: Real> Change<R> {
    /// B = I: nothing changes but what an optimizer makes of the occasion.
    pub fn none(layout: &Layout) -> Self {
        let original = Coordinates::original(layout);
        Self { from: original.clone(), to: original, groups: Vec::new() }
    }

    /// From some coordinates to others, each with the forms that make them.
    ///
    /// # Panics
    /// When a map does not leave the number of variables as it is.
    pub fn new(from: (&Coordinates<R>, &Forms), to: (&Coordinates<R>, &Forms)) -> Self {
        let same = from.0.trained() == to.0.trained();
        assert!(same, "an orthogonal map has as many variables as parameters");
        let of = |forms: &Forms, group: &Range<usize>| {
            forms.iter().find(|(of, _)| of == group).map(|(_, form)| Arc::clone(form))
        };
        let mut groups: Vec<&Range<usize>> = from.1.iter().chain(to.1).map(|(of, _)| of).collect();
        groups.sort_by_key(|group| group.start);
        groups.dedup();
        let both = |group: &Range<usize>| ChangedGroup {
            blocks: group.clone(),
            maps: [of(from.1, group), of(to.1, group)],
        };
        let groups = groups.into_iter().map(both).collect();
        Self { from: from.0.clone(), to: to.0.clone(), groups }
    }

    /// x ← B x for each lane, where x are variables, gradients or what is linear in them.
    pub fn linear(&self, x: &mut Lanes<R>, workspace: &mut Workspace<R>) {
        let mut original = Lanes::zeros(x.layout(), x.lanes());
        self.from.to_original(x, &mut original, workspace);
        self.to.pull_back(&original, x, workspace);
    }

    /// v ← (B∘B) v for each lane.
    ///
    /// # Panics
    /// When a map has no [`Structure`], or the two maps of a group have different ones.
    pub fn squares(&self, v: &mut Lanes<R>) {
        let structure = |form: &Arc<dyn Form>| form.structure().expect("the map has a structure");
        for ChangedGroup { blocks, maps } in &self.groups {
            let maps = maps.each_ref().map(|map| map.as_ref().map(structure));
            let (lanes, size) = (v.lanes(), size(v.layout(), blocks));
            let mut rows = vec![R::zero(); lanes * size];
            let columns = columns(v.layout(), blocks);
            InBlocks::new(v.blocks(blocks), &columns, lanes).copy_to(&mut rows);
            for row in rows.chunks_exact_mut(size) {
                let squares = squares(&maps, &row.iter().map(|&square| to_f64(square)).collect());
                row.iter_mut().zip(squares).for_each(|(to, square)| *to = from_f64(square));
            }
            InBlocks::new(v.blocks_mut(blocks), &columns, lanes).copy_from(&rows);
        }
    }
}

/// (B∘B) v for V and V′.
fn squares(maps: &[Option<Structure>; 2], v: &Array1<f64>) -> Array1<f64> {
    let reflector = |map: &Option<Structure>| match map {
        Some(Structure::Reflector(map)) => Some(map.clone()),
        _ => None,
    };
    let kronecker = |map: &Option<Structure>| match map {
        Some(Structure::Kronecker(map)) => Some(map.clone()),
        _ => None,
    };
    let (reflectors, products) = (maps.each_ref().map(reflector), maps.each_ref().map(kronecker));
    match (reflectors.iter().any(Option::is_some), products.iter().any(Option::is_some)) {
        (true, true) => panic!("a reflector and a Kronecker product have no structure together"),
        (true, false) => reflected(&reflectors, v),
        (false, _) => turned(&products, v),
    }
}

/// Of B = B_out ⊗ B_in: (B_out∘B_out) v (B_in∘B_in)ᵀ, with v as outputs × inputs.
fn turned(maps: &[Option<Kronecker>; 2], v: &Array1<f64>) -> Array1<f64> {
    let Some(map) = maps.iter().flatten().next() else { return v.clone() };
    let side = |of: fn(&Kronecker) -> &Option<ArcArray2<f64>>| -> Option<Array2<f64>> {
        let turn = match maps.each_ref().map(|map| of(map.as_ref()?).as_ref()) {
            [None, None] => return None,
            [Some(from), None] => from.to_owned(),
            [None, Some(to)] => to.t().as_standard_layout().into_owned(),
            [Some(from), Some(to)] => times(to.t(), from.view()),
        };
        Some(turn.mapv_into(|entry| entry * entry))
    };
    let entries = v.as_slice().expect("one vector is contiguous");
    let mut matrix = view(entries, map.shape.0).to_owned();
    if let Some(outputs) = side(|map| &map.outputs) {
        matrix = times(outputs.view(), matrix.view());
    }
    if let Some(inputs) = side(|map| &map.inputs) {
        matrix = times(matrix.view(), inputs.t());
    }
    matrix.into_iter().collect()
}

/// V = I + P M Pᵀ and V′ = I + P M′Pᵀ with P = [E H H′] (d × r), where E are the first columns of I,
/// make B = I + P C Pᵀ with C = M′ᵀ + M + M′ᵀ PᵀP M. So (B∘B) v has entries
/// v_i (1 + 2 p_iᵀ C p_i) + p_iᵀ C (Pᵀ diag(v) P) Cᵀ p_i, with the rows p_i of P.
fn reflected(maps: &[Option<Reflector>; 2], v: &Array1<f64>) -> Array1<f64> {
    let d = v.len();
    let columns = maps.each_ref().map(|map| map.as_ref().map_or(0, Reflector::columns));
    let first = columns[0].max(columns[1]);
    let mut parts = vec![Array2::from_shape_fn((d, first), |(i, j)| f64::from(u8::from(i == j)))];
    parts.extend(maps.iter().flatten().map(|map| map.h().to_owned()));
    let views: Vec<_> = parts.iter().map(|part| part.view()).collect();
    let p = concatenate(Axis(1), &views).expect("all have d rows");
    let starts = [first, first + columns[0]];
    let middle = |map: &Option<Reflector>, start: usize| match map {
        Some(map) => map.middle(start, p.ncols()),
        None => Array2::zeros((p.ncols(), p.ncols())),
    };
    let [from, to] = [middle(&maps[0], starts[0]), middle(&maps[1], starts[1])];
    let inner = times(times(to.t(), times(p.t(), p.view()).view()).view(), from.view());
    let c = inner + &from + to.t();
    let weighted = &p * &v.view().insert_axis(Axis(1));
    let squares = times(times(c.view(), times(p.t(), weighted.view()).view()).view(), c.t());
    let (linear, quadratic) = (times(p.view(), c.view()), times(p.view(), squares.view()));
    let rows = Zip::from(v).and(p.rows()).and(linear.rows()).and(quadratic.rows());
    rows.map_collect(|&v, p, linear, quadratic| {
        let square = v * (1.0 + 2.0 * linear.dot(&p)) + quadratic.dot(&p);
        // Rounding must not make it negative; what is not a number stays so.
        if square < 0.0 { 0.0 } else { square }
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::coordinates::Build;
    use crate::data::orthonormal;
    use crate::rng::Streams;

    fn random(rows: usize, columns: usize, seed: u64, purpose: &str) -> Array2<f64> {
        orthonormal(rows, columns, &mut Streams::new(seed, 0).rng(purpose))
    }

    fn coordinates(layout: &Layout, forms: &Forms) -> Coordinates<f64> {
        let build = |(blocks, form): &(Range<usize>, Arc<dyn Form>)| {
            (blocks.clone(), Build::<f64>::build(&**form))
        };
        Coordinates::new(layout, forms.iter().map(build))
    }

    /// The difference of (B∘B) v, and of B x, from what B says that is written down, over two lanes.
    fn check(size: usize, forms: [Forms; 2]) {
        let layout = Layout::vector(size);
        let [from, to] = forms.each_ref().map(|forms| coordinates(&layout, forms));
        let [v_from, v_to] = [&from, &to].map(|of| {
            let (units, mut columns) = (Lanes::zeros(&layout, size), Lanes::zeros(&layout, size));
            let mut units: Lanes<f64> = units;
            (0..size).for_each(|i| units.block_mut(0)[(i, i)] = 1.0);
            of.to_original(&units, &mut columns, &mut Workspace::new());
            columns.block(0).t().to_owned()
        });
        let b = v_to.t().dot(&v_from);
        let change = Change::new((&from, &forms[0]), (&to, &forms[1]));
        let value = |lane: usize, i: usize| ((7 * i + 3 * lane + 1) % 11) as f64;
        let mut v = Lanes::zeros(&layout, 2);
        for lane in 0..2 {
            v.set_lane(lane, Array1::from_shape_fn(size, |i| value(lane, i)).view());
        }
        let (mut squared, mut mapped) = (v.clone(), v.clone());
        change.squares(&mut squared);
        change.linear(&mut mapped, &mut Workspace::new());
        for lane in 0..2 {
            let before = v.lane(lane);
            let off = |a: Array1<f64>, b: Array1<f64>| {
                (a - b).iter().fold(0.0, |most: f64, error| most.max(error.abs()))
            };
            // Sums of at most 40 × 40 products of numbers up to 10, of either sign.
            let expected = b.mapv(|entry| entry * entry).dot(&before);
            assert!(off(squared.lane(lane), expected) < 1e-12 * 10.0, "squares");
            assert!(off(mapped.lane(lane), b.dot(&before)) < 1e-12, "linear");
            assert!(squared.lane(lane).iter().all(|&square| square >= 0.0));
        }
    }

    fn one(form: impl Form + 'static) -> Forms {
        vec![(0..1, Arc::new(form))]
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..Default::default() })]

        #[test]
        fn squares_between_reflectors_are_those_of_the_dense_formula(
            d in 1..40_usize, shares in (0.0..=1.0_f64, 0.0..=1.0_f64), seed: u32,
        ) {
            let reflector = |share: f64, purpose: &str| {
                let k = (share * d as f64).round() as usize;
                one(Reflector::new(random(d, k, seed.into(), purpose).view()).unwrap())
            };
            let [from, to] = [reflector(shares.0, "from"), reflector(shares.1, "to")];
            check(d, [from.clone(), to.clone()]);
            check(d, [Vec::new(), to]);
            check(d, [from, Vec::new()]);
        }

        #[test]
        fn squares_between_kronecker_products_are_those_of_the_dense_formula(
            h in 1..7_usize, i in 1..7_usize, sides in prop::array::uniform4(any::<bool>()), seed: u32,
        ) {
            let side = |is: bool, size: usize, purpose: &str| {
                is.then(|| random(size, size, seed.into(), purpose).into())
            };
            let product = |[outputs, inputs]: [bool; 2], which: &str| {
                let outputs = side(outputs, h, &format!("{which} outputs"));
                let inputs = side(inputs, i, &format!("{which} inputs"));
                one(Kronecker { shape: (h, i), outputs, inputs })
            };
            let from = product([sides[0], sides[1]], "from");
            let to = product([sides[2], sides[3]], "to");
            check(h * i, [from, to.clone()]);
            check(h * i, [Vec::new(), to]);
        }
    }

    #[test]
    fn without_a_change_all_stays() {
        let layout = Layout::vector(3);
        let mut v = Lanes::filled(&layout, 2, 0.5);
        let change = Change::none(&layout);
        change.linear(&mut v, &mut Workspace::new());
        change.squares(&mut v);
        assert_eq!(v, Lanes::filled(&layout, 2, 0.5));
    }
}
