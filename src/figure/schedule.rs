//! The learning rate of every epoch.

use super::spec::{Heading, Spec};
use super::tables::ResultTables;
use crate::Result;
use crate::config::{Entry, Reader};
use crate::drawing::axis::{Axis, Scale};
use crate::drawing::chart::{Chart, Mark};
use crate::drawing::page::{LegendPosition, Page};
use crate::drawing::primitives::{Dash, Stroke};
use crate::drawing::style::colour;
use crate::need::{Need, Want};

pub(super) const ENTRY: Entry<dyn Spec> = Entry {
    name: "schedule",
    summary: "the learning rate of every epoch",
    read: |reader: &mut Reader<'_>| {
        Some(Box::new(ScheduleFigure { heading: Heading::read(reader)? }))
    },
};

/// A figure of a learning-rate schedule.
#[derive(Debug)]
struct ScheduleFigure {
    heading: Heading,
}

impl Spec for ScheduleFigure {
    fn file(&self) -> &str {
        &self.heading.file
    }

    fn tables(&self) -> &'static [&'static str] {
        &["schedule.csv"]
    }

    fn wants(&self) -> Vec<Want<'_>> {
        let mut wants = vec![Want::new("kind", Need::Training), Want::new("kind", Need::Schedule)];
        wants.extend(self.heading.wants());
        wants
    }

    fn page(&self, tables: &ResultTables) -> Result<Page> {
        let rows = tables.schedule()?;
        let points: Vec<_> = rows.iter().map(|row| (row.epoch as f64, row.learning_rate)).collect();
        // Full batches are an epoch each.
        let full = tables.facts().epochs.is_none();
        let unit = if full { "epoch (= iteration)" } else { "epoch" };
        let x = Axis::covering(unit, Scale::Whole, points.iter().map(|point| point.0), 0.0);
        let rates = points.iter().map(|point| point.1).chain([0.0]);
        let y = Axis::covering("learning rate, multiple of η", Scale::Linear, rates, 0.04);
        let mut panel = Chart::new(x, y);
        let stroke = Stroke::new(colour(0), Dash::Solid);
        panel.marks.push(Mark::Line { points, stroke });
        Ok(Page {
            title: self.heading.title(tables.facts()),
            panels: vec![panel],
            columns: 1,
            frame: (400.0, 260.0),
            shared_axes: false,
            legend: Vec::new(),
            legend_position: LegendPosition::Right,
            footnotes: tables.facts().training.iter().map(|how| format!("{how}.")).collect(),
        })
    }
}
