//! The lane engine: all runs of a trial in one coordinate system, trained at once.

use std::ops::Range;

use crate::coordinates::Coordinates;
use crate::data::Split;
use crate::error::{Error, Result};
use crate::lanes::{Lanes, Workspace};
use crate::linalg::{from_f64, to_f64};
use crate::linalg::{sum_of_magnitudes, sum_of_squares};
use crate::objective::{Batch, Metrics};
use crate::optimizer::Optimizer;
use crate::record::Stop;
use crate::trial::following::Following;
use crate::trial::reparameterized::Reparameterized;
use crate::trial::tracker::{GradientNorms, LossReference, Tracker};
use crate::trial::{Control, CurvePoint, Method, Outcome, Precision, Problem, Recording, Training};

/// What is evaluated at the start and after each epoch, with minibatches.
const RECORDED: [Split; 2] = [Split::Training, Split::Validation];

/// The lanes of one algorithm.
struct Group<R: Precision> {
    optimizer: Box<dyn Optimizer<R>>,
    rows: Range<usize>,
    learning_rates: Vec<f64>,
    scheduled: Vec<R>,
}

pub(super) struct Engine<'a, R: Precision> {
    objective: Reparameterized<'a, R>,
    problem: &'a Problem<R>,
    training: &'a Training,
    recording: Recording,
    groups: Vec<Group<R>>,
    /// One for each lane that the engine began with.
    trackers: Vec<Tracker>,
    /// The lane that each row holds.
    lanes: Vec<usize>,
    gradient: Lanes<R>,
    values: Vec<f64>,
    norms: Vec<GradientNorms>,
    workspace: Workspace<R>,
    steps: u64,
    /// How the change of variables is estimated anew, if it is.
    pub following: Option<Following<'a, R>>,
}

