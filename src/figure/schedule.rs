//! The learning rate of every epoch.

use super::axis::{Axis, Scale};
use super::chart::{Dash, Mark, Panel, Stroke};
use super::page::{Page, Place};
use super::style::colour;
use super::{FigureSpec, Tables};
use crate::Result;

/// A figure of a learning-rate schedule.
#[derive(Debug)]
pub struct Schedule {
    pub file: String,
    pub title: String,
}

impl FigureSpec for Schedule {
    fn file(&self) -> &str {
        &self.file
    }

    fn tables(&self) -> &'static [&'static str] {
        &["schedule.csv"]
    }

    fn page(&self, tables: &Tables) -> Result<Page> {
        let rows = tables.schedule()?;
        let points: Vec<_> = rows.iter().map(|row| (row.epoch as f64, row.learning_rate)).collect();
        let x = Axis::covering("epoch", Scale::Linear, points.iter().map(|point| point.0), 0.0);
        let rates = points.iter().map(|point| point.1).chain([0.0]);
        let y = Axis::covering("learning rate η", Scale::Linear, rates, 0.04);
        let mut panel = Panel::new(x, y);
        let stroke = Stroke { colour: colour(0), width: 2.0, dash: Dash::Solid };
        panel.marks.push(Mark::Line { points, stroke });
        Ok(Page {
            title: self.title.clone(),
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
