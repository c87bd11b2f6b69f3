//! How many claims were reproduced, and with which settings.

use serde::Serialize;

use crate::claim::Verdict;
use crate::record::ClaimRow;

/// The verdicts on an experiment's claims.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct VerdictSummary<'a> {
    /// How many claims there are.
    pub claims: usize,
    /// How many have each verdict, of those that any has.
    pub counts: Vec<(&'static str, usize)>,
    /// What they were judged with: `as shipped`, or the keys that differ.
    pub settings: Vec<&'a str>,
}

impl<'a> VerdictSummary<'a> {
    /// Sums up the rows of `claims.csv`.
    pub fn of(rows: &'a [ClaimRow]) -> Self {
        let mut settings: Vec<&str> = rows.iter().map(|row| &*row.settings).collect();
        settings.sort_unstable();
        settings.dedup();
        Self { claims: rows.len(), counts: counts(rows.iter().map(|row| &*row.verdict)), settings }
    }

    /// "12 claims: 9 reproduced, 3 inconclusive", each count as `mark` shows it, which is given the
    /// verdict too.
    pub fn in_words(&self, mark: impl Fn(&str, &str) -> String) -> String {
        let counts = self.counts.iter().map(|(name, count)| mark(name, &format!("{count} {name}")));
        let counts = counts.collect::<Vec<_>>().join(", ");
        let many = if self.claims == 1 { "claim" } else { "claims" };
        format!("{} {many}: {counts}", self.claims)
    }
}

/// How often there is each verdict, of those that are there.
pub(super) fn counts<'a>(
    verdicts: impl Iterator<Item = &'a str> + Clone,
) -> Vec<(&'static str, usize)> {
    let count = |verdict: Verdict| {
        let name = verdict.name();
        (name, verdicts.clone().filter(|one| *one == name).count())
    };
    Verdict::ALL.into_iter().map(count).filter(|(_, count)| *count > 0).collect()
}
