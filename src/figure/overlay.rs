//! Figures of training losses that two experiments have in common, each as one page.

use super::draw::page;
use super::spec::Spec;
use super::tables::ResultTables;
use crate::drawing::overlaid::overlaid;
use crate::drawing::page::Page;
use crate::error::{Error, Result};

/// The columns of `curves.csv` that are training losses.
const LOSSES: [&str; 2] = ["suboptimality", "train_loss"];

/// The curves of the second experiment under those of the first, for each figure of a training loss
/// of the first to which the second has one: of the same name, or of the same column. What cannot be
/// drawn, or not on the same axes, is left out.
///
/// # Errors
/// When a table cannot be read.
pub fn overlays(
    names: [&str; 2],
    figures: [&[Box<dyn Spec>]; 2],
    tables: [&ResultTables; 2],
) -> Result<Vec<(String, Page)>> {
    let mut found = Vec::new();
    for [over, below] in pairs(figures) {
        let pages = [(over, 0), (below, 1)]
            .map(|(figure, side)| drawn(page(figures[side], tables[side], figure.file())));
        let [over_page, below_page] = pages;
        if let (Some(over_page), Some(below_page)) = (over_page?, below_page?)
            && let Some(both) = overlaid(names, [&over_page, &below_page])
        {
            found.push((over.file().to_owned(), both));
        }
    }
    Ok(found)
}

/// A page, unless there is nothing to show.
fn drawn(page: Result<Page>) -> Result<Option<Page>> {
    match page {
        Ok(page) => Ok(Some(page)),
        Err(error @ (Error::Io { .. } | Error::Corrupt { .. })) => Err(error),
        Err(_) => Ok(None),
    }
}

fn pairs(figures: [&[Box<dyn Spec>]; 2]) -> Vec<[&dyn Spec; 2]> {
    let [left, right] = figures.map(|figures| {
        let is_loss = |figure: &&dyn Spec| figure.curves_of().is_some_and(|c| LOSSES.contains(&c));
        figures.iter().map(|figure| &**figure).filter(is_loss).collect::<Vec<&dyn Spec>>()
    });
    let named = |file: &str| right.iter().find(|other| other.file() == file);
    let free = |other: &&&dyn Spec| !left.iter().any(|one| one.file() == other.file());
    let mut taken: Vec<&str> = Vec::new();
    let mut pairs = Vec::new();
    for one in &left {
        let same = |other: &&&dyn Spec| other.curves_of() == one.curves_of();
        let alike =
            || right.iter().filter(free).filter(same).find(|other| !taken.contains(&other.file()));
        if let Some(other) = named(one.file()).filter(same).or_else(alike) {
            taken.push(other.file());
            pairs.push([*one, *other]);
        }
    }
    pairs
}
