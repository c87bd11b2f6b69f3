//! Eigenvalues of EGOP estimates, relative to the leading one.

use super::selection::ordered;
use super::spec::{Heading, Spec};
use super::tables::ResultTables;
use crate::Result;
use crate::config::{Allowed, Entry, Reader, key};
use crate::drawing::axis::{Axis, Scale};
use crate::drawing::chart::{Chart, Inset, Mark};
use crate::drawing::page::{LegendEntry, LegendPosition, Page};
use crate::drawing::primitives::{Point, Rect, Stroke};
use crate::drawing::style::{colour, dash};
use crate::need::{Need, Want};
use crate::record::SpectrumRow;

pub(super) const ENTRY: Entry<dyn Spec> = Entry {
    name: "spectrum",
    summary: "the eigenvalues of EGOP estimates, relative to the leading one",
    read: |reader: &mut Reader<'_>| {
        let heading = Heading::read(reader);
        let coordinates =
            reader.strings_or(key("coordinates", "whose eigenvalues are shown; none: all"), &[]);
        let blocks =
            reader.strings_or(key("blocks", "names of the blocks that are shown; none: all"), &[]);
        let trial =
            reader.count_or(key("trial", "number of the trial that is shown"), 0, 0..=usize::MAX);
        let scales = [("linear", Scale::Whole), ("log", Scale::Logarithmic)];
        let index_scale =
            reader.choice_or(key("index", "scale of the axis of the index k"), "linear", &scales);
        let inset = key("inset", "how many leading eigenvalues an inset shows on a linear axis");
        let inset = reader.optional_count(inset, 2..=usize::MAX);
        let floor =
            key("floor", "eigenvalues below this part of the largest are noise, and not shown");
        let floor = reader.number_or(floor, 1e-16, Allowed::positive());
        Some(Box::new(SpectrumFigure {
            heading: heading?,
            coordinates: coordinates?,
            blocks: blocks?,
            trial: trial?,
            index_scale: index_scale?,
            inset: inset?,
            floor: floor?,
        }))
    },
};

/// A figure of eigenvalues.
#[derive(Debug)]
struct SpectrumFigure {
    heading: Heading,
    /// Names of coordinate systems; empty for all.
    coordinates: Vec<String>,
    /// Names of blocks; empty for all.
    blocks: Vec<String>,
    /// Number of the trial.
    trial: usize,
    /// Scale of the index k.
    index_scale: Scale,
    /// How many leading eigenvalues an inset shows on a linear axis.
    inset: Option<usize>,
    /// Relative eigenvalues below it are rounding noise and not shown.
    floor: f64,
}

impl Spec for SpectrumFigure {
    fn file(&self) -> &str {
        &self.heading.file
    }

    fn tables(&self) -> &'static [&'static str] {
        &["spectrum.csv"]
    }

    fn wants(&self) -> Vec<Want<'_>> {
        let mut wants = vec![Want::new("kind", Need::Spectrum(None))];
        for name in &self.coordinates {
            wants.push(Want::new("coordinates", Need::Coordinates(name)));
            wants.push(Want::new("coordinates", Need::Spectrum(Some(name))));
        }
        let of = &*self.coordinates;
        wants
            .extend(Want::all("blocks", self.blocks.iter().map(|block| Need::Block { of, block })));
        wants.push(Want::new("trial", Need::Trial(self.trial)));
        wants
    }

    fn page(&self, tables: &ResultTables) -> Result<Page> {
        let lines = self.lines(tables)?;
        let values = || lines.iter().flat_map(|line| &line.points);
        let last = values().map(|point| point.0).fold(1.0, f64::max);
        let x = Axis {
            label: "index k".into(),
            scale: self.index_scale,
            low: 1.0,
            high: last.max(2.0),
        };
        let y = Axis::covering(
            "eigenvalue λₖ/λ₁",
            Scale::Logarithmic,
            values().map(|point| point.1),
            0.03,
        );
        let mut panel = Chart::new(x, y);
        panel.marks = marks(&lines, f64::INFINITY);
        let mut panels = vec![panel];
        if let Some(leading) = self.inset {
            let x = Axis { label: "k".into(), scale: Scale::Whole, low: 1.0, high: leading as f64 };
            let y =
                Axis { label: "λₖ/λ₁".into(), scale: Scale::Linear, low: 0.0, high: 1.05 };
            let mut inner = Chart::new(x, y);
            inner.marks = marks(&lines, leading as f64);
            match free_corner(&panels[0], &lines) {
                Some(area) => panels[0].inset = Some(Inset { panel: Box::new(inner), area }),
                None => panels.push(inner),
            }
        }
        let legend = if lines.len() > 1 {
            lines.iter().map(|line| LegendEntry::line(line.label.clone(), line.stroke)).collect()
        } else {
            Vec::new()
        };
        Ok(Page {
            title: self.heading.title.clone(),
            columns: panels.len(),
            legend_position: if panels.len() > 1 {
                LegendPosition::Below
            } else {
                LegendPosition::Right
            },
            panels,
            frame: (430.0, 300.0),
            shared_axes: false,
            legend,
            footnotes: Vec::new(),
        })
    }
}

