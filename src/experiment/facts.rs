//! What figures say of an experiment.

use crate::drawing::axis::number;
use crate::experiment::{Algorithm, Experiment, System, TrainingStudy};
use crate::figure::{Facts, SystemFacts};
use crate::schedule::Schedule;

/// What stands beside the title of a figure that is no more than a look.
const CAUTION: &str = "quick profile: a look, not the experiment";

impl Experiment {
    /// What figures say of it.
    pub fn facts(&self) -> Facts {
        let look = self.unjudged().is_some();
        let mut numbers = vec![
            ("d", self.objective.layout().dimension().to_string()),
            ("trials", self.trials.to_string()),
        ];
        if let Some(study) = self.training() {
            let unit = if study.training.minibatch.is_some() { "epochs" } else { "iterations" };
            numbers.push((unit, study.training.epochs.to_string()));
        }
        Facts {
            algorithms: self.training().map(titles).unwrap_or_default(),
            systems: self.systems().iter().map(system).collect(),
            training: self.training().map(training),
            tuned: self.training().map(tuned).unwrap_or_default(),
            epochs: self.training().and_then(|study| study.training.recorded_epochs()),
            trials: self.trials,
            profile: self.profile.clone(),
            caution: look.then_some(CAUTION),
            numbers: numbers.into_iter().collect(),
        }
    }
}

/// What algorithms are called: as is usual, unless two would be called the same; then the one whose name
/// that is, and the others by their names.
fn titles(study: &TrainingStudy) -> Vec<(String, String)> {
    let minibatches = study.training.minibatch.is_some();
    let usual = |one: &Algorithm| one.optimizer.title(minibatches);
    let all: Vec<_> = study.algorithms.iter().map(usual).collect();
    let title = |(one, usual): (&Algorithm, &Option<&str>)| {
        let unique = all.iter().filter(|other| *other == usual).count() == 1;
        let own = |usual: &&str| unique || usual.to_lowercase() == one.name;
        let title = usual.filter(own).unwrap_or(&one.name);
        (one.name.clone(), title.to_owned())
    };
    study.algorithms.iter().zip(&all).map(title).collect()
}

fn system(system: &System<'_>) -> SystemFacts {
    let layout = system.objective.layout();
    let rows = system.objective.rows().map(|rows| format!("n = {rows}, ")).unwrap_or_default();
    SystemFacts {
        name: system.name.to_owned(),
        sizes: format!("{rows}d = {}", layout.dimension()),
        samples: Some(system.samples()).filter(|&samples| samples > 0),
        remark: system.objective.remark(),
    }
}

/// How runs are trained.
fn training(study: &TrainingStudy) -> String {
    let training = &study.training;
    let schedule = match training.schedule {
        Schedule::Constant => "",
        Schedule::CosineAnnealing => ", cosine annealing",
    };
    let epochs = training.epochs;
    match training.minibatch {
        Some((rows, _)) => {
            let epochs = if epochs == 1 { "1 epoch".into() } else { format!("{epochs} epochs") };
            format!("{epochs}, minibatches of {rows}{schedule}")
        }
        None => {
            let tolerance = training.gradient_tolerance;
            if tolerance > 0.0 {
                let tolerance = number(tolerance);
                format!(
                    "at most {epochs} iterations, down to a gradient norm of {tolerance}{schedule}"
                )
            } else {
                format!("{epochs} iterations{schedule}")
            }
        }
    }
}

/// Where learning rates were swept, the coordinate systems for which they were.
fn tuned(study: &TrainingStudy) -> Vec<String> {
    if study.algorithms.iter().any(Algorithm::is_swept) {
        study.sweep.tune.clone()
    } else {
        Vec::new()
    }
}
