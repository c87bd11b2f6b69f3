//! Two results folders side by side: what is different of their settings, their learning rates and
//! their verdicts.

use std::collections::HashMap;

use serde::Serialize;

use crate::config::flat;
use crate::record::{ClaimRow, RateRow};

/// Keys that change no result: they are compared by what comes of them, or not at all.
const ASIDE: &[&str] = &["name", "title", "about", "profile", "figures", "claims"];

/// One of two folders.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Side<'a> {
    /// The folder.
    pub folder: &'a str,
    /// Name of the experiment.
    pub name: &'a str,
    /// What it is about.
    pub title: &'a str,
    /// The profile, where that is not the default one.
    pub profile: Option<&'a str>,
    /// The resolved config.
    #[serde(skip)]
    pub settings: &'a toml::Table,
    /// The rows of `learning_rates.csv`.
    #[serde(skip)]
    pub rates: &'a [RateRow],
    /// The rows of `claims.csv`.
    #[serde(skip)]
    pub claims: &'a [ClaimRow],
}

/// Two folders side by side.
#[derive(Clone, Debug, Serialize)]
pub struct Comparison<'a> {
    /// The folders.
    pub sides: [Side<'a>; 2],
    /// The settings that differ.
    pub settings: Vec<SettingComparison>,
    /// The selected learning rates of either.
    pub methods: Vec<MethodComparison<'a>>,
    /// The verdicts of either.
    pub verdicts: Vec<VerdictComparison<'a>>,
}

/// A key of which the values differ.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SettingComparison {
    /// The dotted key.
    pub key: String,
    /// Its values, as TOML writes them; `None` where it is not there.
    pub values: [Option<String>; 2],
}

/// The selected learning rates of a method.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MethodComparison<'a> {
    /// Name of the algorithm.
    pub algorithm: &'a str,
    /// Name of the coordinate system.
    pub coordinates: &'a str,
    /// Where the rates were tuned: `original`, `own` or `both`.
    pub tuned: &'a str,
    /// The rates; `None` where none was selected.
    pub rates: [Option<&'a RateRow>; 2],
    /// The median of the second over that of the first, where both go by the same metric.
    pub ratio: Option<f64>,
}

/// The verdicts on a claim.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct VerdictComparison<'a> {
    /// Identifier of the claim.
    pub id: &'a str,
    /// The claim in words.
    pub statement: &'a str,
    /// The verdicts; `None` where it is not judged there.
    pub verdicts: [Option<&'a str>; 2],
    /// The medians that they come from.
    pub medians: [Option<f64>; 2],
    /// Whether the verdicts differ.
    pub changed: bool,
}

impl VerdictComparison<'_> {
    /// Which of the two folders alone has the claim, if one has.
    pub fn alone_in(&self) -> Option<usize> {
        match self.verdicts {
            [Some(_), None] => Some(0),
            [None, Some(_)] => Some(1),
            _ => None,
        }
    }
}

impl<'a> Comparison<'a> {
    /// Compares two folders.
    pub fn of(sides: [Side<'a>; 2]) -> Self {
        Self {
            sides,
            settings: settings(sides),
            methods: methods(sides),
            verdicts: verdicts(sides),
        }
    }

    /// How many verdicts are the same.
    pub fn unchanged(&self) -> usize {
        self.verdicts.iter().filter(|verdict| !verdict.changed).count()
    }
}

/// The dotted keys of a resolved config with their values, but for those that change no result.
pub fn settings_of(document: &toml::Table) -> Vec<(String, String)> {
    let counts = |key: &str| !ASIDE.contains(&key.split('.').next().unwrap_or_default());
    flat(document).into_iter().filter(|(key, _)| counts(key)).collect()
}

fn settings(sides: [Side<'_>; 2]) -> Vec<SettingComparison> {
    let lists = sides.map(|side| settings_of(side.settings));
    let values: [HashMap<&str, &str>; 2] = [&lists[0], &lists[1]]
        .map(|list| list.iter().map(|(key, value)| (&**key, &**value)).collect());
    union(lists.each_ref().map(|list| list.iter().map(|(key, _)| &**key).collect()))
        .into_iter()
        .map(|key| SettingComparison {
            key: key.to_owned(),
            values: [0, 1].map(|side| values[side].get(key).map(|&value| value.to_owned())),
        })
        .filter(|compared| compared.values[0] != compared.values[1])
        .collect()
}

fn methods<'a>(sides: [Side<'a>; 2]) -> Vec<MethodComparison<'a>> {
    let names = sides.map(|side| {
        let rows = side.rates.iter().filter(|row| !row.selected.is_empty());
        rows.map(|row| (&*row.algorithm, &*row.coordinates)).collect()
    });
    let mut compared = Vec::new();
    for (algorithm, coordinates) in union(names) {
        let selected = |side: usize, tuned: &str| {
            sides[side].rates.iter().find(|row| {
                row.algorithm == algorithm
                    && row.coordinates == coordinates
                    && (row.selected == tuned || row.selected == "both")
            })
        };
        let rates = |tuned| [0, 1].map(|side| selected(side, tuned));
        let (original, own) = (rates("original"), rates("own"));
        // Where both rules select the same, it is said once.
        let rows: &[_] = if original == own {
            &[("both", original)]
        } else {
            &[("original", original), ("own", own)]
        };
        let rows = rows.iter().filter(|(_, rates)| rates.iter().any(Option::is_some));
        compared.extend(rows.map(|&(tuned, rates)| {
            MethodComparison {
                algorithm,
                coordinates,
                tuned,
                rates,
                ratio: match rates {
                    [Some(a), Some(b)] if a.metric == b.metric => Some(b.median / a.median),
                    _ => None,
                }
                .filter(|ratio| !ratio.is_nan()),
            }
        }));
    }
    compared
}

