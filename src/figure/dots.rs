//! A number of each method as a dot: the median over the trials, with the quartiles and the range; the
//! methods below each other, the best first.

use super::metric::{Appearance, appearance};
use super::quartiles::{Quartiles, or_worst};
use super::selection::{Filter, MethodRates, RateChoice, described, rates_note};
use super::spec::{Heading, Spec};
use super::tables::ResultTables;
use crate::Result;
use crate::config::{Entry, Reader, key};
use crate::drawing::axis::{Axis, Scale, number};
use crate::drawing::chart::{Chart, Mark, RowLabel};
use crate::drawing::page::{LegendEntry, LegendPosition, Page};
use crate::drawing::primitives::{Colour, Dash, Stroke};
use crate::drawing::style::{PALETTE, colour};
use crate::drawing::symbol::{Shape, Symbol};
use crate::need::{Need, Want};
use crate::record::{CostUnit, RateRow, RunRow};
use crate::sweep::{Goal, METRICS, Metric, ToLevel};

pub(super) const ENTRY: Entry<dyn Spec> = Entry {
    name: "dots",
    summary: "a number of each method at its learning rate, one below the other, the best first",
    read: |reader: &mut Reader<'_>| {
        let heading = Heading::read(reader);
        let quantity = Quantity::read(reader);
        let tuned = RateChoice::read(reader);
        let filter = Filter::read(reader);
        Some(Box::new(DotsFigure {
            heading: heading?,
            quantity: quantity?,
            tuned: tuned?,
            filter: filter?,
        }))
    },
};

/// A figure of a number of each method.
#[derive(Debug)]
struct DotsFigure {
    heading: Heading,
    quantity: Quantity,
    /// Which of the selected learning rates is used.
    tuned: RateChoice,
    filter: Filter,
}

/// What runs take to a level, by its names in configs, in the order of the units.
const WAYS: [(&str, CostUnit); 3] = [
    ("steps_to_level", CostUnit::Steps),
    ("gradients_to_level", CostUnit::Gradients),
    ("flops_to_level", CostUnit::Flops),
];

/// What is shown of a run.
#[derive(Clone, Copy, Debug)]
enum Quantity {
    /// A column of `runs.csv`.
    Column(Metric),
    /// What a run takes to come down to a level.
    ToLevel(ToLevel),
}

impl Quantity {
    /// Reads `metric` and, of what a run takes to a level, `level`.
    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let columns = METRICS.iter().map(|&metric| (metric.name, Ok(metric)));
        let ways = WAYS.iter().map(|&(name, unit)| (name, Err(unit)));
        let choices: Vec<(&str, Result<Metric, CostUnit>)> = columns.chain(ways).collect();
        let metric =
            key("metric", "a column of runs.csv, or what runs take to come down to `level`");
        match reader.choice(metric, &choices)? {
            Ok(metric) => Some(Self::Column(metric)),
            Err(unit) => ToLevel::read(reader, unit).map(Self::ToLevel),
        }
    }

    fn wants(&self) -> Vec<Want<'static>> {
        match self {
            Self::Column(metric) => Want::all("metric", metric.needs.iter().copied()).collect(),
            Self::ToLevel(to_level) => to_level.wants().into(),
        }
    }

    fn goal(&self) -> Goal {
        match self {
            Self::Column(metric) => metric.goal,
            Self::ToLevel(_) => Goal::Lower,
        }
    }

    /// The number of a run, or the worst; `None` where it does not apply.
    fn value(&self, run: &RunRow, epochs: Option<u64>) -> Option<f64> {
        let value = match self {
            Self::Column(metric) => metric.value(run)?,
            Self::ToLevel(to_level) => to_level.value(run, epochs),
        };
        Some(or_worst(self.goal(), value))
    }

    fn appearance(&self) -> Appearance {
        match self {
            Self::Column(metric) => appearance(metric.name),
            Self::ToLevel(to_level) => appearance(WAYS[to_level.unit as usize].0),
        }
    }

    /// What the axis says; `of` is what levels are shares of.
    fn axis(&self, of: &str, epochs: Option<u64>) -> String {
        let Self::ToLevel(ToLevel { unit, level }) = self else {
            return self.appearance().label.to_owned();
        };
        let unit = match unit {
            CostUnit::Steps if epochs.is_some() => "epochs",
            CostUnit::Steps => "iterations",
            CostUnit::Gradients => "gradients",
            CostUnit::Flops => "operations",
        };
        format!("{unit} to {} of the initial {of}", number(*level))
    }

    /// What is counted beside the updates.
    fn included(&self) -> Option<&'static str> {
        let Self::ToLevel(ToLevel { unit, .. }) = self else { return None };
        match unit {
            CostUnit::Steps => None,
            CostUnit::Gradients => {
                Some("Gradients: of updates, and those sampled for coordinates.")
            }
            CostUnit::Flops => {
                Some("Operations: floating-point, of updates, and of making the coordinates.")
            }
        }
    }

    /// Whether it is a way to something, which some runs do not reach.
    fn is_a_way(&self) -> bool {
        match self {
            Self::Column(metric) => metric.name == Metric::TO_TARGET.name,
            Self::ToLevel(_) => true,
        }
    }
}

