//! Experiments: what a config describes, checked.

use std::fmt;

use crate::basis::{self, Material, Preparation};
use crate::claim::Claim;
use crate::config::{Reader, Resolved};
use crate::coordinates::Cost;
use crate::data::Inputs;
use crate::distribution::Distribution;
use crate::error::Result;
use crate::figure;
use crate::gradients::Sampling;
use crate::objective::{self, Absorbs};
use crate::trial::{Follow, Start};

mod check;
mod facts;
mod follow;
mod offer;
mod read;
mod study;

pub use read::heading;
pub use study::{
    Algorithm, Coordinates, EgopSpec, Rates, Study, Sweep, TrainingSpec, TrainingStudy,
};

/// The profile that every experiment may have for a look.
const QUICK: &str = "quick";

/// What an experiment is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum About {
    /// What the paper shows.
    Paper,
    /// What the paper leaves open, or names only.
    Beyond,
    /// A setting that is varied.
    Study,
    /// Something else.
    Own,
}

impl About {
    /// The names used in configs.
    pub const NAMES: [(&'static str, Self); 4] = [
        ("paper", Self::Paper),
        ("beyond", Self::Beyond),
        ("study", Self::Study),
        ("own", Self::Own),
    ];
}

/// What a config is called and what it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heading {
    /// Name of the results folder.
    pub name: String,
    /// One line for people.
    pub title: String,
    /// What it is about.
    pub about: About,
    /// The profile that its settings come from, where that is not the default one.
    pub profile: Option<String>,
}

impl Heading {
    /// Whether its settings are for no more than a look.
    pub fn is_look(&self) -> bool {
        self.profile.as_deref() == Some(QUICK)
    }
}

/// In which floating-point type trials run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FloatType {
    /// `f64`.
    Double,
    /// `f32`; losses are still summed in `f64`.
    Single,
}

impl FloatType {
    /// The distance from 1 to the next number.
    pub fn epsilon(self) -> f64 {
        match self {
            Self::Double => f64::EPSILON,
            Self::Single => f32::EPSILON.into(),
        }
    }
}

/// What each trial of an experiment does some work for: a coordinate system or an EGOP estimate,
/// with what its EGOP is estimated from.
#[derive(Clone, Copy, Debug)]
pub struct System<'a> {
    /// Name, as in the column `coordinates` of the results.
    pub name: &'a str,
    /// The change of variables that runs begin with, or the one that the estimate would make.
    pub basis: &'a dyn basis::Spec,
    /// How another one is estimated while runs train, if it is.
    pub follow: Option<Follow<'a>>,
    /// What is done to the inputs of the training data beforehand.
    pub inputs: Inputs,
    /// f.
    pub objective: &'a dyn objective::Spec,
    /// ρ.
    pub distribution: Distribution,
    /// M and the minibatches.
    pub sampling: Sampling,
    /// How many leading eigenvectors are kept: none of a coordinate system.
    pub eigenvectors: usize,
}

impl System<'_> {
    /// Gradients that are sampled for its change of variables, or its estimate.
    pub fn samples(&self) -> usize {
        self.basis.sampled(self.sampling.count(&self.objective.layout()))
    }

    /// What its maps take, there and back, and hold.
    pub fn map_cost(&self) -> Cost {
        let layout = self.objective.layout();
        self.basis.cost(&layout, self.sampling.count(&layout))
    }

    /// Floating-point operations of a gradient on the full batch that are made because there are more
    /// variables than parameters; negative: fewer. Of h(AJz) the matrix AJ has a column for each variable.
    pub fn added(&self, maps: Cost) -> f64 {
        let columns = self.objective.layout().dimension() as f64;
        match self.objective.absorbs() {
            Absorbs::Everything if self.basis.is_linear() => {
                self.objective.gradient_flops(None) / columns * maps.added
            }
            Absorbs::Nothing | Absorbs::Everything | Absorbs::Inputs => 0.0,
        }
    }

    /// Of what maps take, the floating-point operations around every gradient: but for what the
    /// objective takes into its data.
    pub fn around(&self, maps: Cost) -> f64 {
        maps.flops - self.absorbed(maps)
    }

    /// Floating-point operations of taking maps into the data, once. A row is pulled back, which is half
    /// of the way there and back: by all that is absorbed, or as the inputs of one output.
    pub fn absorbing(&self, maps: Cost) -> f64 {
        let outputs = match self.objective.absorbs() {
            Absorbs::Nothing | Absorbs::Everything => 1,
            Absorbs::Inputs => self.objective.layout().blocks()[0].matrix().0,
        };
        self.objective.absorbing_rows() as f64 * self.absorbed(maps) / (2.0 * outputs as f64)
    }

    fn absorbed(&self, maps: Cost) -> f64 {
        match self.objective.absorbs() {
            Absorbs::Everything if self.basis.is_linear() => maps.flops,
            Absorbs::Nothing | Absorbs::Everything => 0.0,
            Absorbs::Inputs => self.basis.input_flops(&self.objective.layout()),
        }
    }

    /// What forming its maps takes, where matrices are decomposed so often, and each group was found to
    /// have so many leading eigenvectors (`None`: before that is known, as many as there may be).
    pub fn preparation(&self, decompositions: f64, found: Option<&[usize]>) -> Preparation {
        let layout = self.objective.layout();
        let samples = self.sampling.count(&layout);
        let rows = self.objective.examples().unwrap_or(self.objective.absorbing_rows());
        self.basis.preparation(&layout, Material { samples, rows, decompositions, found })
    }

    /// Whether its runs are those that the others are compared with.
    pub fn is_original(&self) -> bool {
        self.basis.is_identity() && self.inputs == Inputs::Raw && self.follow.is_none()
    }
}

