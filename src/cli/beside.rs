//! `egop-plot DIR DIR … --figure NAME --out FILE`: one figure of several folders, side by side.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::cli::figures::is_unread;
use crate::cli::outcome::{Abort, Status, print, tell};
use crate::cli::results_folder::{self, Opened};
use crate::drawing::canvas::FORMATS;
use crate::drawing::sheet::{MOST_PAGES, side_by_side};
use crate::error::{Error, Result};
use crate::figure;
use crate::store::{check_standalone, write_standalone};

/// Draws the figure that `name` means in each folder, and writes them as one picture.
pub(super) fn draw(
    folders: &[PathBuf],
    name: &str,
    out: &Path,
    quiet: bool,
) -> Result<Status, Abort> {
    extension(out)?;
    if folders.len() > MOST_PAGES {
        let message = format!("at most {MOST_PAGES} folders fit side by side");
        return Err(Error::Usage(message).into());
    }
    check_standalone(out)?;
    let mut opened = Vec::new();
    for folder in folders {
        let one = results_folder::open(folder)?;
        let found = figure::find(&one.figures, name).map(|figure| figure.file().to_owned());
        let found = found.map_err(|why| Error::Usage(format!("{}: {why}", folder.display())))?;
        opened.push((one, found));
    }
    sheet(opened, out, quiet)
}

/// Draws a figure of each of several folders that are open, and writes them as one picture; the parts of
/// one figure in their order.
pub(super) fn sheet(
    mut opened: Vec<(Opened, String)>,
    out: &Path,
    quiet: bool,
) -> Result<Status, Abort> {
    let extension = extension(out)?;
    let letters = match letters(opened.iter().map(|(_, name)| &**name)) {
        Some(mut letters) => {
            opened.sort_by(|(_, one), (_, other)| one.cmp(other));
            letters.sort_unstable();
            letters
        }
        None => ('a'..).take(opened.len()).collect(),
    };
    let mut pages = Vec::new();
    for ((Opened { store, figures, tables, .. }, name), letter) in opened.iter().zip(letters) {
        match figure::page(figures, tables, name) {
            Ok(page) => pages.push((letter, page)),
            Err(error) if is_unread(&error) => return Err(error.into()),
            Err(error) => {
                let folder = store.root().display();
                let out = out.display();
                tell(&format!("{out} was not written: figure {name} of {folder}: {error}"));
                return Ok(Status::Partial);
            }
        }
    }
    let drawings = side_by_side(&pages)?;
    for drawing in drawings.iter().filter(|drawing| drawing.extension == extension) {
        write_standalone(out, &drawing.bytes)?;
    }
    if !quiet {
        let names: Vec<&str> = opened.iter().map(|(_, name)| &**name).collect();
        print(&format!("{}: {}\n", out.display(), names.join(", ")))?;
    }
    Ok(Status::Done)
}

/// The letters that figures have in the paper, where they are parts of one: (c) and (a) of fig5c and fig5a.
fn letters<'a>(names: impl Iterator<Item = &'a str>) -> Option<Vec<char>> {
    let mut letters: Vec<char> = Vec::new();
    let mut figures = BTreeSet::new();
    for name in names {
        let letter = name.chars().last().filter(char::is_ascii_lowercase)?;
        let figure = name.strip_suffix(letter)?.strip_prefix("fig")?;
        if letters.contains(&letter) {
            return None;
        }
        letters.push(letter);
        figures.insert(figure.parse::<u32>().ok()?);
    }
    (figures.len() == 1).then_some(letters)
}

/// The format of a picture, by its name.
fn extension(out: &Path) -> Result<&'static str> {
    let given = out.extension().unwrap_or_default().to_string_lossy();
    FORMATS.into_iter().find(|format| given.eq_ignore_ascii_case(format)).ok_or_else(|| {
        let known = FORMATS.map(|format| format!(".{format}")).join(" or ");
        Error::Usage(format!("--out {}: the name must end with {known}", out.display()))
    })
}

#[cfg(test)]
mod tests {
    use super::letters;

    #[test]
    fn parts_of_a_figure_have_its_letters() {
        let of = |names: &[&'static str]| letters(names.iter().copied());
        assert_eq!(of(&["fig5c", "fig5a"]), Some(vec!['c', 'a']));
        assert_eq!(of(&["fig12b"]), Some(vec!['b']));
        for others in
            [&["fig5a", "fig12a"][..], &["fig5a", "fig5a"], &["fig5", "fig5a"], &["curves"]]
        {
            assert_eq!(of(others), None, "{others:?}");
        }
    }
}
