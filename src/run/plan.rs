//! What would run, and about how long it takes: `--dry-run`.

use std::cell::RefCell;

use serde::Serialize;

use crate::error::Result;
use crate::experiment::{Experiment, TrainingStudy};
use crate::run::cost::{self, Speed, Work};
use crate::run::counts;
use crate::run::event::Stage;
use crate::run::executor::{Executor, RowSink, Unfinished, hand_over};
use crate::run::index::{Found, TaskIndex};
use crate::run::memory::{self, Memory};
use crate::run::sweep::{Between, Forecast, SweepState};
use crate::run::task::{Round, Task};

/// One round of a plan.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RoundPlan {
    /// What it is for.
    pub name: &'static str,
    /// Whether its learning rates depend on what is not done yet.
    pub forecast: bool,
    /// Tasks (trials × coordinate systems).
    pub tasks: usize,
    /// Tasks that are done.
    pub done: usize,
    /// Runs to do.
    pub runs: Between<u64>,
    /// Gradients to evaluate for them: some runs stop early.
    pub gradients: Between<u64>,
    /// Gradients to sample for EGOP estimates.
    pub samples: u64,
}

/// What would run.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Plan {
    /// The rounds. Those after the first that is not done are forecasts, by the rules of the sweep.
    pub rounds: Vec<RoundPlan>,
    /// Whether there are no forecasts among them.
    pub complete: bool,
    /// About how many seconds of one thread's work are to be done.
    pub work: Between<f64>,
    /// How many threads can share it.
    pub threads: usize,
    /// About how many seconds that takes.
    pub seconds: Between<f64>,
}

/// What a figure takes in seconds, with its tables.
const FIGURE: Between<f64> = Between { lower: 0.05, upper: 0.3 };
/// How much slower than the best probe a machine may be that has other things to do.
const BUSY: f64 = 2.0;
/// How far tasks are from what others of the same kind took.
const SCATTER: f64 = 1.25;
/// The least part of their updates that runs make, where nothing is known: with a tolerance they
/// may converge early; without, only diverge.
const EARLY: f64 = 0.2;
const DIVERGED: f64 = 0.5;

/// Nobody: what is done is looked at and planned with, what is not is missing.
pub(super) struct Survey<'a> {
    index: &'a TaskIndex<'a>,
    planner: RefCell<Planner<'a>>,
}

impl<'a> Survey<'a> {
    pub fn new(index: &'a TaskIndex<'a>, memory: Memory) -> Self {
        Self { index, planner: RefCell::new(Planner::new(index.experiment(), memory)) }
    }

    /// The plan, which ends with forecasts where tasks of a sweep are missing.
    pub fn finish(self, sweep: Option<&SweepState<'_>>) -> Plan {
        self.planner.into_inner().finish(sweep)
    }
}

impl Executor for Survey<'_> {
    fn execute(&self, _: Stage, round: &Round, sink: &mut RowSink<'_>) -> Result<Unfinished> {
        let found = self.index.look(&round.tasks)?;
        self.planner.borrow_mut().add(round, &found);
        let open = |(index, found): (usize, &Option<Found>)| found.is_none().then_some(index);
        let missing: Vec<usize> = found.iter().enumerate().filter_map(open).collect();
        if missing.is_empty() {
            hand_over(found, sink);
        }
        Ok(Unfinished { failures: Vec::new(), missing })
    }
}

/// Makes a plan.
struct Planner<'a> {
    experiment: &'a Experiment,
    memory: Memory,
    rounds: Vec<RoundPlan>,
    /// What is to be done at least and at most.
    work: Between<Work>,
    /// What the finished tasks took in seconds, and were.
    took: f64,
    finished: Work,
    /// The updates that finished runs made, and could have made.
    made: f64,
    possible: f64,
    /// The EGOP estimates to make before anything is kept.
    estimates: Option<Work>,
    samples: u64,
}

impl<'a> Planner<'a> {
    fn new(experiment: &'a Experiment, memory: Memory) -> Self {
        Self {
            experiment,
            memory,
            rounds: Vec::new(),
            work: Between::default(),
            took: 0.0,
            finished: Work::default(),
            made: 0.0,
            possible: 0.0,
            estimates: None,
            samples: 0,
        }
    }

    /// Adds a round whose tasks are known, some of them done.
    fn add(&mut self, round: &Round, found: &[Option<Found>]) {
        let experiment = self.experiment;
        for (task, found) in round.tasks.iter().zip(found) {
            if let Some(Found { rows, seconds: Some(seconds) }) = found {
                self.learn(task, rows.runs.iter().map(|run| run.steps), *seconds);
            }
        }
        let tasks = round.tasks.len();
        let mut row = RoundPlan {
            name: round.name,
            forecast: false,
            tasks,
            done: tasks,
            runs: Between::default(),
            gradients: Between::default(),
            samples: 0,
        };
        let (mut estimates, mut samples) = (Work::default(), 0);
        let early = self.early();
        let pending = round.tasks.iter().zip(found).filter(|(_, found)| found.is_none());
        for (task, _) in pending {
            row.done -= 1;
            let lanes = &task.lanes_by_algorithm();
            row.runs.upper += task.lanes() as u64;
            self.work.lower += cost::training(experiment, task.system, lanes, early);
            self.work.upper += cost::training(experiment, task.system, lanes, 1.0);
            estimates += cost::estimate(experiment, task.system);
            samples += counts::samples(&experiment.system(task.system));
        }
        row.runs.lower = row.runs.upper;
        row.gradients = self.gradients(row.runs);
        if row.done < tasks {
            row.samples = self.estimates(estimates, samples);
        }
        self.rounds.push(row);
    }

