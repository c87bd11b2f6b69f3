//! How dense the leading eigenvectors are: their densities β_k, and the sizes of their entries.

use super::spec::{Heading, Spec};
use super::tables::ResultTables;
use crate::Result;
use crate::config::{Entry, Reader, key};
use crate::drawing::axis::{Axis, Scale, number, three_digits};
use crate::drawing::chart::{Chart, Mark};
use crate::drawing::page::{LegendEntry, LegendPosition, Page};
use crate::drawing::primitives::{Dash, Stroke};
use crate::drawing::style::{GREY, colour};
use crate::drawing::symbol::{Shape, Symbol};
use crate::need::{Need, Want};

pub(super) const ENTRY: Entry<dyn Spec> = Entry {
    name: "density",
    summary: "densities of the leading eigenvectors of an EGOP estimate, and their entries",
    read: |reader: &mut Reader<'_>| {
        let heading = Heading::read(reader);
        let system = reader.string(key("coordinates", "whose basis is shown"));
        let block = reader.string_or(key("block", "name of the parameter block, or all"), "all");
        let trial =
            reader.count_or(key("trial", "number of the trial that is shown"), 0, 0..=usize::MAX);
        let leading =
            reader.count_or(key("leading", "how many densities are shown"), 10, 1..=usize::MAX);
        let vectors = key("vectors", "the eigenvectors whose entries are shown, from 1");
        let vectors = reader.counts_or(vectors, &[1, 2, 3], 1..=usize::MAX);
        Some(Box::new(DensityFigure {
            heading: heading?,
            system: system?,
            block: block?,
            trial: trial?,
            leading: leading?,
            vectors: vectors?,
        }))
    },
};

/// A figure of densities.
#[derive(Debug)]
struct DensityFigure {
    heading: Heading,
    /// Name of the coordinate system whose basis is shown.
    system: String,
    /// The parameter block, or `all`.
    block: String,
    /// Number of the trial.
    trial: usize,
    /// How many densities are shown.
    leading: usize,
    /// The eigenvectors whose entries are shown, from 1.
    vectors: Vec<usize>,
}

impl Spec for DensityFigure {
    fn file(&self) -> &str {
        &self.heading.file
    }

    fn tables(&self) -> &'static [&'static str] {
        &["eigenvectors.csv", "spectrum.csv"]
    }

    fn wants(&self) -> Vec<Want<'_>> {
        let Self { system, block, .. } = self;
        let mut wants = vec![
            Want::new("kind", Need::Estimates),
            Want::new("coordinates", Need::Estimate(system)),
            Want::new("block", Need::Block { of: std::slice::from_ref(system), block }),
        ];
        let vector = |&k| Want::new("vectors", Need::Eigenvector { of: system, block, k });
        wants.extend(self.vectors.iter().map(vector));
        wants.push(Want::new("trial", Need::Trial(self.trial)));
        wants.extend(self.heading.wants());
        wants
    }

    fn page(&self, tables: &ResultTables) -> Result<Page> {
        let mut legend = Vec::new();
        let panels = vec![self.densities(tables, &mut legend)?, self.entries(tables, &mut legend)?];
        Ok(Page {
            title: self.heading.title(tables.facts()),
            panels,
            columns: 2,
            frame: (320.0, 250.0),
            shared_axes: false,
            legend,
            legend_position: LegendPosition::Below,
            footnotes: tables.facts().note(&[&self.system], Some(self.trial)).into_iter().collect(),
        })
    }
}

impl DensityFigure {
    fn lacks(&self, tables: &ResultTables, file: &str, what: &str) -> crate::Error {
        let Self { trial, system, block, .. } = self;
        tables.lacks(
            file,
            format!("has no {what} of trial {trial}, coordinates `{system}`, block `{block}`"),
        )
    }

