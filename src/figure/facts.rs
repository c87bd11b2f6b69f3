//! What figures say of the experiment whose tables they are drawn from: a picture that travels
//! without its folder states its sizes and settings.

use std::collections::BTreeMap;

/// What is known of an experiment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Facts {
    /// Names of the algorithms, in the order of the config, and what figures call them.
    pub algorithms: Vec<(String, String)>,
    /// Coordinate systems or EGOP estimates, in the order of the config: line styles go by it.
    pub systems: Vec<SystemFacts>,
    /// How runs are trained, in words; `None`: nothing is trained.
    pub training: Option<String>,
    /// Names of the coordinate systems whose own best learning rates were looked for.
    pub tuned: Vec<String>,
    /// Passes over the examples that a run makes, in minibatches; `None`: full batches.
    pub epochs: Option<u64>,
    /// Number of random instances.
    pub trials: usize,
    /// The profile, where that is not the default one.
    pub profile: Option<String>,
    /// Why the figures are not to be taken for those of the experiment.
    pub caution: Option<&'static str>,
    /// Numbers that titles may name in braces, as far as there are any.
    pub numbers: BTreeMap<&'static str, String>,
}

/// What is known of a coordinate system or an EGOP estimate.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SystemFacts {
    /// Its name.
    pub name: String,
    /// Its objective's sizes, in words.
    pub sizes: String,
    /// The number M of sampled gradients, where it has an EGOP.
    pub samples: Option<usize>,
    /// What else there is to say of its objective.
    pub remark: Option<String>,
}

/// The numbers that a title may name in braces.
pub(super) const NUMBERS: [&str; 4] = ["d", "trials", "epochs", "iterations"];

/// What a title names in braces.
pub(super) fn named(title: &str) -> impl Iterator<Item = &str> {
    title.split('{').skip(1).filter_map(|rest| Some(rest.split_once('}')?.0))
}

impl Facts {
    /// What figures call an algorithm.
    pub fn algorithm<'a>(&'a self, name: &'a str) -> &'a str {
        self.algorithms.iter().find(|(known, _)| known == name).map_or(name, |(_, title)| title)
    }

    /// The footnote on sizes and settings of a figure of these systems; of one trial, or of all.
    pub fn note(&self, shown: &[&str], trial: Option<usize>) -> Option<String> {
        let mut parts = self.sizes(shown);
        parts.extend(self.training.clone());
        if self.trials > 0 {
            parts.push(match trial {
                Some(trial) => format!("trial {trial} of {}", self.trials),
                None if self.trials == 1 => "1 trial".into(),
                None => format!("{} trials", self.trials),
            });
        }
        parts.extend(self.profile.as_ref().map(|profile| format!("profile {profile}")));
        (!parts.is_empty()).then(|| format!("{}.", parts.join("; ")))
    }

    /// Sizes and remarks: once, where they are those of all systems shown, with the numbers of samples
    /// that these differ in.
    fn sizes(&self, shown: &[&str]) -> Vec<String> {
        let systems: Vec<&SystemFacts> =
            self.systems.iter().filter(|one| shown.contains(&&*one.name)).collect();
        // Beside one that has an EGOP, original coordinates say nothing new.
        let estimated = systems.iter().any(|one| one.samples.is_some());
        // Beside others of which nothing is sampled, a number alone would be taken for theirs too.
        let some = systems.iter().filter(|one| one.samples.is_none()).count() > 1;
        let systems: Vec<&SystemFacts> =
            systems.into_iter().filter(|one| one.samples.is_some() || !estimated).collect();
        let Some((first, others)) = systems.split_first() else { return Vec::new() };
        let same = |one: &&SystemFacts| (&one.sizes, &one.remark) == (&first.sizes, &first.remark);
        if others.iter().all(same) {
            return vec![first.with(&in_words(&systems, some))];
        }
        let with_name = |one: &SystemFacts| {
            let samples = one.samples.map(|samples| format!(", M = {samples}"));
            format!("{}: {}", one.name, one.with(&samples.unwrap_or_default()))
        };
        systems.into_iter().map(with_name).collect()
    }
}

impl SystemFacts {
    /// Its sizes, some more, and the remark.
    fn with(&self, more: &str) -> String {
        let remark = self.remark.as_ref().map(|remark| format!("; {remark}"));
        format!("{}{more}{}", self.sizes, remark.unwrap_or_default())
    }
}

/// The numbers of samples, and where they differ, or are of `some` alone, of which systems each is.
fn in_words(systems: &[&SystemFacts], some: bool) -> String {
    let mut by_samples: BTreeMap<usize, Vec<&str>> = BTreeMap::new();
    for one in systems {
        if let Some(samples) = one.samples {
            by_samples.entry(samples).or_default().push(&one.name);
        }
    }
    let named = some || by_samples.len() > 1;
    let word = |(samples, names): (usize, Vec<&str>)| match named {
        true => format!(", M = {samples} ({})", names.join(", ")),
        false => format!(", M = {samples}"),
    };
    by_samples.into_iter().map(word).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn system(name: &str, sizes: &str, samples: Option<usize>) -> SystemFacts {
        SystemFacts { name: name.into(), sizes: sizes.into(), samples, remark: None }
    }

    #[test]
    fn what_systems_share_is_said_once() {
        let facts = Facts {
            systems: vec![
                system("original", "n = 9, d = 5", None),
                system("global", "n = 9, d = 5", Some(10)),
                system("large", "n = 9, d = 50", Some(100)),
            ],
            training: Some("3 epochs".into()),
            trials: 7,
            ..Facts::default()
        };
        let note = |shown: &[&str]| facts.note(shown, None).unwrap();
        assert_eq!(note(&["original"]), "n = 9, d = 5; 3 epochs; 7 trials.");
        assert_eq!(note(&["original", "global"]), "n = 9, d = 5, M = 10; 3 epochs; 7 trials.");
        assert_eq!(
            note(&["global", "large"]),
            "global: n = 9, d = 5, M = 10; large: n = 9, d = 50, M = 100; 3 epochs; 7 trials."
        );
        let facts = Facts {
            systems: vec![
                system("few", "n = 9, d = 5", Some(1)),
                system("many", "n = 9, d = 5", Some(8)),
                system("again", "n = 9, d = 5", Some(8)),
                system("original", "n = 9, d = 5", None),
                system("inputs", "n = 9, d = 5", None),
            ],
            ..Facts::default()
        };
        assert_eq!(
            facts.note(&["few", "many", "again"], None).unwrap(),
            "n = 9, d = 5, M = 1 (few), M = 8 (many, again)."
        );
        assert_eq!(
            facts.note(&["original", "few", "inputs"], None).unwrap(),
            "n = 9, d = 5, M = 1 (few)."
        );
        assert_eq!(Facts::default().note(&[], None), None);
    }

    #[test]
    fn titles_name_numbers_in_braces() {
        assert!(named("{d} parameters, {epochs} epochs").eq(["d", "epochs"]));
        assert_eq!(named("no { here").next(), None);
    }
}
