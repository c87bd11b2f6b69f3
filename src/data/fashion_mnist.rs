//! Fashion-MNIST (H. Xiao, K. Rasul and R. Vollgraf, 2017; MIT licence), from its four IDX files,
//! compressed or not.
//!
//! As in the paper, by default only the first four classes are used, and the 28 × 28 images are
//! max-pooled 2 × 2 to 196 pixels; they are scaled to (x/255 − 0.5)/0.5 (authors' code). Training:
//! 24000 examples. Validation: the first 1000 of the 4000 test images of those classes; test: the
//! other 3000. Of other classes it is the first quarter of their test images too.

use std::ffi::{OsStr, OsString};
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;
use ndarray::Array2;

use super::files::sha256;
use super::{DataSet, Examples, Targets};
use crate::error::{Error, Result};
use crate::input;
use crate::input::idx::Idx;

/// Number of classes that there are.
pub const CLASSES: usize = 10;

const SIDE: usize = 28;
const POOLED: usize = SIDE / 2;
/// Training images of a class.
const TRAINING_PER_CLASS: usize = 6000;
/// Bytes of the largest file, about: 60000 images.
const LARGEST: u64 = 48_000_000;

/// Where Debian's package `dataset-fashion-mnist` puts the files.
const DEBIAN: &str = "/usr/share/datasets/fashion-mnist";
/// Where `scripts/fetch-fashion-mnist` puts them when there is no such package.
const FETCHED: &str = "data/fashion-mnist";
const COMMAND: &str = "scripts/fetch-fashion-mnist";
/// What puts them to the usual places; whoever has only the programs has no script.
const COMMANDS: &str = "scripts/fetch-fashion-mnist` in the repository or, on Debian and Ubuntu, `apt-get \
                        install dataset-fashion-mnist";

/// One of the four files, with the SHA-256 of its uncompressed content.
struct File {
    name: &'static str,
    dimensions: usize,
    sha256: &'static str,
}

const TRAINING_IMAGES: File = File {
    name: "train-images-idx3-ubyte",
    dimensions: 3,
    sha256: "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
};
const TRAINING_LABELS: File = File {
    name: "train-labels-idx1-ubyte",
    dimensions: 1,
    sha256: "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
};
const TEST_IMAGES: File = File {
    name: "t10k-images-idx3-ubyte",
    dimensions: 3,
    sha256: "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
};
const TEST_LABELS: File = File {
    name: "t10k-labels-idx1-ubyte",
    dimensions: 1,
    sha256: "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
};
const FILES: [&File; 4] = [&TRAINING_IMAGES, &TRAINING_LABELS, &TEST_IMAGES, &TEST_LABELS];

/// Name and SHA-256 (of the uncompressed content) of each file.
pub fn files() -> Vec<(String, String)> {
    FILES.map(|file| (file.name.to_owned(), file.sha256.to_owned())).into()
}

/// Which images are used, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selection {
    /// The classes, below [`CLASSES`] and distinct; a model numbers them by their places here.
    pub classes: Vec<usize>,
    /// Whether images are max-pooled 2 × 2.
    pub pooled: bool,
}

impl Default for Selection {
    /// That of the paper.
    fn default() -> Self {
        Self { classes: vec![0, 1, 2, 3], pooled: true }
    }
}

impl Selection {
    /// Pixels of an image.
    pub const fn pixels(&self) -> usize {
        if self.pooled { POOLED * POOLED } else { SIDE * SIDE }
    }

    /// Examples in the training set.
    pub fn training_examples(&self) -> usize {
        TRAINING_PER_CLASS * self.classes.len()
    }

    /// Examples in all sets: 7000 of each class.
    pub fn all_examples(&self) -> usize {
        7000 * self.classes.len()
    }

    /// The examples of the classes, in the order of the file, pooled or not, and scaled.
    fn examples(&self, images: &[u8], labels: &[u8]) -> Examples<f64> {
        let (mut pixels, mut kept) = (Vec::new(), Vec::new());
        for (image, &label) in images.chunks_exact(SIDE * SIDE).zip(labels) {
            let place = self.classes.iter().position(|&class| class == usize::from(label));
            let Some(place) = place else { continue };
            if self.pooled {
                pixels.extend(pooled(image).map(scaled));
            } else {
                pixels.extend(image.iter().copied().map(scaled));
            }
            kept.push(place);
        }
        let inputs = Array2::from_shape_vec((kept.len(), self.pixels()), pixels)
            .expect("each image that is kept has so many pixels");
        let classes = self.classes.len();
        Examples::new(inputs, Targets::Classes { labels: kept, classes })
    }
}

/// Loads the data set. The files are looked for in `data_dir` when it is given, else in the folder
/// that the environment variable `EGOP_DATA` names when it is set (in both cases: there or in its
/// subfolder `fashion-mnist`), else in `data/fashion-mnist` and where Debian's package
/// `dataset-fashion-mnist` puts them.
///
/// # Errors
/// When a file is missing, truncated, of another format, or not byte for byte the published one;
/// the message names the command that mends it.
pub fn load(selection: &Selection, data_dir: Option<&Path>) -> Result<DataSet<f64>> {
    Folder::find(data_dir, environment().as_deref())?.load(selection)
}

/// The folder in which [`load`] finds the files, for a program that starts elsewhere.
pub fn folder() -> Option<PathBuf> {
    let found = Folder::find(None, environment().as_deref()).ok()?;
    std::path::absolute(found.path).ok()
}

/// The variable of the environment that says where data sets are kept.
const VARIABLE: &str = "EGOP_DATA";

