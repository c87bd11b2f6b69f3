//! Reading an [`Experiment`] from a config.

use crate::basis::{self, EgopBasis, Scope};
use crate::claim::Claim;
use crate::config::{Allowed, Reader};
use crate::distribution::Distribution;
use crate::experiment::{
    Algorithm, Coordinates, EgopSpec, Experiment, Precision, Rates, Study, Sweep, TrainingSpec,
    TrainingStudy, check,
};
use crate::figure;
use crate::gradients::Sampling;
use crate::minibatch::Order;
use crate::objective;
use crate::optimizer;
use crate::schedule::Schedule;
use crate::sweep::{Grid, Limits, Metric};
use crate::trial::{CurvePoints, Recording, Start};

/// Numbers that single precision does not round to 0.
const TINY: Allowed = Allowed::at_least(1e-30);

/// The keys of an experiment that trains; one with `spectra` trains nothing.
const TRAINING: &[&str] = &["coordinates", "algorithms", "training", "sweep"];

pub(super) fn experiment(reader: &mut Reader<'_>) -> Option<Experiment> {
    let name = reader.file_name("name");
    let title = reader.text("title");
    let profile = reader.optional_file_name("profile");
    let seed = reader.count("seed", 0..=u32::MAX as usize);
    let trials = reader.count("trials", 1..=10_000);
    let precisions = [("f64", Precision::Double), ("f32", Precision::Single)];
    let precision = reader.choice_or("precision", "f64", &precisions);
    let objective = reader.table("objective", objective::read);
    let distribution = reader.table("distribution", Distribution::read);
    let start = reader.optional_table("start", |reader| {
        if reader.alternative(&[&["distance"], &["kind"]])? == Some(0) {
            let distance = reader.number("distance", TINY);
            let directions = reader.count_or("directions", 1, 1..=10_000);
            Some(Start::FarFromMinimizer { distance: distance?, directions: directions? })
        } else {
            Distribution::read(reader).map(Start::Drawn)
        }
    });
    let sampling = reader.table_or_default("egop", Sampling::read);
    let spectra = reader.alternative(&[&["spectra"], TRAINING]).map(|group| group == Some(0));
    let study = spectra.and_then(|spectra| match spectra {
        true => self::spectra(reader).map(Study::Spectra),
        false => training_study(reader).map(Study::Training),
    });
    let figures = reader.tables("figures", figure::read);
    let claims = reader.tables("claims", Claim::read);

    let distribution = distribution?;
    let experiment = Experiment {
        name: name?,
        title: title?,
        profile: profile?,
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

fn training_study(reader: &mut Reader<'_>) -> Option<TrainingStudy> {
    let coordinates = coordinates(reader);
    let (algorithms, sweep) = algorithms_and_sweep(reader);
    let (training, (recording, all_curves)) = reader.table("training", training)?;
    Some(TrainingStudy {
        coordinates: coordinates?,
        algorithms: algorithms?,
        training,
        recording,
        all_curves,
        sweep: sweep?,
    })
}

fn coordinates(reader: &mut Reader<'_>) -> Option<Vec<Coordinates>> {
    let tables = reader.named_tables("coordinates", |_, reader| basis::read(reader))?;
    if tables.is_empty() {
        reader.problem(
            "coordinates",
            "at least one coordinate system is needed, such as \
             [coordinates.original] with basis = \"identity\"",
        );
        return None;
    }
    let coordinates = |(name, basis)| Coordinates { name, basis };
    Some(tables.into_iter().map(coordinates).collect())
}

/// The EGOP estimates of an experiment that trains nothing: each may have an objective, a
/// distribution and a sampling of its own.
fn spectra(reader: &mut Reader<'_>) -> Option<Vec<EgopSpec>> {
    let tables = reader.named_tables("spectra", |name, reader| {
        let scope = Scope::read(reader);
        let objective = reader.optional_table("objective", objective::read);
        let distribution = reader.optional_table("distribution", Distribution::read);
        let sampling = reader.optional_table("egop", Sampling::read);
        let eigenvectors = reader.count_or("eigenvectors", 0, 0..=1000);
        Some(EgopSpec {
            name: name.into(),
            basis: EgopBasis(scope?),
            objective: objective?,
            distribution: distribution?,
            sampling: sampling?,
            eigenvectors: eigenvectors?,
        })
    })?;
    if tables.is_empty() {
        reader.problem("spectra", "at least one is needed, such as [spectra.digits]");
        return None;
    }
    Some(tables.into_iter().map(|(_, spectrum)| spectrum).collect())
}

fn algorithms_and_sweep(reader: &mut Reader<'_>) -> (Option<Vec<Algorithm>>, Option<Sweep>) {
    let mut shared = None;
    let sweep = reader.table("sweep", |reader| {
        let metric = reader.choice("metric", &Metric::choices());
        let floor = reader.number_or("floor", 1e-8, Allowed::between(0.0, 1.0));
        let tune = reader.texts_or("tune", &["original"]);
        let coarse = powers(reader, "coarse", [1e-3, 10.0]);
        let limits = powers(reader, "limits", [1e-8, 1e4]);
        shared = coarse.zip(limits);
        shared?;
        Some(Sweep { metric: metric?, floor: floor?, tune: tune? })
    });
    let shared = shared.unwrap_or(((-3, 1), (-8, 4)));
    let algorithms = reader.named_tables("algorithms", |name, reader| {
        let optimizer = optimizer::read(reader);
        let rates = rates(reader, shared);
        Some(Algorithm { name: name.into(), optimizer: optimizer?, rates: rates? })
    });
    if algorithms.as_ref().is_some_and(Vec::is_empty) {
        reader.problem(
            "algorithms",
            "at least one algorithm is needed, such as \
             [algorithms.adam] with kind = \"adam\"",
        );
        return (None, sweep);
    }
    let algorithms =
        algorithms.map(|named| named.into_iter().map(|(_, algorithm)| algorithm).collect());
    (algorithms, sweep)
}

/// `learning_rates`, or `coarse` and `limits` (by default those of the sweep).
fn rates(reader: &mut Reader<'_>, (coarse, limits): ((i32, i32), (i32, i32))) -> Option<Rates> {
    if reader.alternative(&[&["learning_rates"], &["coarse", "limits"]])? == Some(0) {
        let mut rates = reader.numbers("learning_rates", TINY)?;
        rates.sort_by(f64::total_cmp);
        rates.dedup();
        if rates.is_empty() {
            reader.problem("learning_rates", "at least one learning rate is needed");
            return None;
        }
        return Some(Rates::Fixed(rates));
    }
    let ten = |exponent: i32| 10.0_f64.powi(exponent);
    let coarse = powers(reader, "coarse", [ten(coarse.0), ten(coarse.1)]);
    let limits = powers(reader, "limits", [ten(limits.0), ten(limits.1)]);
    let (coarse, limits) = (coarse?, limits?);
    let coarse = Grid { from: coarse.0.max(limits.0), to: coarse.1.min(limits.1) };
    if coarse.from > coarse.to {
        reader.problem("coarse", "lies outside the limits");
        return None;
    }
    Some(Rates::Swept { coarse, limits: Limits { lowest: limits.0, highest: limits.1 } })
}

/// Two powers of ten, as exponents.
fn powers(reader: &mut Reader<'_>, key: &str, default: [f64; 2]) -> Option<(i32, i32)> {
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
            reader.problem(key, "must be two powers of ten, the lower first, such as [0.001, 10]");
            None
        }
    }
}

