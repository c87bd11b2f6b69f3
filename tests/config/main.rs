//! Reading configurations, as a user of the library and of the programs meets it.

mod errors;
mod random;
mod reading;

use egop::config::{Allowed, Reader};

/// A document with a key of every kind; everything but `objective.rows` and a claim's `metric` has
/// a default.
fn document(root: &mut Reader<'_>) -> Option<()> {
    let title = root.text_or("title", "untitled");
    let seed = root.count_or("seed", 0, 0..=usize::MAX);
    let shuffle = root.flag_or("shuffle", true);
    let tags = root.texts_or("tags", &[]);
    let widths = root.counts_or("widths", &[32], 1..=4096);
    let rates = root.numbers_or("learning_rates", &[0.1], Allowed::positive());
    let shift = root.optional_number("shift", Allowed::any());
    let training = root.table_or_default("training", |training| {
        let trials = training.count_or("trials", 5, 1..=100_000);
        let shown = training.count_or("shown", 1, 1..=100_000);
        let momentum = training.number_or("momentum", 0.9, Allowed::from_to_below(0.0, 1.0));
        let tolerance = training.number_or("tolerance", 1e-8, Allowed::at_least(0.0));
        let fraction = training.number_or("fraction", 0.5, Allowed::between(0.0, 1.0));
        let (trials, shown) = (trials?, shown?);
        if shown > trials {
            training.problem("shown", format!("there are only {trials} trials to show"));
        }
        Some((momentum?, tolerance?, fraction?))
    });
    let objective = root.optional_table("objective", |objective| {
        let kinds = [("least-squares", 0), ("logistic", 1), ("log-sum-exp", 2)];
        let kind = objective.choice_or("kind", "least-squares", &kinds);
        let rows = objective.count("rows", 1..=1_000_000);
        let decay = match kind {
            Some(0) => objective.number_or("decay", 1.0, Allowed::at_least(0.0)),
            _ => Some(0.0),
        };
        Some((kind?, rows?, decay?))
    });
    let claims = root.tables("claims", |claim| {
        let metric = claim.choice("metric", &[("loss", ()), ("accuracy", ())]);
        let factor = claim.number_or("factor", 1.0, Allowed::positive());
        Some((metric?, factor?))
    });
    let algorithms = root.named_tables("algorithms", |_, algorithm| {
        algorithm.number_or("beta", 0.9, Allowed::from_to_below(0.0, 1.0))
    });
    if algorithms.as_ref().is_some_and(|all| all.iter().any(|(name, _)| name == "banned")) {
        root.problem("algorithms.banned", "this name is taken");
    }
    let _values = (title?, seed?, shuffle?, tags?, widths?, rates?, shift?);
    let _tables = (training?, objective?, claims?, algorithms?);
    Some(())
}
