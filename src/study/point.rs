//! The points of a study: its bases, read with the values of its axes.

use std::path::Path;

use super::{Study, TABLE};
use crate::config::{self, ConfigErrors, Layer, Overlay, Resolved, Source};
use crate::experiment::Experiment;
use crate::need::{Need, Want};
use crate::shipped::Shipped;
use crate::store;

/// A base at a value of an axis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Point {
    /// Name of the base.
    pub base: String,
    /// Name of the axis: its first key.
    pub axis: String,
    /// The value in a few letters.
    pub value: String,
}

/// All points of a study.
#[derive(Debug)]
pub struct Points {
    /// By base, axis and value, in the order of the config, each an experiment.
    pub all: Vec<(Point, Resolved<Experiment>)>,
    /// What results depend on, by the names of the bases: with what is changed at every point, but not
    /// what is varied.
    pub identity: toml::Table,
}

impl Point {
    /// What it is, in words.
    pub fn words(&self) -> String {
        words(&self.base, &self.axis, &self.value)
    }

    /// Name of its folder.
    pub fn folder(&self) -> String {
        store::file_name(&format!("{}-{}-{}", self.base, self.axis, self.value))
    }
}

fn words(base: &str, axis: &str, value: &str) -> String {
    format!("{base}, {axis} = {value}")
}

/// Whether a base is a file, not a shipped config.
pub(super) fn is_path(base: &str) -> bool {
    base.ends_with(".toml")
}

/// What a base is called: a file by its name without the ending.
pub(super) fn name(base: &str) -> String {
    let stem = || Path::new(base).file_stem().map(|stem| stem.to_string_lossy().into_owned());
    if is_path(base) { stem().unwrap_or_default() } else { base.to_owned() }
}

fn open(base: &str) -> Result<Source, ConfigErrors> {
    let source = match Shipped::named(base) {
        Some(shipped) if !is_path(base) => shipped.source(),
        _ => Source::open(base),
    }?;
    if source.has(TABLE) {
        let problem = "is a study itself: its bases are what can be varied";
        return Err(ConfigErrors::of_file(base, "", problem));
    }
    Ok(source)
}

impl Study {
    /// Reads all points; `file` is the study's own, which messages name.
    ///
    /// # Errors
    /// All problems of all points.
    pub fn points(&self, file: &str) -> Result<Points, ConfigErrors> {
        let mut points = Points { all: Vec::new(), identity: toml::Table::new() };
        let mut wrong: Vec<(String, ConfigErrors)> = Vec::new();
        for base in &self.bases {
            let name = name(base);
            let source = match open(base) {
                Ok(source) => source,
                Err(errors) => {
                    wrong.push((name, errors));
                    continue;
                }
            };
            match self.read_point(&source, &[], file) {
                Ok(resolved) => {
                    drop(points.identity.insert(name.clone(), resolved.identity.into()))
                }
                Err(errors) => {
                    wrong.push((format!("{name}, as it is varied"), errors));
                    continue;
                }
            }
            for axis in self.axes.iter().filter(|axis| axis.is_for(&name)) {
                for value in &axis.values {
                    let layers: Vec<Layer> = axis.keys.iter().map(|key| key.set(value)).collect();
                    let (axis, value) = (axis.name(), value.text());
                    match self.read_point(&source, &layers, file) {
                        Ok(resolved) => {
                            let base = name.clone();
                            points.all.push((Point { base, axis, value }, resolved));
                        }
                        Err(errors) => wrong.push((words(&name, &axis, &value), errors)),
                    }
                }
            }
        }
        match ConfigErrors::at_points(file, wrong) {
            Some(errors) => Err(errors),
            None => self.check_names(file, &points).map(|()| points),
        }
    }

    /// Algorithms and coordinate systems that figures name are those of some point.
    fn check_names(&self, file: &str, points: &Points) -> Result<(), ConfigErrors> {
        for (index, figure) in self.figures.iter().enumerate() {
            let names =
                |want: &Want<'_>| matches!(want.need, Need::Algorithm(_) | Need::Coordinates(_));
            for Want { key, need } in figure.wants().into_iter().filter(names) {
                let lacks = |(_, point): &(_, Resolved<Experiment>)| point.value.lacks(need);
                let problems: Option<Vec<String>> = points.all.iter().map(lacks).collect();
                if let Some(problem) = problems.and_then(|all| all.into_iter().next()) {
                    let key = format!("figures.{index}.{key}");
                    return Err(ConfigErrors::of_file(file, key, problem));
                }
            }
        }
        Ok(())
    }

    /// A base with what is changed at every point, and then with more.
    fn read_point(
        &self,
        base: &Source,
        more: &[Layer],
        file: &str,
    ) -> Result<Resolved<Experiment>, ConfigErrors> {
        let layers: Vec<Layer> = std::iter::once(&self.settings).chain(more).cloned().collect();
        let source = base.with(&layers, file);
        let resolved = config::read(&source, &Overlay::default(), Experiment::read)?;
        Ok(match &self.heading.profile {
            Some(profile) => Experiment::under_profile(resolved, profile),
            None => resolved,
        })
    }
}
