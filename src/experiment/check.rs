//! The rules that involve several tables, and what was asked for that the experiment does not have.

use std::ops::Range;

use crate::config::Reader;
use crate::data::Inputs;
use crate::experiment::follow;
use crate::experiment::offer::list;
use crate::experiment::{Coordinates, Experiment, Start, Study, System, TrainingStudy};
use crate::gradients::Sampling;
use crate::lanes::Layout;
use crate::minibatch::Order;
use crate::need::{Need, Want};
use crate::objective::Absorbs;
use crate::optimizer::shape_problem;
use crate::trial::Recording;

/// Trajectories hold every parameter of every iterate; more parameters than this are no picture.
const TRAJECTORY_PARAMETERS: usize = 16;

/// Checks a whole experiment; every broken rule is reported.
pub(super) fn check(reader: &mut Reader<'_>, experiment: &Experiment) -> bool {
    let mut problems: Vec<(String, String)> = Vec::new();
    let mut report = |key: String, problem: String| problems.push((key, problem));
    bases(experiment, &mut report);
    follow::check(experiment, &mut report);
    optimizers(experiment, &mut report);
    if let Some(study) = experiment.training() {
        pairs(study, &mut report);
    }
    batches(experiment, &mut report);
    samples(experiment, &mut report);
    names(experiment, &mut report);
    for (prefix, wants) in wants(experiment) {
        for Want { key, need } in wants {
            let Some(problem) = experiment.lacks(need) else { continue };
            report(format!("{prefix}{key}"), problem);
            // All that follows is about what is not there.
            if matches!(need, Need::Training | Need::Estimates) {
                break;
            }
        }
    }
    for (key, problem) in &problems {
        reader.problem(key, problem);
    }
    problems.is_empty()
}

/// Gradients that were sampled elsewhere are taken as they are, each at most once.
fn samples(experiment: &Experiment, report: &mut impl FnMut(String, String)) {
    for system in experiment.systems().iter().filter(|one| one.objective.has_samples_only()) {
        let (samples, rows) = (system.samples(), system.objective.examples().unwrap_or_default());
        if samples > 0 && system.sampling.minibatch != Some((1, Order::Fixed)) {
            let problem = "sampled gradients are taken one by one: batch = 1 and order = \"fixed\"";
            report(sampling_of(experiment, system.name), problem.into());
        } else if samples > rows {
            // Where it does not depend on [egop], the basis states it itself.
            let key = match system.basis.sampled(1) == system.basis.sampled(2) {
                true => format!("coordinates.{}.samples", system.name),
                false => sampling_of(experiment, system.name),
            };
            let problem = format!("asks for {samples} samples; there are {rows} gradients");
            report(key, problem);
        }
    }
}

/// All that is wanted of the experiment, with the keys of the tables that want it.
fn wants(experiment: &Experiment) -> Vec<(String, Vec<Want<'_>>)> {
    let mut all = Vec::new();
    let mut own = Vec::new();
    if let Start::FarFromMinimizer { .. } = experiment.start {
        own.push(Want::new("start.distance", Need::Minimizer));
    }
    match &experiment.study {
        Study::Training(study) => {
            let metric = &study.sweep.metric;
            own.push(Want::new("sweep.metric", Need::WhileTuning));
            own.extend(Want::all("sweep.metric", metric.needs.iter().copied()));
            let tune = study.sweep.tune.iter();
            own.extend(tune.map(|name| Want::new("sweep.tune", Need::Coordinates(name))));
            own.extend(study.algorithms.iter().flat_map(|algorithm| {
                let key = format!("algorithms.{}.coordinates", algorithm.name);
                let names = algorithm.coordinates.iter();
                names.map(move |name| Want::new(key.clone(), Need::Coordinates(name)))
            }));
            if study.recording == Recording::Trajectory {
                let needs = [Need::AtMostParameters(TRAJECTORY_PARAMETERS), Need::FullBatches];
                own.extend(Want::all("training.record", needs));
            }
        }
        Study::Spectra(spectra) => own.extend(
            spectra
                .iter()
                .map(|one| Want::new(sampling_of(experiment, &one.name), Need::Samples(&one.name))),
        ),
    }
    all.push((String::new(), own));
    let figures = experiment.figures.iter().enumerate();
    all.extend(figures.map(|(index, figure)| (format!("figures.{index}."), figure.wants())));
    let claims = experiment.claims.iter().enumerate();
    all.extend(claims.map(|(index, claim)| (format!("claims.{index}."), claim.wants())));
    all
}

