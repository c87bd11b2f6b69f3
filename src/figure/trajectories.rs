//! Paths of the iterates over the contours of a two-parameter loss.

use std::collections::BTreeMap;

use super::axis::{Axis, Scale, number};
use super::canvas::{Colour, Point};
use super::chart::{Mark, Panel, Shape, Stroke, Symbol};
use super::contour::{Grid, joined};
use super::page::{Entry, Page, Place};
use super::selection::{Filter, Tuned, described};
use super::style::BLACK;
use super::{FigureSpec, Tables};
use crate::Result;

/// A figure of paths over contours.
#[derive(Debug)]
pub struct Trajectories {
    pub file: String,
    pub title: String,
    pub tuned: Tuned,
    pub filter: Filter,
    /// Number of the trial.
    pub trial: usize,
    /// Half the height of a second panel around the minimum, in units of the parameters.
    pub zoom: Option<f64>,
}

/// Levels of the contours.
const LEVELS: usize = 14;
/// Height of a panel; its width follows from the landscape.
const HEIGHT: f64 = 330.0;

impl FigureSpec for Trajectories {
    fn file(&self) -> &str {
        &self.file
    }

    fn tables(&self) -> &'static [&'static str] {
        &["landscape.csv", "learning_rates.csv", "runs.csv", "trajectories.csv"]
    }

    fn algorithms(&self) -> &[String] {
        &self.filter.algorithms
    }

    fn coordinates(&self) -> &[String] {
        &self.filter.coordinates
    }

    fn page(&self, tables: &Tables) -> Result<Page> {
        let landscape = self.landscape(tables)?;
        let methods = self.filter.methods(tables)?;
        let mut paths = Vec::new();
        let mut legend = Vec::new();
        for method in &methods {
            let Some(rate) = method.selected(self.tuned) else { continue };
            let mut path: BTreeMap<u64, Point> = BTreeMap::new();
            for row in tables.trajectories()? {
                if row.trial == self.trial
                    && row.algorithm == method.algorithm
                    && row.coordinates == method.coordinates
                    && row.learning_rate == rate.learning_rate
                {
                    let point = path.entry(row.step).or_insert((f64::NAN, f64::NAN));
                    match row.parameter {
                        0 => point.0 = row.value,
                        1 => point.1 = row.value,
                        _ => return Err(tables.lacks(
                            "trajectories.csv",
                            "has more than two parameters; its paths cannot be drawn in a plane",
                        )),
                    }
                }
            }
            if path.is_empty() {
                continue;
            }
            let stroke = Stroke { colour: method.colour, width: 1.8, dash: method.dash };
            paths.push(Mark::Line { points: path.into_values().collect(), stroke });
            legend.push(Entry::line(described(method, rate), stroke));
        }
        let Some(Mark::Line { points, .. }) = paths.first() else {
            return Err(tables.lacks(
                "trajectories.csv",
                format!("has no path of trial {} at a selected learning rate", self.trial),
            ));
        };
        let start = Symbol { shape: Shape::Ring, radius: 4.5, colour: BLACK };
        let end = Symbol { shape: Shape::Asterisk, radius: 6.0, colour: BLACK };
        let symbols = [
            Mark::Symbols { points: points.first().copied().into_iter().collect(), symbol: start },
            Mark::Symbols { points: vec![landscape.lowest], symbol: end },
        ];
        legend.push(Entry::symbol("start", start));
        legend.push(Entry::symbol("lowest point on record", end));

        let view = landscape.roots.bounds();
        let [width, height] = view.map(|(low, high)| high - low);
        let mut views = vec![view];
        views.extend(self.zoom.map(|half| {
            let (x, y) = landscape.lowest;
            let across = half * width / height;
            [(x - across, x + across), (y - half, y + half)]
        }));
        let mut footnotes = Vec::new();
        let panels: Vec<Panel> = views
            .iter()
            .map(|view| {
                let axis = |label: &str, (low, high)| Axis {
                    label: label.into(),
                    scale: Scale::Linear,
                    low,
                    high,
                };
                let mut panel = Panel::new(axis("θ₁", view[0]), axis("θ₂", view[1]));
                let (contours, note) = landscape.contours(view);
                footnotes.push(note);
                panel.marks =
                    contours.into_iter().chain(paths.clone()).chain(symbols.clone()).collect();
                panel
            })
            .collect();
        if let [_, zoomed] = footnotes.as_mut_slice() {
            *zoomed = format!("Right: around the lowest point. {zoomed}");
        }
        Ok(Page {
            title: self.title.clone(),
            columns: panels.len(),
            frame: (HEIGHT * width / height, HEIGHT),
            place: if panels.len() > 1 { Place::Below } else { Place::Right },
            panels,
            shared_axes: false,
            legend,
            footnotes,
        })
    }
}

