//! Reading an [`Experiment`] from a config.

use crate::basis::{self, EgopBasis, Scope};
use crate::claim::Claim;
use crate::config::{Allowed, Key, Reader, key};
use crate::data::Inputs;
use crate::distribution::Distribution;
use crate::experiment::{
    About, Algorithm, Coordinates, EgopSpec, Experiment, FloatType, Heading, Rates, Study, Sweep,
    TrainingSpec, TrainingStudy, check,
};
use crate::figure;
use crate::gradients::Sampling;
use crate::minibatch::Order;
use crate::objective;
use crate::optimizer;
use crate::schedule::Schedule;
use crate::sweep::{Grid, Limits, Metric, power_of_ten};
use crate::trial::{CurvePoints, Origin, Recording, Reestimation, Start};

/// Numbers that single precision does not round to 0.
const TINY: Allowed = Allowed::at_least(1e-30);

/// The keys of an experiment that trains; one with `spectra` trains nothing.
const TRAINING: &[&str] = &["coordinates", "algorithms", "training", "sweep"];

/// What the table `egop` of a coordinate system, or of an estimate, is for.
const OWN_SAMPLING: &str =
    "how its EGOP is estimated, where that differs from [egop]: what is not stated is as there";

/// Reads what a config is called and what it is about.
pub fn heading(reader: &mut Reader<'_>) -> Option<Heading> {
    reader.presentation(|reader| {
        let name = reader.file_name(key("name", "name of the experiment and its results folder"));
        let title = reader.string(key("title", "the experiment in one line, for people"));
        let profile = key("profile", "which profile the settings come from, in a resolved config");
        let about = key("about", "what the experiment is about: how lists are ordered");
        let about = reader.choice_or(about, "own", &About::NAMES);
        let profile = reader.optional_file_name(profile);
        Some(Heading { name: name?, title: title?, about: about?, profile: profile? })
    })
}

pub(super) fn experiment(reader: &mut Reader<'_>) -> Option<Experiment> {
    let heading = reader.apart(heading);
    let seed = reader.count(key("seed", "root of all random numbers"), 0..=u32::MAX as usize);
    // How many tasks there are, not what comes of each.
    let trials = reader.presentation(|reader| {
        reader.count(key("trials", "number of random instances"), 1..=10_000)
    });
    let precisions = [("f64", FloatType::Double), ("f32", FloatType::Single)];
    let precision = reader.apart(|reader| {
        let precision = key("precision", "floating-point type that trials run in");
        reader.choice_or(precision, "f64", &precisions)
    });
    let objective =
        reader.table(key("objective", "the function that is minimized"), objective::read);
    let distribution =
        key("distribution", "distribution ρ of the parameters in the EGOP's expectation");
    let distribution = reader.table(distribution, Distribution::read);
    let start = key("start", "where training begins; otherwise it is drawn from `distribution`");
    let start = reader.optional_table(start, |reader| {
        if reader.alternative(&[&["distance"], &["kind"]])? == Some(0) {
            let distance = reader.number(key("distance", "how far from the minimizer"), TINY);
            let directions = key(
                "directions",
                "of so many random directions, the one with the highest loss is taken",
            );
            let directions = reader.count_or(directions, 1, 1..=10_000);
            Some(Start::FarFromMinimizer { distance: distance?, directions: directions? })
        } else {
            Distribution::read(reader).map(Start::Drawn)
        }
    });
    let sampling = reader.table_or_default(key("egop", "how EGOPs are estimated"), |reader| {
        Sampling::read(reader, Sampling::default())
    });
    let general = sampling.unwrap_or_default();
    let spectra = reader.alternative(&[&["spectra"], TRAINING]).map(|group| group == Some(0));
    let study = spectra.and_then(|spectra| match spectra {
        true => self::spectra(reader, general).map(Study::Spectra),
        false => training_study(reader, general).map(Study::Training),
    });
    let (figures, claims) = reader.presentation(|reader| {
        let figures =
            reader.tables(key("figures", "the figures that are drawn"), None, figure::read);
        let claims = reader.tables(key("claims", "the claims that are judged"), None, Claim::read);
        (figures, claims)
    });

    let distribution = distribution?;
    let Heading { name, title, about, profile } = heading?;
    let experiment = Experiment {
        name,
        title,
        about,
        profile,
        seed: seed? as u64,
        trials: trials?,
        precision: precision?,
        objective: objective?,
        distribution,
        start: start?.unwrap_or(Start::Drawn(distribution)),
        sampling: sampling?,
        study: study?,
        figures: figures?,
        claims: claims?,
    };
    check::check(reader, &experiment).then_some(experiment)
}

