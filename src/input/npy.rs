//! Arrays of numbers from `.npy` files, as NumPy writes them.
//!
//! Floats of 32 and 64 bits, in either byte order and either memory order, become an array of
//! doubles; so do whole numbers, where data may be such. Anything else is refused with the NumPy
//! expression that makes it such a file.

use std::io::Read;
use std::path::Path;

use ndarray::{ArrayD, IxDyn, ShapeBuilder};
use ndarray_npy::npy::header::{Header, Layout};

use crate::error::{Error, Result};
use crate::input::{corrupt, open};
use crate::store;

/// Longer headers are refused, as are more brackets in one: the parser would recurse too deeply.
/// NumPy's are of 128 bytes; only structured types need more.
const LONGEST_HEADER: usize = 4096;
const MOST_BRACKETS: usize = 32;
const MAGIC: &[u8] = b"\x93NUMPY";
/// The longest prefix of a file that can belong to its header.
const HEAD: usize = 12 + LONGEST_HEADER;

/// An array and the identity of the file it is from.
#[derive(Clone, Debug)]
pub struct Npy {
    /// The numbers, all finite.
    pub array: ArrayD<f64>,
    /// SHA-256 of the file, in hexadecimal.
    pub sha256: String,
}

/// Reads an array of this shape.
///
/// # Errors
/// [`Error::Io`] when the file cannot be read, [`Error::Corrupt`] when it is no array of floats, of
/// another shape, shorter or longer than its header says, or an entry is not finite.
pub fn read(path: &Path, shape: &[usize]) -> Result<Npy> {
    let (mut file, length) = open(path)?;
    let refuse = |message: String| corrupt(path, message);
    let mut bytes = Vec::new();
    file.by_ref().take(HEAD as u64).read_to_end(&mut bytes).map_err(Error::io(path))?;
    let head = Head::of(&bytes, length, Accepted::Floats).map_err(refuse)?;
    head.check(shape).map_err(refuse)?;
    // As long as the header says, and that is as long as was asked for.
    file.take(length).read_to_end(&mut bytes).map_err(Error::io(path))?;
    if bytes.len() as u64 != length {
        return Err(refuse("changed while it was read".into()));
    }
    let array = head.values(&bytes).map_err(refuse)?;
    Ok(Npy { array, sha256: store::sha256(&bytes) })
}

/// The same from a file's contents; what is wrong with them, otherwise.
///
/// # Errors
/// As for [`read`].
pub fn parse(bytes: &[u8], shape: &[usize]) -> Result<ArrayD<f64>, String> {
    let head = Head::of(&bytes[..bytes.len().min(HEAD)], bytes.len() as u64, Accepted::Floats)?;
    head.check(shape)?;
    head.values(bytes)
}

/// An array of any shape, of floats or whole numbers, from a file's contents.
///
/// # Errors
/// As for [`read`].
pub fn numbers(bytes: &[u8]) -> Result<ArrayD<f64>, String> {
    let prefix = &bytes[..bytes.len().min(HEAD)];
    Head::of(prefix, bytes.len() as u64, Accepted::Numbers)?.values(bytes)
}

/// Which types of numbers are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Accepted {
    Floats,
    /// And whole numbers, and truth values as 0 and 1.
    Numbers,
}

/// What a header says, when it agrees with the length of its file.
#[derive(Debug)]
struct Head {
    /// Where the numbers begin.
    start: usize,
    shape: Vec<usize>,
    fortran: bool,
    /// What a number is: `f`, `i` or `u`, and its bytes.
    number: (char, usize),
    big_endian: bool,
}