impl<'a, R: Precision> Engine<'a, R> {
    /// With all lanes at the problem's start.
    pub fn new(
        problem: &'a Problem<R>,
        coordinates: &Coordinates<R>,
        methods: &[Method<'_>],
        training: &'a Training,
        recording: Recording,
    ) -> Self {
        let objective = &*problem.objective;
        let layout = coordinates.trained();
        let mut rows = 0;
        let groups: Vec<Group<R>> = methods
            .iter()
            .map(|method| {
                let learning_rates = method.learning_rates.to_vec();
                let start = rows;
                rows += learning_rates.len();
                Group {
                    optimizer: R::optimizer(method.optimizer, layout, learning_rates.len()),
                    rows: start..rows,
                    scheduled: vec![R::zero(); learning_rates.len()],
                    learning_rates,
                }
            })
            .collect();
        let minimizer = (recording == Recording::Trajectory)
            .then(|| objective.minimizer().map(|point| point.mapv(to_f64)))
            .flatten();
        let scale = LossReference::of(objective);
        let curve =
            (recording >= Recording::Curve).then_some((training.curve, training.epochs + 1));
        let tracker = |_| {
            let minimizer = minimizer.clone();
            Tracker::new(scale, training.steps(), training.target, curve, minimizer)
        };
        let start = Lanes::broadcast(objective.layout(), rows, problem.start.view());
        let (mut variables, mut workspace) = (Lanes::zeros(layout, rows), Workspace::new());
        coordinates.start(&start, &mut variables, &mut workspace);
        Self {
            gradient: variables.clone(),
            objective: Reparameterized::new(objective, coordinates.clone(), variables),
            problem,
            training,
            recording,
            groups,
            trackers: (0..rows).map(tracker).collect(),
            lanes: (0..rows).collect(),
            values: vec![0.0; rows],
            norms: vec![GradientNorms::NONE; rows],
            workspace,
            steps: 0,
            following: None,
        }
    }

    /// Trains all lanes to their ends.
    ///
    /// # Errors
    /// On interruption.
    pub fn run(mut self, control: Control<'_>) -> Result<Vec<Outcome>> {
        let wanted = self.trackers.len();
        if wanted == 0 {
            return Ok(Vec::new());
        }
        control.advance(0);
        self.record_start();
        let epochs = self.training.epochs;
        for epoch in 0..epochs {
            if self.active() == 0 {
                control.advance(((epochs - epoch) * wanted) as u64);
                break;
            }
            self.epoch(epoch, control)?;
            control.advance(wanted as u64);
        }
        self.close();
        Ok(self.trackers.into_iter().map(Tracker::finish).collect())
    }

    /// Lanes that still train.
    fn active(&self) -> usize {
        self.trackers.iter().filter(|tracker| !tracker.is_stopped()).count()
    }

    fn epoch(&mut self, epoch: usize, control: Control<'_>) -> Result<()> {
        let factor = self.training.schedule.factor(epoch, self.training.epochs);
        for group in &mut self.groups {
            for (scheduled, rate) in group.scheduled.iter_mut().zip(&group.learning_rates) {
                *scheduled = from_f64(rate * factor);
            }
        }
        if let Some(minibatches) = self.training.minibatches {
            let pass = minibatches.pass(&self.problem.streams, "minibatch", epoch);
            for rows in minibatches.cut(&pass) {
                self.step(Batch::Rows(rows), epoch, control)?;
            }
            self.record_epoch(epoch + 1);
        } else {
            self.step(Batch::Full, epoch, control)?;
        }
        if self.active() > 0 { self.follow(epoch + 1) } else { Ok(()) }
    }

    /// Does what is to be done at the end of an epoch about the change of variables.
    fn follow(&mut self, epoch: usize) -> Result<()> {
        let Some(following) = &mut self.following else { return Ok(()) };
        let occasion = match following.occasion(epoch, self.problem, &mut self.workspace) {
            Err(Error::Numerical(problem)) => {
                self.trackers.iter_mut().for_each(|tracker| tracker.fail(self.steps, &problem));
                return Ok(());
            }
            occasion => occasion?,
        };
        let Some(occasion) = occasion else { return Ok(()) };
        if let Some(coordinates) = &occasion.coordinates {
            let mut variables = self.objective.variables().clone();
            occasion.change.linear(&mut variables, &mut self.workspace);
            let objective = &*self.problem.objective;
            self.objective = Reparameterized::around(objective, coordinates.clone(), variables);
        }
        for group in &mut self.groups {
            group.optimizer.change_coordinates(&occasion.change, occasion.carry());
        }
        let active = self.trackers.iter_mut().filter(|tracker| !tracker.is_stopped());
        let has_basis = occasion.coordinates.is_some();
        active.for_each(|tracker| tracker.record_reestimation(has_basis));
        Ok(())
    }

    /// One update of every lane that still trains.
    fn step(&mut self, batch: Batch<'_>, epoch: usize, control: Control<'_>) -> Result<()> {
        if control.interrupted() {
            return Err(Error::Interrupted);
        }
        self.evaluate_gradient(batch);
        match batch {
            Batch::Full => self.record_full_batch(),
            Batch::Rows(_) => self.stop_diverged(epoch + 1),
        }
        if self.active() == 0 {
            return Ok(());
        }
        self.compact();
        self.steps += 1;
        for (&lane, norms) in self.lanes.iter().zip(&self.norms) {
            self.trackers[lane].record_gradient(norms.sum);
        }
        if let Some(following) = &mut self.following {
            following.note(self.objective.steepest(&self.gradient));
        }
        for group in &mut self.groups {
            let updated = group.optimizer.step(
                self.objective.variables_mut().view_mut(group.rows.clone()),
                self.gradient.view(group.rows.clone()),
                &group.scheduled,
            );
            let Err(failure) = updated else { continue };
            for row in failure.lanes {
                let lane = self.lanes[group.rows.start + row];
                self.trackers[lane].fail(self.steps, &failure.message);
            }
        }
        Ok(())
    }

    /// Values, gradients and their norms at the current iterates.
    fn evaluate_gradient(&mut self, batch: Batch<'_>) {
        self.objective.value_and_gradient(
            batch,
            &mut self.values,
            &mut self.gradient,
            &mut self.workspace,
        );
        self.norms.fill(GradientNorms { euclidean: 0.0, sum: 0.0 });
        for block in 0..self.gradient.layout().blocks().len() {
            for (norms, row) in self.norms.iter_mut().zip(self.gradient.block(block).rows()) {
                let entries = row.to_slice().expect("rows of a block are contiguous");
                norms.euclidean += sum_of_squares(entries);
                norms.sum += sum_of_magnitudes(entries);
            }
        }
        for norms in &mut self.norms {
            norms.euclidean = norms.euclidean.sqrt();
        }
    }

    /// Whether a row's loss or gradient shows that its run has diverged.
    fn has_diverged(&self, row: usize, loss: f64) -> bool {
        let initial = self.trackers[self.lanes[row]].initial_loss().unwrap_or(loss);
        let bound = initial + self.training.divergence * initial.abs().max(1.0);
        // NaN compares false: it counts as diverged.
        !(loss.is_finite() && self.norms[row].euclidean < f64::INFINITY && loss <= bound)
    }

    /// With full batches: records the current iterate of every lane and stops those that are done.
    fn record_full_batch(&mut self) {
        let layout = self.problem.objective.layout();
        let iterates = (self.recording == Recording::Trajectory)
            .then(|| self.objective.original(layout, &mut self.workspace));
        for row in 0..self.lanes.len() {
            let lane = self.lanes[row];
            if self.trackers[lane].is_stopped() {
                continue;
            }
            let (loss, gradient) = (self.values[row], self.norms[row]);
            self.trackers[lane].record(CurvePoint {
                step: self.steps,
                updates: self.steps,
                train_loss: loss,
                validation: None,
                gradient,
            });
            if let Some(iterates) = &iterates {
                self.trackers[lane].record_iterate(self.steps, iterates.lane(row).view());
            }
            if self.has_diverged(row, loss) {
                self.trackers[lane].stop(Stop::Diverged, self.steps, None);
            } else if gradient.euclidean < self.training.gradient_tolerance {
                self.trackers[lane].stop(Stop::Converged, self.steps, None);
            }
        }
    }

    /// With minibatches: stops the lanes whose last loss or gradient shows that they diverged.
    fn stop_diverged(&mut self, epoch: usize) {
        for row in 0..self.lanes.len() {
            let lane = self.lanes[row];
            let loss = self.values[row];
            if !self.trackers[lane].is_stopped() && self.has_diverged(row, loss) {
                self.trackers[lane].record(CurvePoint {
                    step: epoch as u64,
                    updates: self.steps,
                    train_loss: loss,
                    validation: None,
                    gradient: self.norms[row],
                });
                self.trackers[lane].stop(Stop::Diverged, self.steps, None);
            }
        }
    }

    /// With minibatches, where nothing is known of the start yet: records it. It is the same of all lanes,
    /// and evaluated once.
    fn record_start(&mut self) {
        if self.training.minibatches.is_some() {
            self.norms.fill(GradientNorms::NONE);
            let metrics = self.objective.evaluate_first(RECORDED, &mut self.workspace);
            let lanes = self.lanes.len();
            self.record_metrics(
                0,
                metrics.map(|of_one| of_one.map(|metrics| vec![metrics; lanes])),
            );
        }
    }

    /// With minibatches: records training and validation metrics after an epoch.
    fn record_epoch(&mut self, epoch: usize) {
        if self.active() == 0 {
            return;
        }
        let metrics = self.objective.evaluate(RECORDED, &mut self.workspace);
        self.record_metrics(epoch, metrics);
    }

    /// Records training and validation metrics of every row.
    fn record_metrics(&mut self, epoch: usize, metrics: [Option<Vec<Metrics>>; 2]) {
        let [Some(training), validation] = metrics else { return };
        for row in 0..self.lanes.len() {
            let lane = self.lanes[row];
            if self.trackers[lane].is_stopped() {
                continue;
            }
            self.trackers[lane].record(CurvePoint {
                step: epoch as u64,
                updates: self.steps,
                train_loss: training[row].loss,
                validation: validation.as_ref().map(|all| all[row]),
                gradient: self.norms[row],
            });
            if epoch > 0 && self.has_diverged(row, training[row].loss) {
                self.trackers[lane].stop(Stop::Diverged, self.steps, None);
            }
        }
    }

    /// Ends the lanes that used up their budget.
    fn close(&mut self) {
        if self.active() == 0 {
            return;
        }
        let mut test = None;
        if self.training.minibatches.is_some() {
            [test] = self.objective.evaluate([Split::Test], &mut self.workspace);
        } else {
            self.evaluate_gradient(Batch::Full);
            self.record_full_batch();
        }
        for (row, &lane) in self.lanes.iter().enumerate() {
            if !self.trackers[lane].is_stopped() {
                let test = test.as_ref().map(|all| all[row]);
                self.trackers[lane].stop(Stop::Budget, self.steps, test);
            }
        }
    }

    /// Drops the rows of stopped lanes.
    fn compact(&mut self) {
        let trains = |row: &usize| !self.trackers[self.lanes[*row]].is_stopped();
        let keep: Vec<usize> = (0..self.lanes.len()).filter(trains).collect();
        if keep.len() == self.lanes.len() {
            return;
        }
        self.lanes = keep.iter().map(|&row| self.lanes[row]).collect();
        self.gradient.retain(&keep);
        self.objective.retain(&keep);
        self.values = keep.iter().map(|&row| self.values[row]).collect();
        self.norms = keep.iter().map(|&row| self.norms[row]).collect();
        let mut start = 0;
        for group in &mut self.groups {
            let kept: Vec<usize> = keep
                .iter()
                .filter(|row| group.rows.contains(row))
                .map(|row| row - group.rows.start)
                .collect();
            group.optimizer.retain(&kept);
            group.learning_rates = kept.iter().map(|&row| group.learning_rates[row]).collect();
            group.scheduled = kept.iter().map(|&row| group.scheduled[row]).collect();
            group.rows = start..start + kept.len();
            start = group.rows.end;
        }
    }
}
