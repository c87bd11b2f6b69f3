//! What an experiment has to offer to figures, claims and metrics.

use crate::config::{nearest, short};
use crate::data::Split;
use crate::egop::Measure;
use crate::experiment::{Algorithm, Experiment, Rates, Study, System};
use crate::need::{MeasureOf, Need};
use crate::schedule::Schedule;
use crate::sweep::ladder;
use crate::trial::Recording;

impl Experiment {
    /// Why the experiment does not have what is needed; `None` where it does, and where all that is
    /// wrong is told by [`Need::Training`] or [`Need::Estimates`].
    pub(crate) fn lacks(&self, need: Need<'_>) -> Option<String> {
        let unless = |met: bool, problem: &str| (!met).then(|| problem.to_owned());
        let known = self.objective.known();
        match need {
            Need::Training => unless(
                self.training().is_some(),
                "is about training, and this experiment trains nothing ([spectra])",
            ),
            Need::Estimates => unless(
                self.training().is_none(),
                "is about EGOP estimates in themselves ([spectra]), and this experiment trains: \
                 there is no eigenvectors.csv or measures.csv, only spectrum.csv",
            ),
            Need::Algorithm(name) => {
                unknown("algorithm", name, self.algorithms().iter().map(|one| &*one.name))
            }
            Need::Coordinates(name) => self.named(name, "coordinates"),
            Need::Estimate(name) => self.named(name, "spectrum"),
            Need::Compared(name) => {
                let original = self.training()?.original();
                let problem = match original {
                    None if name.is_none() => {
                        "there are no original coordinates to compare with, \
                                               such as [coordinates.original] with basis = \
                                               \"identity\""
                    }
                    Some(original) if name == Some(&*original.name) => {
                        "are the original coordinates, with which others are compared"
                    }
                    _ => return None,
                };
                Some(problem.into())
            }
            Need::Timed => unless(
                self.training()?.timed,
                "needs seconds of runs that are trained alone: training.timed = \"selected\"",
            ),
            Need::Original => unless(
                self.training()?.original().is_some(),
                "learning rates cannot be those that are best in original coordinates: there are \
                 none, such as [coordinates.original] with basis = \"identity\"; the alternative is \
                 tuned = \"own\"",
            ),
            Need::OriginalRates(names) => self.lacks(Need::Original).or_else(|| {
                let original = &*self.training()?.original()?.name;
                let asked = |one: &&Algorithm| names.is_empty() || names.contains(&one.name);
                let elsewhere = |one: &&Algorithm| asked(one) && !one.trains_in(original);
                let name = &self.algorithms().iter().find(elsewhere)?.name;
                Some(format!(
                    "{name} does not train in {original} coordinates: no learning rate of it is \
                     best there; the alternative is tuned = \"own\""
                ))
            }),
            Need::TrainsIn { algorithm, coordinates } => {
                let algorithm = self.algorithms().iter().find(|one| one.name == algorithm)?;
                let known = coordinates.iter().filter(|name| self.find(name).is_some());
                let known: Vec<&str> = known.map(String::as_str).collect();
                let there = known.is_empty() || known.iter().any(|name| algorithm.trains_in(name));
                let problem = || {
                    let trains = algorithm.coordinates.iter().map(String::as_str);
                    format!(
                        "{} does not train in {} coordinates; it trains in {}",
                        algorithm.name,
                        known.join(" or "),
                        listed(trains)
                    )
                };
                (!there).then(problem)
            }
            Need::TrainedBy { coordinates, algorithms } => {
                let asked = |one: &&Algorithm| algorithms.contains(&one.name);
                let known: Vec<_> = self.algorithms().iter().filter(asked).collect();
                let system = self.find(coordinates)?;
                let there = known.is_empty() || known.iter().any(|one| one.trains_in(coordinates));
                let problem = || {
                    format!(
                        "no algorithm that is named trains in {coordinates} coordinates; those that \
                         do are {}",
                        listed(self.algorithms_in(&system).map(|one| &*one.name))
                    )
                };
                (!there).then(problem)
            }
            Need::Minimum => unless(known.minimum, "the objective's minimum is not known"),
            Need::Minimizer => unless(known.minimizer, "the objective's minimizer is not known"),
            Need::Hessian => unless(known.hessian, "the objective's Hessian is not known"),
            Need::Split(split) => {
                let (name, known) = match split {
                    Split::Training => return None,
                    Split::Validation => ("validation", known.validation),
                    Split::Test => ("test", known.test),
                };
                if !known {
                    return Some(format!("the objective has no {name} set"));
                }
                let problem = || {
                    format!("{name} metrics are recorded with minibatches only: set training.batch")
                };
                self.training()?.training.minibatch.is_none().then(problem)
            }
            Need::Accuracy => unless(known.accuracy, "the objective classifies nothing"),
            Need::Target => unless(
                self.training()?.training.target > 0.0 && self.training()?.training.target < 1.0,
                "needs a target that can be reached and is not reached at the start: \
                 training.target between 0 and 1, neither included",
            ),
            Need::Level(level) => {
                let target = self.training()?.training.target;
                let levels = ladder(target);
                let recorded = levels.iter().any(|one| (one / level - 1.0).abs() < 1e-9);
                let problem = || {
                    format!(
                        "is not recorded: levels are 10^-1, 10^-1.25, 10^-1.5 and so on, down to \
                         training.target = {target}"
                    )
                };
                (!levels.is_empty() && !recorded).then(problem)
            }
            Need::EarlyEnd => unless(
                self.training()?.training.minibatch.is_none()
                    && self.training()?.training.gradient_tolerance > 0.0,
                "needs runs that may end early, with full batches and training.gradient_tolerance \
                 above 0: all others use all their steps",
            ),
            Need::FullBatches => unless(
                self.training()?.training.minibatch.is_none(),
                "needs full batches: with training.batch, what is recorded is epochs (\"epoch\")",
            ),
            Need::Minibatches => unless(
                self.training()?.training.minibatch.is_some(),
                "needs training.batch: with full batches, what is recorded is steps \
                 (\"iteration\")",
            ),
            Need::Trajectories => unless(
                self.training()?.recording == Recording::Trajectory,
                "needs training.record = \"trajectories\"",
            ),
            Need::AtMostParameters(most) => {
                let found = self.objective.layout().dimension();
                let problem = || format!("needs at most {most} parameters; there are {found}");
                (found > most).then(problem)
            }
            Need::Parameters(number) => {
                let found = self.objective.layout().dimension();
                let problem = || format!("needs {number} parameters; there are {found}");
                (found != number).then(problem)
            }
            Need::Schedule => unless(
                self.training()?.training.schedule != Schedule::Constant,
                "needs a learning rate that changes: training.schedule is \"constant\"",
            ),
            Need::Figure(name) => {
                unknown("figure", name, self.figures.iter().map(|figure| figure.file()))
            }
            Need::Trial(number) => {
                let last = self.trials - 1;
                (number > last).then(|| format!("there is no trial {number}: the last is {last}"))
            }
            Need::WhileTuning => {
                let metric = &self.training()?.sweep.metric;
                metric.of_selected.then(|| {
                    format!(
                        "{} is recorded at selected learning rates only: none can be selected by it",
                        metric.name
                    )
                })
            }
            Need::SingleRates => unless(
                self.algorithms().iter().all(
                    |algorithm| matches!(&algorithm.rates, Rates::Fixed(rates) if rates.len() == 1),
                ),
                "is recorded at selected learning rates only, and this is about all of them: give \
                 each algorithm one (learning_rates)",
            ),
            Need::RateUpTo(name, highest) => {
                let lowest = self.algorithms().iter().find(|one| one.name == name)?.lowest_rate();
                let problem =
                    || format!("no learning rate of {name} is so low: the lowest is {lowest}");
                (lowest > highest).then(problem)
            }
            Need::Spectrum(None) => unless(
                self.systems().iter().any(|one| one.basis.has_spectrum()),
                "no coordinate system has eigenvalues, such as one with basis = \"egop\"",
            ),
            Need::Spectrum(Some(name)) => {
                let problem = || format!("\"{name}\" has no eigenvalues, as with basis = \"egop\"");
                (!self.find(name)?.basis.has_spectrum()).then(problem)
            }
            Need::Block { of, block } => {
                let shown = |one: &System<'_>| of.is_empty() || of.iter().any(|of| of == one.name);
                let of = self.systems().into_iter().filter(shown);
                let blocks: Vec<(String, usize)> = of.flat_map(blocks).collect();
                let mut names: Vec<&str> = blocks.iter().map(|(name, _)| &**name).collect();
                names.dedup();
                let problem = || format!("no block \"{block}\"; there are {}", list(&names));
                (!names.is_empty() && !names.contains(&block)).then(problem)
            }
            Need::Eigenvector { of, block, k } => {
                let size = self.size(of, block)?;
                let Study::Spectra(spectra) = &self.study else { return None };
                let spectrum = spectra.iter().find(|spectrum| spectrum.name == of)?;
                let kept = spectrum.eigenvectors.min(size);
                (k > kept).then(|| {
                    format!(
                        "eigenvector {k} is not recorded: {kept} of the {size} are \
                         (spectra.{of}.eigenvectors)"
                    )
                })
            }
            Need::Measure(MeasureOf { estimate, block, name, at }) => {
                let size = self.size(estimate, block)?;
                let hidden = Measure::is_of_hidden_units(name);
                let refused =
                    hidden.then(|| self.lacks(Need::HiddenUnits(Some(estimate)))).flatten();
                refused.or_else(|| Measure::refusal(name, at, size))
            }
            Need::HiddenUnits(name) => {
                let asked = |one: &System<'_>| name.is_none_or(|name| name == one.name);
                let lacking = |one: &System<'_>| !one.objective.known().hidden_units;
                let found = self.systems().into_iter().find(|one| asked(one) && lacking(one))?;
                let name = found.name;
                Some(format!("the objective of \"{name}\" has no hidden units to change places"))
            }
            Need::Undecided { of, over, bounds } => self.decided(of, over, bounds),
            Need::Samples(name) => {
                let estimate = self.find(name)?;
                let samples = estimate.sampling.count(&estimate.objective.layout());
                let problem =
                    || format!("two samples are needed for two halves, this makes {samples}");
                (samples < 2).then(problem)
            }
            Need::Study | Need::Axis(_) | Need::Base(_) | Need::StudyMetric(_) => {
                Some("is about a study, and this is an experiment: there is no [study]".to_owned())
            }
        }
    }