impl Head {
    /// `prefix`: the file's first bytes, at least [`HEAD`] if there are so many; `length`: those of
    /// the whole file.
    fn of(prefix: &[u8], length: u64, accepted: Accepted) -> Result<Self, String> {
        let start = header_end(prefix, length)?;
        let header = &prefix[..start];
        if header.iter().filter(|byte| b"([{".contains(byte)).count() > MOST_BRACKETS {
            return Err(wrong_type("holds records (a structured dtype)", "a[\"field\"]"));
        }
        let header = Header::from_reader(&mut &*header)
            .map_err(|error| format!("is no .npy file: {error}"))?;
        let Some(dtype) = header.type_descriptor.as_string() else {
            return Err(wrong_type("holds records (a structured dtype)", "a[\"field\"]"));
        };
        let (number, big_endian) = number(dtype, accepted)?;
        let size = number.1;
        let numbers = header
            .shape
            .iter()
            .try_fold(1_u64, |product, &size| product.checked_mul(u64::try_from(size).ok()?));
        let promised =
            numbers.and_then(|numbers| numbers.checked_mul(size as u64)?.checked_add(start as u64));
        if promised != Some(length) {
            let promised =
                promised.map_or_else(|| "more bytes than can be".into(), |n| format!("{n} bytes"));
            return Err(format!(
                "has {length} bytes, but its header promises {} numbers of {size} bytes, which \
                 makes {promised}: save it again",
                describe(&header.shape)
            ));
        }
        Ok(Self {
            start,
            shape: header.shape,
            fortran: header.layout == Layout::Fortran,
            number,
            big_endian,
        })
    }

    fn check(&self, shape: &[usize]) -> Result<(), String> {
        if self.shape == shape {
            return Ok(());
        }
        Err(format!("is {} instead of {}", describe(&self.shape), describe(shape)))
    }

    /// The numbers of the file with these contents.
    fn values(&self, bytes: &[u8]) -> Result<ArrayD<f64>, String> {
        let numbers = bytes.get(self.start..).unwrap_or_default();
        let swapped = self.big_endian;
        let values: Vec<f64> = match self.number {
            ('f', 4) => convert(numbers, swapped, |bytes| f32::from_le_bytes(bytes).into()),
            ('i', 1) => convert(numbers, swapped, |bytes| i8::from_le_bytes(bytes).into()),
            ('i', 2) => convert(numbers, swapped, |bytes| i16::from_le_bytes(bytes).into()),
            ('i', 4) => convert(numbers, swapped, |bytes| i32::from_le_bytes(bytes).into()),
            ('i', _) => convert(numbers, swapped, |bytes| i64::from_le_bytes(bytes) as f64),
            ('u', 1) => convert(numbers, swapped, |bytes| u8::from_le_bytes(bytes).into()),
            ('u', 2) => convert(numbers, swapped, |bytes| u16::from_le_bytes(bytes).into()),
            ('u', 4) => convert(numbers, swapped, |bytes| u32::from_le_bytes(bytes).into()),
            ('u', _) => convert(numbers, swapped, |bytes| u64::from_le_bytes(bytes) as f64),
            _ => convert(numbers, swapped, f64::from_le_bytes),
        };
        let shape = IxDyn(&self.shape).set_f(self.fortran);
        let array = ArrayD::from_shape_vec(shape, values).map_err(|error| error.to_string())?;
        match array.indexed_iter().find(|(_, value)| !value.is_finite()) {
            Some((index, value)) => Err(format!(
                "entry {:?} is {}; every entry must be a finite number",
                ndarray::Dimension::slice(&index),
                if value.is_nan() { "NaN".to_owned() } else { value.to_string() }
            )),
            None if self.fortran => Ok(array.as_standard_layout().into_owned()),
            None => Ok(array),
        }
    }
}

/// Numbers of N bytes each, least significant first unless they are swapped.
fn convert<const N: usize>(
    bytes: &[u8],
    swapped: bool,
    number: impl Fn([u8; N]) -> f64,
) -> Vec<f64> {
    let of = |bytes: &[u8; N]| {
        let mut bytes = *bytes;
        if swapped {
            bytes.reverse();
        }
        number(bytes)
    };
    bytes.as_chunks().0.iter().map(of).collect()
}