/// A checked experiment.
#[derive(Debug)]
pub struct Experiment {
    /// Name of the results folder.
    pub name: String,
    /// One line for people.
    pub title: String,
    /// What it is about.
    pub about: About,
    /// The profile that its settings come from, where that is not the default one. A key of the
    /// resolved config, so that it is known wherever that goes; no setting in itself.
    pub profile: Option<String>,
    /// Root seed of all random streams.
    pub seed: u64,
    /// Number of random instances.
    pub trials: usize,
    /// Floating-point type.
    pub precision: FloatType,
    /// f.
    pub objective: Box<dyn objective::Spec>,
    /// ρ.
    pub distribution: Distribution,
    /// θ₀.
    pub start: Start,
    /// How EGOPs are estimated.
    pub sampling: Sampling,
    /// What is done with all this.
    pub study: Study,
    /// Figures to draw.
    pub figures: Vec<Box<dyn figure::Spec>>,
    /// Claims to judge.
    pub claims: Vec<Claim>,
}

impl Experiment {
    /// Reads a whole config; all problems are recorded with the reader.
    pub fn read(reader: &mut Reader<'_>) -> Option<Self> {
        read::experiment(reader)
    }

    /// What it is called and what it is about.
    pub fn heading(&self) -> Heading {
        let Self { name, title, about, profile, .. } = self;
        Heading {
            name: name.clone(),
            title: title.clone(),
            about: *about,
            profile: profile.clone(),
        }
    }

    /// Notes the profile that its settings come from: what was stored under it stays so, whatever it is
    /// read as afterwards.
    pub fn under_profile(mut read: Resolved<Self>, profile: &str) -> Resolved<Self> {
        read.value.profile = Some(profile.to_owned());
        read.table = with_profile(read.table, profile);
        read
    }

    /// Why its claims are not to be judged, where they are not: a look is no ground for a verdict.
    pub fn unjudged(&self) -> Option<&'static str> {
        (self.profile.as_deref() == Some(QUICK))
            .then_some("the profile `quick` is for a look: its settings are not those of the claim")
    }

    /// What is trained, unless nothing is.
    pub fn training(&self) -> Option<&TrainingStudy> {
        match &self.study {
            Study::Training(study) => Some(study),
            Study::Spectra(_) => None,
        }
    }

    /// The algorithms; none where nothing is trained.
    pub fn algorithms(&self) -> &[Algorithm] {
        self.training().map_or(&[], |study| &study.algorithms)
    }

    /// Updates that a run makes if it does not stop early.
    pub fn updates(&self) -> u64 {
        let Some(study) = self.training() else { return 0 };
        let training = study.training.on(self.objective.examples());
        training.epochs.saturating_mul(training.minibatches.map_or(1, |all| all.per_epoch())) as u64
    }

    /// The algorithms that train in a coordinate system.
    pub fn algorithms_in<'a>(
        &'a self,
        system: &System<'a>,
    ) -> impl Iterator<Item = &'a Algorithm> + use<'a> {
        let name = system.name;
        self.algorithms().iter().filter(move |algorithm| algorithm.trains_in(name))
    }

    /// The coordinate systems or EGOP estimates, in the order of the config.
    pub fn systems(&self) -> Vec<System<'_>> {
        let shared = |name, basis, inputs| System {
            name,
            basis,
            follow: None,
            inputs,
            objective: &*self.objective,
            distribution: self.distribution,
            sampling: self.sampling,
            eigenvectors: 0,
        };
        match &self.study {
            Study::Training(study) => study
                .coordinates
                .iter()
                .map(|one| System {
                    sampling: one.sampling.unwrap_or(self.sampling),
                    follow: one.follow(),
                    ..shared(&one.name, one.first(), one.inputs)
                })
                .collect(),
            Study::Spectra(spectra) => spectra
                .iter()
                .map(|one| System {
                    objective: one.objective.as_deref().unwrap_or(&*self.objective),
                    distribution: one.distribution.unwrap_or(self.distribution),
                    sampling: one.sampling.unwrap_or(self.sampling),
                    eigenvectors: one.eigenvectors,
                    ..shared(&one.name, &one.basis, Inputs::Raw)
                })
                .collect(),
        }
    }

    /// One of the coordinate systems or EGOP estimates, by its position.
    ///
    /// # Panics
    /// When there are not so many.
    pub fn system(&self, index: usize) -> System<'_> {
        self.systems()[index]
    }

    /// Name and SHA-256 of each file that the objectives read.
    ///
    /// # Errors
    /// When a data set or a file is missing or corrupt.
    pub fn data(&self, context: &objective::Context) -> Result<Vec<(String, String)>> {
        let mut files = Vec::new();
        if self.training().is_some() {
            files.extend(self.objective.data(context)?);
        }
        for system in self.systems() {
            files.extend(system.objective.data(context)?);
        }
        files.sort();
        files.dedup();
        Ok(files)
    }
}

/// A resolved config that says which profile it is, where it does so when it is read again.
pub fn with_profile(table: toml::Table, profile: &str) -> toml::Table {
    let mut with = toml::Table::new();
    for (key, value) in table {
        let is_last = key == "about";
        with.insert(key, value);
        if is_last {
            with.insert("profile".into(), profile.into());
        }
    }
    with
}

impl fmt::Display for FloatType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Double => "f64",
            Self::Single => "f32",
        })
    }
}
