//! Paths of the iterates over the contours of a two-parameter loss.

use std::collections::BTreeMap;
use std::iter;

use super::selection::{Filter, RateChoice, described, rates_note};
use super::spec::{Heading, Spec};
use super::tables::ResultTables;
use crate::Result;
use crate::config::{Allowed, Entry, Reader, key};
use crate::drawing::axis::{Axis, Scale, number};
use crate::drawing::chart::{Chart, Mark};
use crate::drawing::contour::ScalarField;
use crate::drawing::page::{LegendEntry, LegendPosition, Page};
use crate::drawing::primitives::{Colour, Dash, Point, Stroke};
use crate::drawing::style::{BLACK, GREY};
use crate::drawing::symbol::{Shape, Symbol};
use crate::need::{Need, Want};

pub(super) const ENTRY: Entry<dyn Spec> = Entry {
    name: "trajectories",
    summary: "paths of the iterates over the contours of a two-parameter loss",
    read: |reader: &mut Reader<'_>| {
        let heading = Heading::read(reader);
        let tuned = RateChoice::read(reader);
        let filter = Filter::read(reader);
        let trial =
            reader.count_or(key("trial", "number of the trial that is shown"), 0, 0..=usize::MAX);
        let zoom = key("zoom", "half the height of a second panel around the minimum");
        let zoom = reader.optional_number(zoom, Allowed::positive());
        Some(Box::new(TrajectoriesFigure {
            heading: heading?,
            tuned: tuned?,
            filter: filter?,
            trial: trial?,
            zoom: zoom?,
        }))
    },
};

/// A figure of paths over contours.
#[derive(Debug)]
struct TrajectoriesFigure {
    heading: Heading,
    /// Which of the selected learning rates is used.
    tuned: RateChoice,
    filter: Filter,
    /// Number of the trial.
    trial: usize,
    /// Half the height of a second panel around the minimum, in units of the parameters.
    zoom: Option<f64>,
}

/// Room around the paths, as a part of their extent.
const MARGIN: f64 = 0.1;
/// Of the sides of a panel, the longer one is at most this many times the shorter.
const SLIMMEST: f64 = 1.8;
/// Levels of the contours.
const LEVELS: usize = 14;
/// Cells across a panel in which contours are traced.
const CELLS: usize = 200;
/// Height of a panel; its width follows from the landscape.
const HEIGHT: f64 = 330.0;

impl Spec for TrajectoriesFigure {
    fn file(&self) -> &str {
        &self.heading.file
    }

