//! The budgets from which on changes of variables pay: a row for each method, a panel for each unit
//! that budgets are counted in.

use super::dot_rows::{self, Row};
use super::selection::{Filter, MethodRates, RateChoice, rates_note};
use super::spec::{Heading, Spec};
use super::tables::ResultTables;
use crate::Result;
use crate::config::{Entry, Reader, key};
use crate::drawing::axis::{Axis, Scale};
use crate::drawing::chart::RowLabel;
use crate::drawing::page::{LegendPosition, Page};
use crate::need::{Need, Want};
use crate::record::{BreakEvenRow, CostUnit};

pub(super) const ENTRY: Entry<dyn Spec> = Entry {
    name: "break-even",
    summary: "budgets from which on runs stay at or below those in original coordinates",
    read: |reader: &mut Reader<'_>| {
        let heading = Heading::read(reader);
        let tuned = RateChoice::read(reader);
        let filter = Filter::read(reader);
        let all = CostUnit::NAMES.map(|(_, unit)| unit).to_vec();
        let single = CostUnit::NAMES.map(|(name, unit)| (name, vec![unit]));
        let units: Vec<_> = std::iter::once(("all", all)).chain(single).collect();
        let unit = key("unit", "what budgets are counted in; but for steps, with the set-up");
        let units = reader.choice_or(unit, "all", &units);
        Some(Box::new(BreakEvenFigure {
            heading: heading?,
            tuned: tuned?,
            filter: filter?,
            units: units?,
        }))
    },
};

#[derive(Debug)]
struct BreakEvenFigure {
    heading: Heading,
    /// At which selected learning rates both sides are.
    tuned: RateChoice,
    filter: Filter,
    units: Vec<CostUnit>,
}

impl Spec for BreakEvenFigure {
    fn file(&self) -> &str {
        &self.heading.file
    }

    fn tables(&self) -> &'static [&'static str] {
        &["break_even.csv", "learning_rates.csv"]
    }

    fn wants(&self) -> Vec<Want<'_>> {
        let mut wants =
            vec![Want::new("kind", Need::Training), Want::new("kind", Need::Compared(None))];
        wants.extend(self.heading.wants());
        wants.extend(self.filter.wants("coordinates"));
        wants.extend(self.tuned.wants(&self.filter.algorithms));
        let systems = self.filter.coordinates.iter();
        wants.extend(systems.map(|name| Want::new("coordinates", Need::Compared(Some(name)))));
        wants
    }

    fn page(&self, tables: &ResultTables) -> Result<Page> {
        let facts = tables.facts();
        let all = tables.break_even()?;
        let methods = self.filter.methods(tables)?;
        let is_of = |row: &BreakEvenRow, method: &MethodRates<'_>| {
            *row.algorithm == *method.algorithm
                && *row.coordinates == *method.coordinates
                && self.tuned.accepts(&row.tuned)
        };
        let compared = |method: &MethodRates<'_>| all.iter().any(|row| is_of(row, method));
        let methods: Vec<MethodRates<'_>> = methods.into_iter().filter(compared).collect();
        if methods.is_empty() {
            return Err(tables.lacks("break_even.csv", "has no rows for this figure"));
        }
        let panel = |&unit: &CostUnit| {
            let of_unit = |method: &MethodRates<'_>| -> Vec<&BreakEvenRow> {
                all.iter().filter(|row| row.unit == unit && is_of(row, method)).collect()
            };
            let rows: Vec<Vec<&BreakEvenRow>> = methods.iter().map(of_unit).collect();
            let budgets = rows.iter().flatten().flat_map(|row| [row.break_even, Some(row.budget)]);
            // A logarithmic axis has no 0, from which on a change of variables pays that is free.
            let places = budgets.flatten().map(|budget| budget.max(1) as f64);
            let x = Axis::covering(label(unit), Scale::Logarithmic, places, 0.02);
            let rows: Vec<Row> =
                methods.iter().zip(&rows).map(|(method, rows)| row(method, rows)).collect();
            dot_rows::panel(x, &rows)
        };
        let panels: Vec<_> = self.units.iter().map(panel).collect();
        let shown: Vec<&str> = methods.iter().map(|method| method.coordinates).collect();
        let mut footnotes: Vec<String> = facts.note(&shown, None).into_iter().collect();
        footnotes.extend(rates_note(facts, &methods, self.tuned));
        footnotes.push(
            "From the budget that is shown to the end of the common one, the lowest recorded training \
             loss so far is at or below that in original coordinates; at the left edge: at once."
                .into(),
        );
        Ok(Page {
            title: self.heading.title(facts),
            columns: panels.len(),
            frame: (if panels.len() > 1 { 220.0 } else { 430.0 }, dot_rows::height(methods.len())),
            panels,
            shared_axes: true,
            legend: dot_rows::legend("one that never is, within the common budget"),
            legend_position: LegendPosition::Below,
            footnotes,
        })
    }
}

fn label(unit: CostUnit) -> &'static str {
    match unit {
        CostUnit::Steps => "steps or epochs",
        CostUnit::Gradients => "gradients, the EGOP's included",
        CostUnit::Flops => "operations, the set-up's included",
    }
}

/// A method's trials; two runs that came to nothing are not compared.
fn row(method: &MethodRates<'_>, rows: &[&BreakEvenRow]) -> Row {
    let compared = rows.iter().filter(|row| row.failed != "both");
    let values: Vec<f64> =
        compared.map(|row| row.break_even.map_or(f64::INFINITY, |budget| budget as f64)).collect();
    let never = values.iter().filter(|value| value.is_infinite()).count();
    let remark = match (never, values.len()) {
        (_, 0) => "both failed".into(),
        (0, _) => String::new(),
        (never, all) => format!("never in {never} of {all}"),
    };
    Row { label: RowLabel { name: method.name(), remark }, colour: method.stroke.colour, values }
}
