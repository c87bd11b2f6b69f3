//! Symbols and words that keys, tables and pages use.

/// Each with all ways to write it, and what it is.
pub(super) const TERMS: &[(&[&str], &str)] = &[
    (
        &["EGOP", "egop"],
        "the expected gradient outer product E[∇f(θ)∇f(θ)ᵀ] over random parameters θ ~ ρ, estimated from M \
         gradients; its eigenvectors are the columns of V where `basis` is `egop`",
    ),
    (
        &["M"],
        "the number of gradients that an EGOP is estimated from: `egop.samples`, or \
         `egop.samples_per_parameter` times the number of parameters",
    ),
    (&["d"], "the number of parameters"),
    (
        &["n"],
        "the number of rows of the data matrix A of `log-sum-exp`, `logistic` and `least-squares`: \
         `objective.rows`",
    ),
    (
        &["V"],
        "the matrix of a change of variables, θ = Vθ̃: what `coordinates` says; its columns are orthonormal",
    ),
    (
        &["k"],
        "in formulas of low-rank coordinates, the number of V's columns that are given: `rank`, \
         `rank_energy` or `rank_widths`; elsewhere an index",
    ),
    (&["θ", "theta"], "the parameters; θ̃ are those in other coordinates"),
    (
        &["ρ", "rho"],
        "the distribution of the parameters in the EGOP's expectation: key `distribution`",
    ),
    (
        &["η", "eta", "lr"],
        "a learning rate: found by a sweep, or given as `algorithms.NAME.learning_rates`; column \
         `learning_rate`",
    ),
    (
        &["tied", "ties"],
        "said of a learning rate whose trials do not do significantly worse than those at the selected \
         one: a verdict on selected rates must be the same at every rate that ties, or it is \
         inconclusive; `tied_low` and `tied_high` in `claims.csv` are the lowest and the highest median \
         at the selected rates and at all that tie",
    ),
    (
        &["converged"],
        "as `stop` of `runs.csv`, said of a run whose gradient's norm fell below \
         `training.gradient_tolerance`, where it ended",
    ),
    (&["budget"], "as `stop` of `runs.csv`, said of a run that used all its steps or epochs"),
    (
        &["diverged"],
        "as `stop` of `runs.csv`, said of a run whose loss or gradient was not finite any more, or whose \
         loss rose by more than `training.divergence` times the initial one, or times 1 where that is \
         below 1",
    ),
    (
        &["failed"],
        "as `stop` of `runs.csv`, said of a run whose optimizer could not go on, as without an \
         eigendecomposition",
    ),
];