    fn tables(&self) -> &'static [&'static str] {
        &["landscape.csv", "learning_rates.csv", "runs.csv", "trajectories.csv"]
    }

    fn wants(&self) -> Vec<Want<'_>> {
        let mut wants = vec![Want::new("kind", Need::Training)];
        // The landscape is recorded in original coordinates, around the minimizer.
        let needs = [Need::Trajectories, Need::Parameters(2), Need::Minimizer, Need::Original];
        wants.extend(Want::all("kind", needs));
        wants.extend(self.heading.wants());
        wants.extend(self.filter.wants("coordinates"));
        wants.extend(self.tuned.wants(&self.filter.algorithms));
        wants.push(Want::new("trial", Need::Trial(self.trial)));
        wants
    }

    fn page(&self, tables: &ResultTables) -> Result<Page> {
        let landscape = self.landscape(tables)?;
        let methods = self.filter.methods(tables)?;
        let mut paths: Vec<(BTreeMap<u64, Point>, Stroke)> = Vec::new();
        let mut legend = Vec::new();
        for method in &methods {
            let Some(rate) = method.selected(self.tuned) else { continue };
            let mut path: BTreeMap<u64, Point> = BTreeMap::new();
            for row in tables.trajectories()? {
                if row.trial == self.trial
                    && *row.algorithm == *method.algorithm
                    && *row.coordinates == *method.coordinates
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
            paths.push((path, method.stroke));
            legend.push(LegendEntry::line(described(method, rate), method.stroke));
        }
        let Some((first, _)) = paths.first() else {
            return Err(tables.lacks(
                "trajectories.csv",
                format!("has no path of trial {} at a selected learning rate", self.trial),
            ));
        };
        let start = Symbol { shape: Shape::Ring, radius: 4.5, colour: BLACK };
        // One sees through it how the paths end.
        let end = Symbol { shape: Shape::Circle, radius: 7.5, colour: BLACK };
        let symbols = [
            Mark::Symbols { points: first.values().take(1).copied().collect(), symbol: start },
            Mark::Symbols { points: vec![landscape.lowest], symbol: end },
        ];
        let dot = |colour| Symbol { shape: Shape::Disc, radius: 2.4, colour };
        let dots = paths.iter().map(|(path, stroke)| Mark::Symbols {
            points: milestones(path),
            symbol: dot(stroke.colour),
        });
        let lines = paths.iter().map(|(path, stroke)| Mark::Line {
            points: path.values().copied().collect(),
            stroke: *stroke,
        });
        let drawn: Vec<Mark> = lines.chain(dots).chain(symbols).collect();
        legend.push(LegendEntry::symbol("after 1, 2, 5, 10, 20, 50 … iterations", dot(GREY)));
        legend.push(LegendEntry::symbol("start", start));
        legend.push(LegendEntry::symbol("lowest point on record", end));

        let visited = paths.iter().flat_map(|(path, _)| path.values().copied());
        let view = landscape.view(visited.chain([landscape.lowest]));
        let [width, height] = view.map(|(low, high)| high - low);
        let mut views = vec![view];
        views.extend(self.zoom.map(|half| {
            let (x, y) = landscape.lowest;
            let across = half * width / height;
            [(x - across, x + across), (y - half, y + half)]
        }));
        let mut footnotes = Vec::new();
        let mut panels: Vec<Chart> = views
            .iter()
            .map(|view| {
                let axis = |label: &str, (low, high)| Axis {
                    label: label.into(),
                    scale: Scale::Linear,
                    low,
                    high,
                };
                let mut panel = Chart::new(axis("θ₁", view[0]), axis("θ₂", view[1]));
                let (contours, note) = landscape.contours(view);
                footnotes.push(note);
                panel.marks = contours.into_iter().chain(drawn.clone()).collect();
                panel
            })
            .collect();
        if let [_, zoomed] = views[..] {
            let outline = Stroke { colour: GREY, width: 0.8, dash: Dash::Solid };
            let mut points = corners(&zoomed).to_vec();
            points.push(points[0]);
            panels[0].marks.push(Mark::Line { points, stroke: outline });
        }
        if let [_, zoomed] = footnotes.as_mut_slice() {
            *zoomed = format!("Right: the framed part. {zoomed}");
        }
        let shown: Vec<&str> = methods.iter().map(|method| method.coordinates).collect();
        let facts = tables.facts();
        let notes = facts.note(&shown, Some(self.trial)).into_iter();
        let rates = rates_note(facts, &methods, self.tuned);
        let footnotes = notes.chain(rates).chain(footnotes).collect();
        Ok(Page {
            title: self.heading.title(facts),
            columns: panels.len(),
            frame: (HEIGHT * width / height, HEIGHT),
            legend_position: if panels.len() > 1 {
                LegendPosition::Below
            } else {
                LegendPosition::Right
            },
            panels,
            shared_axes: false,
            legend,
            footnotes,
        })
    }
}

/// Where a path is after 1, 2, 5, 10, 20, 50 … iterations: most of the way is made in few, and dots
/// after equally many would lie on one another at its end. Between iterates on record it is straight.
fn milestones(path: &BTreeMap<u64, Point>) -> Vec<Point> {
    let at = |step: u64| {
        let (&before, &(x, y)) = path.range(..=step).next_back()?;
        let (&after, &(to_x, to_y)) = path.range(step..).next()?;
        let part = (step - before) as f64 / (after - before).max(1) as f64;
        Some((x + part * (to_x - x), y + part * (to_y - y)))
    };
    let powers = iter::successors(Some(1_u64), |power| power.checked_mul(10));
    let steps = powers.flat_map(|power| [1, 2, 5].map(|digit| power.saturating_mul(digit)));
    steps.map_while(at).collect()
}

/// A loss over two parameters.
struct Landscape {
    loss: ScalarField,
    /// Where the loss is least, of the nodes and the ends of the paths.
    lowest: Point,
    /// The loss there.
    least: f64,
}