fn training_study(reader: &mut Reader<'_>, general: Sampling) -> Option<TrainingStudy> {
    let coordinates = coordinates(reader, general);
    let (algorithms, sweep) = algorithms_and_sweep(reader);
    let (training, (recording, all_curves), timed) =
        reader.table(key("training", "how runs are trained"), training)?;
    Some(TrainingStudy {
        coordinates: coordinates?,
        algorithms: algorithms?,
        training,
        recording,
        all_curves,
        timed,
        sweep: sweep?,
    })
}

fn coordinates(reader: &mut Reader<'_>, general: Sampling) -> Option<Vec<Coordinates>> {
    let tables = reader.named_tables(
        key("coordinates", "the coordinate systems in which runs are trained"),
        Some(
            "at least one coordinate system is needed, such as [coordinates.original] with \
             basis = \"identity\"",
        ),
        |name, reader| {
            let basis = reader.apart(basis::read);
            let inputs = reader.apart(|reader| {
                let inputs = key("inputs", "what is done to the data's inputs beforehand");
                reader.choice_or(inputs, "raw", &Inputs::NAMES)
            });
            let reestimate =
                key("reestimate", "how the basis is estimated anew while runs train, if it is");
            let reestimation = reader.optional_table(reestimate, Reestimation::read);
            let trajectory = matches!(
                reestimation,
                Some(Some(Reestimation { from: Origin::Trajectory, .. }))
            );
            if trajectory {
                let problem =
                    "is for a basis of sampled gradients, and this one is made of a run's";
                reader.idle(&["samples", "at"], problem);
            }
            // The same number, not 0, whatever [egop] asks for.
            let counts_itself =
                |one: &dyn basis::Spec| one.sampled(1) > 0 && one.sampled(1) == one.sampled(2);
            let counts_itself = !trajectory && basis.as_deref().is_some_and(counts_itself);
            let sampling = reader.optional_table(key("egop", OWN_SAMPLING), |reader| {
                if !counts_itself {
                    return Sampling::read(reader, general);
                }
                let problem = "is not asked here: `samples` of the coordinate system itself says of how \
                               many gradients this basis is made";
                reader.idle(&Sampling::COUNTS, problem);
                let minibatch = Sampling::read_minibatch(reader, general)?;
                Some(Sampling { minibatch, ..general })
            });
            Some(Coordinates {
                name: name.into(),
                basis: basis?,
                inputs: inputs?,
                sampling: sampling?,
                reestimation: reestimation?,
            })
        },
    )?;
    Some(tables.into_iter().map(|(_, coordinates)| coordinates).collect())
}

