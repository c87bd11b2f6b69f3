//! Every registered objective: its gradient, its lanes, its minimum, its overflow.

use egop::data::Split;
use egop::distribution::Distribution;
use egop::lanes::{Lanes, Workspace};
use egop::linalg::to_f64;
use egop::objective::{Batch, Objective};
use egop::rng::Streams;
use egop::trial::Precision;
use ndarray::Array1;

use crate::instances::objectives;

/// Points of any size: near the origin, typical starts, and far out.
fn points<R: Precision>(objective: &dyn Objective<R>, count: usize) -> Vec<Array1<R>> {
    (0..count)
        .map(|index| {
            let scale = [0.1, 1.0, 10.0][index % 3];
            let mut rng = Streams::new(7, index).rng("points");
            Distribution::Gaussian { scale }.sample(objective.layout(), &mut rng)
        })
        .collect()
}

/// Values and gradients at some points, side by side.
fn evaluate<R: Precision>(
    objective: &dyn Objective<R>,
    points: &[Array1<R>],
    batch: Batch<'_>,
) -> (Vec<f64>, Vec<Array1<R>>) {
    let mut theta = Lanes::zeros(objective.layout(), points.len());
    for (lane, point) in points.iter().enumerate() {
        theta.set_lane(lane, point.view());
    }
    let mut gradient = theta.clone();
    let mut values = vec![f64::NAN; points.len()];
    objective.value_and_gradient(&theta, batch, &mut values, &mut gradient, &mut Workspace::new());
    (values, (0..points.len()).map(|lane| gradient.lane(lane)).collect())
}

/// The full batch and, where there are minibatches, one of a few scattered rows.
fn batches(examples: Option<usize>) -> Vec<Option<Vec<usize>>> {
    let few = examples.map(|examples| Some((0..7).map(|i| (i * i + 3) % examples).collect()));
    [None].into_iter().chain(few).collect()
}

#[test]
fn what_is_said_to_be_known_is_known_and_nothing_else() {
    for instance in objectives() {
        let (known, objective) = (instance.spec().known(), instance.draw::<f64>(0));
        let what = instance.kind;
        assert_eq!(objective.minimum().is_some(), known.minimum, "{what}");
        assert_eq!(objective.minimizer().is_some(), known.minimizer, "{what}");
        let theta = Lanes::zeros(objective.layout(), 1);
        let evaluate = |split| objective.evaluate(&theta, split, &mut Workspace::new());
        assert_eq!(evaluate(Split::Validation).is_some(), known.validation, "{what}");
        assert_eq!(evaluate(Split::Test).is_some(), known.test, "{what}");
        for split in [Split::Training, Split::Validation, Split::Test] {
            let mut metrics = evaluate(split).into_iter().flatten();
            let known = metrics.all(|one| one.accuracy.is_some() == known.accuracy);
            assert!(known, "{what}, {split:?}");
        }
    }
}

#[test]
fn gradients_agree_with_central_differences() {
    // Halving differences of f over ±h have an error of h²|f‴|/6 and a rounding error of ε|f|/h:
    // below 1e-8 of the gradients and values here for this h.
    const H: f64 = 1e-5;
    for instance in objectives() {
        for trial in 0..3 {
            let objective = instance.draw::<f64>(trial);
            // A kink between θ ± h would show; with few rows there is none there.
            let comparable = |rows: &Option<Vec<usize>>| instance.smooth || rows.is_some();
            for rows in batches(objective.examples()).into_iter().filter(comparable) {
                let batch = rows.as_deref().map_or(Batch::Full, Batch::Rows);
                for point in points(&*objective, 6) {
                    let (values, gradients) =
                        evaluate(&*objective, std::slice::from_ref(&point), batch);
                    let shifted: Vec<Array1<f64>> = (0..2 * point.len())
                        .map(|index| {
                            let mut shifted = point.clone();
                            shifted[index / 2] += if index % 2 == 0 { H } else { -H };
                            shifted
                        })
                        .collect();
                    let around = evaluate(&*objective, &shifted, batch).0;
                    let gradient = &gradients[0];
                    let scale = gradient.iter().fold(values[0].abs(), |max, g| max.max(g.abs()));
                    for (i, pair) in around.chunks(2).enumerate() {
                        let difference = (pair[0] - pair[1]) / (2.0 * H);
                        assert!(
                            (gradient[i] - difference).abs() <= 1e-6 * scale.max(1.0),
                            "{}, trial {trial}, ∂{i}: {} but differences give {difference}",
                            instance.kind,
                            gradient[i],
                        );
                    }
                }
            }
        }
    }
}