fn verdicts<'a>(sides: [Side<'a>; 2]) -> Vec<VerdictComparison<'a>> {
    let ids = sides.map(|side| side.claims.iter().map(|claim| &*claim.id).collect());
    let compared = union(ids).into_iter().map(|id| {
        let rows = sides.map(|side| side.claims.iter().find(|claim| claim.id == id));
        let verdicts = rows.map(|row| row.map(|row| &*row.verdict));
        VerdictComparison {
            id,
            statement: rows.iter().flatten().next().map_or("", |row| &*row.statement),
            verdicts,
            medians: rows.map(|row| row.and_then(|row| row.median)),
            changed: verdicts[0] != verdicts[1],
        }
    });
    compared.collect()
}

/// Everything that is in either list, once, in the order of the first.
fn union<T: PartialEq>(lists: [Vec<T>; 2]) -> Vec<T> {
    let mut all = Vec::new();
    for one in lists.into_iter().flatten() {
        if !all.contains(&one) {
            all.push(one);
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sweep::rate_row as row;

    fn claim(id: &str, verdict: &str) -> ClaimRow {
        ClaimRow {
            id: id.into(),
            figure: String::new(),
            statement: format!("statement of {id}"),
            source: String::new(),
            test: String::new(),
            verdict: verdict.into(),
            reason: String::new(),
            explanation: String::new(),
            median: Some(2.0),
            lower: None,
            upper: None,
            level: None,
            tied_low: None,
            tied_high: None,
            in_favour: 0,
            pairs: 0,
            no_evidence: 0,
            planned: 5,
            settings: String::new(),
        }
    }

    #[test]
    fn what_differs_is_found() {
        let tables =
            ["seed = 1\ntitle = \"A\"\n[data]\nrows = 3", "seed = 2\n[data]\nrows = 3\ncut = 1"]
                .map(|text| text.parse::<toml::Table>().unwrap());
        let finite = |rate: f64, selected: &str, median: f64| {
            let mut row = row(rate, 0, 5, selected);
            row.median = median;
            row
        };
        let rates = [
            vec![finite(0.1, "original", 4.0), finite(1.0, "own", 2.0)],
            vec![finite(0.1, "both", 1.0), finite(1.0, "", 9.0)],
        ];
        let claims = [
            vec![claim("one", "reproduced"), claim("two", "reproduced")],
            vec![
                claim("two", "inconclusive"),
                claim("one", "reproduced"),
                claim("three", "reproduced"),
            ],
        ];
        let side = |index: usize| Side {
            folder: ["a", "b"][index],
            name: "n",
            title: "t",
            profile: None,
            settings: &tables[index],
            rates: &rates[index],
            claims: &claims[index],
        };
        let found = Comparison::of([side(0), side(1)]);
        let keys: Vec<&str> = found.settings.iter().map(|one| &*one.key).collect();
        assert_eq!(keys, ["seed", "data.cut"]);
        assert_eq!(found.settings[1].values, [None, Some("1".into())]);
        let [original, own] = &found.methods[..] else { panic!("{found:?}") };
        assert_eq!((original.tuned, original.ratio), ("original", Some(0.25)));
        assert_eq!((own.tuned, own.ratio), ("own", Some(0.5)));
        let changed: Vec<&str> =
            found.verdicts.iter().filter(|one| one.changed).map(|one| one.id).collect();
        assert_eq!((changed, found.unchanged()), (vec!["two", "three"], 1));
        assert!(serde_json::to_value(&found).unwrap()["methods"][0]["rates"][1]["median"] == 1.0);
    }

    #[test]
    fn a_folder_beside_itself_has_no_differences() {
        let table = "seed = 1".parse().unwrap();
        let rates = [row(0.1, 0, 5, "both")];
        let claims = [claim("one", "reproduced")];
        let (folder, name, title) = ("a", "n", "t");
        let side = Side {
            folder,
            name,
            title,
            profile: None,
            settings: &table,
            rates: &rates,
            claims: &claims,
        };
        let found = Comparison::of([side, side]);
        assert!(found.settings.is_empty() && found.unchanged() == 1);
        let [method] = &found.methods[..] else { panic!("{found:?}") };
        assert_eq!((method.tuned, method.rates[0]), ("both", Some(&rates[0])));
        // Infinite over infinite is no ratio.
        assert_eq!(method.ratio, None);
    }
}
