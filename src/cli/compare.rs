//! `egop-plot --compare A B`: two results folders side by side.

use std::path::Path;

use crate::cli::args::PlotArgs;
use crate::cli::outcome::{Abort, Status, print};
use crate::cli::results_folder::{self, Opened};
use crate::cli::{pages, text};
use crate::error::{Error, Result};
use crate::figure;
use crate::record::{ClaimRow, RateRow};
use crate::report;
use crate::store::{Table, write_standalone};
use crate::summary::{Comparison, Side};

/// What the two folders are called.
const NAMES: [&str; 2] = ["A", "B"];

/// Prints what differs, and writes it as a page if that is asked for.
pub(super) fn compare(arguments: &PlotArgs) -> Result<Status, Abort> {
    let [a, b] = &arguments.results[..] else {
        return Err(Error::Usage("--compare takes two results folders".into()).into());
    };
    if let Some(out) = &arguments.out {
        pages::check_page("--out", out)?;
    }
    let opened = [open(a)?, open(b)?];
    let [left, right] = &opened;
    let comparison = Comparison::of([left.side()?, right.side()?]);
    if let Some(out) = &arguments.out {
        let overlays = figure::overlays(
            NAMES,
            [left, right].map(|one| &one.opened.figures[..]),
            [left, right].map(|one| &one.opened.tables),
        )?;
        write_standalone(out, report::comparison(&comparison, &overlays)?.as_bytes())?;
    }
    if arguments.json {
        print(&text::json(&comparison))?;
    } else if !arguments.quiet {
        print(&text::comparison(&comparison))?;
        if let Some(out) = &arguments.out {
            print(&written(out))?;
        }
    }
    Ok(Status::Done)
}

fn written(out: &Path) -> String {
    format!("{}: the comparison with overlaid curves\n", out.display())
}

/// A folder with its tables.
struct Compared {
    name: String,
    opened: Opened,
}

fn open(folder: &Path) -> Result<Compared> {
    let opened = results_folder::open(folder)?;
    let name = folder.display().to_string();
    if opened.is_study {
        let message = format!(
            "--compare {name}: is of a study, and two experiments are compared; a point of it, \
             {name}/points/…, is one"
        );
        return Err(Error::Usage(message));
    }
    Ok(Compared { name, opened })
}

impl Compared {
    fn side(&self) -> Result<Side<'_>> {
        let Self { name, opened: Opened { heading, settings, tables, .. } } = self;
        let rates = if tables.has(RateRow::FILE)? { tables.learning_rates()? } else { &[] };
        let claims = if tables.has(ClaimRow::FILE)? { tables.claims()? } else { &[] };
        Ok(Side {
            folder: name,
            name: &heading.name,
            title: &heading.title,
            profile: heading.profile.as_deref(),
            settings,
            rates,
            claims,
        })
    }
}
