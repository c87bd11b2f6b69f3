//! What a run found, as text.

use super::table::{Rows, WIDE, between, complete, none, paragraph};
use crate::claim::number;
use crate::summary::{EstimateSummary, MeasuredValue, MethodSummary, RatesSummary, TheorySummary};

/// The best learning rates, per algorithm and coordinate system. Where none could be selected, the
/// row says what was tried, and a sentence what came of it.
pub(in crate::cli) fn rates(summary: &RatesSummary<'_>) -> String {
    let Some(metric) = summary.metric else { return String::new() };
    let mut rows = Rows::new(
        WIDE,
        &[
            "algorithm",
            "coordinates",
            "tuned in",
            "η",
            "median",
            "quartiles",
            "to target",
            "failed",
            "n",
        ],
    );
    let mut notes = String::new();
    for method in &summary.methods {
        let MethodSummary { algorithm, coordinates, selected, unselected } = method;
        if let Some(unselected) = unselected {
            rows.add([
                (*algorithm).to_owned(),
                (*coordinates).to_owned(),
                "none".into(),
                unselected.range_in_words(),
                none(),
                none(),
                none(),
                between(unselected.diverged.map(|trials| trials.to_string())),
                complete(unselected.trials, unselected.planned),
            ]);
            let why = unselected.reason(metric);
            let note = format!(
                "{algorithm} in {coordinates} coordinates: no learning rate selected, as {why}"
            );
            notes += &paragraph(&note);
        }
        for row in selected {
            rows.add([
                row.algorithm.clone(),
                row.coordinates.clone(),
                row.selected.clone(),
                row.learning_rate.to_string(),
                number(row.median),
                format!("{} – {}", number(row.lower_quartile), number(row.upper_quartile)),
                row.reached_target.map_or_else(|| "never".to_owned(), |step| step.to_string()),
                row.diverged.to_string(),
                complete(row.trials, row.planned),
            ]);
        }
    }
    let heading = format!(
        "learning rates selected by {metric}, in original coordinates or in each system's own:"
    );
    format!("{}{rows}\n{notes}", paragraph(&heading))
}

fn number_or_none(value: Option<f64>) -> String {
    value.map_or_else(none, number)
}

/// What the theory says of each change of variables beside what was observed, medians over the
/// trials.
pub(in crate::cli) fn theory(summary: &TheorySummary<'_>) -> String {
    if summary.medians.is_empty() {
        return String::new();
    }
    let mut rows = Rows::new(
        WIDE,
        &[
            "coordinates",
            "block",
            "algorithm",
            "stable rank",
            "β₁",
            "β₁²d/sr",
            "L_f",
            "L_f∘V",
            "steps",
            "‖∇f‖₁",
        ],
    );
    for of in &summary.medians {
        rows.add([
            of.coordinates.to_owned(),
            of.block.to_owned(),
            of.algorithm.to_owned(),
            number_or_none(of.stable_rank),
            number(of.density),
            number_or_none(of.predicted),
            between(of.smoothness.map(number_or_none)),
            between(of.reparameterized.map(number_or_none)),
            between([of.observed_same_rate, of.observed_own_rate].map(number_or_none)),
            between([of.gradient_same_rate, of.gradient_own_rate].map(number_or_none)),
        ]);
    }
    let place = summary.hessian;
    let place = place.map_or(String::new(), |place| format!("; L from the Hessian {place}"));
    let heading = format!(
        "theory (factor β₁²d/sr) beside the observed ratios of steps to the common level and of the \
         mean ‖∇f‖₁, at the original's rate – each at its own{place}:"
    );
    format!("{}{rows}\n", paragraph(&heading))
}

/// The measures of EGOP estimates that sum them up.
pub(in crate::cli) fn measures(estimates: &[EstimateSummary<'_>]) -> String {
    if estimates.is_empty() {
        return String::new();
    }
    let mut rows = Rows::new(
        WIDE,
        &["spectrum", "block", "stable rank", "Σλ/λ₁", "β₁", "shelves end at", "subspace distance"],
    );
    let with_halves = |value: Option<MeasuredValue>| {
        value.map_or_else(String::new, |MeasuredValue { value, lower, upper }| {
            let [value, lower, upper] = [value, lower, upper].map(number);
            format!("{value} [{lower}, {upper}]")
        })
    };
    for estimate in estimates {
        let ends: Vec<String> =
            estimate.shelves.iter().map(|shelf| shelf.end.to_string()).collect();
        let distances = estimate.shelves.iter().filter_map(|shelf| shelf.subspace_distance);
        let distances: Vec<String> = distances.map(number).collect();
        rows.add([
            estimate.spectrum.to_owned(),
            estimate.block.to_owned(),
            with_halves(estimate.stable_rank),
            with_halves(estimate.intrinsic_dimension),
            with_halves(estimate.density),
            ends.join(", "),
            distances.join(", "),
        ]);
    }
    let heading = "EGOP estimates, with what the halves of the samples give; distance between the \
                   halves' subspaces up to each shelf's end, 1 is unrelated:";
    format!("{}{rows}\n", paragraph(heading))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::RateRow;
    use crate::sweep::rate_row;

    fn row(learning_rate: f64, diverged: usize, trials: usize) -> RateRow {
        rate_row(learning_rate, diverged, trials, "")
    }

    fn said(rows: &[RateRow]) -> String {
        rates(&RatesSummary::of(rows))
    }

    #[test]
    fn what_happened_where_no_rate_was_selected_is_said_with_the_range_that_was_tried() {
        let all = said(&[row(0.1, 5, 5), row(10.0, 5, 5)]);
        assert!(
            all.ends_with(
                "adam in original coordinates: no learning rate selected, as all of 5 trials \
                 diverged or failed at each of 2 learning rates, 0.1 – 10\n"
            ),
            "{all}"
        );
        let cells: Vec<&str> = all.lines().nth(4).unwrap().split_whitespace().collect();
        let wanted =
            ["│", "adam", "original", "none", "0.1", "–", "10", "–", "–", "–", "5", "5", "│"];
        assert_eq!(cells, wanted);
        let one = said(&[row(0.1, 3, 4)]);
        assert!(one.contains("half of the trials or more diverged or failed at the one"), "{one}");
        assert!(one.contains(" n=4/5 "), "{one}");
        assert!(said(&[row(0.1, 0, 5)]).contains("no finite final_loss"));
        assert!(said(&[row(0.1, 0, 0)]).contains("none of 5 trials was finished"));
    }

    #[test]
    fn of_nothing_nothing_is_said() {
        assert_eq!(said(&[]), "");
        assert_eq!(theory(&TheorySummary::of(&[])), "");
        assert_eq!(measures(&EstimateSummary::all(&[])), "");
    }
}