    /// What is known of a measure's place within bounds before it is taken.
    fn decided(
        &self,
        of: MeasureOf<'_>,
        over: Option<MeasureOf<'_>>,
        [lowest, highest]: [f64; 2],
    ) -> Option<String> {
        let range = |of: MeasureOf<'_>| {
            // What is wrong with the measure itself is told elsewhere.
            let size = self.size(of.estimate, of.block)?;
            let sound = Measure::refusal(of.name, of.at, size).is_none();
            sound.then(|| Measure::range(of.name, of.at, size))
        };
        let ([mut least, mut most], mut what) = (range(of)?, of.name.to_owned());
        if let Some(over) = over {
            let [low, high] = range(over)?;
            if high == 0.0 {
                return Some(format!("{} is always 0 there: nothing is divided by it", over.name));
            }
            // A ratio of two infinities may be anything.
            least = if high.is_finite() { least / high } else { 0.0 };
            most = if low > 0.0 { most / low } else { f64::INFINITY };
            if (of.estimate, of.block) == (over.estimate, over.block)
                && let Some([low, high]) =
                    Measure::ratio_range((of.name, of.at), (over.name, over.at))
            {
                (least, most) = (least.max(low), most.min(high));
            }
            what = format!("the ratio of {what} to {}", over.name);
        }
        let within = if most.is_finite() {
            format!("from {} to {}", short(least), short(most))
        } else {
            format!("at least {}", short(least))
        };
        if lowest <= least && most <= highest {
            return Some(format!("{what} is always {within} there: this holds whatever comes"));
        }
        let outside = lowest > most || highest < least;
        outside.then(|| format!("{what} is always {within} there: this never holds"))
    }

    fn find(&self, name: &str) -> Option<System<'_>> {
        self.systems().into_iter().find(|one| one.name == name)
    }

    fn named(&self, name: &str, what: &str) -> Option<String> {
        unknown(what, name, self.systems().iter().map(|one| one.name))
    }

    /// The size of a block; `None` where there is no such block, which is a problem of its own.
    fn size(&self, of: &str, block: &str) -> Option<usize> {
        let blocks = blocks(self.find(of)?);
        blocks.into_iter().find(|(name, _)| name == block).map(|(_, size)| size)
    }
}

/// Names and sizes of the blocks of a spectrum.
fn blocks(system: System<'_>) -> Vec<(String, usize)> {
    let layout = system.objective.layout();
    let has = system.basis.has_spectrum();
    let groups = if has { system.basis.groups(&layout) } else { Vec::new() };
    let block = |group| (layout.group_name(group), layout.parameters(group).len());
    groups.iter().map(block).collect()
}

/// That a name is none of those that there are, if it is none, and which may have been meant.
fn unknown<'a>(what: &str, name: &str, all: impl Iterator<Item = &'a str>) -> Option<String> {
    let all: Vec<&str> = all.collect();
    let problem = || {
        let meant = nearest(name, all.iter().copied());
        let meant = meant.map_or(String::new(), |meant| format!("; did you mean \"{meant}\"?"));
        format!("no {what} \"{name}\"; there are {}{meant}", listed(all.iter().copied()))
    };
    (!all.contains(&name)).then(problem)
}

pub(super) fn list(names: &[&str]) -> String {
    names.join(", ")
}

fn listed<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<&str> = names.collect();
    if names.is_empty() { "none".into() } else { list(&names) }
}