/// The key of the table that the sampling of an estimate, or of a coordinate system, comes from.
fn sampling_of(experiment: &Experiment, name: &str) -> String {
    let own = match &experiment.study {
        Study::Training(study) => {
            let mut own = study.coordinates.iter().filter(|one| one.sampling.is_some());
            own.any(|one| one.name == name).then_some("coordinates")
        }
        Study::Spectra(spectra) => {
            let mut own = spectra.iter().filter(|one| one.sampling.is_some());
            own.any(|one| one.name == name).then_some("spectra")
        }
    };
    own.map_or_else(|| "egop".into(), |section| format!("{section}.{name}.egop"))
}

/// Bases fit the objective that they are made of.
fn bases(experiment: &Experiment, report: &mut impl FnMut(String, String)) {
    let section = match experiment.study {
        Study::Training(_) => "coordinates",
        Study::Spectra(_) => "spectra",
    };
    for one in experiment.training().into_iter().flat_map(|study| &study.coordinates) {
        if one.sampling.is_some() && one.basis.sampled(1) == 0 {
            let problem = "no gradient is sampled for this basis: remove this table";
            report(format!("{section}.{}.egop", one.name), problem.into());
        }
    }
    for system in &experiment.systems() {
        let System { name, inputs, objective, .. } = *system;
        let basis = system.stated();
        let layout = objective.layout();
        let examples = objective.absorbs() == Absorbs::Inputs;
        if inputs != Inputs::Raw {
            let problem = match () {
                () if !examples => {
                    Some("the objective has no inputs that could be shifted or turned")
                }
                // Its network has no biases that would make up for the shift.
                () if inputs.are_shifted() && objective.known().minimum => {
                    Some("what fits shifted inputs is not known")
                }
                () => None,
            };
            if let Some(problem) = problem {
                report(format!("{section}.{name}.inputs"), format!("{problem}: remove this key"));
            }
        }
        if !basis.is_identity() && basis.groups(&layout).is_empty() {
            let problem = "mixes nothing: there is no block of weights";
            report(format!("{section}.{name}.basis"), problem.into());
        }
        if let Some(key) = basis.needs_inputs().filter(|_| objective.absorbs() == Absorbs::Nothing)
        {
            let problem = "the objective has no inputs whose moments are known";
            report(format!("{section}.{name}.{key}"), problem.into());
        }
        if let Some(key) = basis.needs_examples() {
            let problem = if examples {
                inputs.are_shifted().then_some(
                    "the mean of the inputs is 0 where `inputs` takes it off: choose another source, \
                     or inputs = \"raw\"",
                )
            } else {
                Some("the objective has no examples whose inputs have a mean")
            };
            if let Some(problem) = problem {
                report(format!("{section}.{name}.{key}"), problem.into());
            }
        }
        let unfit = || system.basis.unfit(&layout, &system.sampling);
        if let Some((key, problem)) = basis.problem(&layout).or_else(unfit) {
            report(format!("{section}.{name}.{key}"), problem);
        }
    }
}

/// Optimizers fit the model, and act on matrices only where there are some.
fn optimizers(experiment: &Experiment, report: &mut impl FnMut(String, String)) {
    let layout = experiment.objective.layout();
    let systems = experiment.systems();
    let epsilon = experiment.precision.epsilon();
    for algorithm in experiment.algorithms() {
        let section = format!("algorithms.{}", algorithm.name);
        let misshapen = shape_problem(algorithm.optimizer.shape(), &layout);
        if let Some(problem) = misshapen {
            report(format!("{section}.shape"), problem);
        } else if let Some((key, problem)) = algorithm.optimizer.problem(&layout, epsilon) {
            report(format!("{section}.{key}"), problem);
        }
        let updates = experiment.updates();
        if let Some((key, step)) = algorithm.optimizer.starts()
            && step as u64 > updates
        {
            let problem = format!("is never reached: a run makes {updates} updates");
            report(format!("{section}.{key}"), problem);
        }
        let trained = systems.iter().filter(|system| algorithm.trains_in(system.name));
        let mixing = trained.filter(|system| !system.stated().keeps_matrices());
        let mixing: Vec<&str> = mixing.map(|system| system.name).collect();
        if algorithm.optimizer.needs_matrices() && !mixing.is_empty() {
            let problem = format!(
                "acts on weight matrices, whose entries these coordinates mix: {}; `coordinates` \
                 may name those in which it trains",
                list(&mixing)
            );
            report(format!("{section}.kind"), problem);
        }
        let trained = systems.iter().filter(|system| algorithm.trains_in(system.name));
        let changed = trained.filter(|system| !system.stated().is_identity());
        let changed: Vec<&str> = changed.map(|system| system.name).collect();
        if algorithm.optimizer.shape().is_some() && !changed.is_empty() {
            let problem = format!(
                "takes the parameters for a matrix, of which these coordinates leave nothing: {}; \
                 `coordinates` may name those in which it trains",
                list(&changed)
            );
            report(format!("{section}.shape"), problem);
        }
        let mixes = |system: &&System<'_>| {
            let groups = system.stated().groups(&layout);
            algorithm.trains_in(system.name) && groups.iter().any(|group| mixed(&layout, group))
        };
        let mixing: Vec<&str> = systems.iter().filter(mixes).map(|system| system.name).collect();
        if let Some(key) = algorithm.optimizer.spares_biases().filter(|_| !mixing.is_empty()) {
            let problem = format!(
                "spares biases, which these coordinates mix with weights: {}; scope = \"block\" does \
                 not, and `coordinates` may name those in which the algorithm trains",
                list(&mixing)
            );
            report(format!("{section}.{key}"), problem);
        }
    }
}