/// The bits of a lane's value and gradient, alone and in company, at any place in it.
fn bits_do_not_depend_on_neighbours<R: Precision>() {
    for instance in objectives() {
        let objective = instance.draw::<R>(0);
        let all = points(&*objective, 64);
        for rows in batches(objective.examples()) {
            let batch = rows.as_deref().map_or(Batch::Full, Batch::Rows);
            let (values, gradients) = evaluate(&*objective, &all, batch);
            for company in [1, 2, 3, 17] {
                for (start, some) in all.chunks(company).enumerate() {
                    let (v, g) = evaluate(&*objective, some, batch);
                    let place = start * company;
                    assert_eq!(v, values[place..place + some.len()], "{}", instance.kind);
                    assert_eq!(g, gradients[place..place + some.len()], "{}", instance.kind);
                }
            }
        }
    }
}

#[test]
fn bits_do_not_depend_on_neighbours_in_doubles() {
    bits_do_not_depend_on_neighbours::<f64>();
}

#[test]
fn bits_do_not_depend_on_neighbours_in_singles() {
    bits_do_not_depend_on_neighbours::<f32>();
}

#[test]
fn minibatches_average_to_the_full_batch() {
    for instance in objectives() {
        let objective = instance.draw::<f64>(0);
        let Some(examples) = objective.examples() else { continue };
        let all = points(&*objective, 3);
        let (values, gradients) = evaluate(&*objective, &all, Batch::Full);
        let rows: Vec<usize> = (0..examples).rev().collect();
        let mut value = vec![0.0; all.len()];
        let mut gradient = vec![Array1::zeros(all[0].len()); all.len()];
        for batch in rows.chunks(17) {
            let (v, g) = evaluate(&*objective, &all, Batch::Rows(batch));
            let share = batch.len() as f64 / examples as f64;
            for lane in 0..all.len() {
                value[lane] += share * v[lane];
                gradient[lane] += &(&g[lane] * share);
            }
        }
        for lane in 0..all.len() {
            // Sums of up to 4000 numbers, added in another order.
            let scale = gradients[lane].iter().fold(values[lane], |max, g| max.max(g.abs()));
            let tolerance = 1e-12 * scale;
            assert!((value[lane] - values[lane]).abs() <= tolerance, "{}", instance.kind);
            for (found, expected) in gradient[lane].iter().zip(&gradients[lane]) {
                assert!((found - expected).abs() <= tolerance, "{}", instance.kind);
            }
        }
    }
}

#[test]
fn single_precision_follows_double_precision() {
    for instance in objectives() {
        let (double_precision, single) = (instance.draw::<f64>(2), instance.draw::<f32>(2));
        for point in points(&*double_precision, 6) {
            let (values, gradients) =
                evaluate(&*double_precision, std::slice::from_ref(&point), Batch::Full);
            let (rounded, steep) = evaluate(&*single, &[point.mapv(|x| x as f32)], Batch::Full);
            let (norm, size) = (gradients[0].dot(&gradients[0]).sqrt(), point.dot(&point).sqrt());
            // Rounding moves the point by ε‖θ‖ and the value by about ε‖∇f‖‖θ‖ + ε|f|; the factor
            // is for the sums and for the curvature.
            let tolerance = 100.0 * f64::from(f32::EPSILON) * (norm * size + values[0].abs() + 1.0);
            assert!((rounded[0] - values[0]).abs() <= tolerance, "{}", instance.kind);
            for (&found, expected) in steep[0].iter().zip(&gradients[0]) {
                assert!((to_f64(found) - expected).abs() <= tolerance, "{}", instance.kind);
            }
        }
    }
}