/// The EGOP estimates of an experiment that trains nothing: each may have an objective, a
/// distribution and a sampling of its own.
fn spectra(reader: &mut Reader<'_>, general: Sampling) -> Option<Vec<EgopSpec>> {
    let spectra =
        key("spectra", "EGOP estimates, of which one is interested in the spectra; none trains");
    let needed = Some("at least one is needed, such as [spectra.digits]");
    let tables = reader.named_tables(spectra, needed, |name, reader| {
        let scope = reader.apart(Scope::read);
        let objective =
            key("objective", "the function whose EGOP is estimated, where it has its own");
        let objective = reader.optional_table(objective, objective::read);
        let distribution =
            key("distribution", "its distribution ρ of the parameters, where it has its own");
        let distribution = reader.optional_table(distribution, Distribution::read);
        let sampling = reader
            .optional_table(key("egop", OWN_SAMPLING), |reader| Sampling::read(reader, general));
        let eigenvectors =
            key("eigenvectors", "how many leading eigenvectors are written to eigenvectors.csv");
        let eigenvectors = reader.count_or(eigenvectors, 0, 0..=1000);
        Some(EgopSpec {
            name: name.into(),
            basis: EgopBasis::new(scope?),
            objective: objective?,
            distribution: distribution?,
            sampling: sampling?,
            eigenvectors: eigenvectors?,
        })
    })?;
    Some(tables.into_iter().map(|(_, spectrum)| spectrum).collect())
}

fn algorithms_and_sweep(reader: &mut Reader<'_>) -> (Option<Vec<Algorithm>>, Option<Sweep>) {
    let mut shared = None;
    // Which learning rates there are, not what comes of each.
    let sweep = reader.presentation(|reader| {
        let sweep = key("sweep", "how learning rates are swept and selected");
        reader.table(sweep, |reader| {
            let metric = key(
                "metric",
                "the column of runs.csv whose median decides; where no rate comes to the target, the \
                 lowest training loss",
            );
            let metric = reader.choice(metric, &Metric::choices());
            let floor = key("floor", "losses closer than this part of the initial one are equal");
            let floor = reader.number_or(floor, 1e-8, Allowed::between(0.0, 1.0));
            let tune = key("tune", "the coordinate systems for which the best rate is refined");
            let tune = reader.strings_or(tune, &["original"]);
            let coarse = key("coarse", "the lowest and the highest rate of the first grid");
            let coarse = powers(reader, coarse, [1e-3, 10.0]);
            let limits = key("limits", "how far the grid may be extended");
            let limits = powers(reader, limits, [1e-8, 1e4]);
            shared = coarse.zip(limits);
            shared?;
            Some(Sweep { metric: metric?, floor: floor?, tune: tune? })
        })
    });
    let shared = shared.unwrap_or(((-3, 1), (-8, 4)));
    let algorithms = key("algorithms", "the optimizers that are compared");
    let needed = "at least one algorithm is needed, such as [algorithms.adam] with kind = \"adam\"";
    let algorithms = reader.named_tables(algorithms, Some(needed), |name, reader| {
        let optimizer = reader.apart(optimizer::read);
        // Which runs there are, not what comes of each.
        let (rates, coordinates) = reader.presentation(|reader| {
            let coordinates = key("coordinates", "the coordinate systems it trains in; none: all");
            (rates(reader, shared), reader.strings_or(coordinates, &[]))
        });
        Some(Algorithm {
            name: name.into(),
            optimizer: optimizer?,
            rates: rates?,
            coordinates: coordinates?,
        })
    });
    let algorithms =
        algorithms.map(|named| named.into_iter().map(|(_, algorithm)| algorithm).collect());
    (algorithms, sweep)
}

/// `learning_rates`, or `coarse` and `limits` (by default those of the sweep).
fn rates(reader: &mut Reader<'_>, (coarse, limits): ((i32, i32), (i32, i32))) -> Option<Rates> {
    if reader.alternative(&[&["learning_rates"], &["coarse", "limits"]])? == Some(0) {
        let rates = key("learning_rates", "the learning rates, which are not swept then");
        let mut rates = reader.numbers(rates, TINY)?;
        rates.sort_by(f64::total_cmp);
        rates.dedup();
        if rates.is_empty() {
            reader.problem("learning_rates", "at least one learning rate is needed");
            return None;
        }
        return Some(Rates::Fixed(rates));
    }
    let from_to = key("coarse", "as sweep.coarse, for this algorithm; by default that");
    let coarse = powers(reader, from_to, [power_of_ten(coarse.0), power_of_ten(coarse.1)]);
    let from_to = key("limits", "as sweep.limits, for this algorithm; by default that");
    let limits = powers(reader, from_to, [power_of_ten(limits.0), power_of_ten(limits.1)]);
    let (coarse, limits) = (coarse?, limits?);
    let coarse = Grid { from: coarse.0.max(limits.0), to: coarse.1.min(limits.1) };
    if coarse.from > coarse.to {
        reader.problem("coarse", "lies outside the limits");
        return None;
    }
    Some(Rates::Swept { coarse, limits: Limits { lowest: limits.0, highest: limits.1 } })
}

