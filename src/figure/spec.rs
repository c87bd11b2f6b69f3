//! What every kind of figure is: settings from a config that turn tables into a page.

use super::facts::{Facts, NUMBERS, named};
use super::tables::ResultTables;
use crate::Result;
use crate::config::{Reader, key};
use crate::drawing::canvas::Drawing;
use crate::drawing::page::Page;
use crate::need::{Need, Want};

/// A figure that a config asks for.
pub trait Spec: std::fmt::Debug + Send + Sync {
    /// Stem of the files' names.
    fn file(&self) -> &str;

    /// The tables it is drawn from.
    fn tables(&self) -> &'static [&'static str];

    /// What it needs of the experiment.
    fn wants(&self) -> Vec<Want<'_>>;

    /// What it shows.
    ///
    /// # Errors
    /// When a table is missing, unreadable, or lacks what the figure shows.
    fn page(&self, tables: &ResultTables) -> Result<Page>;

    /// Draws it in every format.
    ///
    /// # Errors
    /// As [`Spec::page`], and when the drawing itself fails.
    fn draw(&self, tables: &ResultTables) -> Result<Vec<Drawing>> {
        self.page(tables)?.render()
    }

    /// The column of `curves.csv` whose curves it shows, if it shows curves.
    fn curves_of(&self) -> Option<&'static str> {
        None
    }
}

/// What every figure has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Heading {
    /// Stem of the files' names.
    pub file: String,
    /// Stands above the figure; numbers in braces are filled in.
    title: String,
}

impl Heading {
    pub fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let file =
            reader.file_name(key("file", "name of the files that are drawn, without extension"));
        let title = reader.string(key(
            "title",
            "what stands above the figure; {d}, {trials}, {epochs}, {iterations} become numbers",
        ));
        let title = title?;
        if let Some(unknown) = named(&title).find(|name| !NUMBERS.contains(name)) {
            let known = NUMBERS.map(|name| format!("{{{name}}}")).join(", ");
            let problem = format!("there is no number {{{unknown}}}; there are {known}");
            reader.problem("title", problem);
            return None;
        }
        Some(Self { file: file?, title })
    }

    /// What the numbers in its title need of the experiment.
    pub fn wants(&self) -> Vec<Want<'_>> {
        let needs = named(&self.title).filter_map(|name| match name {
            "epochs" => Some([Need::Training, Need::Minibatches]),
            "iterations" => Some([Need::Training, Need::FullBatches]),
            _ => None,
        });
        Want::all("title", needs.flatten()).collect()
    }

    /// What stands above the figure of an experiment.
    pub fn title(&self, facts: &Facts) -> String {
        let mut title = self.title.clone();
        for (name, value) in &facts.numbers {
            title = title.replace(&format!("{{{name}}}"), value);
        }
        match facts.caution {
            Some(caution) => format!("{title} — {caution}"),
            None => title,
        }
    }
}
