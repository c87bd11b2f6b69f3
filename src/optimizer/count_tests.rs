//! The operations of methods with matrices, against the products and decompositions that they make.

use super::*;
use crate::lanes::Role;
use crate::linalg::counted;

/// What is done entry by entry may be this share of all.
const ENTRIES: f64 = 0.05;

fn layout() -> Layout {
    let block = |name: &str, role, shape: (usize, usize)| (name.to_owned(), shape, role, shape);
    Layout::new([
        block("weight", Role::Weight, (60, 48)),
        block("bias", Role::Bias, (1, 30)),
        block("other", Role::Weight, (48, 70)),
    ])
}

/// The operations of products and of decompositions in so many steps of one lane.
fn made(spec: &dyn Spec, layout: &Layout, steps: usize) -> f64 {
    let mut optimizer = Build::<f64>::build(spec, layout, 1);
    let mut theta = Lanes::zeros(layout, 1);
    let mut decompositions = 0.0;
    let products = counted::during(|| {
        decompositions = counted::decompositions_during(|| {
            for step in 0..steps {
                let wave = |i: usize| ((i * i + 3 * i * step + step) as f64).sin();
                let numbers = (0..layout.dimension()).map(wave).collect::<Vec<_>>();
                let gradient = Lanes::broadcast(layout, 1, ndarray::ArrayView1::from(&numbers));
                let stepped = optimizer.step(theta.view_mut(0..1), gradient.view(0..1), &[1e-3]);
                stepped.unwrap();
            }
        });
    });
    products as f64 + decompositions
}

#[test]
fn runs_take_the_operations_that_are_said_those_of_first_steps_among_them() {
    let soap = |refresh| Soap { refresh, ..Soap::default() };
    let shampoo = |refresh| Shampoo { refresh, ..Shampoo::default() };
    let galore = |gap| GaLore { ranks: vec![8], gap, ..GaLore::default() };
    let cases: [(Box<dyn Spec>, usize); 14] = [
        (Box::new(soap(0)), 1),
        (Box::new(soap(0)), 30),
        (Box::new(soap(1)), 20),
        (Box::new(soap(5)), 20),
        (Box::new(soap(5)), 21),
        (Box::new(Soap { sides: vec![Sides::Right], ..soap(0) }), 10),
        (Box::new(shampoo(0)), 1),
        (Box::new(shampoo(0)), 20),
        (Box::new(shampoo(1)), 5),
        (Box::new(shampoo(5)), 9),
        (Box::new(shampoo(5)), 10),
        (Box::new(Shampoo { start: 4, ..shampoo(5) }), 12),
        (Box::new(galore(1_000_000)), 20),
        (Box::new(galore(5)), 10),
    ];
    let layout = layout();
    for (spec, steps) in cases {
        let said = spec.flops(&layout, steps as u64);
        let made = made(&*spec, &layout, steps);
        let entries = 1.0 - made / said;
        assert!((-0.01..=ENTRIES).contains(&entries), "{spec:?}: {made:e} of {said:e} in {steps}");
    }
}