    /// Adds a round that is to come.
    fn forecast(&mut self, Forecast { name, runs }: Forecast) {
        let experiment = self.experiment;
        let trials = experiment.trials as u64;
        let early = self.early();
        let mut row = RoundPlan {
            name,
            forecast: true,
            tasks: 0,
            done: 0,
            runs: Between::default(),
            gradients: Between::default(),
            samples: 0,
        };
        for (coordinates, runs) in runs.iter().enumerate() {
            let upper: u64 = runs.iter().map(|runs| runs.upper).sum();
            row.tasks += if upper > 0 { experiment.trials } else { 0 };
            row.runs.lower += trials * runs.iter().map(|runs| runs.lower).sum::<u64>();
            row.runs.upper += trials * upper;
            let work = |lanes: fn(&Between<u64>) -> u64, part| {
                let lanes: Vec<f64> = runs.iter().map(|runs| lanes(runs) as f64).collect();
                cost::training(experiment, coordinates, &lanes, part)
                    .scaled(experiment.trials as f64)
            };
            self.work.lower += work(|runs| runs.lower, early);
            self.work.upper += work(|runs| runs.upper, 1.0);
        }
        row.gradients = self.gradients(row.runs);
        if row.runs.upper > 0 {
            row.samples = self.estimates(Work::default(), 0);
            self.rounds.push(row);
        }
    }

    /// The plan, which ends with forecasts where tasks of a sweep are missing.
    fn finish(mut self, sweep: Option<&SweepState<'_>>) -> Plan {
        let complete = sweep.is_none();
        for round in sweep.map(SweepState::forecast).unwrap_or_default() {
            self.forecast(round);
        }
        let probed = Speed::probed(self.experiment);
        let expected = probed.seconds(self.finished);
        let [fast, slow] = if self.took > 0.0 && expected > 0.0 {
            let factor = (self.took / expected).clamp(0.01, 100.0);
            [factor / SCATTER, factor * SCATTER]
        } else {
            [1.0, BUSY]
        };
        let work = Between {
            lower: probed.slower(fast).seconds(self.work.lower),
            upper: probed.slower(slow).seconds(self.work.upper),
        };
        let tasks: usize = self.rounds.iter().map(|round| round.tasks - round.done).sum();
        let systems = self.experiment.systems().len();
        let threads = self.memory.threads.min(self.memory.in_flight * systems).min(tasks).max(1);
        let figures = if tasks > 0 { self.experiment.figures.len() as f64 } else { 0.0 };
        let seconds = |work: f64, figure: f64| {
            work / threads as f64 + figure * (figures / self.memory.threads.max(1) as f64).ceil()
        };
        Plan {
            rounds: self.rounds,
            complete,
            work,
            threads,
            seconds: Between {
                lower: seconds(work.lower, FIGURE.lower),
                upper: seconds(work.upper, FIGURE.upper),
            },
        }
    }

    /// Learns from a finished task.
    fn learn(&mut self, task: &Task, steps: impl Iterator<Item = u64>, seconds: f64) {
        let updates = self.experiment.updates() as f64;
        let made = steps.sum::<u64>() as f64;
        let possible = task.lanes() as f64 * updates;
        self.made += made;
        self.possible += possible;
        self.took += seconds;
        let part = if possible > 0.0 { made / possible } else { 1.0 };
        let lanes = &task.lanes_by_algorithm();
        self.finished += cost::training(self.experiment, task.system, lanes, part);
        // The estimate is made in the first round, and kept.
        if self.rounds.is_empty() {
            self.finished += cost::estimate(self.experiment, task.system);
        }
    }

    /// The part of their updates that runs make at least.
    fn early(&self) -> f64 {
        if self.possible > 0.0 {
            return (self.made / self.possible).clamp(0.0, 1.0);
        }
        let early = |study: &TrainingStudy| {
            study.training.minibatch.is_none() && study.training.gradient_tolerance > 0.0
        };
        if self.experiment.training().is_some_and(early) { EARLY } else { DIVERGED }
    }

    fn gradients(&self, runs: Between<u64>) -> Between<u64> {
        let updates = self.experiment.updates();
        Between {
            lower: (self.early() * runs.lower as f64 * updates as f64) as u64,
            upper: runs.upper.saturating_mul(updates),
        }
    }

    /// Adds the EGOP estimates that a round makes: the first, its own; later ones make them again
    /// where there is no memory to keep them. Returns how many gradients are sampled.
    fn estimates(&mut self, own: Work, samples: u64) -> u64 {
        let fits = memory::of_bases(self.experiment) <= self.memory.kept();
        match self.estimates {
            Some(_) if fits => 0,
            Some(estimates) => {
                self.work.lower += estimates;
                self.work.upper += estimates;
                self.samples
            }
            None => {
                self.estimates = Some(own);
                self.samples = samples;
                self.work.lower += own;
                self.work.upper += own;
                samples
            }
        }
    }
}