fn training(reader: &mut Reader<'_>) -> Option<(TrainingSpec, (Recording, bool))> {
    let minibatches = reader.alternative(&[&["steps"], &["epochs", "batch"]])? == Some(1);
    let (key, batch) = if minibatches {
        ("epochs", reader.count("batch", 1..=10_000_000).map(Some))
    } else {
        ("steps", Some(None))
    };
    let epochs = reader.count(key, 1..=100_000_000);
    let order = if minibatches {
        reader.choice_or("order", "reshuffled", &Order::NAMES)
    } else {
        Some(Order::Fixed)
    };
    let schedule = reader.choice_or("schedule", "constant", &Schedule::NAMES);
    let tolerance = if minibatches {
        Some(0.0)
    } else {
        reader.number_or("gradient_tolerance", 1e-8, Allowed::at_least(0.0))
    };
    let divergence = reader.number_or("divergence", 1e6, Allowed::positive());
    let target = reader.number_or("target", 1e-6, Allowed::between(0.0, 1.0));
    let recordings = [
        ("selected", (Recording::Curve, false)),
        ("all", (Recording::Curve, true)),
        ("trajectories", (Recording::Trajectory, false)),
    ];
    let recording = reader.choice_or("record", "selected", &recordings);
    let curve = reader.choice_or("curve", "thinned", &CurvePoints::NAMES);
    let training = TrainingSpec {
        epochs: epochs?,
        minibatch: batch?.zip(order),
        schedule: schedule?,
        gradient_tolerance: tolerance?,
        divergence: divergence?,
        target: target?,
        curve: curve?,
    };
    Some((training, recording?))
}
