//! The budget from which on a change of variables pays.

use crate::claim::evidence::{Bounds, Evidence, Nothing};
use crate::claim::{Entry, Finding, Records, Side, Test};
use crate::config::{Allowed, Reader, key, short};
use crate::need::{Need, Want};
use crate::record::{BreakEvenRow, CostUnit};

pub(super) const ENTRY: Entry<dyn Test> = Entry {
    name: "break-even",
    summary: "the budget from which on runs stay at or below those in original coordinates",
    read: |reader: &mut Reader<'_>| {
        let of = reader.table(key("of", "the runs that are judged"), Side::read);
        let unit = key("unit", "what budgets are counted in; but for steps, with the set-up");
        let unit = reader.choice_or(unit, "gradients", &CostUnit::NAMES);
        let within =
            key("within", "the greatest median that is claimed; otherwise any within the runs");
        let within = reader.optional_number(within, Allowed::positive());
        Some(Box::new(BreakEven { of: of?, unit: unit?, within: within? }))
    },
};

/// One value a trial: its break-even, infinite where there is none. It is judged at the selected
/// learning rates alone, at which there are curves.
#[derive(Debug)]
struct BreakEven {
    of: Side,
    unit: CostUnit,
    within: Option<f64>,
}

impl BreakEven {
    /// Whether a row is of these runs.
    fn is_about(&self, row: &BreakEvenRow) -> bool {
        *row.algorithm == self.of.algorithm
            && *row.coordinates == self.of.coordinates
            && self.of.tuned.selects(&row.tuned)
            && row.unit == self.unit
    }

    fn value(&self, row: &BreakEvenRow) -> Result<f64, Nothing> {
        let too_short = self.within.is_some_and(|within| (row.budget as f64) < within);
        match row.break_even {
            _ if row.failed == "both" => Err(Nothing::BothFail),
            Some(budget) => Ok(budget as f64),
            None if too_short && row.failed.is_empty() => Err(Nothing::TooShort),
            None => Ok(f64::INFINITY),
        }
    }
}

impl Test for BreakEven {
    fn judge(&self, records: Records<'_>) -> Finding {
        if let Err(why) = self.of.selected(records) {
            return Finding::nothing(why, records.planned);
        }
        let rows = records.break_even.iter().filter(|row| self.is_about(row));
        let evidence = Evidence::new(rows.map(|row| self.value(row)), records.planned);
        let claimed: Bounds = [0.0, self.within.unwrap_or(f64::MAX)];
        evidence.judge(claimed, "trials")
    }

    fn describe(&self) -> String {
        let Self { of, unit, within } = self;
        let within =
            within.map_or("within the runs".to_owned(), |within| format!("≤ {}", short(within)));
        format!("break-even of {of} in {} {within}", unit.name())
    }

    fn wants(&self) -> Vec<Want<'_>> {
        let mut wants = vec![Want::new("test", Need::Training), Want::new("test", Need::Original)];
        wants.extend(self.of.wants("of", true));
        wants.push(Want::new("of.coordinates", Need::Changed(&self.of.coordinates)));
        wants
    }
}
