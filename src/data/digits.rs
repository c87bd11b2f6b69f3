//! UCI "Optical Recognition of Handwritten Digits" (E. Alpaydin and C. Kaynak, 1998; CC BY 4.0),
//! part of the program: 8 × 8 images with pixels 0…16, ten classes.
//!
//! Training: the 3823 examples of the data set's training file. Validation and test: 598 and 1199
//! of the 1797 in its test file, stratified (sizes: paper; rule: authors' code); which ones, a seed
//! says.

use std::io::Read;
use std::path::PathBuf;

use flate2::read::MultiGzDecoder;
use ndarray::Array2;
use ndarray_rand::rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::files::sha256;
use super::split::stratified;
use super::{DataSet, Examples, Targets};
use crate::error::{Error, Result};

/// Pixels of an image.
pub const PIXELS: usize = 64;
/// Examples in the training set.
pub const TRAINING_EXAMPLES: usize = 3823;
/// Examples in all sets.
pub const EXAMPLES: usize = 5620;
/// Number of classes.
pub const CLASSES: usize = 10;

const VALIDATION: usize = 598;

/// One of the two files, compressed, with the SHA-256 of its text.
struct File {
    name: &'static str,
    compressed: &'static [u8],
    sha256: &'static str,
}

const TRAINING: File = File {
    name: "optdigits.tra",
    compressed: include_bytes!("../../data/optdigits.tra.gz"),
    sha256: "e1b683cc211604fe8fd8c4417e6a69f31380e0c61d4af22e93cc21e9257ffedd",
};
const TEST: File = File {
    name: "optdigits.tes",
    compressed: include_bytes!("../../data/optdigits.tes.gz"),
    sha256: "6ebb3d2fee246a4e99363262ddf8a00a3c41bee6014c373ed9d9216ba7f651b8",
};

/// Name and SHA-256 (of the uncompressed text) of each file.
pub fn files() -> Vec<(String, String)> {
    [TRAINING, TEST].map(|file| (file.name.to_owned(), file.sha256.to_owned())).into()
}

/// Unpacks the digits; pixels are not scaled. `split_seed` decides which examples are for validation
/// and which for tests.
///
/// # Errors
/// When the copy inside the program is damaged.
pub fn load(split_seed: u64) -> Result<DataSet<f64>> {
    let training = read(&TRAINING)?;
    let rest = read(&TEST)?;
    let Targets::Classes { labels, .. } = rest.targets() else {
        unreachable!("digits have classes");
    };
    let mut rng = ChaCha8Rng::seed_from_u64(split_seed);
    let (validation, test) = stratified(labels, VALIDATION, &mut rng);
    Ok(DataSet {
        training,
        validation: Some(rest.select(&validation)),
        test: Some(rest.select(&test)),
    })
}

fn read(file: &File) -> Result<Examples<f64>> {
    let damaged = |what: String| Error::Corrupt {
        path: PathBuf::from(file.name),
        message: format!("the copy inside this program is damaged ({what}); build it again"),
    };
    let mut text = String::new();
    MultiGzDecoder::new(file.compressed)
        .read_to_string(&mut text)
        .map_err(|error| damaged(error.to_string()))?;
    let found = sha256(text.as_bytes());
    if found != file.sha256 {
        return Err(damaged(format!("sha256 {found} instead of {}", file.sha256)));
    }
    parse(&text).map_err(damaged)
}

/// Lines of 64 pixels and a label.
fn parse(text: &str) -> Result<Examples<f64>, String> {
    let (mut pixels, mut labels) = (Vec::new(), Vec::new());
    for (number, line) in text.lines().enumerate() {
        let fields: Vec<u8> = line
            .split(',')
            .map(str::parse)
            .collect::<Result<_, _>>()
            .map_err(|error| format!("line {}: {error}", number + 1))?;
        match fields.split_last() {
            Some((&label, image)) if image.len() == PIXELS && usize::from(label) < CLASSES => {
                pixels.extend(image.iter().copied().map(f64::from));
                labels.push(usize::from(label));
            }
            _ => return Err(format!("line {} is not 64 pixels and a digit", number + 1)),
        }
    }
    let inputs = Array2::from_shape_vec((labels.len(), PIXELS), pixels)
        .expect("64 pixels were taken from every line");
    Ok(Examples::new(inputs, Targets::Classes { labels, classes: CLASSES }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(examples: &Examples<f64>) -> [usize; CLASSES] {
        let Targets::Classes { labels, .. } = examples.targets() else { unreachable!() };
        let mut counts = [0; CLASSES];
        for &label in labels {
            counts[label] += 1;
        }
        counts
    }

    #[test]
    fn the_digits_are_those_of_the_data_sets_description() {
        let data = load(0).unwrap();
        let (validation, test) = (data.validation.unwrap(), data.test.unwrap());
        assert_eq!(data.training.inputs().dim(), (TRAINING_EXAMPLES, PIXELS));
        assert_eq!(data.training.len() + validation.len() + test.len(), EXAMPLES);
        assert_eq!(validation.inputs().dim(), (598, PIXELS));
        assert_eq!(test.inputs().dim(), (1199, PIXELS));
        assert_eq!(counts(&data.training), [376, 389, 380, 389, 387, 376, 377, 387, 380, 382]);
        let (validation_counts, test_counts) = (counts(&validation), counts(&test));
        for (class, total) in
            [178, 182, 177, 183, 181, 182, 181, 179, 174, 180].into_iter().enumerate()
        {
            assert_eq!(validation_counts[class] + test_counts[class], total);
            let exact = total as f64 * 598.0 / 1797.0;
            assert!((validation_counts[class] as f64 - exact).abs() < 1.0);
        }
        assert!(data.training.inputs().iter().all(|&x| (0.0..=16.0).contains(&x)));
        // Spec §6: two pixels are 0 in every training image.
        let dark = (0..PIXELS).filter(|&p| data.training.inputs().column(p).sum() == 0.0).count();
        assert_eq!(dark, 2);
    }

    #[test]
    fn the_split_of_a_seed_never_changes() {
        let (one, two, other) = (load(0).unwrap(), load(0).unwrap(), load(342).unwrap());
        assert_eq!(one, two);
        assert_eq!(one.training, other.training);
        assert_ne!(one.validation, other.validation);
        let validation = one.validation.unwrap();
        let weights = (1..).map(f64::from);
        let checksum: f64 =
            validation.inputs().rows().into_iter().zip(weights).map(|(x, w)| x.sum() * w).sum();
        insta::assert_snapshot!(checksum, @"55736413");
    }

    #[test]
    fn lines_that_are_not_digits_are_refused() {
        let line = format!("{}7", "0,".repeat(64));
        assert_eq!(parse(&line).unwrap().len(), 1);
        for bad in ["", "1,2,3", "x", &format!("{line},7"), &line.replace('7', "10")] {
            assert!(parse(&format!("{line}\n{bad}\n")).unwrap_err().contains("line 2"), "{bad}");
        }
    }
}