fn environment() -> Option<OsString> {
    std::env::var_os(VARIABLE).filter(|folder| !folder.is_empty())
}

/// The folder that holds the files.
#[derive(Debug)]
struct Folder {
    path: PathBuf,
    /// What puts good files where they will be found.
    command: String,
}

impl Folder {
    fn find(data_dir: Option<&Path>, environment: Option<&OsStr>) -> Result<Self> {
        let (places, command) = places(data_dir, environment);
        let holds_any = |place: &&PathBuf| FILES.iter().any(|file| located(place, file).is_some());
        // A folder that was named and is not there is a mistake of its own.
        if data_dir.is_none()
            && let Some(folder) = environment.map(Path::new).filter(|folder| !folder.is_dir())
        {
            return Err(Error::Usage(format!(
                "the environment variable {VARIABLE} names {}, where there is no folder",
                folder.display()
            )));
        }
        match places.iter().find(holds_any) {
            Some(path) => Ok(Self { path: path.clone(), command }),
            None => Err(Error::DataMissing { data: "Fashion-MNIST", places, command }),
        }
    }

    fn load(&self, selection: &Selection) -> Result<DataSet<f64>> {
        let examples = |images, labels| -> Result<_> {
            Ok(selection.examples(&self.read(images)?, &self.read(labels)?))
        };
        let training = examples(&TRAINING_IMAGES, &TRAINING_LABELS)?;
        let rest = examples(&TEST_IMAGES, &TEST_LABELS)?;
        let rows: Vec<usize> = (0..rest.len()).collect();
        let (validation, test) = rows.split_at(rest.len() / 4);
        Ok(DataSet {
            training,
            validation: Some(rest.select(validation)),
            test: Some(rest.select(test)),
        })
    }

    /// The values that a file holds, without its header.
    fn read(&self, file: &File) -> Result<Vec<u8>> {
        let (path, compressed) = located(&self.path, file).ok_or_else(|| Error::DataMissing {
            data: file.name,
            places: vec![self.path.clone()],
            command: self.command.clone(),
        })?;
        let damaged = |what: String| Error::Corrupt {
            path: path.clone(),
            message: format!("{what}; fetch it again with `{}`", self.command),
        };

        let mut bytes = input::read(&path, LARGEST)?;
        if compressed {
            bytes = decompress(&bytes).map_err(damaged)?;
        }
        let header = check(&bytes, file.dimensions).map_err(damaged)?;
        let found = sha256(&bytes);
        if found != file.sha256 {
            return Err(damaged(format!(
                "the content is not that of Fashion-MNIST (sha256 {found} instead of {})",
                file.sha256
            )));
        }
        bytes.drain(..header);
        Ok(bytes)
    }
}

/// The folders to search, in that order, and the command that puts the files into the first.
fn places(data_dir: Option<&Path>, environment: Option<&OsStr>) -> (Vec<PathBuf>, String) {
    match data_dir.or_else(|| environment.map(Path::new)) {
        Some(folder) => (
            vec![folder.to_owned(), folder.join("fashion-mnist")],
            format!("{COMMAND} --dir '{}'", folder.display()),
        ),
        None => (vec![PathBuf::from(FETCHED), PathBuf::from(DEBIAN)], COMMANDS.to_owned()),
    }
}

/// The path of a file in a folder and whether it is compressed.
fn located(folder: &Path, file: &File) -> Option<(PathBuf, bool)> {
    [(file.name.to_owned(), false), (format!("{}.gz", file.name), true)]
        .into_iter()
        .map(|(name, compressed)| (folder.join(name), compressed))
        .find(|(path, _)| path.is_file())
}

fn decompress(compressed: &[u8]) -> Result<Vec<u8>, String> {
    if compressed.len() > 1 && !compressed.starts_with(&[0x1f, 0x8b]) {
        return Err("the file is not compressed with gzip".into());
    }
    let mut bytes = Vec::new();
    match MultiGzDecoder::new(compressed).take(LARGEST + 1).read_to_end(&mut bytes) {
        Ok(_) if bytes.len() as u64 > LARGEST => {
            Err(format!("the file is too long (more than {LARGEST} bytes uncompressed)"))
        }
        Ok(_) => Ok(bytes),
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => {
            Err("the file is truncated (its compressed data end early)".into())
        }
        Err(error) => Err(format!("the file cannot be decompressed ({error})")),
    }
}

/// Checks the structure of a file with images (three dimensions) or labels (one); returns the
/// length of its header.
fn check(bytes: &[u8], dimensions: usize) -> Result<usize, String> {
    if dimensions == 1 {
        return Idx::<1>::check(bytes).map(|labels| labels.header);
    }
    let Idx { shape: [_, height, width], header } = Idx::<3>::check(bytes)?;
    if (height, width) != (SIDE, SIDE) {
        return Err(format!("the images are {height} × {width} instead of {SIDE} × {SIDE}"));
    }
    Ok(header)
}

/// The maximum of every 2 × 2 square of a 28 × 28 image, row by row.
fn pooled(image: &[u8]) -> impl Iterator<Item = u8> {
    (0..POOLED * POOLED).map(|pixel| {
        let corner = 2 * (pixel / POOLED) * SIDE + 2 * (pixel % POOLED);
        [corner, corner + 1, corner + SIDE, corner + SIDE + 1]
            .map(|index| image[index])
            .into_iter()
            .fold(0, u8::max)
    })
}

fn scaled(pixel: u8) -> f64 {
    (f64::from(pixel) / 255.0 - 0.5) / 0.5
}

#[cfg(test)]
mod tests;
