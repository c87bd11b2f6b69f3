//! What a word means: a key, a value of one, a claim, a metric, a measure, a verdict, a column, a file,
//! an experiment, a figure, a profile, a term.

use std::collections::HashSet;

use super::columns::columns;
use super::terms::TERMS;
use super::words::{capitalized, choices, sentence};
use super::{Column, Keys};
use crate::claim::{Claim, Verdict};
use crate::config::{Condition, KeyDescription, nearest};
use crate::egop::Measure;
use crate::experiment::Experiment;
use crate::shipped::{FIGURES, SHIPPED, Shipped};
use crate::store::{EXPERIMENT, IDENTITY, LOG, PROVENANCE, REPORT, SUMS, TABLES};
use crate::sweep::{METRICS, Metric};

/// One of the meanings of a word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// What it is: `F5C-adam, a claim of lsq`.
    pub title: String,
    /// What there is to say of it, in paragraphs.
    pub paragraphs: Vec<String>,
}

/// What else is in a results folder, and in what is handed round of it.
const FILES: [(&str, &str); 6] = [
    (
        EXPERIMENT,
        "the config as it was resolved: with the profile and what the command line laid over it",
    ),
    (PROVENANCE, "what made the results: program, processor, data, arguments, times"),
    (REPORT, "all that was found on one page, which needs no other file"),
    (SUMS, "the checksums of all that was published, as of sha256sum --check"),
    (LOG, "what happened in every run, a line each with its time"),
    (IDENTITY, "which experiment the folder is for"),
];

/// What is told apart by words: read once for each question, which takes longer than to answer it.
struct Manual {
    keys: Keys,
    columns: Vec<Column>,
    experiments: Vec<(&'static Shipped, Experiment)>,
}

/// All meanings of a word, in small letters where it has none as it is; a blank may stand for `_`.
///
/// # Errors
/// When it has none: a word like it that has, if there is one.
pub fn explain(word: &str) -> Result<Vec<Explanation>, Option<String>> {
    let small = word.trim().to_lowercase();
    let joined = small.replace(' ', "_");
    let forms = [word, &small, &joined];
    // What an experiment has of this name stands in its config, and is no single letter.
    let is_in = |text: &str, word: &str| word.chars().count() > 1 && text.contains(word);
    let manual = Manual::read(|shipped| forms.iter().any(|word| is_in(shipped.text, word)));
    let found = forms.iter().map(|word| manual.meanings(word)).find(|found| !found.is_empty());
    found.ok_or_else(|| {
        let manual = Manual { experiments: experiments(|_| true), ..manual };
        let words = manual.words();
        let known = manual.keys.merged().into_iter().map(|key| &*key.key).chain(words);
        nearest(word, known).map(str::to_owned)
    })
}

/// The words that have a meaning, but for the names of experiments, figures and profiles.
pub fn words() -> Vec<String> {
    Manual::read(|_| true).words().into_iter().map(str::to_owned).collect()
}

fn experiments(is_wanted: impl Fn(&Shipped) -> bool) -> Vec<(&'static Shipped, Experiment)> {
    let wanted = Shipped::experiments().filter(|one| is_wanted(one));
    wanted.filter_map(|one| Some((one, one.read()?.value))).collect()
}

impl Manual {
    /// With some of the experiments.
    fn read(is_wanted: impl Fn(&Shipped) -> bool) -> Self {
        Self { keys: Keys::all(), columns: columns(), experiments: experiments(is_wanted) }
    }

    fn words(&self) -> Vec<&str> {
        let keys = self.keys.merged();
        let mut words: Vec<&str> = keys.iter().map(|key| last(&key.key)).collect();
        let values = keys.iter().flat_map(|key| choices(&key.value));
        words.extend(values.map(|choice| &*choice.name));
        words.extend(self.columns.iter().flat_map(|column| &column.names).copied());
        let claims = self.experiments.iter().flat_map(|(_, experiment)| &experiment.claims);
        words.extend(claims.map(|claim| &*claim.id));
        words.extend(metrics().map(|metric| metric.name));
        words.extend(Measure::NAMES.iter().map(|(name, _)| *name));
        words.extend(Verdict::ALL.iter().map(|verdict| verdict.name()));
        words.extend(TERMS.iter().flat_map(|(names, _)| *names).copied());
        words.extend(TABLES.iter().copied().chain(FILES.iter().map(|(name, _)| *name)));
        words.sort_unstable();
        words.dedup();
        words
    }

