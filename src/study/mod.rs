//! Studies: shipped or other experiments at several values of a setting, each value a point, with what
//! holds where.
//!
//! A config with a table `[study]` names experiments and the keys that are varied, one axis at a time;
//! a point is an experiment of its own, as it would be read with `--set`.

use crate::claim::Compared;
use crate::config::{self, AnyValue, DottedKey, Layer, Overlay, Reader, Resolved, key, nearest};
use crate::experiment::{Heading, heading};
use crate::figure::{self, Facts};
use crate::need::Need;
use crate::shipped::Shipped;
use crate::sweep::Metric;

mod point;
mod rows;

pub use point::{Point, Points};
pub use rows::rows;

/// The table of a config that makes it a study.
pub const TABLE: &str = "study";

/// What stands beside the title of a figure that is no more than a look.
const CAUTION: &str = "quick profile: a look, not the study";

/// A study.
#[derive(Debug)]
pub struct Study {
    /// What it is called, and what it is about.
    pub heading: Heading,
    /// What is varied: names of shipped configs, and paths of others.
    bases: Vec<String>,
    /// What is changed at every point.
    settings: Layer,
    /// By what original coordinates are compared with the others.
    metrics: Vec<Compared>,
    axes: Vec<Axis>,
    /// Figures to draw.
    pub figures: Vec<Box<dyn figure::Spec>>,
}

/// Keys that move together, and their values.
#[derive(Debug)]
struct Axis {
    keys: Vec<DottedKey>,
    values: Vec<AnyValue>,
    /// The bases that it is for; none: all.
    bases: Vec<String>,
}

impl Axis {
    /// Its first key.
    fn name(&self) -> String {
        self.keys[0].text()
    }

    fn is_for(&self, base: &str) -> bool {
        self.bases.is_empty() || self.bases.iter().any(|one| one == base)
    }

    fn shares_a_base_with(&self, other: &Self) -> bool {
        self.bases.is_empty()
            || other.bases.is_empty()
            || self.bases.iter().any(|base| other.is_for(base))
    }
}

impl Study {
    /// Reads a whole config, but not those of its bases; all problems are recorded with the reader.
    pub fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let heading = reader.apart(heading);
        let study = reader.table(key(TABLE, "what is varied, and how it is compared"), |reader| {
            let bases = key("bases", "the configs that are varied: shipped ones by name, or paths");
            let bases = reader.configs(bases);
            let settings = reader.layer(key("set", "what is changed of the bases at every point"));
            let metrics = key("metrics", "what is compared by ratios, as in claims");
            let common = Metric::TO_COMMON_LEVEL.name;
            let choices = Compared::choices();
            let choices: Vec<_> = choices.iter().map(|(name, one)| (&**name, *one)).collect();
            let metrics = reader.choices_or(metrics, &[common], &choices);
            let axes = key("axes", "what is varied, one axis at a time");
            let axes = reader.tables(axes, Some("at least one is needed"), Axis::read);
            let (bases, axes) = (bases?, axes?);
            let fine = check(reader, &bases, &axes);
            fine.then_some((bases, settings?, metrics?, axes))
        });
        let figures = reader.presentation(|reader| {
            reader.tables(key("figures", "the figures that are drawn"), None, figure::read)
        });
        let (bases, settings, metrics, axes) = study?;
        let study = Self { heading: heading?, bases, settings, metrics, axes, figures: figures? };
        study.check_figures(reader).then_some(study)
    }

    /// A shipped study, if it is one, under one of its profiles.
    pub fn shipped(shipped: &Shipped, profile: Option<&str>) -> Option<Resolved<Self>> {
        let source = shipped.source().ok()?;
        let overlay = Overlay { profile: profile.map(str::to_owned), ..Overlay::default() };
        config::read(&source, &overlay, Self::read).ok()
    }

    /// What figures say of it: no more than the study itself says.
    pub fn facts(&self) -> Facts {
        Facts {
            profile: self.heading.profile.clone(),
            caution: self.heading.is_look().then_some(CAUTION),
            ..Facts::default()
        }
    }

    /// Why it has not what a figure needs.
    fn lacks(&self, need: Need<'_>) -> Option<String> {
        let listed = |names: &[String]| names.join(", ");
        match need {
            Need::Study => None,
            Need::Axis(name) => {
                let axes: Vec<String> = self.axes.iter().map(Axis::name).collect();
                let problem = || format!("no axis \"{name}\"; there are {}", listed(&axes));
                (!axes.iter().any(|axis| axis == name)).then(problem)
            }
            Need::Base(name) => {
                let bases: Vec<String> = self.bases.iter().map(|base| point::name(base)).collect();
                let problem = || format!("no base \"{name}\"; there are {}", listed(&bases));
                (!bases.iter().any(|base| base == name)).then(problem)
            }
            Need::StudyMetric(name) => {
                let metrics: Vec<String> = self.metrics.iter().map(Compared::to_string).collect();
                let problem = || match &*metrics {
                    [] => "the study has no metrics, which study.metrics names".into(),
                    _ => format!("the study's metrics are {}", listed(&metrics)),
                };
                (!metrics.iter().any(|metric| metric == name)).then(problem)
            }
            // Known once the bases are read.
            Need::Algorithm(_) | Need::Coordinates(_) => None,
            _ => Some("is about an experiment: a study has figures of the kind \"study\"".into()),
        }
    }

    fn check_figures(&self, reader: &mut Reader<'_>) -> bool {
        let mut fine = true;
        for (index, figure) in self.figures.iter().enumerate() {
            for want in figure.wants() {
                if let Some(problem) = self.lacks(want.need) {
                    reader.problem(&format!("figures.{index}.{}", want.key), problem);
                    fine = false;
                    break;
                }
            }
            let mut earlier = self.figures[..index].iter().map(|figure| figure.file());
            if earlier.any(|file| file.eq_ignore_ascii_case(figure.file())) {
                let problem = format!("\"{}\" is used twice", figure.file());
                reader.problem(&format!("figures.{index}.file"), problem);
                fine = false;
            }
        }
        fine
    }
}

