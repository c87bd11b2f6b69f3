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