    /// The meanings of a word as it is written.
    fn meanings(&self, word: &str) -> Vec<Explanation> {
        let keys = self.keys.merged();
        let claims = self.experiments.iter().flat_map(|(shipped, experiment)| {
            experiment.claims.iter().map(|claim| (shipped.name, claim))
        });
        let mut all = of_keys(word, &keys);
        all.extend(of_values(word, &keys));
        all.extend(claims.filter(|(_, claim)| claim.id == word).map(|claim| of_claim(&claim)));
        all.extend(of_numbers(word));
        all.extend(of_verdicts(word));
        all.extend(of_columns(word, &self.columns));
        all.extend(of_files(word));
        all.extend(of_shipped(word));
        all.extend(of_figures(word, &self.experiments));
        all.extend(of_profile(word));
        all.extend(of_term(word));
        all
    }
}

/// The last part of a dotted key.
fn last(key: &str) -> &str {
    key.rsplit('.').next().unwrap_or(key)
}

/// Keys that end as the word does; those that are the whole word, if there are any. A name may stand for
/// `NAME`, and the number of an element for `[]`, or be left out.
fn of_keys(word: &str, keys: &[&KeyDescription]) -> Vec<Explanation> {
    let is_number =
        |part: &&str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let word = word.replace("[]", "");
    let word: Vec<&str> = word.split('.').filter(|part| !is_number(part)).collect();
    if word.is_empty() {
        return Vec::new();
    }
    let ends = |key: &&&KeyDescription| {
        let key = key.key.replace("[]", "");
        let parts: Vec<&str> = key.split('.').collect();
        parts.len() >= word.len()
            && (parts.iter().rev().zip(word.iter().rev()))
                .all(|(part, word)| part == word || *part == "NAME")
    };
    let found: Vec<&&KeyDescription> = keys.iter().filter(ends).collect();
    let is_whole = |key: &&&&KeyDescription| key.key.split('.').count() == word.len();
    let whole: Vec<&&KeyDescription> = found.iter().filter(is_whole).copied().collect();
    let found = if whole.is_empty() { found } else { whole };
    found.into_iter().map(|key| of_key(key)).collect()
}

fn of_key(key: &KeyDescription) -> Explanation {
    let mut paragraphs = vec![format!("{}. {}", capitalized(key.meaning), sentence(key))];
    paragraphs.extend(choices(&key.value).iter().map(|choice| match &choice.summary {
        Some(summary) => format!("`{}`: {summary}", choice.name),
        None => format!("`{}`", choice.name),
    }));
    Explanation { title: format!("{}, a key of a config", key.key), paragraphs }
}

/// What can be chosen by this name, and the keys that go with it.
fn of_values(word: &str, keys: &[&KeyDescription]) -> Vec<Explanation> {
    let mut all = Vec::new();
    for key in keys {
        for choice in choices(&key.value).iter().filter(|choice| choice.name == word) {
            let is_with = |condition: &Condition| {
                matches!(condition, Condition::OneOf { key: of, values }
                    if *of == key.key && values.contains(&choice.name))
            };
            let with = keys.iter().filter(|other| other.conditions.iter().any(is_with));
            let mut with: Vec<&str> = with.map(|other| last(&other.key)).collect();
            let mut told = HashSet::new();
            with.retain(|&name| told.insert(name));
            let summary = choice.summary.iter().cloned();
            let with = (!with.is_empty()).then(|| format!("With it go {}.", with.join(", ")));
            let paragraphs: Vec<String> =
                summary.chain([format!("{}.", capitalized(key.meaning))]).chain(with).collect();
            let title = format!("{word}, a value of {}", key.key);
            let one = Explanation { title, paragraphs };
            if !all.contains(&one) {
                all.push(one);
            }
        }
    }
    all
}

fn of_claim((experiment, claim): &(&str, &Claim)) -> Explanation {
    let Claim { id, statement, source, explanation, figure, test } = *claim;
    let mut paragraphs = vec![
        format!("{statement}."),
        format!("Source: {source}."),
        format!("Compared: {}.", test.describe()),
    ];
    if !explanation.is_empty() {
        paragraphs.push(format!("If it is not reproduced: {explanation}"));
    }
    paragraphs.extend(figure.as_ref().map(|figure| format!("Figure: {figure}.")));
    paragraphs.push(format!("`egop-run {experiment}` judges it."));
    Explanation { title: format!("{id}, a claim of {experiment}"), paragraphs }
}

/// Those of a run, and of two.
fn metrics() -> impl Iterator<Item = &'static Metric> {
    METRICS.iter().chain([&Metric::TO_COMMON_LEVEL])
}

fn of_numbers(word: &str) -> Vec<Explanation> {
    let metrics = metrics().filter(|metric| metric.name == word);
    let metrics = metrics.map(|metric| ("metric", metric.summary));
    let measures = Measure::NAMES.iter().filter(|(name, _)| *name == word);
    let measures = measures.map(|&(_, summary)| ("measure of EGOP estimates", summary));
    let one = |(kind, summary): (&str, &str)| Explanation {
        title: format!("{word}, a {kind}"),
        paragraphs: vec![format!("{}.", capitalized(summary))],
    };
    metrics.chain(measures).map(one).collect()
}

