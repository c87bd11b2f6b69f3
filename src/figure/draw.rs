//! Drawing an experiment's figures.

use std::panic::{AssertUnwindSafe, catch_unwind};

use rayon::prelude::*;

use super::spec::Spec;
use super::tables::ResultTables;
use crate::drawing::canvas::{Drawing, FORMATS};
use crate::drawing::page::Page;
use crate::error::{Error, Result};

/// What became of an experiment's figures.
#[derive(Debug, Default)]
pub struct DrawReport {
    /// Their names, and what they show.
    pub pages: Vec<(String, Page)>,
    /// Names and contents of their files, where these were drawn.
    pub files: Vec<(String, Vec<u8>)>,
    /// Figures that could not be drawn, and why: where every learning rate diverged, say, there are
    /// no curves.
    pub missing: Vec<(String, Error)>,
}

/// The names of the files of figures.
pub fn outputs(figures: &[Box<dyn Spec>]) -> impl Iterator<Item = String> {
    figures
        .iter()
        .flat_map(|figure| FORMATS.map(|extension| format!("{}.{extension}", figure.file())))
}

/// Draws the figures with the names `only`, or all if there are none, from tables. One that cannot
/// be drawn does not keep the others from it.
///
/// # Errors
/// [`Error::Usage`] for a name that no figure has.
pub fn draw(
    figures: &[Box<dyn Spec>],
    tables: &ResultTables,
    only: &[String],
) -> Result<DrawReport> {
    let known: Vec<&str> = figures.iter().map(|figure| figure.file()).collect();
    if let Some(unknown) = only.iter().find(|name| !known.contains(&name.as_str())) {
        let message = format!("there is no figure {unknown:?}; there are {}", known.join(", "));
        return Err(Error::Usage(message));
    }
    let wanted =
        |figure: &&dyn Spec| only.is_empty() || only.iter().any(|name| name == figure.file());
    Ok(each(figures.iter().map(|figure| &**figure).filter(wanted), tables, Page::render))
}

/// What the figures show, without their files.
pub fn pages(figures: &[Box<dyn Spec>], tables: &ResultTables) -> DrawReport {
    each(figures.iter().map(|figure| &**figure), tables, |_| Ok(Vec::new()))
}

fn each<'a>(
    figures: impl Iterator<Item = &'a dyn Spec>,
    tables: &ResultTables,
    render: impl Fn(&Page) -> Result<Vec<Drawing>> + Sync,
) -> DrawReport {
    let figures: Vec<&dyn Spec> = figures.collect();
    tables.prepare(&figures.iter().flat_map(|figure| figure.tables()).copied().collect());
    let drawn = |figure: &&dyn Spec| {
        let page = figure.page(tables)?;
        render(&page).map(|drawings| (page, drawings))
    };
    let drawn: Vec<Result<(Page, Vec<Drawing>)>> =
        figures.par_iter().map(|figure| guarded(|| drawn(figure))).collect();
    let mut report = DrawReport::default();
    for (figure, drawn) in figures.iter().zip(drawn) {
        let name = figure.file();
        match drawn {
            Ok((page, drawings)) => {
                report.files.extend(
                    (drawings.into_iter())
                        .map(|drawing| (format!("{name}.{}", drawing.extension), drawing.bytes)),
                );
                report.pages.push((name.to_owned(), page));
            }
            Err(error) => report.missing.push((name.to_owned(), error)),
        }
    }
    report
}

/// The figure that a name means: the one of this name, or the only one whose name begins with it.
///
/// # Errors
/// [`Error::Usage`] when there is none, or more than one.
pub fn find<'a>(figures: &'a [Box<dyn Spec>], name: &str) -> Result<&'a dyn Spec> {
    let list = |names: &[&dyn Spec]| {
        names.iter().map(|figure| figure.file()).collect::<Vec<_>>().join(", ")
    };
    let all: Vec<&dyn Spec> = figures.iter().map(|figure| &**figure).collect();
    let exact = all.iter().find(|figure| figure.file() == name);
    let begun: Vec<&dyn Spec> =
        all.iter().copied().filter(|figure| figure.file().starts_with(name)).collect();
    match (exact, &begun[..]) {
        (Some(figure), _) | (None, [figure]) => Ok(*figure),
        (None, []) => {
            let message = format!("there is no figure {name:?}; there are {}", list(&all));
            Err(Error::Usage(message))
        }
        (None, several) => {
            let message = format!("figure {name:?} may be any of {}", list(several));
            Err(Error::Usage(message))
        }
    }
}

/// The page of the figure that a name means.
///
/// # Errors
/// As [`find`], and as [`Spec::page`].
pub fn page(figures: &[Box<dyn Spec>], tables: &ResultTables, name: &str) -> Result<Page> {
    let figure = find(figures, name)?;
    guarded(|| figure.page(tables))
}

/// A panic costs one figure.
fn guarded<T>(draw: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(draw))
        .unwrap_or_else(|_| Err(Error::Drawing("the program panicked; please report it".into())))
}