/// A method with its numbers.
struct Row<'a> {
    method: &'a MethodRates<'a>,
    /// At the selected learning rate, where there is one.
    at: Option<(&'a RateRow, Numbers)>,
}

/// The numbers of the runs of a method, those that failed being infinite.
struct Numbers {
    quartiles: Quartiles,
    /// The least and the greatest.
    range: [f64; 2],
    runs: usize,
    failed: usize,
}

/// Height of a row, and width of the panel.
const ROW: f64 = 17.0;
const WIDTH: f64 = 330.0;
/// What is told of a method whose median is no number.
const FAILED: Shape = Shape::Cross;

impl Spec for DotsFigure {
    fn file(&self) -> &str {
        &self.heading.file
    }

    fn tables(&self) -> &'static [&'static str] {
        &["learning_rates.csv", "runs.csv"]
    }

    fn wants(&self) -> Vec<Want<'_>> {
        let mut wants = vec![Want::new("kind", Need::Training)];
        wants.extend(self.heading.wants());
        wants.extend(self.filter.wants("coordinates"));
        wants.extend(self.tuned.wants(&self.filter.algorithms));
        wants.extend(self.quantity.wants());
        wants
    }

    fn page(&self, tables: &ResultTables) -> Result<Page> {
        let methods = self.filter.methods(tables)?;
        let rows = self.rows(tables, &methods)?;
        let groups = Groups::new(&methods);
        let known = tables.runs()?.iter().any(|run| run.initial_suboptimality.is_some());
        let of = if known { "suboptimality" } else { "loss" };
        let label = self.quantity.axis(of, tables.facts().epochs);
        let scale = self.quantity.appearance().scale;
        // Where the greatest is infinite, the median and the quartiles need not be.
        let ends = |row: &Row<'_>| {
            let (_, Numbers { quartiles, range, .. }) = row.at.as_ref()?;
            let Quartiles { lower, median, upper } = *quartiles;
            Some([range[0], lower, median, upper, range[1]])
        };
        let x = Axis::covering(label, scale, rows.iter().filter_map(ends).flatten(), 0.05);
        let (low, high) = (-0.5, rows.len() as f64 - 0.5);
        let y = Axis { label: String::new(), scale: Scale::Linear, low, high };
        let mut panel = Chart::new(x, y);
        panel.rows = rows.iter().map(|row| self.label(row)).collect();
        for (below, row) in rows.iter().rev().enumerate() {
            panel.marks.extend(self.marks(row, below as f64, &panel.x, &groups));
        }
        Ok(Page {
            title: self.heading.title(tables.facts()),
            panels: vec![panel],
            columns: 1,
            frame: (WIDTH, ROW * rows.len() as f64),
            shared_axes: false,
            legend: self.legend(&rows, &groups),
            legend_position: LegendPosition::Below,
            footnotes: self.footnotes(tables, &methods, &rows),
        })
    }
}

