//! Runs whose change of variables is estimated anew while they train.

use std::ops::Range;
use std::sync::Arc;

use crate::basis::{self, Part, Scope};
use crate::coordinates::{Change, Coordinates, Forms};
use crate::error::{Error, Result};
use crate::gradients::Gradients;
use crate::lanes::{Lanes, Workspace};
use crate::optimizer::Carry;
use crate::rng::Streams;
use crate::trial::reestimation::{Origin, Reestimation, State};
use crate::trial::window::Window;
use crate::trial::{Precision, Problem, Training};

/// How a change of variables is estimated anew.
#[derive(Clone, Copy, Debug)]
pub struct Follow<'a> {
    /// When, and what becomes of the state.
    pub rule: Reestimation,
    /// The basis that the run's gradients make, of maps that have a
    /// [`Structure`](crate::coordinates::Structure); not used where the rule has none made.
    pub basis: &'a dyn basis::Spec,
}

/// The rule of an engine, and where it has led so far.
pub(super) struct Following<'a, R: Precision> {
    rule: Reestimation,
    epochs: usize,
    /// Of the only lane; `None`: the basis stays.
    trail: Option<Trail<'a, R>>,
}

/// The coordinates of a run, and its gradients since it has them.
struct Trail<'a, R: Precision> {
    basis: &'a dyn basis::Spec,
    coordinates: Coordinates<R>,
    forms: Forms,
    window: Window<R>,
    /// Bases that were made, and that are to be made.
    made: usize,
    number: usize,
}

/// What is to be done at a time.
pub(super) struct Occasion<R> {
    /// To the new variables.
    pub change: Change<R>,
    /// The new coordinates; `None`: they stay.
    pub coordinates: Option<Coordinates<R>>,
    state: State,
    /// The gradients since the last time, in the new variables, where they are replayed.
    replayed: Option<Lanes<R>>,
}

impl<R> Occasion<R> {
    /// What becomes of squares.
    pub fn carry(&self) -> Carry<'_, R> {
        match (self.state, &self.replayed) {
            (State::Reset, _) => Carry::Reset,
            (State::Replay, Some(gradients)) => Carry::Replay(gradients),
            (State::Replay | State::Carry, _) => Carry::Index,
        }
    }
}

impl<R: Precision> Trail<'_, R> {
    /// What the gradients since the last time make. Where those of a block are all 0, as of units that no
    /// example reaches, there is nothing of it.
    fn parts(&self, streams: &Streams) -> Result<Vec<Part>> {
        let parts = self.basis.build(&self.window, streams);
        let Err(Error::NoDirections(_)) = parts else { return parts };
        let layout = self.window.layout();
        let followed = self.basis.followed(layout).map_err(Error::Numerical)?;
        let mut parts = Vec::new();
        for block in self.basis.groups(layout).into_iter().filter(|group| group.len() == 1) {
            let name = layout.blocks()[block.start].name.clone();
            let of_block = followed.of(Scope::Block(vec![name]));
            match of_block.spec().build(&self.window, streams) {
                Err(Error::NoDirections(_)) => {}
                made => parts.extend(made?),
            }
        }
        Ok(parts)
    }
}

impl<'a, R: Precision> Following<'a, R> {
    /// Before training; where bases are made, in original coordinates.
    pub fn new(follow: Follow<'a>, problem: &Problem<R>, training: &Training) -> Self {
        let Follow { rule, basis } = follow;
        let layout = problem.objective.layout();
        let trail = (rule.from == Origin::Trajectory).then(|| Trail {
            basis,
            coordinates: Coordinates::original(layout),
            forms: Vec::new(),
            window: Window::new(layout, rule.every * training.steps_per_epoch()),
            made: 0,
            number: rule.number(training.epochs),
        });
        Self { rule, epochs: training.epochs, trail }
    }

    /// Takes note of the gradient, in original coordinates, of the only lane's step.
    pub fn note(&mut self, gradient: &Lanes<R>) {
        if let Some(trail) = self.trail.as_mut().filter(|trail| trail.made < trail.number) {
            trail.window.push(gradient);
        }
    }

    /// What is to be done at the end of an epoch, counted from 1. A block whose gradients are all 0 keeps the
    /// basis that it has.
    ///
    /// # Errors
    /// When the gradients make no basis.
    pub fn occasion(
        &mut self,
        epoch: usize,
        problem: &Problem<R>,
        workspace: &mut Workspace<R>,
    ) -> Result<Option<Occasion<R>>> {
        if !self.rule.is_due(epoch, self.epochs) {
            return Ok(None);
        }
        let state = self.rule.state;
        let Some(trail) = &mut self.trail else {
            let change = Change::none(problem.objective.layout());
            return Ok(Some(Occasion { change, coordinates: None, state, replayed: None }));
        };
        // No two bases are made of the same random numbers.
        let streams = problem.streams.branch(&format!("re-estimation {}", trail.made));
        let mut parts = trail.parts(&streams)?;
        let (change, coordinates) = if parts.is_empty() {
            (Change::none(problem.objective.layout()), None)
        } else {
            let is_made = |blocks: &Range<usize>| parts.iter().any(|part| part.blocks == *blocks);
            let stay = trail.forms.iter().filter(|(blocks, _)| !is_made(blocks));
            let stay = stay.map(|(blocks, form)| Part {
                blocks: blocks.clone(),
                map: Arc::clone(form),
                spectrum: None,
            });
            let stay: Vec<Part> = stay.collect();
            parts.extend(stay);
            let coordinates = problem.coordinates(&parts);
            let forms: Forms = parts.into_iter().map(|part| (part.blocks, part.map)).collect();
            let change = Change::new((&trail.coordinates, &trail.forms), (&coordinates, &forms));
            (trail.coordinates, trail.forms) = (coordinates.clone(), forms);
            (change, Some(coordinates))
        };
        let replayed = (state == State::Replay).then(|| {
            let gradients = trail.window.whole();
            let mut turned = Lanes::zeros(trail.coordinates.trained(), gradients.lanes());
            trail.coordinates.pull_back(gradients, &mut turned, workspace);
            turned
        });
        trail.window.clear();
        trail.made += 1;
        Ok(Some(Occasion { change, coordinates, state, replayed }))
    }
}