#[test]
fn evaluating_the_training_split_gives_the_training_loss() {
    for instance in objectives() {
        let objective = instance.draw::<f64>(0);
        let all = points(&*objective, 4);
        let mut theta = Lanes::zeros(objective.layout(), all.len());
        for (lane, point) in all.iter().enumerate() {
            theta.set_lane(lane, point.view());
        }
        let (values, _) = evaluate(&*objective, &all, Batch::Full);
        let metrics = objective.evaluate(&theta, Split::Training, &mut Workspace::new());
        for (metrics, value) in metrics.unwrap().iter().zip(&values) {
            // Sums over the rows may be cut differently.
            assert!((metrics.loss - value).abs() <= 1e-13 * value.abs(), "{}", instance.kind);
        }
    }
}

#[test]
fn the_known_minimum_is_one() {
    for instance in objectives() {
        for trial in 0..3 {
            let objective = instance.draw::<f64>(trial);
            let Some(minimum) = objective.minimum() else { continue };
            let lowest = minimum - objective.numerical_floor();
            let (values, _) = evaluate(&*objective, &points(&*objective, 60), Batch::Full);
            assert!(values.iter().all(|&value| value >= lowest), "{}", instance.kind);
            let Some(minimizer) = objective.minimizer() else { continue };
            let (values, gradients) =
                evaluate(&*objective, &[minimizer.to_owned(), minimizer.to_owned()], Batch::Full);
            // The resolution is an order of magnitude: it does not count the terms of sums.
            let height = values[0] - minimum;
            assert!(
                height.abs() <= 10.0 * objective.numerical_floor(),
                "{}: {height:e}",
                instance.kind
            );
            // Newton's method stops when the value is at its rounding, the gradient then at the root
            // of it.
            let slope = gradients[0].dot(&gradients[0]).sqrt();
            assert!(slope <= 1e-8, "{}: ‖∇f(θ*)‖ = {slope:e}", instance.kind);
        }
    }
}

#[test]
fn overflow_stays_in_its_lane_and_shows() {
    for instance in objectives() {
        let objective = instance.draw::<f64>(0);
        let calm = points(&*objective, 4);
        let expected = evaluate(&*objective, &calm, Batch::Full);
        for size in [1e10, 1e160, 1e300, f64::INFINITY, f64::NAN] {
            let mut lanes = calm.clone();
            for wild in [1, 3] {
                lanes[wild].fill(size);
            }
            let (values, gradients) = evaluate(&*objective, &lanes, Batch::Full);
            for lane in [0, 2] {
                assert_eq!(values[lane], expected.0[lane], "{} beside {size}", instance.kind);
                assert_eq!(gradients[lane], expected.1[lane], "{} beside {size}", instance.kind);
            }
            assert_ne!(values[1], f64::NEG_INFINITY, "{} at {size}", instance.kind);
            if !size.is_finite() {
                let finite = values[1].is_finite() && gradients[1].iter().all(|g| g.is_finite());
                assert!(!finite, "{} at {size}: {}", instance.kind, values[1]);
            }
        }
    }
}

#[test]
fn hessians_are_those_of_the_gradient() {
    let mut compared = 0;
    for instance in objectives() {
        let objective = instance.draw::<f64>(0);
        let Some(hessian) = objective.hessian() else { continue };
        let point = match hessian.place {
            place if place.starts_with("at 0") => Array1::zeros(objective.layout().dimension()),
            _ => objective.minimizer().unwrap().to_owned(),
        };
        let h = 1e-5;
        for i in 0..point.len() {
            let moved = |step: f64| {
                let mut moved = point.clone();
                moved[i] += step;
                moved
            };
            let (_, gradients) = evaluate(&*objective, &[moved(h), moved(-h)], Batch::Full);
            let difference = (&gradients[0] - &gradients[1]) / (2.0 * h);
            for (found, expected) in hessian.matrix.row(i).iter().zip(&difference) {
                // Third derivatives times h²/6, and the gradients' rounding over h: both below 1e-9
                // for Hessians of entries up to 1.
                assert!((found - expected).abs() < 1e-8, "{}: {found} {expected}", instance.kind);
            }
        }
        compared += 1;
    }
    assert!(compared >= 5, "every convex objective has a Hessian");
}