/// What rows of one colour have in common: their coordinate system or, where there are more of those than
/// colours, their algorithm. The rows name both.
struct Groups<'a> {
    of: fn(&MethodRates<'a>) -> &'a str,
    colours: Vec<(&'a str, Colour)>,
}

impl<'a> Groups<'a> {
    fn new(methods: &[MethodRates<'a>]) -> Self {
        let names = |of: fn(&MethodRates<'a>) -> &'a str| {
            let mut names: Vec<&str> = Vec::new();
            for name in methods.iter().map(of) {
                if !names.contains(&name) {
                    names.push(name);
                }
            }
            names
        };
        let [system, algorithm]: [fn(&MethodRates<'a>) -> &'a str; 2] =
            [|method| method.coordinates, |method| method.title];
        let of = if names(system).len() <= PALETTE.len() { system } else { algorithm };
        let names = names(of).into_iter().enumerate();
        Self { of, colours: names.map(|(index, name)| (name, colour(index))).collect() }
    }

    fn colour(&self, method: &MethodRates<'a>) -> Colour {
        let name = (self.of)(method);
        let known = self.colours.iter().find(|(one, _)| *one == name);
        known.map_or(colour(0), |(_, colour)| *colour)
    }
}

impl DotsFigure {
    /// The methods, the best median first, then those of which half or more failed.
    fn rows<'a>(
        &self,
        tables: &ResultTables,
        methods: &'a [MethodRates<'a>],
    ) -> Result<Vec<Row<'a>>> {
        let mut rows = Vec::new();
        for method in methods {
            let at = match method.selected(self.tuned) {
                Some(rate) => Some((rate, self.numbers(tables, method, rate)?)),
                None => None,
            };
            rows.push(Row { method, at });
        }
        if rows.iter().all(|row| row.at.is_none()) {
            let message = "no learning rate was selected for this figure";
            return Err(tables.lacks("learning_rates.csv", message));
        }
        let worst = self.quantity.goal().worst();
        let median = |row: &Row<'_>| row.at.as_ref().map_or(worst, |(_, n)| n.quartiles.median);
        rows.sort_by(|a, b| {
            let order = median(a).total_cmp(&median(b));
            let order = if worst > 0.0 { order } else { order.reverse() };
            // Whose rate was not even selected is last.
            order.then(a.at.is_none().cmp(&b.at.is_none()))
        });
        Ok(rows)
    }

    fn numbers(
        &self,
        tables: &ResultTables,
        method: &MethodRates<'_>,
        rate: &RateRow,
    ) -> Result<Numbers> {
        let runs = tables.runs()?.iter().filter(|run| {
            *run.algorithm == *method.algorithm
                && *run.coordinates == *method.coordinates
                && run.learning_rate == rate.learning_rate
        });
        let factor = self.quantity.appearance().factor;
        let value = |run| Some(factor * self.quantity.value(run, tables.facts().epochs)?);
        let values: Option<Vec<f64>> = runs.map(value).collect();
        let values = values.filter(|values| !values.is_empty()).ok_or_else(|| {
            tables.lacks("runs.csv", format!("has no such number of {}", method.name()))
        })?;
        Ok(Numbers {
            quartiles: Quartiles::of(&values),
            range: [
                values.iter().copied().fold(f64::INFINITY, f64::min),
                values.iter().copied().fold(f64::NEG_INFINITY, f64::max),
            ],
            runs: values.len(),
            failed: values.iter().filter(|value| value.is_infinite()).count(),
        })
    }

    /// What stands beside a row.
    fn label(&self, row: &Row<'_>) -> RowLabel {
        let Some((rate, numbers)) = &row.at else {
            let name = format!("{} (no η selected)", row.method.name());
            return RowLabel { name, remark: String::new() };
        };
        let remark = match numbers.failed {
            failed if failed > 0 && self.quantity.is_a_way() => {
                format!("not reached by {failed} of {}", numbers.runs)
            }
            // That trials diverged is told with the learning rate.
            _ => String::new(),
        };
        RowLabel { name: described(row.method, rate), remark }
    }

    /// Range, quartiles and median of a row; a cross at the edge for a median that is no number.
    fn marks<'a>(&self, row: &Row<'a>, height: f64, x: &Axis, groups: &Groups<'a>) -> Vec<Mark> {
        let colour = groups.colour(row.method);
        let line = |ends: [f64; 2], width: f64| Mark::Line {
            // What is beyond the axis, as a failure is, leads to its end.
            points: ends.map(|end| (end.max(x.low).min(x.high), height)).into(),
            stroke: Stroke { colour, width, dash: Dash::Solid },
        };
        let symbol = |shape, radius, at| Mark::Symbols {
            points: vec![(at, height)],
            symbol: Symbol { shape, radius, colour },
        };
        // Why no rate was selected need not be what is shown here.
        let Some((_, Numbers { quartiles, range, .. })) = &row.at else { return Vec::new() };
        let median = quartiles.median;
        let dot = match median {
            _ if median.is_infinite() => symbol(FAILED, 3.5, median),
            _ if x.scale.lacks(median) => symbol(Shape::Circle, 3.8, f64::NEG_INFINITY),
            _ => symbol(Shape::Disc, 3.8, median),
        };
        vec![line(*range, 1.2), line([quartiles.lower, quartiles.upper], 3.6), dot]
    }

    fn legend(&self, rows: &[Row<'_>], groups: &Groups<'_>) -> Vec<LegendEntry> {
        let entry = |&(name, colour): &(&str, Colour)| {
            LegendEntry::symbol(name, Symbol { shape: Shape::Disc, radius: 3.8, colour })
        };
        let mut legend: Vec<LegendEntry> = groups.colours.iter().map(entry).collect();
        let fails = |row: &Row<'_>| {
            row.at.as_ref().is_some_and(|(_, numbers)| numbers.quartiles.median.is_infinite())
        };
        if rows.iter().any(fails) {
            let what = if self.quantity.is_a_way() { "not reached" } else { "failed" };
            let label = format!("{what} in half of the trials or more");
            let symbol = Symbol { shape: FAILED, radius: 3.5, colour: colour(0) };
            legend.push(LegendEntry::symbol(label, symbol));
        }
        legend
    }

    fn footnotes(
        &self,
        tables: &ResultTables,
        methods: &[MethodRates<'_>],
        rows: &[Row<'_>],
    ) -> Vec<String> {
        let facts = tables.facts();
        let shown: Vec<&str> = methods.iter().map(|method| method.coordinates).collect();
        let mut footnotes: Vec<String> = facts.note(&shown, None).into_iter().collect();
        footnotes.extend(rates_note(facts, methods, self.tuned));
        footnotes.extend(self.quantity.included().map(String::from));
        let scale = self.quantity.appearance().scale;
        let mut numbers = rows.iter().filter_map(|row| row.at.as_ref().map(|(_, numbers)| numbers));
        if numbers.any(|numbers| scale.lacks(numbers.range[0])) {
            let zeros = "At the left edge: 0, which the axis lacks; a circle there: a median of 0.";
            footnotes.push(zeros.into());
        }
        let planned = rows.iter().filter_map(|row| row.at.as_ref()).map(|(rate, _)| rate.planned);
        footnotes.push(match planned.max() {
            Some(0 | 1) | None => "Dots: a single trial.".into(),
            Some(planned) => {
                let failed = match self.quantity.is_a_way() {
                    true => "a trial that does not arrive",
                    false => "a trial that diverged or failed",
                };
                format!(
                    "Dots: median over {planned} trials; thick lines: quartiles; thin lines: range; \
                     {failed} counts as the worst."
                )
            }
        });
        footnotes
    }
}
