//! The tables of what a run found: learning rates, theory, EGOP estimates, cost and times.

use super::table::{Table, between, complete, none, numbers, prose, shown, shown_or_none, text};
use crate::record::Phase;
use crate::summary::{
    CostSummary, EstimateSummary, MeasuredValue, RatesSummary, TheoryMedians, TheorySummary,
    TimesSummary,
};
use crate::sweep::written;

/// The selected learning rates.
pub(super) fn rates(summary: &RatesSummary<'_>) -> Option<Table> {
    let metric = summary.metric?;
    let (mut rows, mut notes) = (Vec::new(), Vec::new());
    for method in &summary.methods {
        let label = || [method.algorithm, method.coordinates].map(str::to_owned);
        for row in &method.selected {
            let quartiles = [row.lower_quartile, row.upper_quartile].map(shown);
            let cells = [
                row.selected.clone(),
                written(row.learning_rate),
                shown(row.median),
                between(quartiles),
                row.reached_target.map_or_else(|| "never".to_owned(), |step| step.to_string()),
                row.diverged.to_string(),
                complete(row.trials, row.planned),
                row.reason.clone(),
            ];
            rows.push(label().into_iter().chain(cells).collect());
        }
        if let Some(unselected) = &method.unselected {
            let [algorithm, coordinates] = label();
            let why = unselected.reason(metric);
            notes.push(format!(
                "{algorithm} in {coordinates} coordinates: no learning rate was selected, as {why}."
            ));
            let cells = [
                "none".to_owned(),
                unselected.range_in_words(),
                none(),
                none(),
                none(),
                between(unselected.diverged.map(|trials| trials.to_string())),
                complete(unselected.trials, unselected.planned),
                "no learning rate was selected".to_owned(),
            ];
            rows.push(vec![algorithm, coordinates].into_iter().chain(cells).collect());
        }
    }
    let columns = [
        text("algorithm"),
        text("coordinates"),
        text("tuned in"),
        numbers("learning rate η"),
        numbers("median"),
        numbers("quartiles"),
        numbers("steps to the target"),
        numbers("failed"),
        numbers("trials"),
        prose("why this rate"),
    ];
    let caption = format!(
        "Learning rates selected by {metric}, in original coordinates or in each system’s own"
    );
    Some(Table::new(caption, 2, &columns, rows)?.with_notes(notes))
}

/// What the theory says of each change of variables beside what was observed.
pub(super) fn theory(summary: &TheorySummary<'_>) -> Option<Table> {
    let row = |of: &TheoryMedians<'_>| {
        vec![
            of.coordinates.to_owned(),
            of.block.to_owned(),
            of.algorithm.to_owned(),
            shown_or_none(of.stable_rank),
            shown(of.density),
            shown_or_none(of.predicted),
            between(of.smoothness.map(shown_or_none)),
            between(of.reparameterized.map(shown_or_none)),
            shown_or_none(of.observed_same_rate),
            shown_or_none(of.observed_own_rate),
            shown_or_none(of.gradient_same_rate),
            shown_or_none(of.gradient_own_rate),
        ]
    };
    let columns = [
        text("coordinates"),
        text("block"),
        text("algorithm"),
        numbers("stable rank"),
        numbers("density β₁"),
        numbers("predicted β₁²d/stable rank"),
        numbers("L_f"),
        numbers("L_f∘V"),
        numbers("steps, same rate"),
        numbers("steps, own rates"),
        numbers("‖∇f‖₁, same rate"),
        numbers("‖∇f‖₁, own rates"),
    ];
    let rows = summary.medians.iter().map(row).collect();
    let caption = "What Theorem 3 predicts beside what was observed: medians over the trials";
    let mut notes = vec![
        "Steps: those to the common level in original coordinates over those in these. ‖∇f‖₁: the \
         mean over the updates, likewise. At the rate that is best in original coordinates, or each \
         at its own."
            .to_owned(),
    ];
    notes.extend(summary.hessian.map(|place| format!("L: from the Hessian {place}.")));
    Some(Table::new(caption, 3, &columns, rows)?.with_notes(notes))
}

