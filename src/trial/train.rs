//! Training of all runs of a trial in one coordinate system.

use crate::coordinates::Coordinates;
use crate::error::Result;
use crate::trial::engine::Engine;
use crate::trial::following::{Follow, Following};
use crate::trial::reestimation::Origin;
use crate::trial::{Control, Method, Outcome, Precision, Problem, Recording, Training};

/// Trains one lane for every method and learning rate, all from the problem's start, in the
/// given coordinates; returns their outcomes in that order.
///
/// An outcome depends on its own lane alone, to the last bit. Progress is counted in lane epochs.
///
/// # Errors
/// On interruption only; divergence is an outcome.
pub fn train<R: Precision>(
    problem: &Problem<R>,
    coordinates: &Coordinates<R>,
    methods: &[Method<'_>],
    training: &Training,
    recording: Recording,
    control: Control<'_>,
) -> Result<Vec<Outcome>> {
    Engine::new(problem, coordinates, methods, training, recording).run(control)
}

/// The same, with the change of variables estimated anew as they train. Runs that have bases of their
/// own train one after the other, each from original coordinates.
///
/// # Errors
/// As for [`train`]; gradients that make no basis are a failure of their run.
pub fn train_following<R: Precision>(
    problem: &Problem<R>,
    coordinates: &Coordinates<R>,
    follow: Follow<'_>,
    methods: &[Method<'_>],
    training: &Training,
    recording: Recording,
    control: Control<'_>,
) -> Result<Vec<Outcome>> {
    let train = |coordinates: &Coordinates<R>, methods: &[Method<'_>]| {
        let mut engine = Engine::new(problem, coordinates, methods, training, recording);
        engine.following = Some(Following::new(follow, problem, training));
        engine.run(control)
    };
    if follow.rule.from == Origin::None {
        return train(coordinates, methods);
    }
    let original = Coordinates::original(problem.objective.layout());
    let mut outcomes = Vec::new();
    for Method { optimizer, learning_rates } in methods {
        for rate in learning_rates.chunks(1) {
            let method = Method { optimizer: *optimizer, learning_rates: rate };
            outcomes.extend(train(&original, &[method])?);
        }
    }
    Ok(outcomes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::distribution::Distribution;
    use crate::linalg::counted;
    use crate::minibatch::{Minibatches, Order};
    use crate::objective::{FeedForward, checks};
    use crate::optimizer::Adam;
    use crate::rng::Streams;

    #[test]
    fn the_start_that_lanes_share_is_evaluated_once() {
        let network = FeedForward::new(&[4], true, checks::data(&[3, 4, 2], true, 10));
        let problem = Problem::new(network, Distribution::XavierNormal, Streams::new(3, 0));
        let coordinates = Coordinates::original(problem.objective.layout());
        let minibatches = Minibatches { examples: 10, size: 5, order: Order::Fixed };
        let training = Training { minibatches: Some(minibatches), ..Training::full_batch(2) };
        let products = |lanes: usize| {
            let rates = vec![1e-3; lanes];
            let methods = [Method { optimizer: &Adam::default(), learning_rates: &rates }];
            counted::during(|| {
                let (recording, control) = (Recording::Curve, Control::none());
                train(&problem, &coordinates, &methods, &training, recording, control).unwrap();
            })
        };
        let [one, two, three] = [1, 2, 3].map(products);
        assert_eq!(three - two, two - one);
        // All 10 + 5 examples through both layers.
        assert_eq!(one - (two - one), 2 * 15 * (3 * 4 + 4 * 2));
    }
}
