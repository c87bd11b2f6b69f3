//! The numbers by which runs are compared: columns of `runs.csv`.

use crate::record::RunRow;

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

/// A column of `runs.csv` and which of its values are better.
#[derive(Clone, Copy, Debug)]
pub struct Metric {
    /// Name of the column.
    pub name: &'static str,
    /// What it is.
    pub summary: &'static str,
    /// Which values are better.
    pub goal: Goal,
    /// The column; `None` where it does not apply.
    pub get: fn(&RunRow) -> Option<f64>,
}

/// All metrics.
pub const METRICS: &[Metric] = &[
    Metric {
        name: "final_loss",
        summary: "training loss at the end",
        goal: Goal::Lower,
        get: |run| Some(run.final_loss),
    },
    Metric {
        name: "minimum_loss",
        summary: "lowest recorded training loss",
        goal: Goal::Lower,
        get: |run| Some(run.minimum_loss),
    },
    Metric {
        name: "final_suboptimality",
        summary: "training loss at the end minus the minimum",
        goal: Goal::Lower,
        get: |run| run.final_suboptimality,
    },
    Metric {
        name: "minimum_suboptimality",
        summary: "lowest recorded training loss minus the minimum",
        goal: Goal::Lower,
        get: |run| run.minimum_suboptimality,
    },
    Metric::TO_TARGET,
    Metric {
        name: "steps",
        summary: "updates made",
        goal: Goal::Lower,
        get: |run| Some(run.steps as f64),
    },
    Metric {
        name: "path_ratio",
        summary: "length of the path over the distance to the minimizer",
        goal: Goal::Lower,
        get: |run| run.path_ratio,
    },
    Metric {
        name: "best_validation_loss",
        summary: "lowest validation loss",
        goal: Goal::Lower,
        get: |run| run.best_validation_loss,
    },
    Metric {
        name: "final_validation_loss",
        summary: "validation loss at the end",
        goal: Goal::Lower,
        get: |run| run.final_validation_loss,
    },
    Metric {
        name: "best_validation_accuracy",
        summary: "highest validation accuracy",
        goal: Goal::Higher,
        get: |run| run.best_validation_accuracy,
    },
    Metric {
        name: "final_validation_accuracy",
        summary: "validation accuracy at the end",
        goal: Goal::Higher,
        get: |run| run.final_validation_accuracy,
    },
    Metric {
        name: "test_loss",
        summary: "test loss at the end",
        goal: Goal::Lower,
        get: |run| run.test_loss,
    },
    Metric {
        name: "test_accuracy",
        summary: "test accuracy at the end",
        goal: Goal::Higher,
        get: |run| run.test_accuracy,
    },
];

impl Metric {
    /// The number of steps or epochs to the target.
    pub const TO_TARGET: Self = Self {
        name: "reached_target",
        summary: "first step or epoch at the target; infinite if never",
        goal: Goal::Lower,
        get: |run| Some(run.reached_target.map_or(f64::INFINITY, |step| step as f64)),
    };

    /// Names and metrics, as configs choose them.
    pub fn choices() -> Vec<(&'static str, Metric)> {
        METRICS.iter().map(|&metric| (metric.name, metric)).collect()
    }

    /// The run's value: the worst one if it diverged or the value is not a number, whatever else
    /// the run reports; `None` where the metric does not apply.
    pub fn value(&self, run: &RunRow) -> Option<f64> {
        let value = (self.get)(run)?;
        let failed = run.stop == crate::record::Stop::Diverged || value.is_nan();
        Some(if failed { self.goal.worst() } else { value })
    }
}