impl TrajectoriesFigure {
    fn landscape(&self, tables: &ResultTables) -> Result<Landscape> {
        let nodes: Vec<(f64, f64, f64)> = tables
            .landscape()?
            .iter()
            .filter(|row| row.trial == self.trial)
            .map(|row| (row.x, row.y, row.loss))
            .collect();
        let grid = ScalarField::new(&nodes).ok_or_else(|| {
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
                                && *row.algorithm == *run.algorithm
                                && *row.coordinates == *run.coordinates
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
        Ok(Landscape { loss: grid, lowest, least })
    }
}

impl Landscape {
    /// The part of it that has these points in it, with a margin, neither very wide nor very high;
    /// all of it, if there are none in it.
    fn view(&self, points: impl Iterator<Item = Point> + Clone) -> [(f64, f64); 2] {
        let bounds = self.loss.bounds();
        let span = |values: &mut dyn Iterator<Item = f64>| {
            let values = values.filter(|value| value.is_finite());
            values.fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), v| (v.min(a), v.max(b)))
        };
        let spans = [span(&mut points.clone().map(|p| p.0)), span(&mut points.map(|p| p.1))];
        let [width, height] = spans.map(|(low, high)| (1.0 + 2.0 * MARGIN) * (high - low));
        let sizes = [width.max(height / SLIMMEST), height.max(width / SLIMMEST)];
        let axis = |index: usize| {
            let (middle, half) = ((spans[index].0 + spans[index].1) / 2.0, sizes[index] / 2.0);
            ((middle - half).max(bounds[index].0), (middle + half).min(bounds[index].1))
        };
        let view = [axis(0), axis(1)];
        // NaN compares false.
        if view.iter().all(|(low, high)| low < high) { view } else { bounds }
    }

    /// Filled contours of the part in view, and what they are.
    fn contours(&self, view: &[(f64, f64); 2]) -> (Vec<Mark>, String) {
        let inside = [0, 1].map(|axis| {
            let (low, high) = self.loss.bounds()[axis];
            (view[axis].0.max(low), view[axis].1.min(high))
        });
        // NaN compares false.
        if !inside.iter().all(|(low, high)| low < high) {
            return (Vec::new(), "No losses are known in view.".into());
        }
        let [across, up] = inside.map(|(low, high)| {
            let node = |index: usize| low + (high - low) * index as f64 / CELLS as f64;
            // The last one must not lie beyond the grid by rounding.
            (0..=CELLS).map(|index| node(index).min(high)).collect()
        });
        // Of a quadratic the root is linear along every ray from the minimum, so that linear
        // interpolation between nodes does no harm.
        let above = |loss: f64| (loss - self.least).max(0.0).sqrt();
        let roots = self.loss.resampled(across, up).map(above);
        let mut shown: Vec<f64> = roots
            .nodes()
            .map(|(_, _, root)| root * root)
            .filter(|&loss| loss > 0.0 && loss.is_finite())
            .collect();
        shown.sort_by(f64::total_cmp);
        let (Some(&low), Some(&high)) = (shown.get(shown.len() / 500), shown.last()) else {
            return (Vec::new(), String::new());
        };
        // By logarithms: the ratio of two losses may overflow.
        let level = |index: usize| {
            let part = index as f64 / LEVELS as f64;
            (low.ln() + part * (high.ln() - low.ln())).exp()
        };
        let levels: Vec<f64> = (0..LEVELS).map(|index| level(index).sqrt()).collect();
        let mut marks = vec![Mark::Area { vertices: corners(view).to_vec(), colour: shade(1.0) }];
        let from_zero: Vec<f64> = iter::once(0.0).chain(levels.iter().copied()).collect();
        marks.extend(roots.bands(&from_zero).into_iter().enumerate().map(|(index, vertices)| {
            Mark::Area { vertices, colour: shade(index as f64 / LEVELS as f64) }
        }));
        let stroke = Stroke { colour: CONTOUR, width: 0.6, dash: Dash::Solid };
        let lines = roots.lines(&levels).into_iter();
        marks.extend(lines.map(|points| Mark::Line { points, stroke }));
        let note = format!(
            "Contours: loss above its minimum at {LEVELS} levels from {} to {}, evenly spaced in the logarithm.",
            number(two_digits(level(0))),
            number(two_digits(level(LEVELS - 1))),
        );
        (marks, note)
    }
}

/// The corners of a view, in turn.
fn corners(&[x, y]: &[(f64, f64); 2]) -> [Point; 4] {
    [(x.0, y.0), (x.1, y.0), (x.1, y.1), (x.0, y.1)]
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_straight_between_its_iterates() {
        let path = BTreeMap::from([(0, (0.0, 1.0)), (4, (8.0, 1.0)), (10, (8.0, 7.0))]);
        assert_eq!(milestones(&path), [(2.0, 1.0), (4.0, 1.0), (8.0, 2.0), (8.0, 7.0)]);
    }
}
