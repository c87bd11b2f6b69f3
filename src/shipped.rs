//! The experiments that come with the program, and how far one's settings are theirs: a verdict says
//! what it was found with.

use std::collections::HashMap;

use crate::claim::Claim;
use crate::config::{self, ConfigErrors, Overlay, Resolved, Source};
use crate::experiment::Experiment;
use crate::record::AS_SHIPPED;

/// A config that comes with the program.
#[derive(Clone, Copy, Debug)]
pub struct Shipped {
    /// Its name, without the ending: the name of the experiment too.
    pub name: &'static str,
    /// Its text.
    pub text: &'static str,
    /// About how many seconds it takes on two cores, for lists; a dry run says it for the machine at
    /// hand.
    pub seconds: u32,
}

macro_rules! shipped {
    ($($name:literal $seconds:literal,)+) => {
        &[$(Shipped {
            name: $name,
            text: include_str!(concat!("../configs/", $name, ".toml")),
            seconds: $seconds,
        }),+]
    };
}

/// All of them, with their seconds.
pub const SHIPPED: &[Shipped] = shipped![
    "comparators-digits" 900,
    "comparators-linear" 360,
    "comparators-log-sum-exp" 60,
    "comparators-lsq" 60,
    "digits" 480,
    "digits-bases" 540,
    "digits-control" 140,
    "digits-cost" 340,
    "fashion" 1000,
    "fashion-auxiliary" 510,
    "fashion-bases" 90,
    "fashion-large" 1200,
    "fig1-left" 20,
    "fig1-left-rates" 2,
    "linear-net" 720,
    "log-sum-exp" 40,
    "log-sum-exp-square" 3,
    "logistic" 100,
    "lsq" 5,
    "lsq-exponential" 5,
    "lsq-large" 8,
    "reestimation-centred" 30,
    "reestimation-digits" 60,
    "reestimation-fashion" 120,
    "schedule" 1,
    "spectrum-blocks" 240,
    "spectrum-digits" 120,
    "spectrum-distributions" 480,
    "study-decay" 50,
    "study-rank" 420,
    "study-samples" 200,
    "study-samples-convex" 740,
    "study-settings" 700,
    "symmetry" 120,
];

/// A figure of the paper.
#[derive(Clone, Copy, Debug)]
pub struct PaperFigure {
    /// What it is called here: `fig5`.
    pub name: &'static str,
    /// The shipped experiments that show it, in the order of its panels.
    pub experiments: &'static [&'static str],
}

macro_rules! figures {
    ($($name:literal: $($experiment:literal)+;)+) => {
        &[$(PaperFigure { name: $name, experiments: &[$($experiment),+] }),+]
    };
}

/// The paper's figures. Of its convex ones those in the sizes that stand nearest to the paper's; the
/// variants (`lsq-large`, `log-sum-exp-square`) have the same figures.
pub const FIGURES: &[PaperFigure] = figures![
    "fig1": "fig1-left" "digits";
    "fig2": "spectrum-digits";
    "fig3": "linear-net";
    "fig4": "fashion";
    "fig5": "log-sum-exp" "logistic" "lsq";
    "fig6": "spectrum-distributions";
    "fig7": "spectrum-blocks";
    "fig8": "spectrum-digits";
    "fig9": "linear-net";
    "fig10": "digits";
    "fig11": "fashion";
    "fig12": "log-sum-exp" "logistic" "lsq";
    "fig13": "schedule";
];

impl PaperFigure {
    /// The figure of this name.
    pub fn named(name: &str) -> Option<&'static Self> {
        FIGURES.iter().find(|figure| figure.name == name)
    }

    /// Whether a file shows it, or a panel of it: `fig5a` and `fig1-left`, but `fig10` is not of `fig1`.
    pub fn is_in(&self, file: &str) -> bool {
        let rest = file.strip_prefix(self.name);
        rest.is_some_and(|rest| !rest.starts_with(|next: char| next.is_ascii_digit()))
    }
}

/// Keys that change no value of a result, or that are compared by themselves.
const ASIDE: &[&str] =
    &["name", "title", "about", "profile", "figures", "claims", "training.timed"];

impl Shipped {
    /// The experiment of this name.
    pub fn named(name: &str) -> Option<&'static Self> {
        SHIPPED.iter().find(|shipped| shipped.name == name)
    }

    /// It as a source of settings.
    ///
    /// # Errors
    /// None: what is shipped is text of that size.
    pub fn source(&self) -> Result<Source, ConfigErrors> {
        Source::parse(self.name, self.text.as_bytes())
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
        let source = self.source().ok()?;
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
        if all.is_empty() { AS_SHIPPED.to_owned() } else { all.join(", ") }
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
    fn figures_of_the_paper_are_drawn_by_the_experiments_that_are_said_to() {
        let mut shown: Vec<(String, &str)> = Vec::new();
        for shipped in Shipped::experiments() {
            let files = shipped.read().unwrap().value.figures;
            let files = files.iter().map(|figure| figure.file().to_owned());
            shown.extend(files.map(|file| (file, shipped.name)));
        }
        for figure in FIGURES {
            for experiment in figure.experiments {
                let is_shown =
                    shown.iter().any(|(file, of)| of == experiment && figure.is_in(file));
                assert!(is_shown, "{experiment} does not show {}", figure.name);
            }
        }
        let numbered = shown.iter().filter(|(file, _)| {
            let rest = file.strip_prefix("fig").unwrap_or_default();
            rest.starts_with(|first: char| first.is_ascii_digit())
        });
        for (file, _) in numbered {
            let of: Vec<_> = FIGURES.iter().filter(|figure| figure.is_in(file)).collect();
            let [figure] = of[..] else { panic!("{file} is of {of:?}") };
            // A panel that a variant shows is shown by one of these as well.
            let here =
                |(other, of): &(String, &str)| other == file && figure.experiments.contains(of);
            assert!(shown.iter().any(here), "nothing that shows {} shows {file}", figure.name);
        }
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
