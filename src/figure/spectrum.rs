//! Eigenvalues of EGOP estimates, relative to the leading one.

mod symmetric;

use self::symmetric::Prediction;
use super::selection::ordered;
use super::spec::{Heading, Spec};
use super::tables::ResultTables;
use crate::Result;
use crate::config::{Allowed, Entry, Reader, key};
use crate::drawing::axis::{Axis, Scale, number, three_digits};
use crate::drawing::chart::{Chart, Inset, Mark};
use crate::drawing::page::{LegendEntry, LegendPosition, Page};
use crate::drawing::primitives::{Point, Rect, Stroke};
use crate::drawing::style::{colour, dash};
use crate::drawing::symbol::{Shape, Symbol};
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
        let panels = key("panels", "whether all blocks share a panel or each has its own");
        let panels = reader.choice_or(panels, "all", &[("all", false), ("block", true)]);
        let scales = [("linear", Scale::Whole), ("log", Scale::Logarithmic)];
        let index_scale =
            reader.choice_or(key("index", "scale of the axis of the index k"), "linear", &scales);
        let inset = key("inset", "how many leading eigenvalues an inset shows on a linear axis");
        let inset = reader.optional_count(inset, 2..=usize::MAX);
        let floor = key(
            "floor",
            "eigenvalues below this part of the largest are not shown; without it, below d·2⁻⁵², as \
             rounding decides",
        );
        let floor = reader.optional_number(floor, Allowed::between(1e-300, 0.99));
        let symmetric =
            key("symmetric", "whether what the symmetry of hidden units predicts is shown too");
        let symmetric = reader.flag_or(symmetric, false);
        Some(Box::new(SpectrumFigure {
            heading: heading?,
            coordinates: coordinates?,
            blocks: blocks?,
            trial: trial?,
            by_block: panels?,
            index_scale: index_scale?,
            inset: inset?,
            floor: floor?,
            symmetric: symmetric?,
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
    /// Whether each block has a panel.
    by_block: bool,
    /// Scale of the index k.
    index_scale: Scale,
    /// How many leading eigenvalues an inset shows on a linear axis.
    inset: Option<usize>,
    /// Relative eigenvalues below it are noise and not shown; otherwise below [`rounding`].
    floor: Option<f64>,
    /// Whether the symmetric parts' eigenvalues and the ends of their shelves are shown.
    symmetric: bool,
}

impl Spec for SpectrumFigure {
    fn file(&self) -> &str {
        &self.heading.file
    }

    fn tables(&self) -> &'static [&'static str] {
        if self.symmetric { &["spectrum.csv", "measures.csv"] } else { &["spectrum.csv"] }
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
        if self.symmetric {
            wants.push(Want::new("symmetric", Need::Estimates));
            let of = self.coordinates.iter().map(|name| Need::HiddenUnits(Some(name)));
            let all = self.coordinates.is_empty().then_some(Need::HiddenUnits(None));
            wants.extend(Want::all("symmetric", of.chain(all)));
        }
        wants.extend(self.heading.wants());
        wants
    }

    fn page(&self, tables: &ResultTables) -> Result<Page> {
        let lines = self.lines(tables)?;
        let mut blocks: Vec<&str> = lines.iter().map(|line| &*line.block).collect();
        blocks.sort_unstable();
        blocks.dedup();
        let all: Vec<&Line> = lines.iter().collect();
        let panels = if self.by_block {
            let panels = blocks.iter().zip('a'..).flat_map(|(&block, letter)| {
                let shown: Vec<&Line> = lines.iter().filter(|line| line.block == block).collect();
                let mut panels = self.panels(&shown, &all);
                panels[0].title = format!("({letter}) {block}");
                panels
            });
            panels.collect()
        } else {
            self.panels(&all, &all)
        };
        let mut legend: Vec<LegendEntry> = Vec::new();
        for line in &lines {
            let entry = LegendEntry::line(line.label.clone(), line.stroke);
            if lines.len() > 1 && !legend.contains(&entry) {
                legend.push(entry);
            }
        }
        let facts = tables.facts();
        let systems: Vec<&str> = lines.iter().map(|line| &*line.system).collect();
        let mut footnotes: Vec<String> =
            facts.note(&systems, Some(self.trial)).into_iter().collect();
        footnotes.extend(each(&lines, "Stable rank Σ√λₖ/√λ₁", |line| {
            Some(number(three_digits(line.stable_rank)))
        }));
        let what = match self.floor {
            Some(floor) => format!("Not shown, below {} λ₁", number(floor)),
            None => "Not shown, below d·2⁻⁵² λ₁, where rounding decides".into(),
        };
        footnotes.extend(each(&lines, &what, |line| {
            let left_out = line.values - line.points.len();
            (left_out > 0).then(|| format!("{left_out} of {} values", line.values))
        }));
        footnotes.extend(each(
            &lines,
            "Light: the mean over permutations of hidden units, with the ends of its shelves",
            |line| line.prediction.as_ref().map(Prediction::ends),
        ));
        Ok(Page {
            title: self.heading.title(facts),
            columns: panels.len().min(2),
            legend_position: if panels.len() > 1 {
                LegendPosition::Below
            } else {
                LegendPosition::Right
            },
            panels,
            frame: (430.0, 300.0),
            shared_axes: false,
            legend,
            footnotes,
        })
    }
}

/// The part of the largest of so many eigenvalues that rounding makes of any: the error of a
/// decomposition that is backward stable.
fn rounding(values: usize) -> f64 {
    values as f64 * f64::EPSILON
}

/// One spectrum.
struct Line {
    system: String,
    block: String,
    /// What tells it from the others of its panel.
    label: String,
    stroke: Stroke,
    /// (k, λ_k/λ₁) from the floor on.
    points: Vec<Point>,
    /// How many eigenvalues there are.
    values: usize,
    /// Σ√λ_k/√λ₁.
    stable_rank: f64,
    /// What the symmetry of hidden units predicts, where that is shown.
    prediction: Option<Prediction>,
}

impl Line {
    fn name(&self) -> String {
        match &*self.block {
            "all" => self.system.clone(),
            block => format!("{}, {block}", self.system),
        }
    }
}

/// A footnote on what there is to say of each line.
fn each(lines: &[Line], what: &str, say: impl Fn(&Line) -> Option<String>) -> Option<String> {
    let said: Vec<(String, String)> =
        lines.iter().filter_map(|line| Some((line.name(), say(line)?))).collect();
    let words: Vec<String> = match &said[..] {
        [(_, words)] if lines.len() == 1 => vec![words.clone()],
        _ => said.into_iter().map(|(name, words)| format!("{name} {words}")).collect(),
    };
    (!words.is_empty()).then(|| format!("{what}: {}.", words.join("; ")))
}

impl SpectrumFigure {
    /// The panel of some lines, on the vertical axis of all, with its inset, or with that beside it
    /// where there is no room for it within.
    fn panels(&self, lines: &[&Line], all: &[&Line]) -> Vec<Chart> {
        let last =
            lines.iter().flat_map(|line| &line.points).map(|point| point.0).fold(2.0, f64::max);
        // The leading eigenvalue is not on the frame.
        let x = Axis::covering("index k", self.index_scale, [1.0, last], 0.02);
        let values = all.iter().flat_map(|line| &line.points).map(|point| point.1);
        let y = Axis::covering("eigenvalue λₖ/λ₁", Scale::Logarithmic, values, 0.04);
        let mut panel = Chart::new(x, y);
        panel.marks = marks(lines, last, [panel.y.low, panel.y.high]);
        let Some(leading) = self.inset else { return vec![panel] };
        let leading = leading as f64;
        let x = Axis::covering("k", Scale::Whole, [1.0, leading], 0.03);
        let y = Axis { label: "λₖ/λ₁".into(), scale: Scale::Linear, low: 0.0, high: 1.08 };
        let mut inner = Chart::new(x, y);
        inner.marks = marks(lines, leading, [inner.y.low, inner.y.high]);
        match free_corner(&panel, lines) {
            Some(area) => {
                panel.inset = Some(Inset { panel: Box::new(inner), area });
                vec![panel]
            }
            None => vec![panel, inner],
        }
    }

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
        let known = tables.facts().systems.iter().map(|one| &*one.name);
        let mut systems = ordered(known, rows.iter().map(|row| &row.coordinates));
        systems.retain(|&system| rows.iter().any(|row| row.coordinates == system));
        let blocks =
            ordered(self.blocks.iter().map(|block| &**block), rows.iter().map(|row| &row.block));
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
                let floor = self.floor.unwrap_or_else(|| rounding(values.len()));
                let stroke = match (systems.len(), blocks.len()) {
                    _ if self.by_block => Stroke::new(colour(s), dash(s)),
                    (1, _) => Stroke::new(colour(b), dash(b)),
                    (_, 1) => Stroke::new(colour(s), dash(s)),
                    _ => Stroke::new(colour(s), dash(b)),
                };
                lines.push(Line {
                    system: system.into(),
                    block: block.into(),
                    label: match (systems.len(), block) {
                        _ if self.by_block => system.into(),
                        (_, "all") => system.into(),
                        (1, _) => block.into(),
                        _ => format!("{system}, {block}"),
                    },
                    stroke,
                    prediction: self.prediction(tables, system, block)?,
                    values: values.len(),
                    stable_rank: values
                        .iter()
                        .map(|(_, value)| (value / leading).max(0.0).sqrt())
                        .sum(),
                    points: values
                        .into_iter()
                        .map(relative)
                        .filter(|point| point.1 >= floor)
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

    /// What is predicted of an estimate, if that is to be shown.
    fn prediction(
        &self,
        tables: &ResultTables,
        system: &str,
        block: &str,
    ) -> Result<Option<Prediction>> {
        if !self.symmetric {
            return Ok(None);
        }
        let rows = tables.measures()?.iter().filter(|row| {
            row.trial == self.trial && row.coordinates == system && row.block == block
        });
        let lacks = || {
            let what = format!("has no symmetric part of {system}, {block}: run it anew");
            tables.lacks("measures.csv", what)
        };
        Prediction::of(rows).ok_or_else(lacks).map(Some)
    }
}

/// The marks of some lines up to an index, on an axis with these ends.
fn marks(lines: &[&Line], last: f64, ends: [f64; 2]) -> Vec<Mark> {
    let shown = |line: &Line| -> Vec<Point> {
        line.points.iter().copied().filter(|point| point.0 <= last).collect()
    };
    let line = |line: &&Line| Mark::Line { points: shown(line), stroke: line.stroke };
    // A line to the second may be too steep to be seen.
    let leading = |line: &&Line| Mark::Symbols {
        points: line.points.first().copied().into_iter().collect(),
        symbol: Symbol { shape: Shape::Disc, radius: 2.6, colour: line.stroke.colour },
    };
    let predicted = lines
        .iter()
        .filter_map(|line| Some(line.prediction.as_ref()?.marks(line.stroke.colour, last, ends)));
    let measured = lines.iter().map(line).chain(lines.iter().map(leading));
    predicted.flatten().chain(measured).collect()
}

/// The upper right or lower left corner of a panel, whichever decreasing lines leave more free;
/// `None` when neither is large enough.
fn free_corner(panel: &Chart, lines: &[&Line]) -> Option<Rect> {
    let points = || {
        let place = |&(k, value): &Point| (panel.x.fraction(k), panel.y.fraction(value));
        lines.iter().flat_map(|line| &line.points).map(place)
    };
    let highest = points().filter(|p| p.0 >= 0.38).map(|p| p.1).fold(0.0, f64::max);
    let lowest = points().filter(|p| p.0 <= 0.66).map(|p| p.1).fold(1.0, f64::min);
    let (above, below) = (0.94 - highest, lowest - 0.06);
    let height = above.max(below).min(0.58);
    (height >= 0.36).then_some(if above >= below {
        Rect { left: 0.40, right: 0.97, top: 0.03, bottom: 0.03 + height }
    } else {
        Rect { left: 0.03, right: 0.62, top: 0.97 - height, bottom: 0.97 }
    })
}