/// A loss over two parameters.
struct Landscape {
    /// Square roots of the loss above its minimum: of a quadratic they are linear along every ray
    /// from the minimum, so that interpolation between nodes does it no harm.
    roots: Grid,
    /// Where the loss is least, of the nodes and the ends of the paths.
    lowest: Point,
}

impl Trajectories {
    fn landscape(&self, tables: &Tables) -> Result<Landscape> {
        let nodes: Vec<(f64, f64, f64)> = tables
            .landscape()?
            .iter()
            .filter(|row| row.trial == self.trial)
            .map(|row| (row.x, row.y, row.loss))
            .collect();
        let grid = Grid::new(&nodes).ok_or_else(|| {
            let message = format!("trial {} is not a grid with one loss at every node", self.trial);
            tables.lacks("landscape.csv", message)
        })?;
        let node =
            nodes.iter().filter(|node| node.2.is_finite()).min_by(|a, b| a.2.total_cmp(&b.2));
        let &(x, y, mut least) = node.ok_or_else(|| {
            tables.lacks("landscape.csv", format!("no loss of trial {} is finite", self.trial))
        })?;
        let mut lowest = (x, y);
        for run in tables.runs()?.iter().filter(|run| run.trial == self.trial) {
            if run.final_loss < least {
                let rows = tables.trajectories()?;
                let end = |parameter: usize| {
                    rows.iter()
                        .filter(|row| {
                            row.trial == run.trial
                                && row.algorithm == run.algorithm
                                && row.coordinates == run.coordinates
                                && row.learning_rate == run.learning_rate
                                && row.parameter == parameter
                        })
                        .max_by_key(|row| row.step)
                        .map(|row| row.value)
                };
                if let (Some(x), Some(y)) = (end(0), end(1)) {
                    (lowest, least) = ((x, y), run.final_loss);
                }
            }
        }
        Ok(Landscape { roots: grid.map(|loss| (loss - least).max(0.0).sqrt()), lowest })
    }
}

impl Landscape {
    /// Filled contours of the part in view, and what they are.
    fn contours(&self, view: &[(f64, f64); 2]) -> (Vec<Mark>, String) {
        let within = |value: f64, (low, high): (f64, f64)| (low..=high).contains(&value);
        let mut shown: Vec<f64> = self
            .roots
            .nodes()
            .filter(|&(x, y, root)| within(x, view[0]) && within(y, view[1]) && root > 0.0)
            .map(|(_, _, root)| root * root)
            .filter(|loss| loss.is_finite())
            .collect();
        shown.sort_by(f64::total_cmp);
        let (Some(&low), Some(&high)) = (shown.get(shown.len() / 500), shown.last()) else {
            return (Vec::new(), String::new());
        };
        let level = |index: usize| low * (high / low).powf(index as f64 / LEVELS as f64);
        let mut marks = vec![Mark::Area {
            vertices: vec![
                (view[0].0, view[1].0),
                (view[0].1, view[1].0),
                (view[0].1, view[1].1),
                (view[0].0, view[1].1),
            ],
            colour: shade(1.0),
        }];
        for index in (0..LEVELS).rev() {
            let loops = self.roots.sublevel(level(index).sqrt());
            marks.push(Mark::Area {
                vertices: joined(&loops),
                colour: shade(index as f64 / LEVELS as f64),
            });
            let stroke = Stroke { colour: CONTOUR, width: 0.6, dash: super::chart::Dash::Solid };
            for mut points in loops {
                points.extend(points.first().copied());
                marks.push(Mark::Line { points, stroke });
            }
        }
        let note = format!(
            "Contours: loss above its minimum at {LEVELS} levels from {} to {}, evenly spaced in the logarithm.",
            number(two_digits(level(0))),
            number(two_digits(level(LEVELS - 1))),
        );
        (marks, note)
    }
}

const CONTOUR: Colour = Colour::opaque(170, 184, 200);

/// From white at the minimum to a light blue grey.
fn shade(part: f64) -> Colour {
    let mix = |end: f64| (255.0 + part * (end - 255.0)).round() as u8;
    Colour::opaque(mix(205.0), mix(217.0), mix(231.0))
}

fn two_digits(value: f64) -> f64 {
    format!("{value:.1e}").parse().unwrap_or(value)
}
