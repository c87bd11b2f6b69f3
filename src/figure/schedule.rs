//! The learning rate of every epoch.

use super::axis::{Axis, Scale};
use super::chart::{Dash, Mark, Panel, Stroke};
use super::page::{Page, Place};
use super::style::colour;
use super::{Entry, Heading, Spec, Tables};
use crate::Result;
use crate::config::Reader;
use crate::need::{Need, Want};

pub(super) const ENTRY: Entry<dyn Spec> = Entry {
    name: "schedule",
    summary: "the learning rate of every epoch",
    read: |reader: &mut Reader<'_>| Some(Box::new(Schedule { heading: Heading::read(reader)? })),
};

/// A figure of a learning-rate schedule.
#[derive(Debug)]
struct Schedule {
    heading: Heading,
}

impl Spec for Schedule {
    fn file(&self) -> &str {
        &self.heading.file
    }

    fn tables(&self) -> &'static [&'static str] {
        &["schedule.csv"]
    }

    fn wants(&self) -> Vec<Want<'_>> {
        vec![Want::new("kind", Need::Training), Want::new("kind", Need::Schedule)]
    }

    fn page(&self, tables: &Tables) -> Result<Page> {
        let rows = tables.schedule()?;
        let points: Vec<_> = rows.iter().map(|row| (row.epoch as f64, row.learning_rate)).collect();
        let x = Axis::covering("epoch", Scale::Whole, points.iter().map(|point| point.0), 0.0);
        let rates = points.iter().map(|point| point.1).chain([0.0]);
        let y = Axis::covering("learning rate η", Scale::Linear, rates, 0.04);
        let mut panel = Panel::new(x, y);
        let stroke = Stroke::new(colour(0), Dash::Solid);
        panel.marks.push(Mark::Line { points, stroke });
        Ok(Page {
            title: self.heading.title.clone(),
            panels: vec![panel],
            columns: 1,
            frame: (400.0, 260.0),
            shared_axes: false,
            legend: Vec::new(),
            place: Place::Right,
            footnotes: Vec::new(),
        })
    }
}
