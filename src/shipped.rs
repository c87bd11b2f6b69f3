//! The experiments that come with the program, and how far one's settings are theirs: a verdict says
//! what it was found with.

use std::collections::HashMap;

use crate::claim::Claim;
use crate::config::{self, Overlay, Resolved, Source};
use crate::experiment::Experiment;

/// A config that comes with the program.
#[derive(Clone, Copy, Debug)]
pub struct Shipped {
    /// Its name, without the ending: the name of the experiment too.
    pub name: &'static str,
    /// Its text.
    pub text: &'static str,
}

macro_rules! shipped {
    ($($name:literal)+) => {
        &[$(Shipped {
            name: $name,
            text: include_str!(concat!("../configs/", $name, ".toml")),
        }),+]
    };
}

/// All of them.
pub const SHIPPED: &[Shipped] = shipped![
    "comparators-digits"
    "comparators-linear"
    "comparators-log-sum-exp"
    "comparators-lsq"
    "digits"
    "digits-bases"
    "digits-control"
    "digits-cost"
    "fashion"
    "fashion-auxiliary"
    "fashion-large"
    "fig1-left"
    "fig1-left-rates"
    "linear-net"
    "log-sum-exp"
    "log-sum-exp-square"
    "logistic"
    "lsq"
    "lsq-exponential"
    "lsq-large"
    "reestimation-centred"
    "reestimation-digits"
    "reestimation-fashion"
    "schedule"
    "spectrum-blocks"
    "spectrum-digits"
    "spectrum-distributions"
    "study-decay"
    "study-rank"
    "study-samples"
    "study-samples-convex"
    "study-settings"
    "symmetry"
];

/// Keys that change no value of a result, or that are compared by themselves.
const ASIDE: &[&str] =
    &["name", "title", "about", "profile", "figures", "claims", "training.timed"];

impl Shipped {
    /// The experiment of this name.
    pub fn named(name: &str) -> Option<&'static Self> {
        SHIPPED.iter().find(|shipped| shipped.name == name)
    }

    /// Those that are experiments, not studies of such.
    pub fn experiments() -> impl Iterator<Item = &'static Self> {
        SHIPPED.iter().filter(|shipped| shipped.read().is_some())
    }

    /// It, read, if it is an experiment.
    pub fn read(&self) -> Option<Resolved<Experiment>> {
        self.read_as(None)
    }

    /// It under one of its profiles.
    pub fn read_as(&self, profile: Option<&str>) -> Option<Resolved<Experiment>> {
        let source = Source::parse(self.name, self.text.as_bytes()).ok()?;
        let overlay = Overlay { profile: profile.map(str::to_owned), ..Overlay::default() };
        config::read(&source, &overlay, Experiment::read).ok()
    }
}

/// What is different from the shipped experiment of the same name.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The keys, with their values here; `None`: no such experiment is shipped.
    keys: Option<Vec<String>>,
    /// The shipped claims in words, by their names.
    claims: HashMap<String, String>,
}

impl Settings {
    /// Compares a resolved config, of this name.
    pub fn of(name: &str, document: &str) -> Self {
        let document: Option<toml::Table> = toml::from_str(document).ok();
        match document.zip(Shipped::named(name).and_then(Shipped::read)) {
            None => Self { keys: None, claims: HashMap::new() },
            Some((document, shipped)) => {
                let mut keys = Vec::new();
                differences("", &document, &shipped.table, &mut keys);
                let inherited = inherited(&keys);
                keys.retain(|key| !inherited.contains(key));
                let claims = shipped.value.claims.iter();
                let claims = claims.map(|claim| (claim.id.clone(), in_words(claim))).collect();
                Self { keys: Some(keys), claims }
            }
        }
    }

    /// What a claim is judged with: `as shipped`, or what differs.
    pub fn judging(&self, claim: &Claim) -> String {
        let Some(keys) = &self.keys else { return "no shipped experiment".to_owned() };
        let other = self.claims.get(&claim.id) != Some(&in_words(claim));
        let mut all = keys.clone();
        if other {
            all.push("the claim itself".into());
        }
        if all.is_empty() { "as shipped".to_owned() } else { all.join(", ") }
    }
}

