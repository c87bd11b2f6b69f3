//! Which algorithms, coordinate systems and learning rates a figure shows, and what they look like:
//! the same in every figure.

use super::facts::Facts;
use super::metric::called;
use super::tables::ResultTables;
use crate::Result;
use crate::config::{Reader, key};
use crate::drawing::axis::number;
use crate::drawing::primitives::{Colour, Stroke};
use crate::drawing::style::{PALETTE, dash};
use crate::need::{Need, Want};
use crate::record::RateRow;
use crate::sweep::WITHIN_FLOOR;

/// The name of the coordinate system that all others are compared with.
pub const ORIGINAL: &str = "original";

/// Which selected learning rate is used (paper, D.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RateChoice {
    /// The one that is best in original coordinates, in every coordinate system.
    Original,
    /// The one that is best in the coordinate system itself.
    Own,
}

impl RateChoice {
    /// Reads `tuned`.
    pub fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let tuned =
            key("tuned", "at which selected learning rate: best in original coordinates, or own");
        reader.choice_or(tuned, "original", &[("original", Self::Original), ("own", Self::Own)])
    }

    /// What it needs of the experiment: some algorithms, or all where none is named, that train where
    /// their rates are to be best.
    pub fn wants(self, algorithms: &[String]) -> Option<Want<'_>> {
        (self == Self::Original).then(|| Want::new("tuned", Need::OriginalRates(algorithms)))
    }

    pub fn accepts(self, selected: &str) -> bool {
        match self {
            Self::Original => matches!(selected, "original" | "both"),
            Self::Own => matches!(selected, "own" | "both"),
        }
    }
}

/// Restricts a figure to some algorithms and coordinate systems; empty lists restrict nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Names of algorithms.
    pub algorithms: Vec<String>,
    /// Names of coordinate systems.
    pub coordinates: Vec<String>,
}

/// One algorithm in one coordinate system, with its looks.
#[derive(Clone, Debug, PartialEq)]
pub struct MethodRates<'a> {
    /// Name of the algorithm in the tables.
    pub algorithm: &'a str,
    /// What figures call it.
    pub title: &'a str,
    /// Name of the coordinate system in the tables.
    pub coordinates: &'a str,
    /// The algorithm's colour and the coordinate system's line style.
    pub stroke: Stroke,
    /// Its rows of `learning_rates.csv`, by learning rate.
    pub rates: Vec<&'a RateRow>,
}

impl MethodRates<'_> {
    /// The row of the selected learning rate, if one was selected.
    pub fn selected(&self, tuned: RateChoice) -> Option<&RateRow> {
        self.rates.iter().copied().find(|row| tuned.accepts(&row.selected))
    }

    /// How it is called in a legend: `Adam, original`.
    pub fn name(&self) -> String {
        format!("{}, {}", self.title, self.coordinates)
    }
}

/// The legend entry of a method at a learning rate, with what is missing or failed there.
pub fn described(method: &MethodRates<'_>, row: &RateRow) -> String {
    let mut details = vec![format!("η = {}", number(row.learning_rate))];
    if row.trials < row.planned {
        details.push(format!("{} of {} trials", row.trials, row.planned));
    }
    if row.diverged > 0 {
        details.push(format!("{} of {} diverged or failed", row.diverged, row.trials));
    }
    format!("{} ({})", method.name(), details.join("; "))
}

/// The footnote on learning rates among which nothing was chosen.
pub const AS_SET: &str = "Learning rates η as set, not tuned.";