impl Axis {
    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let keys = reader.keys(key("keys", "dotted keys of the bases that take the same values"));
        let values = reader.values(key("values", "the values, each of them a point"));
        let bases = reader.strings_or(key("bases", "the bases that it is for; none: all"), &[]);
        let (keys, values) = (keys?, values?);
        let mut fine = true;
        for (key, empty) in [("keys", keys.is_empty()), ("values", values.is_empty())] {
            if empty {
                reader.problem(key, "at least one is needed");
                fine = false;
            }
        }
        for (index, varied) in keys.iter().enumerate() {
            let problem = match varied.text().split('.').next() {
                Some("profile" | "profiles") => {
                    "a profile is not a setting: a study varies keys of the default one"
                }
                Some("name" | "title" | "about" | "figures") => {
                    "no result depends on it: a study varies settings"
                }
                _ => continue,
            };
            reader.problem(&format!("keys.{index}"), problem);
            fine = false;
        }
        for (index, value) in values.iter().enumerate() {
            if values[..index].iter().any(|other| other.text() == value.text()) {
                reader.problem(&format!("values.{index}"), "is there twice");
                fine = false;
            }
        }
        fine.then_some(Self { keys, values, bases: bases? })
    }
}

/// Bases are there, axes differ and are for bases of the study.
fn check(reader: &mut Reader<'_>, bases: &[String], axes: &[Axis]) -> bool {
    let mut problems: Vec<(String, String)> = Vec::new();
    if bases.is_empty() {
        problems.push(("bases".into(), "at least one is needed".into()));
    }
    let names: Vec<String> = bases.iter().map(|base| point::name(base)).collect();
    for (index, base) in bases.iter().enumerate() {
        let problem = if names[..index].contains(&names[index]) {
            Some(format!("\"{}\" is there twice", names[index]))
        } else if point::is_path(base) {
            None
        } else {
            unknown(base)
        };
        problems.extend(problem.map(|problem| (format!("bases.{index}"), problem)));
    }
    for (index, axis) in axes.iter().enumerate() {
        let same = |other: &Axis| other.name() == axis.name() && other.shares_a_base_with(axis);
        if axes[..index].iter().any(same) {
            let problem = format!("\"{}\" has an axis already", axis.name());
            problems.push((format!("axes.{index}.keys"), problem));
        }
        for (place, base) in axis.bases.iter().enumerate() {
            if !names.contains(base) {
                let problem = format!("no such base; there are {}", names.join(", "));
                problems.push((format!("axes.{index}.bases.{place}"), problem));
            }
        }
    }
    for (key, problem) in &problems {
        reader.problem(key, problem);
    }
    problems.is_empty()
}

/// Why this is not the name of a shipped experiment, if it is not.
fn unknown(name: &str) -> Option<String> {
    if let Some(shipped) = Shipped::named(name) {
        let study = || format!("\"{name}\" is a study itself: its bases are what can be varied");
        return shipped.read().is_none().then(study);
    }
    let experiments = || Shipped::experiments().map(|shipped| shipped.name);
    let meant = nearest(name, experiments());
    let meant = meant.map_or(String::new(), |meant| format!("; did you mean \"{meant}\"?"));
    let end = if meant.is_empty() { "." } else { "" };
    Some(format!("no shipped experiment \"{name}\"{meant}{end} A path ends with .toml"))
}