/// All that a verdict on it depends on.
fn in_words(claim: &Claim) -> String {
    let Claim { statement, source, test, .. } = claim;
    [statement, source, &test.describe()].map(|text| &**text).join("\n")
}

/// The dotted keys below `prefix` that differ, but for those aside: with their values here, or as
/// missing.
fn differences(prefix: &str, here: &toml::Table, there: &toml::Table, found: &mut Vec<String>) {
    let counts = |dotted: &str| !ASIDE.contains(&dotted);
    for (key, value) in here {
        let dotted = format!("{prefix}{key}");
        if !counts(&dotted) {
            continue;
        }
        match (value, there.get(key)) {
            (toml::Value::Table(here), Some(toml::Value::Table(there))) => {
                differences(&format!("{dotted}."), here, there, found);
            }
            (_, other) if other == Some(value) => {}
            _ => found.push(format!("{dotted} = {value}")),
        }
    }
    let missing = there.keys().filter(|key| !here.contains_key(*key));
    let missing = missing.map(|key| format!("{prefix}{key}")).filter(|dotted| counts(dotted));
    found.extend(missing.map(|dotted| format!("no {dotted}")));
}

/// What algorithms have from `[sweep]`, where that differs itself.
fn inherited(keys: &[String]) -> Vec<String> {
    let swept = keys.iter().filter_map(|key| key.strip_prefix("sweep."));
    let swept: Vec<&str> = swept.collect();
    let is_swept = |key: &&String| {
        let setting = key.strip_prefix("algorithms.").and_then(|rest| rest.split_once('.'));
        setting.is_some_and(|(_, setting)| swept.contains(&setting))
    };
    keys.iter().filter(is_swept).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::study::Study;

    fn settings(overrides: &[&str]) -> String {
        let overlay = Overlay {
            overrides: overrides.iter().map(|&text| text.to_owned()).collect(),
            ..Overlay::default()
        };
        let text = Shipped::named("lsq").unwrap().text;
        let source = Source::parse("lsq", text.as_bytes()).unwrap();
        let read = config::read(&source, &overlay, Experiment::read).unwrap();
        let claim = &read.value.claims[0];
        let document = toml::to_string(&read.table).unwrap();
        Settings::of(&read.value.name, &document).judging(claim)
    }

    #[test]
    fn a_verdict_names_the_settings_that_are_not_those_that_are_shipped() {
        assert_eq!(settings(&[]), "as shipped");
        assert_eq!(settings(&["title=Mine"]), "as shipped");
        assert_eq!(settings(&["training.timed=selected"]), "as shipped");
        assert_eq!(settings(&["trials=3"]), "trials = 3");
        assert_eq!(
            settings(&["objective.rows=70", "training.steps=5"]),
            "objective.rows = 70, training.steps = 5"
        );
        assert_eq!(settings(&["name=mine"]), "no shipped experiment");
        let ends = ["sweep.coarse=[0.1, 10.0]", "algorithms.sgd.coarse=[1.0, 10.0]"];
        assert_eq!(
            settings(&ends),
            "sweep.coarse = [0.1, 10.0], algorithms.sgd.coarse = [1.0, 10.0]"
        );
        assert_eq!(
            settings(&["objective.decay.kind=\"exponential\"", "objective.decay.rate=0.1"]),
            "objective.decay.kind = \"exponential\", objective.decay.rate = 0.1, no \
             objective.decay.exponent"
        );
        assert_eq!(settings(&["claims.0.factor=1.1"]), "the claim itself");
    }

    #[test]
    fn what_is_shipped_can_be_read() {
        for shipped in SHIPPED {
            let experiment = shipped.read().map(|read| read.value.name);
            let study = || Study::shipped(shipped, None).map(|study| study.value.heading.name);
            assert_eq!(experiment.or_else(study).as_deref(), Some(shipped.name));
        }
        let files = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/configs")).unwrap();
        let mut files: Vec<String> = files
            .map(|file| file.unwrap().file_name().into_string().unwrap())
            .filter_map(|file| file.strip_suffix(".toml").map(str::to_owned))
            .collect();
        files.sort();
        let names: Vec<&str> = SHIPPED.iter().map(|shipped| shipped.name).collect();
        assert_eq!(names, files);
    }
}