/// The footnote on how learning rates were chosen, by what the table says.
pub fn rates_note(facts: &Facts, methods: &[MethodRates<'_>], tuned: RateChoice) -> Option<String> {
    let row = methods.first()?.rates.first()?;
    let best = match facts.tuned.is_empty() {
        true if methods.iter().all(|method| method.rates.len() == 1) => {
            return Some(AS_SET.into());
        }
        true => "best of those set,",
        false => "best",
    };
    let system = match tuned {
        RateChoice::Original => "original coordinates",
        RateChoice::Own => "each coordinate system",
    };
    let selected: Vec<&RateRow> =
        methods.iter().filter_map(|method| method.selected(tuned)).collect();
    let exceptions = exceptions(&selected);
    Some(format!(
        "Learning rates η: {best} by median {} in {system}{exceptions}.",
        called(&row.metric)
    ))
}

/// What else some rates were selected by: where none comes to the target in most trials, and where
/// several are nearly as good as the best.
pub fn exceptions(selected: &[&RateRow]) -> String {
    let mut all = String::new();
    if selected.iter().any(|row| row.reason.contains(WITHIN_FLOOR)) {
        all += "; of those within the floor of the best, the fastest to the target";
    }
    if selected.iter().any(|row| row.median.is_infinite()) {
        all += "; where most trials never come there, by the lowest training loss";
    }
    all
}

/// The footnote on trials that came to nothing.
pub fn divergence_note(rows: &[(&MethodRates<'_>, &RateRow)]) -> Option<String> {
    let diverged = rows.iter().filter(|(_, row)| row.diverged > 0);
    let diverged: Vec<String> = diverged
        .map(|(method, row)| format!("{} of {} of {}", row.diverged, row.trials, method.name()))
        .collect();
    (!diverged.is_empty())
        .then(|| format!("Trials that diverged or failed: {}.", diverged.join("; ")))
}

/// The footnote on what the line and the band are, with the number of trials.
pub fn trials_note(rows: &[&RateRow]) -> String {
    let trials = || rows.iter().map(|row| row.trials);
    let (fewest, most) = (trials().min().unwrap_or(0), trials().max().unwrap_or(0));
    let planned = rows.iter().map(|row| row.planned).max().unwrap_or(0);
    let trials = match fewest {
        _ if planned == 1 => return "Lines: a single trial.".into(),
        _ if fewest == planned => format!("{planned} trials"),
        _ if fewest == most => format!("{fewest} of {planned} trials, incomplete"),
        _ => format!("{fewest} to {most} of {planned} trials, incomplete"),
    };
    format!(
        "Lines: median over {trials}; bands: quartiles; a trial that diverged or failed counts as the worst."
    )
}

impl Filter {
    /// Reads `algorithms` and `coordinates`.
    pub fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let algorithms =
            reader.strings_or(key("algorithms", "which algorithms are shown; none: all"), &[]);
        let coordinates = key("coordinates", "which coordinate systems are shown; none: all");
        let coordinates = reader.strings_or(coordinates, &[]);
        Some(Self { algorithms: algorithms?, coordinates: coordinates? })
    }

    /// What it needs of the experiment: its names, those of coordinate systems from this key. There
    /// must be something to show of each of them.
    pub fn wants(&self, coordinates: &'static str) -> impl Iterator<Item = Want<'_>> {
        let algorithms = self.algorithms.iter().flat_map(|name| {
            let trains = Need::TrainsIn { algorithm: name, coordinates: &self.coordinates };
            [("algorithms", Need::Algorithm(name)), ("algorithms", trains)]
        });
        let systems = self.coordinates.iter().flat_map(move |name| {
            let trained = Need::TrainedBy { coordinates: name, algorithms: &self.algorithms };
            [(coordinates, Need::Coordinates(name)), (coordinates, trained)]
        });
        algorithms.chain(systems).map(|(key, need)| Want::new(key, need))
    }

    /// The methods shown, algorithm by algorithm in the order of the config.
    ///
    /// # Errors
    /// [`crate::Error::Incompatible`] when a name does not occur in `learning_rates.csv`, or
    /// nothing is left to show.
    pub fn methods<'a>(&self, tables: &'a ResultTables) -> Result<Vec<MethodRates<'a>>> {
        let rates = tables.learning_rates()?;
        let facts = tables.facts();
        let known = facts.algorithms.iter().map(|(name, _)| &**name);
        let algorithms = ordered(known, rates.iter().map(|row| &row.algorithm));
        let known = facts.systems.iter().map(|one| &*one.name);
        let coordinates = original_first(ordered(known, rates.iter().map(|row| &row.coordinates)));
        let check = |wanted: &[String], what: &str, known: &[&str]| {
            wanted.iter().find(|name| !known.contains(&name.as_str())).map_or(Ok(()), |name| {
                let known = known.join(", ");
                Err(tables
                    .lacks("learning_rates.csv", format!("no {what} `{name}`; it has {known}")))
            })
        };
        check(&self.algorithms, "algorithm", &algorithms)?;
        check(&self.coordinates, "coordinate system", &coordinates)?;
        let shown =
            |wanted: &[String], name: &str| wanted.is_empty() || wanted.iter().any(|w| w == name);
        let colours = algorithm_colours(&algorithms);
        // There are few line styles: those that are shown have the first.
        let systems = coordinates.iter().filter(|name| shown(&self.coordinates, name));
        let mut methods = Vec::new();
        for (a, &algorithm) in algorithms.iter().enumerate() {
            if !shown(&self.algorithms, algorithm) {
                continue;
            }
            for (c, &system) in systems.clone().enumerate() {
                let mut rows: Vec<&RateRow> = rates
                    .iter()
                    .filter(|row| row.algorithm == algorithm && row.coordinates == system)
                    .collect();
                rows.sort_by(|a, b| a.learning_rate.total_cmp(&b.learning_rate));
                if !rows.is_empty() {
                    methods.push(MethodRates {
                        algorithm,
                        title: facts.algorithm(algorithm),
                        coordinates: system,
                        stroke: Stroke::new(colours[a], dash(c)),
                        rates: rows,
                    });
                }
            }
        }
        if methods.is_empty() {
            return Err(tables.lacks("learning_rates.csv", "has no rows for this figure"));
        }
        Ok(methods)
    }
}

/// The names that occur, those of the config first and in its order.
pub fn ordered<'a>(
    config: impl Iterator<Item = &'a str>,
    occurring: impl Iterator<Item = &'a String>,
) -> Vec<&'a str> {
    let mut names: Vec<&str> = config.collect();
    for name in occurring {
        if !names.contains(&name.as_str()) {
            names.push(name);
        }
    }
    names
}

/// Original coordinates are drawn solid wherever the config names them.
pub fn original_first(mut names: Vec<&str>) -> Vec<&str> {
    names.sort_by_key(|&name| name != ORIGINAL);
    names
}

/// The colours of algorithms: the paper's four have theirs in every experiment, others take what
/// is left in the order of the config.
pub fn algorithm_colours(names: &[&str]) -> Vec<Colour> {
    const PAPER: [&str; 4] = ["adam", "adagrad", "sgd", "momentum"];
    let (paper, others) = PALETTE.split_at(PAPER.len());
    let mut others = others.iter().cycle();
    names
        .iter()
        .map(|name| match PAPER.iter().position(|known| known == name) {
            Some(index) => paper[index],
            None => *others.next().expect("it goes round and round"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_papers_algorithms_keep_their_colours() {
        let all = algorithm_colours(&["adam", "adagrad", "sgd", "momentum"]);
        assert_eq!(all, PALETTE[..4]);
        let some = algorithm_colours(&["shampoo", "adagrad", "soap"]);
        assert_eq!(some, [PALETTE[4], PALETTE[1], PALETTE[5]]);
    }
}
