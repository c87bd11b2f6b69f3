//! The settings of an experiment or a study, with what is not as shipped or as the profile has it.

use std::collections::HashMap;

use super::table::{Table, text};
use crate::config::DEFAULT_PROFILE;
use crate::experiment::Heading;
use crate::shipped::Shipped;
use crate::study::Study;
use crate::summary::settings_of;

/// Every key with its value, and what it would be.
pub(super) fn settings(heading: &Heading, settings: &toml::Table) -> Option<Table> {
    let profile = heading.profile.as_deref().filter(|&name| name != DEFAULT_PROFILE);
    let shipped = Shipped::named(&heading.name);
    let read = |profile: Option<&str>| {
        let experiment = || Some(shipped?.read_as(profile)?.table);
        let study = || Some(Study::shipped(shipped?, profile)?.table);
        experiment().or_else(study).map(|table| settings_of(&table))
    };
    let bare = read(None);
    // A profile that is not one of the shipped experiment's changes nothing that is known.
    let wanted = read(profile).or_else(|| bare.clone());
    let mut rows = Vec::new();
    let mut changed = 0;
    let here = settings_of(settings);
    let of_profile = map(wanted.as_deref());
    let by_default = map(bare.as_deref());
    for (key, value) in &here {
        let under = of_profile.get(&**key).copied();
        let plain = by_default.get(&**key).copied();
        let note = match (under, plain) {
            _ if shipped.is_none() => String::new(),
            (Some(under), plain) if under == value => match plain {
                Some(plain) if plain == value => String::new(),
                Some(plain) => format!("of the profile; by default {plain}"),
                None => "of the profile".to_owned(),
            },
            (Some(under), _) => format!("changed; shipped: {under}"),
            (None, _) => "changed; not in the shipped config".to_owned(),
        };
        changed += usize::from(note.starts_with("changed"));
        rows.push(vec![key.clone(), value.clone(), note]);
    }
    let gone = wanted.iter().flatten();
    for (key, value) in gone.filter(|(key, _)| !here.iter().any(|(other, _)| other == key)) {
        changed += 1;
        rows.push(vec![key.clone(), "not set".into(), format!("changed; shipped: {value}")]);
    }
    let note = match (shipped, changed) {
        (None, _) => {
            "No config of this name is shipped: there is nothing to compare with.".to_owned()
        }
        (Some(_), 0) => "All settings are those of the shipped config.".to_owned(),
        (Some(_), 1) => "1 setting is not that of the shipped config.".to_owned(),
        (Some(_), changed) => format!("{changed} settings are not those of the shipped config."),
    };
    let under = profile.map(|name| format!(" under the profile {name}")).unwrap_or_default();
    let caption = format!("Settings{under}, every default filled in");
    let columns = [text("key"), text("value"), text("beside the shipped config")];
    Some(Table::new(caption, 1, &columns, rows)?.with_notes(vec![note]))
}

fn map(settings: Option<&[(String, String)]>) -> HashMap<&str, &str> {
    settings.into_iter().flatten().map(|(key, value)| (&**key, &**value)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{self, Overlay, Resolved, Source};
    use crate::experiment::Experiment;

    fn notes(profile: Option<&str>, overrides: &[&str]) -> (Vec<[String; 3]>, String) {
        let overlay = Overlay {
            profile: profile.map(str::to_owned),
            overrides: overrides.iter().map(|&text| text.to_owned()).collect(),
        };
        let source = Source::parse("lsq", Shipped::named("lsq").unwrap().text.as_bytes()).unwrap();
        let mut read = config::read(&source, &overlay, Experiment::read).unwrap();
        read.value.profile = profile.map(str::to_owned);
        let table = settings(&read.value.heading(), &read.table).unwrap();
        let rows = table.rows.into_iter().map(|row| <[String; 3]>::try_from(row).unwrap());
        (rows.filter(|[_, _, note]| !note.is_empty()).collect(), table.notes.concat())
    }

    #[test]
    fn what_is_not_as_shipped_is_marked() {
        let (rows, note) = notes(None, &[]);
        assert!(rows.is_empty() && note.starts_with("All settings"), "{rows:?}");
        let (rows, note) = notes(None, &["trials=3"]);
        let [[key, value, why]] = &rows[..] else { panic!("{rows:?}") };
        assert_eq!((&**key, &**value), ("trials", "3"));
        assert!(why.starts_with("changed; shipped: ") && note.starts_with("1 setting "), "{why}");
        let (rows, _) = notes(Some("quick"), &["seed=3"]);
        assert!(rows.iter().any(|[_, _, note]| note.starts_with("of the profile; by default ")));
        let changed: Vec<_> =
            rows.iter().filter(|[_, _, note]| note.starts_with("changed")).collect();
        assert!(changed.len() == 1 && changed[0][0] == "seed", "{changed:?}");
        let decay = ["objective.decay.kind=\"exponential\"", "objective.decay.rate=0.1"];
        let (rows, _) = notes(None, &decay);
        assert!(rows.iter().any(|[key, value, _]| key.ends_with("exponent") && value == "not set"));
        let (rows, note) = notes(None, &["name=mine", "trials=3"]);
        assert!(rows.is_empty() && note.starts_with("No config"), "{rows:?}");
    }

    #[test]
    fn a_study_is_compared_with_the_shipped_one() {
        let shipped = Shipped::named("study-decay").unwrap();
        let Resolved { value, mut table, .. } = Study::shipped(shipped, None).unwrap();
        let note = |table: &toml::Table| settings(&value.heading, table).unwrap().notes.concat();
        assert_eq!(note(&table), "All settings are those of the shipped config.");
        drop(table.remove("study"));
        assert!(note(&table).contains(" settings are not "), "{}", note(&table));
    }
}