/// The measures of EGOP estimates that sum them up.
pub(super) fn estimates(all: &[EstimateSummary<'_>]) -> Option<Table> {
    let with_halves = |value: Option<MeasuredValue>| {
        value.map_or_else(none, |MeasuredValue { value, lower, upper }| {
            let [value, lower, upper] = [value, lower, upper].map(shown);
            format!("{value} [{lower}, {upper}]")
        })
    };
    let row = |estimate: &EstimateSummary<'_>| {
        let ends = estimate.shelves.iter().map(|shelf| shelf.end.to_string());
        let distances = estimate.shelves.iter().filter_map(|shelf| shelf.subspace_distance);
        vec![
            estimate.spectrum.to_owned(),
            estimate.block.to_owned(),
            estimate.trial.to_string(),
            with_halves(estimate.stable_rank),
            with_halves(estimate.intrinsic_dimension),
            with_halves(estimate.density),
            ends.collect::<Vec<_>>().join(", "),
            distances.map(shown).collect::<Vec<_>>().join(", "),
        ]
    };
    let columns = [
        text("spectrum"),
        text("block"),
        numbers("trial"),
        numbers("stable rank"),
        numbers("Σλ/λ₁"),
        numbers("density β₁"),
        numbers("shelves end at"),
        numbers("subspace distance"),
    ];
    let caption = "EGOP estimates, with what the halves of the samples give";
    let table = Table::new(caption, 3, &columns, all.iter().map(row).collect())?;
    Some(table.with_notes(vec![
        "Subspace distance: between those of the halves up to each shelf’s end; 1 is unrelated."
            .into(),
    ]))
}

/// What runs took, by the model.
pub(super) fn cost(all: &[CostSummary<'_>]) -> Option<Table> {
    let row = |cost: &CostSummary<'_>| {
        vec![
            cost.algorithm.to_owned(),
            cost.coordinates.to_owned(),
            written(cost.learning_rate),
            shown(cost.steps),
            shown(cost.training_gradients),
            shown(cost.egop_gradients),
            shown(cost.training_flops),
            shown(cost.setup_flops),
            bytes(cost.basis_bytes),
        ]
    };
    let columns = [
        text("algorithm"),
        text("coordinates"),
        numbers("learning rate η"),
        numbers("updates"),
        numbers("gradients to train"),
        numbers("gradients for the basis"),
        numbers("operations to train"),
        numbers("operations of the set-up"),
        numbers("basis holds"),
    ];
    let caption = "What a run at a selected learning rate takes: medians over the trials";
    let table = Table::new(caption, 2, &columns, all.iter().map(row).collect())?;
    Some(table.with_notes(vec![
        "Floating-point operations are counted by a model, not measured; the set-up is shared by all \
         runs in a coordinate system."
            .into(),
    ]))
}

/// How long tasks took.
pub(super) fn phases(summary: &TimesSummary<'_>) -> Option<Table> {
    let rows = summary.phases.iter().map(|of| {
        vec![
            of.coordinates.to_owned(),
            phase(of.phase).to_owned(),
            of.tasks.to_string(),
            of.runs.to_string(),
            seconds(of.wall_seconds),
            of.cpu_seconds.map_or_else(none, seconds),
        ]
    });
    let columns = [
        text("coordinates"),
        text("phase"),
        numbers("tasks"),
        numbers("runs"),
        numbers("time on the clock"),
        numbers("time of the processor"),
    ];
    let caption = "How long the tasks took, all added up";
    let table = Table::new(caption, 2, &columns, rows.collect())?;
    Some(table.with_notes(vec![
        "Tasks work side by side, so the experiment itself took less. A task that was done earlier \
         counts with what it took then."
            .into(),
    ]))
}

/// How long runs took that were trained alone.
pub(super) fn alone(summary: &TimesSummary<'_>) -> Option<Table> {
    let rows = summary.alone.iter().map(|of| {
        vec![
            of.algorithm.to_owned(),
            of.coordinates.to_owned(),
            of.learning_rate.map_or_else(none, written),
            of.trials.to_string(),
            seconds(of.wall_seconds),
        ]
    });
    let columns = [
        text("algorithm"),
        text("coordinates"),
        numbers("learning rate η"),
        numbers("trials"),
        numbers("time of a run"),
    ];
    let caption = "Runs that were trained alone, on one thread: medians over the trials";
    Table::new(caption, 2, &columns, rows.collect())
}

fn phase(phase: Phase) -> &'static str {
    match phase {
        Phase::Setup => "set-up of the coordinates",
        Phase::Absorption => "change of the data",
        Phase::Training => "training",
        Phase::Spectra => "spectra",
        Phase::Level | Phase::Run => "run",
    }
}

fn seconds(seconds: f64) -> String {
    format!("{} s", shown(seconds))
}

fn bytes(bytes: f64) -> String {
    // Counts of bytes are whole and fit.
    bytesize::ByteSize(bytes as u64).display().si().to_string()
}