fn of_verdicts(word: &str) -> Option<Explanation> {
    let verdict = Verdict::ALL.into_iter().find(|verdict| verdict.name() == word)?;
    let more = "`--explain claims.csv` says what a claim's row holds, `--explain CLAIM` what it compares; \
                docs/verdicts.md has the rules.";
    Some(Explanation {
        title: format!("{word}, a verdict on a claim"),
        paragraphs: vec![format!("{}.", capitalized(verdict.meaning())), more.into()],
    })
}

/// A column, or all columns of a table. `TABLE.COLUMN` is one of that table.
fn of_columns(word: &str, columns: &[Column]) -> Vec<Explanation> {
    let as_row = |column: &Column| {
        let names: Vec<String> = column.names.iter().map(|name| format!("`{name}`")).collect();
        format!("{}: {}", names.join(", "), column.meaning)
    };
    if TABLES.contains(&word) {
        let rows = columns.iter().filter(|column| column.tables.contains(&word));
        let title = format!("{word}, a table of a results folder");
        return vec![Explanation { title, paragraphs: rows.map(as_row).collect() }];
    }
    let named: Vec<&Column> =
        columns.iter().filter(|column| column.names.contains(&word)).collect();
    // The first table explains what others have too.
    let says = |column: &&Column| !column.meaning.starts_with("as above");
    let telling: Vec<&Column> = named.iter().filter(|column| says(column)).copied().collect();
    let one = |column: &Column| Explanation {
        title: format!("{word}, a column of {}", column.tables.join(", ")),
        paragraphs: vec![as_row(column)],
    };
    (if telling.is_empty() { named } else { telling }).into_iter().map(one).collect()
}

fn of_files(word: &str) -> impl Iterator<Item = Explanation> {
    let file = FILES.iter().filter(move |(name, _)| *name == word);
    file.map(move |(_, meaning)| Explanation {
        title: format!("{word}, a file of a results folder"),
        paragraphs: vec![format!("{}.", capitalized(meaning))],
    })
}

/// A figure of a shipped experiment, by the name of its files.
fn of_figures(
    word: &str,
    experiments: &[(&'static Shipped, Experiment)],
) -> impl Iterator<Item = Explanation> {
    let drawn = experiments.iter().filter(move |(_, experiment)| {
        experiment.figures.iter().any(|figure| figure.file() == word)
    });
    drawn.map(move |(shipped, _)| Explanation {
        title: format!("{word}, a figure of {}", shipped.name),
        paragraphs: vec![format!("`egop-run {}` draws it.", shipped.name)],
    })
}

/// A profile of shipped experiments.
fn of_profile(word: &str) -> Option<Explanation> {
    let table = format!("[profiles.{word}]");
    let has = |shipped: &&Shipped| shipped.text.lines().any(|line| line.starts_with(&table));
    let names: Vec<&str> = SHIPPED.iter().filter(has).map(|shipped| shipped.name).collect();
    (!names.is_empty()).then(|| Explanation {
        title: format!("{word}, a profile"),
        paragraphs: vec![
            format!("`--profile {word}` lays its settings over those of a config."),
            format!("In {}.", names.join(", ")),
        ],
    })
}

/// A symbol, or a word that tables and pages use.
fn of_term(word: &str) -> Option<Explanation> {
    let (names, meaning) = TERMS.iter().find(|(names, _)| names.contains(&word))?;
    let title = format!("{}, a term", names.join(", "));
    Some(Explanation { title, paragraphs: vec![format!("{}.", capitalized(meaning))] })
}

fn of_shipped(word: &str) -> Vec<Explanation> {
    let figure = FIGURES.iter().find(|figure| figure.name == word);
    let figure = figure.map(|figure| Explanation {
        title: format!("{word}, a figure of the paper"),
        paragraphs: vec![format!("`egop-run {word}` draws it: {}.", figure.experiments.join(", "))],
    });
    let shipped = Shipped::named(word).map(|shipped| {
        // The comment above the first key says what it is.
        let comment = shipped.text.lines().take_while(|line| line.starts_with('#'));
        let comment = comment.filter(|line| !line.starts_with("#:"));
        let comment: Vec<&str> = comment.map(|line| line.trim_start_matches('#').trim()).collect();
        let paragraphs = comment.split(|line| line.is_empty()).filter(|lines| !lines.is_empty());
        Explanation {
            title: format!("{word}, an experiment that comes with the program"),
            paragraphs: paragraphs.map(|lines| lines.join(" ")).collect(),
        }
    });
    figure.into_iter().chain(shipped).collect()
}