/// One spectrum.
struct Line {
    label: String,
    stroke: Stroke,
    /// (k, λ_k/λ₁).
    points: Vec<Point>,
}

impl SpectrumFigure {
    /// Colours tell coordinate systems apart and line styles blocks; where there is but one of
    /// either, colour and style together tell the others apart.
    fn lines(&self, tables: &ResultTables) -> Result<Vec<Line>> {
        let rows: Vec<&SpectrumRow> = tables
            .spectrum()?
            .iter()
            .filter(|row| {
                let shown =
                    |wanted: &[String], name: &String| wanted.is_empty() || wanted.contains(name);
                row.trial == self.trial
                    && shown(&self.coordinates, &row.coordinates)
                    && shown(&self.blocks, &row.block)
            })
            .collect();
        let mut systems = ordered(tables.coordinates(), rows.iter().map(|row| &row.coordinates));
        systems.retain(|&system| rows.iter().any(|row| row.coordinates == system));
        let blocks = ordered(&self.blocks, rows.iter().map(|row| &row.block));
        let mut lines = Vec::new();
        for (s, &system) in systems.iter().enumerate() {
            for (b, &block) in blocks.iter().enumerate() {
                let mut values: Vec<(usize, f64)> = rows
                    .iter()
                    .filter(|row| row.coordinates == system && row.block == block)
                    .map(|row| (row.k, row.eigenvalue))
                    .collect();
                values.sort_by_key(|(k, _)| *k);
                let Some(&(_, leading)) = values.first() else { continue };
                let relative = |(k, value)| (k as f64, value / leading);
                let stroke = match (systems.len(), blocks.len()) {
                    (1, _) => Stroke::new(colour(b), dash(b)),
                    (_, 1) => Stroke::new(colour(s), dash(s)),
                    _ => Stroke::new(colour(s), dash(b)),
                };
                lines.push(Line {
                    label: match (systems.len(), block) {
                        (_, "all") => system.into(),
                        (1, _) => block.into(),
                        _ => format!("{system}, {block}"),
                    },
                    stroke,
                    points: values
                        .into_iter()
                        .map(relative)
                        .filter(|point| point.1 >= self.floor)
                        .collect(),
                });
            }
        }
        if lines.is_empty() {
            return Err(tables.lacks(
                "spectrum.csv",
                format!("has no rows of trial {} for this figure", self.trial),
            ));
        }
        Ok(lines)
    }
}

fn marks(lines: &[Line], last: f64) -> Vec<Mark> {
    let shown = |line: &Line| line.points.iter().copied().filter(|point| point.0 <= last).collect();
    lines.iter().map(|line| Mark::Line { points: shown(line), stroke: line.stroke }).collect()
}

/// The upper right or lower left corner of a panel, whichever decreasing lines leave more free;
/// `None` when neither is large enough.
fn free_corner(panel: &Chart, lines: &[Line]) -> Option<Rect> {
    let points = || {
        let place = |&(k, value): &Point| (panel.x.fraction(k), panel.y.fraction(value));
        lines.iter().flat_map(|line| &line.points).map(place)
    };
    let highest = points().filter(|p| p.0 >= 0.38).map(|p| p.1).fold(0.0, f64::max);
    let lowest = points().filter(|p| p.0 <= 0.66).map(|p| p.1).fold(1.0, f64::min);
    let (above, below) = (0.94 - highest, lowest - 0.06);
    let height = above.max(below).min(0.58);
    (height >= 0.4).then_some(if above >= below {
        Rect { left: 0.40, right: 0.97, top: 0.03, bottom: 0.03 + height }
    } else {
        Rect { left: 0.03, right: 0.62, top: 0.97 - height, bottom: 0.97 }
    })
}