    /// β_k against k, beside that of a random vector.
    fn densities(&self, tables: &ResultTables, legend: &mut Vec<LegendEntry>) -> Result<Chart> {
        let rows = tables.spectrum()?.iter().filter(|row| {
            row.trial == self.trial && row.coordinates == self.system && row.block == self.block
        });
        // As many as parameters.
        let size = rows.clone().count() as f64;
        let leading = rows.filter(|row| row.k <= self.leading);
        let points: Vec<(f64, f64)> =
            leading.filter_map(|row| Some((row.k as f64, row.density?))).collect();
        if points.is_empty() {
            return Err(self.lacks(tables, "spectrum.csv", "density"));
        }
        let last = self.leading as f64 + 0.5;
        let x = Axis { label: "index k".into(), scale: Scale::Whole, low: 0.5, high: last };
        let y = Axis {
            label: "density βₖ = ‖vₖ‖₁/√d".into(),
            scale: Scale::Linear,
            low: 0.0,
            high: 1.0,
        };
        // E‖v‖₁/√d of a random unit vector, for large d.
        let random = (2.0 / std::f64::consts::PI).sqrt();
        let reference = Stroke { colour: GREY, width: 1.2, dash: Dash::Dashed };
        let mut panel = Chart::new(x, y);
        panel.title = "(a) densities".into();
        // β of a vector with a single entry: none is less.
        let (least, single) = (1.0 / size.sqrt(), Stroke { dash: Dash::DashDotted, ..reference });
        for (level, stroke) in [(random, reference), (least, single)] {
            let points = vec![(0.5, level), (last, level)];
            panel.marks.push(Mark::Line { points, stroke });
        }
        let stem = Stroke { colour: colour(0), width: 1.2, dash: Dash::Solid };
        for &(k, density) in &points {
            panel.marks.push(Mark::Line { points: vec![(k, 0.0), (k, density)], stroke: stem });
        }
        let symbol = Symbol { shape: Shape::Disc, radius: 3.5, colour: colour(0) };
        panel.marks.push(Mark::Symbols { points, symbol });
        legend.push(LegendEntry::symbol("βₖ", symbol));
        legend.push(LegendEntry::line("βₖ of a random unit vector, √(2/π)", reference));
        let least = number(three_digits(least));
        legend.push(LegendEntry::line(format!("least possible βₖ, 1/√d = {least}"), single));
        Ok(panel)
    }

    /// The sizes of the entries, largest first, beside those of the densest vector.
    fn entries(&self, tables: &ResultTables, legend: &mut Vec<LegendEntry>) -> Result<Chart> {
        let mut lines = Vec::new();
        for (index, &k) in self.vectors.iter().enumerate() {
            let mut sizes: Vec<f64> = tables
                .eigenvectors()?
                .iter()
                .filter(|row| {
                    row.trial == self.trial
                        && row.coordinates == self.system
                        && row.block == self.block
                        && row.k == k
                })
                .map(|row| row.entry.abs())
                .collect();
            if sizes.is_empty() {
                return Err(self.lacks(tables, "eigenvectors.csv", &format!("eigenvector {k}")));
            }
            sizes.sort_by(|a, b| b.total_cmp(a));
            let points: Vec<(f64, f64)> = sizes
                .into_iter()
                .enumerate()
                .map(|(rank, size)| ((rank + 1) as f64, size))
                .collect();
            lines.push((k, points, Stroke::new(colour(index), Dash::Solid)));
        }
        let entries = lines.iter().map(|(_, points, _)| points.len()).max().unwrap_or(1) as f64;
        let x = Axis {
            label: "rank of the entry".into(),
            scale: Scale::Whole,
            low: 1.0,
            high: entries.max(2.0),
        };
        let even = 1.0 / entries.sqrt();
        // Entries of parameters that do not matter are rounding noise: four decades are enough.
        let sizes = lines.iter().flat_map(|(_, points, _)| points.iter().map(|point| point.1));
        let sizes = sizes.filter(|&size| size >= 1e-4 * even).chain([even]);
        let y = Axis::covering("|entry of vₖ|", Scale::Logarithmic, sizes, 0.04);
        let mut panel = Chart::new(x, y);
        panel.title = "(b) sizes of the entries, sorted".into();
        let reference = Stroke { colour: GREY, width: 1.2, dash: Dash::Dotted };
        panel
            .marks
            .push(Mark::Line { points: vec![(1.0, even), (entries, even)], stroke: reference });
        legend.push(LegendEntry::line(
            format!("all entries alike, 1/√d = {}", number(three_digits(even))),
            reference,
        ));
        for (k, points, stroke) in lines {
            panel.marks.push(Mark::Line { points, stroke });
            legend.push(LegendEntry::line(format!("k = {k}"), stroke));
        }
        Ok(panel)
    }
}
