//! Reading configurations, as a user of the library and of the programs meets it.

mod describing;
mod errors;
mod layers;
mod pairs;
mod random;
mod reading;

use egop::config::{Allowed, Reader, key};

/// A document with a key of every kind; everything but `objective.rows` and a claim's `metric` has
/// a default.
fn document(root: &mut Reader<'_>) -> Option<()> {
    let title = root.string_or(key("title", "what it is called"), "untitled");
    let seed = root.count_or(key("seed", "root of all random numbers"), 0, 0..=usize::MAX);
    let tags = root.strings_or(key("tags", "words"), &[]);
    let widths = root.counts_or(key("widths", "sizes of the layers"), &[32], 1..=4096);
    let rates =
        root.numbers_or(key("learning_rates", "what is tried"), &[0.1], Allowed::positive());
    let shift = root.optional_number(key("shift", "how far"), Allowed::any());
    let training = root.table_or_default(key("training", "how long"), |training| {
        let trials = training.count_or(key("trials", "how many there are"), 5, 1..=100_000);
        let shown = training.count_or(key("shown", "how many are shown"), 1, 1..=100_000);
        let momentum = training.number_or(
            key("momentum", "how much is kept"),
            0.9,
            Allowed::from_to_below(0.0, 1.0),
        );
        let tolerance = training.number_or(
            key("tolerance", "what is near enough"),
            1e-8,
            Allowed::at_least(0.0),
        );
        let fraction =
            training.number_or(key("fraction", "a part"), 0.5, Allowed::between(0.0, 1.0));
        let (trials, shown) = (trials?, shown?);
        if shown > trials {
            training.problem("shown", format!("there are only {trials} trials to show"));
        }
        Some((momentum?, tolerance?, fraction?))
    });
    let objective = root.optional_table(key("objective", "what is minimized"), |objective| {
        let kinds = [("least-squares", 0), ("logistic", 1), ("log-sum-exp", 2)];
        let kind = objective.choice_or(key("kind", "which function"), "least-squares", &kinds);
        let rows = objective.count(key("rows", "rows of the data"), 1..=1_000_000);
        let decay = match kind {
            Some(0) => objective.number_or(
                key("decay", "of the singular values"),
                1.0,
                Allowed::at_least(0.0),
            ),
            _ => Some(0.0),
        };
        Some((kind?, rows?, decay?))
    });
    let claims = root.tables(key("claims", "what is claimed"), None, |claim| {
        let metric =
            claim.choice(key("metric", "what is compared"), &[("loss", ()), ("accuracy", ())]);
        let factor = claim.number_or(key("factor", "by how much"), 1.0, Allowed::positive());
        Some((metric?, factor?))
    });
    let algorithms =
        root.named_tables(key("algorithms", "what is compared"), None, |_, algorithm| {
            algorithm.number_or(key("beta", "a decay rate"), 0.9, Allowed::from_to_below(0.0, 1.0))
        });
    if algorithms.as_ref().is_some_and(|all| all.iter().any(|(name, _)| name == "banned")) {
        root.problem("algorithms.banned", "this name is taken");
    }
    let _values = (title?, seed?, tags?, widths?, rates?, shift?);
    let _tables = (training?, objective?, claims?, algorithms?);
    Some(())
}
