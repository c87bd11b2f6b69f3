//! Coordinate systems whose basis is estimated anew while runs train.

use crate::basis::{self, Followed};
use crate::experiment::offer::list;
use crate::experiment::{Algorithm, Coordinates, Experiment, System};
use crate::trial::{Follow, Origin, Reestimation, State};

impl Coordinates {
    /// The basis that runs begin with.
    pub(super) fn first(&self) -> &dyn basis::Spec {
        match self.reestimation {
            Some(Reestimation { from: Origin::Trajectory, .. }) => &basis::Identity,
            _ => &*self.basis,
        }
    }

    /// The rule that is followed, if there is one.
    pub(super) fn follow(&self) -> Option<Follow<'_>> {
        Some(Follow { rule: self.reestimation?, basis: &*self.basis })
    }
}

impl System<'_> {
    /// The basis as the config states it, which runs need not begin with.
    pub fn stated(&self) -> &dyn basis::Spec {
        self.follow.map_or(self.basis, |follow| follow.basis)
    }

    /// The basis that is made while runs train, if one is.
    pub fn followed(&self) -> Option<Followed> {
        let follow = self.follow.filter(|follow| follow.rule.from == Origin::Trajectory)?;
        follow.basis.followed(&self.objective.layout()).ok()
    }
}

/// Bases are estimated anew where that can be done, and beside their controls.
pub(super) fn check(experiment: &Experiment, report: &mut impl FnMut(String, String)) {
    let Some(study) = experiment.training() else { return };
    let layout = experiment.objective.layout();
    let mut moving = Vec::new();
    for one in &study.coordinates {
        let Some(rule) = one.reestimation else { continue };
        if rule.from == Origin::Trajectory && one.sampling.is_some() {
            let problem = "no gradient is sampled for a basis that a run makes: remove this table";
            report(format!("coordinates.{}.egop", one.name), problem.into());
        }
        let mut report = |key: &str, problem: String| {
            report(format!("coordinates.{}.reestimate{key}", one.name), problem);
        };
        let epochs = study.training.epochs;
        if rule.every >= epochs {
            report(".every", format!("is never due: training ends after {epochs}"));
        }
        if rule.from == Origin::None {
            if rule.state != State::Reset {
                let problem = "must be \"reset\" with from = \"none\": where the basis stays, nothing \
                               else changes";
                report(".state", problem.into());
            }
            continue;
        }
        moving.push(&*one.name);
        match one.basis.followed(&layout) {
            Err(problem) => report("", problem),
            Ok(_) if one.basis.sampled(1) == 0 => {
                let problem = "\"trajectory\" makes the basis of gradients, and this one is made of \
                               something else";
                report(".from", problem.into());
            }
            Ok(followed) if rule.state == State::Reset => {
                let controls = |other: &Coordinates| {
                    let control = Reestimation { from: Origin::None, ..rule };
                    let samples = other.sampling.unwrap_or(experiment.sampling).count(&layout);
                    let is_like = |of: Followed| of.is_like(&followed, samples);
                    // What the first gradients made, not a basis made without them, is what to beat.
                    other.reestimation == Some(control)
                        && other.inputs == one.inputs
                        && other.basis.sampled(1) > 0
                        && other.basis.followed(&layout).is_ok_and(is_like)
                };
                let controls: Vec<&str> = (study.coordinates.iter())
                    .filter(|other| controls(other))
                    .map(|other| &*other.name)
                    .collect();
                if controls.is_empty() {
                    report(".state", control_is_missing(rule));
                }
                let alone = |algorithm: &&Algorithm| {
                    let controlled = controls.iter().any(|name| algorithm.trains_in(name));
                    algorithm.trains_in(&one.name) && !controlled
                };
                let alone: Vec<&str> = (study.algorithms.iter())
                    .filter(alone)
                    .map(|algorithm| &*algorithm.name)
                    .collect();
                if !controls.is_empty() && !alone.is_empty() {
                    let problem = format!(
                        "\"reset\" may do much by itself: {} must train in a control as well: {}",
                        list(&alone),
                        list(&controls)
                    );
                    report(".state", problem);
                }
            }
            Ok(_) => {}
        }
    }
    for algorithm in &study.algorithms {
        let moving: Vec<&str> =
            moving.iter().copied().filter(|name| algorithm.trains_in(name)).collect();
        if !algorithm.optimizer.replays() && !moving.is_empty() {
            let problem = format!(
                "does not go on in other variables than it began with, as in these coordinates: {}; \
                 leave them out of its coordinates",
                list(&moving)
            );
            report(format!("algorithms.{}.kind", algorithm.name), problem);
        }
    }
}

/// What is said of a reset whose own part nobody could tell.
fn control_is_missing(rule: Reestimation) -> String {
    let times = rule.times.map(|times| format!("times = {times}, ")).unwrap_or_default();
    format!(
        "\"reset\" may do much by itself: needs a control beside it, another coordinate system with \
         such a basis, made of sampled gradients, and reestimate = {{ every = {}, {times}from = \"none\", state = \"reset\" }}",
        rule.every
    )
}
