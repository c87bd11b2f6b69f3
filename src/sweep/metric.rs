//! The numbers by which runs are compared: columns of `runs.csv`.

use crate::data::Split;
use crate::need::Need;
use crate::record::{RunRow, Stop};

/// Which values are better.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Goal {
    /// Losses.
    Lower,
    /// Accuracies.
    Higher,
}

impl Goal {
    /// The value that a diverged run counts as.
    pub fn worst(self) -> f64 {
        match self {
            Self::Lower => f64::INFINITY,
            Self::Higher => f64::NEG_INFINITY,
        }
    }

    /// Whether the first value is better than the second by more than `tolerance`.
    pub fn is_better(self, a: f64, b: f64, tolerance: f64) -> bool {
        match self {
            Self::Lower => a < b - tolerance,
            Self::Higher => a > b + tolerance,
        }
    }
}

/// What a metric counts in. A tolerance or a floor in one unit says nothing of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// The loss.
    Loss,
    /// The loss, from the minimum on.
    Suboptimality,
    /// Steps or epochs.
    Steps,
    /// Steps or epochs to the lowest level that both sides of a pair reach.
    CommonLevel,
    /// Steps, or what they take, that are many where nothing ended the run before its budget did.
    Budget,
    /// A share of the examples, in [0, 1].
    Accuracy,
    /// Multiples of a length.
    Lengths,
    /// Sums of the entries of gradients.
    Gradients,
}

impl Unit {
    /// Whether differences are differences of losses.
    pub fn is_loss(self) -> bool {
        matches!(self, Self::Loss | Self::Suboptimality)
    }

    /// Whether it is steps or epochs until a loss came down to something.
    pub fn is_steps_to_level(self) -> bool {
        matches!(self, Self::Steps | Self::CommonLevel)
    }
}

/// A column of `runs.csv` and which of its values are better.
#[derive(Clone, Copy, Debug)]
pub struct Metric {
    /// Name of the column.
    pub name: &'static str,
    /// What it is.
    pub summary: &'static str,
    /// Which values are better.
    pub goal: Goal,
    /// What it counts in.
    pub unit: Unit,
    /// What an experiment must have for it to apply.
    pub needs: &'static [Need<'static>],
    /// Whether it is known of the runs at selected learning rates only, as iterates are.
    pub of_selected: bool,
    /// The column; `None` where it does not apply.
    pub get: fn(&RunRow) -> Option<f64>,
}

/// A metric that is lower where it is better, whatever the experiment.
const fn lower(
    name: &'static str,
    summary: &'static str,
    unit: Unit,
    get: fn(&RunRow) -> Option<f64>,
) -> Metric {
    Metric { name, summary, goal: Goal::Lower, unit, needs: &[], of_selected: false, get }
}

/// The share of the examples of a split that are classified correctly.
const fn accuracy(
    name: &'static str,
    summary: &'static str,
    needs: &'static [Need<'static>],
    get: fn(&RunRow) -> Option<f64>,
) -> Metric {
    Metric { goal: Goal::Higher, ..lower(name, summary, Unit::Accuracy, get) }.with(needs)
}

