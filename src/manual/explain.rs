//! What a word means: a key, a value of one, a claim, a metric, a measure, a column, an experiment.

use super::columns::columns;
use super::words::{capitalized, choices, sentence};
use super::{Column, Keys};
use crate::claim::Claim;
use crate::config::{Condition, KeyDescription, nearest};
use crate::egop::Measure;
use crate::shipped::{FIGURES, Shipped};
use crate::store::TABLES;
use crate::sweep::METRICS;

/// One of the meanings of a word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// What it is: `F5C-adam, a claim of lsq`.
    pub title: String,
    /// What there is to say of it, in paragraphs.
    pub paragraphs: Vec<String>,
}

/// All meanings of a word.
///
/// # Errors
/// When it has none: a word like it that has, if there is one.
pub fn explain(word: &str) -> Result<Vec<Explanation>, Option<String>> {
    let keys = Keys::all();
    let keys = keys.merged();
    let columns = columns();
    let claims = claims();
    let mut all = of_keys(word, &keys);
    all.extend(of_values(word, &keys));
    all.extend(claims.iter().filter(|(_, claim)| claim.id == word).map(of_claim));
    all.extend(of_numbers(word));
    all.extend(of_columns(word, &columns));
    all.extend(of_shipped(word));
    if !all.is_empty() {
        return Ok(all);
    }
    let parts = keys.iter().flat_map(|key| [&*key.key, last(&key.key)]);
    let values = keys.iter().flat_map(|key| choices(&key.value)).map(|choice| &*choice.name);
    let names = columns.iter().flat_map(|column| &column.names).copied();
    let claims = claims.iter().map(|(_, claim)| &*claim.id);
    let others = METRICS.iter().map(|metric| metric.name).chain(TABLES.iter().copied());
    let known = parts.chain(values).chain(names).chain(claims).chain(others);
    Err(nearest(word, known).map(str::to_owned))
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
            let with: Vec<&str> = with.map(|other| last(&other.key)).collect();
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

/// The claims of all shipped experiments, with the names of these.
fn claims() -> Vec<(&'static str, Claim)> {
    let read = Shipped::experiments().filter_map(|shipped| Some((shipped.name, shipped.read()?)));
    read.flat_map(|(name, read)| read.value.claims.into_iter().map(move |claim| (name, claim)))
        .collect()
}

fn of_claim((experiment, claim): &(&str, Claim)) -> Explanation {
    let Claim { id, statement, source, figure, test } = claim;
    let mut paragraphs = vec![
        format!("{statement}."),
        format!("Source: {source}."),
        format!("Compared: {}.", test.describe()),
    ];
    paragraphs.extend(figure.as_ref().map(|figure| format!("Figure: {figure}.")));
    paragraphs.push(format!("`egop-run {experiment}` judges it."));
    Explanation { title: format!("{id}, a claim of {experiment}"), paragraphs }
}

fn of_numbers(word: &str) -> Vec<Explanation> {
    let metrics = METRICS.iter().filter(|metric| metric.name == word);
    let metrics = metrics.map(|metric| ("metric", metric.summary));
    let measures = Measure::NAMES.iter().filter(|(name, _)| *name == word);
    let measures = measures.map(|&(_, summary)| ("measure of EGOP estimates", summary));
    let one = |(kind, summary): (&str, &str)| Explanation {
        title: format!("{word}, a {kind}"),
        paragraphs: vec![format!("{}.", capitalized(summary))],
    };
    metrics.chain(measures).map(one).collect()
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
