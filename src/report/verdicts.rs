//! The verdicts on claims.

use serde::Serialize;

use super::table::{shown, shown_or_none};
use crate::claim::Verdict;
use crate::record::{AS_SHIPPED, ClaimRow};
use crate::summary::VerdictSummary;

/// A verdict with a sign and a name for its looks: colours are never alone.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Badge {
    /// The verdict in words.
    pub words: String,
    /// A sign before it.
    sign: &'static str,
    /// The class of the element.
    class: &'static str,
}

impl Badge {
    pub fn of(verdict: &str, words: impl Into<String>) -> Self {
        let is = |one: Verdict| verdict == one.name();
        let (sign, class) = match () {
            () if is(Verdict::Reproduced) => ("✓", "yes"),
            () if is(Verdict::NotReproduced) => ("✗", "no"),
            () if is(Verdict::Inconclusive) => ("?", "open"),
            () => ("–", "none"),
        };
        Self { words: words.into(), sign, class }
    }
}

/// The verdicts in one line.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Headline {
    /// All of it in words.
    pub words: String,
    /// How many claims have each verdict.
    pub counts: Vec<Badge>,
    /// What they were judged with.
    settings: String,
}

impl Headline {
    pub fn of(claims: &[ClaimRow]) -> Self {
        let summary = VerdictSummary::of(claims);
        let words = match claims {
            [] => "No claims are judged.".to_owned(),
            _ => format!("{}.", summary.in_words(|_, count| count.to_owned())),
        };
        let settings = match &summary.settings[..] {
            [] => String::new(),
            settings => format!("Settings: {}.", settings.join("; ")),
        };
        Self::new(words, &summary.counts, settings)
    }

    /// In these words, with the counts of the verdicts.
    pub fn new(words: String, counts: &[(&'static str, usize)], settings: String) -> Self {
        let badge =
            |(name, count): &(&'static str, usize)| Badge::of(name, format!("{count} {name}"));
        Self { words, counts: counts.iter().map(badge).collect(), settings }
    }
}

/// One claim.
#[derive(Debug, Serialize)]
pub(super) struct ClaimView {
    id: String,
    statement: String,
    source: String,
    test: String,
    reason: String,
    explanation: String,
    verdict: Badge,
    /// What was found, line by line.
    numbers: Vec<String>,
    /// Name of the figure that shows it, if it is on the page.
    figure: Option<String>,
    /// The keys that are not as shipped.
    settings: Option<String>,
}

impl ClaimView {
    pub fn of(claim: &ClaimRow, figures: &[String]) -> Self {
        let figure = figures.contains(&claim.figure).then(|| claim.figure.clone());
        Self {
            id: claim.id.clone(),
            statement: claim.statement.clone(),
            source: claim.source.clone(),
            test: claim.test.clone(),
            reason: claim.reason.clone(),
            explanation: claim.explanation.clone(),
            verdict: Badge::of(&claim.verdict, claim.verdict.clone()),
            numbers: found(claim),
            figure,
            settings: (claim.settings != AS_SHIPPED).then(|| claim.settings.clone()),
        }
    }
}

fn found(claim: &ClaimRow) -> Vec<String> {
    let mut lines = Vec::new();
    if claim.median.is_some() {
        lines.push(format!("median {}", shown_or_none(claim.median)));
    }
    if let (Some(lower), Some(upper)) = (claim.lower, claim.upper) {
        let level =
            claim.level.map(|level| format!(" ({:.1} %)", 100.0 * level)).unwrap_or_default();
        lines.push(format!("[{}, {}]{level}", shown(lower), shown(upper)));
    }
    if let Some((low, high)) = claim.tied_low.zip(claim.tied_high).filter(|(low, high)| low < high)
    {
        lines.push(format!("with ties {} to {}", shown(low), shown(high)));
    }
    let ClaimRow { in_favour, pairs, no_evidence, planned, .. } = claim;
    lines.push(format!("{in_favour} of {pairs} in favour"));
    if *no_evidence > 0 {
        lines.push(format!("{no_evidence} without evidence"));
    }
    if pairs + no_evidence < *planned {
        lines.push(format!("{} of {planned} missing", planned - pairs - no_evidence));
    }
    lines
}