/// Whether there are weights and biases among some blocks.
fn mixed(layout: &Layout, group: &Range<usize>) -> bool {
    let blocks = &layout.blocks()[group.clone()];
    blocks.iter().any(|block| block.role != blocks[0].role)
}

/// There is something to train in every coordinate system, and every rate that is swept is tuned.
fn pairs(study: &TrainingStudy, report: &mut impl FnMut(String, String)) {
    let mut named = study.algorithms.iter().flat_map(|algorithm| &algorithm.coordinates);
    if named.any(|name| study.coordinates_index(name).is_none()) {
        // The rest follows from a name that there is not, which is told elsewhere.
        return;
    }
    for Coordinates { name, .. } in &study.coordinates {
        if !study.algorithms.iter().any(|algorithm| algorithm.trains_in(name)) {
            let problem = "no algorithm trains in these coordinates: each names others";
            report(format!("coordinates.{name}"), problem.into());
        }
    }
    let tune = &study.sweep.tune;
    for algorithm in study.algorithms.iter().filter(|algorithm| algorithm.is_swept()) {
        if !tune.is_empty() && !tune.iter().any(|name| algorithm.trains_in(name)) {
            let problem = format!(
                "none of these is among those for which learning rates are tuned (sweep.tune): {}",
                tune.join(", ")
            );
            report(format!("algorithms.{}.coordinates", algorithm.name), problem);
        }
    }
}

/// Minibatches are of examples that there are.
fn batches(experiment: &Experiment, report: &mut impl FnMut(String, String)) {
    let batches = match &experiment.study {
        Study::Training(study) => {
            let examples = experiment.objective.examples();
            let training = study.training.minibatch.map(|(size, _)| size);
            let rows = |sampling: &Sampling| sampling.minibatch.map(|(size, _)| size);
            let mut all = vec![
                ("training.batch".into(), training, examples),
                ("egop.batch".into(), rows(&experiment.sampling), examples),
            ];
            let own = study.coordinates.iter().filter_map(|one| Some((one, one.sampling?)));
            all.extend(own.map(|(one, sampling)| {
                (format!("coordinates.{}.egop.batch", one.name), rows(&sampling), examples)
            }));
            all
        }
        Study::Spectra(_) => {
            let batch = |system: &System<'_>| {
                let key = format!("{}.batch", sampling_of(experiment, system.name));
                (key, system.sampling.minibatch.map(|(size, _)| size), system.objective.examples())
            };
            experiment.systems().iter().map(batch).collect()
        }
    };
    for (key, batch, examples) in batches {
        match (batch, examples) {
            (Some(_), None) => {
                report(key, "the objective has no minibatches: remove this key".into());
            }
            (Some(size), Some(examples)) if size > examples => {
                report(key, format!("must be at most the {examples} training rows"));
            }
            _ => {}
        }
    }
}

/// Claims and files have names of their own.
fn names(experiment: &Experiment, report: &mut impl FnMut(String, String)) {
    for (index, claim) in experiment.claims.iter().enumerate() {
        if experiment.claims[..index].iter().any(|earlier| earlier.id == claim.id) {
            report(format!("claims.{index}.id"), format!("\"{}\" is used twice", claim.id));
        }
    }
    for (index, figure) in experiment.figures.iter().enumerate() {
        let file = figure.file();
        let same = |earlier: &&str| earlier.eq_ignore_ascii_case(file);
        let earlier = experiment.figures[..index].iter().map(|earlier| earlier.file());
        match { earlier }.find(same) {
            Some(earlier) if earlier == file => {
                report(format!("figures.{index}.file"), format!("\"{file}\" is used twice"));
            }
            Some(earlier) => report(
                format!("figures.{index}.file"),
                format!("\"{file}\" and \"{earlier}\" are one file where case does not count"),
            ),
            None => {}
        }
    }
}