/// Where the header of a file ends.
fn header_end(prefix: &[u8], length: u64) -> Result<usize, String> {
    if length == 0 {
        return Err("is empty".into());
    }
    if !prefix.starts_with(MAGIC) {
        let hint = match prefix {
            [b'P', b'K', ..] => {
                ": it looks like an .npz archive or a file of torch.save; write one array with \
                 np.save(\"V.npy\", V)"
            }
            [0x80, ..] => ": it looks like a pickle; write the array with np.save(\"V.npy\", V)",
            _ => "; write it with np.save(\"V.npy\", V)",
        };
        return Err(format!("is no .npy file{hint}"));
    }
    let end = match prefix {
        [_, _, _, _, _, _, 1, _, low, high, ..] => {
            10 + usize::from(u16::from_le_bytes([*low, *high]))
        }
        [_, _, _, _, _, _, 2 | 3, _, a, b, c, d, ..] => {
            usize::try_from(u32::from_le_bytes([*a, *b, *c, *d]))
                .map_or(usize::MAX, |n| n.saturating_add(12))
        }
        [_, _, _, _, _, _, version, ..] if !(1..=3).contains(version) => {
            return Err(format!("is an .npy file of version {version}; 1 to 3 are known"));
        }
        _ => return Err(format!("is truncated: it ends in the header, after {length} bytes")),
    };
    if end as u64 > length {
        return Err(format!(
            "is truncated: its header alone is of {end} bytes, the file of {length}"
        ));
    }
    if end > prefix.len() {
        return Err(format!("has a header of {end} bytes; at most {LONGEST_HEADER} are read"));
    }
    Ok(end)
}

/// What numbers a dtype describes, and whether their most significant byte is first.
fn number(dtype: &str, accepted: Accepted) -> Result<((char, usize), bool), String> {
    let (order, kind) = match dtype.split_at_checked(1) {
        Some((order @ ("<" | ">" | "=" | "|"), kind)) => (order, kind),
        _ => ("=", dtype),
    };
    let big_endian = order == ">" || order == "=" && cfg!(target_endian = "big");
    let known = |what: &str, mend: &str| Err(wrong_type(&format!("holds {what} ({dtype})"), mend));
    match kind {
        "f8" => Ok((('f', 8), big_endian)),
        "f4" => Ok((('f', 4), big_endian)),
        "b1" if accepted == Accepted::Numbers => Ok((('u', 1), big_endian)),
        "i1" | "i2" | "i4" | "i8" | "u1" | "u2" | "u4" | "u8" if accepted == Accepted::Numbers => {
            let (sign, size) = kind.split_at(1);
            let sign = if sign == "i" { 'i' } else { 'u' };
            Ok(((sign, size.parse().unwrap_or(8)), big_endian))
        }
        "f2" => known("half-precision floats", "a.astype(np.float64)"),
        "b1" => known("truth values", "a.astype(np.float64)"),
        _ => match kind.chars().next() {
            Some('i' | 'u') => known("integers", "a.astype(np.float64)"),
            Some('f') => known("floats of another precision", "a.astype(np.float64)"),
            Some('c') => known(
                "complex numbers",
                "a.real, or take eigenvectors from np.linalg.eigh, which keeps them real",
            ),
            Some('O') => known(
                "Python objects, which are never loaded",
                "np.array(a.tolist(), dtype=np.float64)",
            ),
            Some('U' | 'S' | 'a') => known("texts", "a.astype(np.float64)"),
            _ => known("something else than numbers", "a.astype(np.float64)"),
        },
    }
}

fn wrong_type(what: &str, mend: &str) -> String {
    format!("{what}; expected floats of 32 or 64 bits: save {mend}")
}

/// "5 × 5", "a vector of 5", "a single number".
fn describe(shape: &[usize]) -> String {
    match shape {
        [] => "a single number".into(),
        [size] => format!("a vector of {size}"),
        shape => shape.iter().map(usize::to_string).collect::<Vec<_>>().join(" × "),
    }
}

#[cfg(test)]
mod tests;