/// Two powers of ten, as exponents.
fn powers(reader: &mut Reader<'_>, key: Key, default: [f64; 2]) -> Option<(i32, i32)> {
    let values = reader.numbers_or(key, &default, Allowed::between(1e-30, 1e30))?;
    let is_power = |&value: &f64| {
        let exact: f64 = format!("1e{}", value.log10().round()).parse().unwrap_or(f64::NAN);
        (value / exact - 1.0).abs() < 1e-12
    };
    match values.as_slice() {
        [from, to] if from <= to && values.iter().all(is_power) => {
            Some((from.log10().round() as i32, to.log10().round() as i32))
        }
        _ => {
            reader.problem(
                key.name(),
                "must be two powers of ten, the lower first, such as [0.001, 10]",
            );
            None
        }
    }
}

fn training(reader: &mut Reader<'_>) -> Option<(TrainingSpec, (Recording, bool), bool)> {
    let minibatches = reader.alternative(&[&["steps"], &["epochs", "batch"]])? == Some(1);
    let (epochs, batch) = if minibatches {
        let batch = reader.count(key("batch", "rows in a minibatch"), 1..=10_000_000);
        (key("epochs", "passes over the training rows"), batch.map(Some))
    } else {
        (key("steps", "updates, each of all training rows"), Some(None))
    };
    let epochs = reader.count(epochs, 1..=100_000_000);
    let order = if minibatches {
        let order = key("order", "order of the rows in which an epoch passes over them");
        reader.choice_or(order, "reshuffled", &Order::NAMES)
    } else {
        Some(Order::Fixed)
    };
    let schedule = key("schedule", "how the learning rate changes over the epochs or steps");
    let schedule = reader.choice_or(schedule, "constant", &Schedule::NAMES);
    let tolerance = if minibatches {
        Some(0.0)
    } else {
        let tolerance =
            key("gradient_tolerance", "a run has converged once its gradient's norm is below this");
        reader.number_or(tolerance, 1e-8, Allowed::at_least(0.0))
    };
    let divergence = key(
        "divergence",
        "a run has diverged once its loss has risen by this multiple of the initial one, or of 1 where that \
         is below 1",
    );
    let divergence = reader.number_or(divergence, 1e6, Allowed::positive());
    let target = key("target", "part of the initial suboptimality, or loss, that is to be reached");
    let target = reader.number_or(target, 1e-6, Allowed::between(0.0, 1.0));
    let recordings = [
        ("selected", (Recording::Curve, false)),
        ("all", (Recording::Curve, true)),
        ("trajectories", (Recording::Trajectory, false)),
    ];
    // What is recorded tells the kinds of tasks apart.
    let (recording, curve, timed) = reader.presentation(|reader| {
        let record =
            key("record", "curves at selected or all learning rates, or paths of parameters");
        let curve = key("curve", "whether long curves are thinned or kept point by point");
        let recording = reader.choice_or(record, "selected", &recordings);
        let timed = key("timed", "which runs are trained once more, each alone, to time them");
        let curve = reader.choice_or(curve, "thinned", &CurvePoints::NAMES);
        (recording, curve, reader.choice_or(timed, "none", &[("none", false), ("selected", true)]))
    });
    let training = TrainingSpec {
        epochs: epochs?,
        minibatch: batch?.zip(order),
        schedule: schedule?,
        gradient_tolerance: tolerance?,
        divergence: divergence?,
        target: target?,
        curve: curve?,
    };
    Some((training, recording?, timed?))
}