/// All metrics.
pub const METRICS: &[Metric] = &[
    lower("final_loss", "training loss at the end", Unit::Loss, |run| Some(run.final_loss)),
    Metric::LOWEST_LOSS,
    lower(
        "final_suboptimality",
        "training loss at the end minus the minimum",
        Unit::Suboptimality,
        |run| run.final_suboptimality,
    )
    .with(&[Need::Minimum]),
    lower(
        "minimum_suboptimality",
        "lowest recorded training loss minus the minimum",
        Unit::Suboptimality,
        |run| run.minimum_suboptimality,
    )
    .with(&[Need::Minimum]),
    Metric::TO_TARGET,
    lower("steps", "updates made", Unit::Budget, |run| Some(run.steps as f64))
        .with(&[Need::EarlyEnd]),
    lower("training_flops", "floating-point operations of the updates", Unit::Budget, |run| {
        Some(run.training_flops as f64)
    })
    .with(&[Need::EarlyEnd]),
    Metric::MEAN_GRADIENT,
    Metric {
        of_selected: true,
        ..lower(
            "path_ratio",
            "length of the path over the distance to the minimizer",
            Unit::Lengths,
            |run| run.path_ratio,
        )
        .with(&[Need::Minimizer, Need::Trajectories])
    },
    lower("best_validation_loss", "lowest validation loss", Unit::Loss, |run| {
        run.best_validation_loss
    })
    .with(&[Need::Split(Split::Validation)]),
    lower("final_validation_loss", "validation loss at the end", Unit::Loss, |run| {
        run.final_validation_loss
    })
    .with(&[Need::Split(Split::Validation)]),
    accuracy(
        "best_validation_accuracy",
        "highest validation accuracy",
        &[Need::Split(Split::Validation), Need::Accuracy],
        |run| run.best_validation_accuracy,
    ),
    accuracy(
        "final_validation_accuracy",
        "validation accuracy at the end",
        &[Need::Split(Split::Validation), Need::Accuracy],
        |run| run.final_validation_accuracy,
    ),
    lower("test_loss", "test loss at the end", Unit::Loss, |run| run.test_loss)
        .with(&[Need::Split(Split::Test)]),
    accuracy(
        "test_accuracy",
        "test accuracy at the end",
        &[Need::Split(Split::Test), Need::Accuracy],
        |run| run.test_accuracy,
    ),
];

impl Metric {
    /// How far down a run came.
    pub const LOWEST_LOSS: Self =
        lower("minimum_loss", "lowest recorded training loss", Unit::Loss, |run| {
            Some(run.minimum_loss)
        });

    /// The number of steps or epochs to the target.
    pub const TO_TARGET: Self = lower(
        "reached_target",
        "first step or epoch at the target; infinite if never",
        Unit::Steps,
        |run| Some(run.reached_target.map_or(f64::INFINITY, |step| step as f64)),
    )
    .with(&[Need::Target]);

    const fn with(self, needs: &'static [Need<'static>]) -> Self {
        Self { needs, ..self }
    }

    /// What an experiment must have for it to be known at every learning rate.
    pub fn needs_everywhere<'a>(self) -> impl Iterator<Item = Need<'a>> {
        let selected = self.of_selected.then_some(Need::SingleRates);
        let needs: &[Need<'a>] = self.needs;
        needs.iter().copied().chain(selected)
    }

    /// What Theorem 3 of the paper bounds.
    pub const MEAN_GRADIENT: Self = lower(
        "mean_gradient_l1",
        "mean over the updates of the gradient's ℓ₁ norm, in the coordinates that are trained",
        Unit::Gradients,
        |run| Some(run.mean_gradient_l1),
    );

    /// The number of steps or epochs to the common level of a pair: the lowest of the `levels` of
    /// `runs.csv` that both runs reach. No number of a run alone.
    pub const TO_COMMON_LEVEL: Self = Self {
        name: "common_level",
        summary: "steps or epochs to the lowest level of the training loss that both sides reach",
        unit: Unit::CommonLevel,
        ..Self::TO_TARGET
    };

    /// Names and metrics, as configs choose them.
    pub fn choices() -> Vec<(&'static str, Metric)> {
        METRICS.iter().map(|&metric| (metric.name, metric)).collect()
    }

    /// Those by which pairs of runs are compared.
    pub fn choices_of_pairs() -> Vec<(&'static str, Metric)> {
        let common = Self::TO_COMMON_LEVEL;
        [Self::choices(), vec![(common.name, common)]].concat()
    }

    /// The run's value: the worst one if it diverged or the value is not a number, whatever else
    /// the run reports, or does not any more; `None` where the metric does not apply.
    pub fn value(&self, run: &RunRow) -> Option<f64> {
        if run.stop.is_failure() {
            return Some(self.goal.worst());
        }
        (self.get)(run).map(|value| if value.is_nan() { self.goal.worst() } else { value })
    }

    /// Whether the run came to nothing: two of them have nothing to be compared by.
    pub fn failed(&self, run: &RunRow) -> bool {
        let used_up = self.unit == Unit::Budget && run.stop == Stop::Budget;
        used_up || self.value(run).is_some_and(|value| !value.is_finite())
    }
}
