//! Tables of numbers in the formats that data come in: `.npy`, CSV and IDX, each as it is or
//! compressed with gzip. Which one a file is, its contents tell; what is called `.npy` must be one.

use std::borrow::Cow;
use std::io::Read;
use std::path::Path;

use flate2::read::MultiGzDecoder;
use ndarray::{Array2, ArrayD};

use crate::error::Error;
use crate::input::{self, idx, npy};
use crate::store;

/// Bytes of the largest file that is read, and of what a compressed one may become.
const LARGEST: u64 = 4 << 30;
const GZIP: &[u8] = &[0x1f, 0x8b];
/// IDX files of unsigned bytes.
const IDX: &[u8] = &[0, 0, 8];
/// Files that the reader of `.npy` files knows what to say of: those themselves, archives, pickles.
const NUMPY: [&[u8]; 3] = [b"\x93NUMPY", b"PK", b"\x80"];

/// Rows of numbers, all finite, and the identity of the file that they are from.
#[derive(Clone, Debug)]
pub struct Table {
    /// Rows × columns, at least one row.
    pub numbers: Array2<f64>,
    /// SHA-256 of the file as it lies there, in hexadecimal.
    pub sha256: String,
    /// The line of each row, from 1, in a file that has lines.
    lines: Vec<u64>,
}

impl Table {
    /// Where a row (from 0) is in the file, in words.
    pub fn place(&self, row: usize) -> String {
        match self.lines.get(row) {
            Some(line) => format!("line {line}"),
            None => format!("row [{row}]"),
        }
    }
}

/// Reads a table with rows of so many numbers; the dimensions of an array after its first one are one
/// row.
///
/// # Errors
/// What is wrong: the file cannot be read, is in another format, damaged or empty, a row has fewer or
/// more numbers, or one of them is not finite.
pub fn read(path: &Path, columns: usize) -> Result<Table, String> {
    let bytes = input::read(path, LARGEST).map_err(|error| match error {
        Error::Io { source, .. } => format!("cannot be read: {source}"),
        Error::Corrupt { message, .. } => message,
        other => other.to_string(),
    })?;
    let contents = match bytes.starts_with(GZIP) {
        true => Cow::from(decompressed(&bytes)?),
        false => Cow::from(&bytes),
    };
    let (numbers, lines) = if is_called_npy(path) {
        (rows(npy::numbers(&contents)?, columns)?, Vec::new())
    } else {
        parse(&contents, columns)?
    };
    if numbers.nrows() == 0 {
        return Err("has no rows".into());
    }
    Ok(Table { numbers, sha256: store::sha256(&bytes), lines })
}

/// Whether the name promises an array of NumPy's: another format must be a mistake.
fn is_called_npy(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
    name.ends_with(".npy") || name.ends_with(".npy.gz")
}

fn decompressed(compressed: &[u8]) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let read = MultiGzDecoder::new(compressed).take(LARGEST + 1).read_to_end(&mut bytes);
    read.map_err(|error| format!("cannot be decompressed: {error}"))?;
    if bytes.len() as u64 > LARGEST {
        return Err(format!("has more than {LARGEST} bytes uncompressed"));
    }
    Ok(bytes)
}

/// The rows of a file with these contents, and their lines if it has any.
fn parse(bytes: &[u8], columns: usize) -> Result<(Array2<f64>, Vec<u64>), String> {
    if bytes.is_empty() {
        return Err("is empty".into());
    }
    if NUMPY.iter().any(|magic| bytes.starts_with(magic)) {
        return Ok((rows(npy::numbers(bytes)?, columns)?, Vec::new()));
    }
    if bytes.starts_with(IDX) {
        let (shape, start) = idx::check(bytes)?;
        let values = bytes[start..].iter().map(|&byte| f64::from(byte)).collect();
        let array = ArrayD::from_shape_vec(shape, values).map_err(|error| error.to_string())?;
        return Ok((rows(array, columns)?, Vec::new()));
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => csv(text, columns),
        Err(_) => Err("is neither .npy, nor IDX of unsigned bytes, nor CSV in UTF-8".into()),
    }
}

/// An array as rows of so many numbers.
fn rows(array: ArrayD<f64>, columns: usize) -> Result<Array2<f64>, String> {
    let shape = array.shape().to_vec();
    let Some((&count, rest)) = shape.split_first() else {
        return Err("is a single number; expected rows".into());
    };
    let found: usize = rest.iter().product();
    if found != columns {
        let shape: Vec<String> = shape.iter().map(usize::to_string).collect();
        return Err(format!(
            "is {}: {found} in each row; expected {columns}",
            if rest.is_empty() { format!("a vector of {count}") } else { shape.join(" × ") }
        ));
    }
    array.into_shape_with_order((count, columns)).map_err(|error| error.to_string())
}

/// Lines of numbers with commas between them; a first line without any number is a heading.
fn csv(text: &str, columns: usize) -> Result<(Array2<f64>, Vec<u64>), String> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let (mut numbers, mut lines) = (Vec::new(), Vec::new());
    let mut reader = csv::ReaderBuilder::new();
    reader.has_headers(false).flexible(true).trim(csv::Trim::All);
    for (index, record) in reader.from_reader(text.as_bytes()).into_records().enumerate() {
        let record = record.map_err(|error| format!("is no CSV: {error}"))?;
        let line = record.position().map_or(0, csv::Position::line);
        if index == 0 && record.iter().all(|field| field.parse::<f64>().is_err()) {
            continue;
        }
        if record.len() != columns {
            let hint = match record.get(0) {
                Some(only) if record.len() == 1 && only.contains([' ', ';', '\t']) => {
                    ", with commas between them"
                }
                _ => "",
            };
            let noun = if record.len() == 1 { "field" } else { "fields" };
            return Err(format!(
                "line {line} has {} {noun}; expected {columns}{hint}",
                record.len()
            ));
        }
        for (column, field) in record.iter().enumerate() {
            match field.parse::<f64>() {
                Ok(number) if number.is_finite() => numbers.push(number),
                _ => {
                    return Err(format!(
                        "line {line}, field {} is {field:?}; expected a finite number",
                        column + 1
                    ));
                }
            }
        }
        lines.push(line);
    }
    let rows = Array2::from_shape_vec((lines.len(), columns), numbers)
        .expect("each line gave so many numbers");
    Ok((rows, lines))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;
    use ndarray::{Array1, Array3, arr2};
    use ndarray_npy::WriteNpyExt;

    use super::*;

    fn found(bytes: &[u8], columns: usize) -> Result<Table, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        std::fs::write(&path, bytes).unwrap();
        read(&path, columns)
    }

    fn npy(array: &impl WriteNpyExt) -> Vec<u8> {
        let mut bytes = Vec::new();
        array.write_npy(&mut bytes).unwrap();
        bytes
    }

    fn gzipped(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn the_same_rows_are_read_from_every_format() {
        let expected = arr2(&[[1.0, 2.0], [3.0, 4.0], [5.0, 250.0]]);
        let values = expected.iter().map(|&x| x as u8);
        let idx: Vec<u8> = [0, 0, 8, 2, 0, 0, 0, 3, 0, 0, 0, 2].into_iter().chain(values).collect();
        let files = [
            npy(&expected),
            npy(&expected.mapv(|x| x as f32)),
            npy(&expected.mapv(|x| x as i64)),
            npy(&expected.mapv(|x| x as u8)),
            npy(&expected.t().as_standard_layout().into_owned().reversed_axes()),
            idx,
            b"1,2\n3,4\n5,250\n".to_vec(),
            b"\xef\xbb\xbfa , b\r\n1.0, 2e0\r\n\r\n+3,4\r\n5,\"250\"".to_vec(),
        ];
        for file in files {
            assert_eq!(found(&file, 2).unwrap().numbers, expected);
            let compressed = gzipped(&file);
            let table = found(&compressed, 2).unwrap();
            assert_eq!(table.numbers, expected);
            assert_eq!(table.sha256, store::sha256(&compressed));
        }
        let flags = [true, false];
        assert_eq!(
            found(&npy(&Array1::from(flags.to_vec())), 1).unwrap().numbers,
            arr2(&[[1.0], [0.0]])
        );
        assert_eq!(found(&npy(&Array3::<f64>::ones((2, 3, 4))), 12).unwrap().numbers.nrows(), 2);
        let swapped = [&npy(&Array1::<u16>::zeros(1))[..128], &[1, 2]].concat();
        let swapped = String::from_utf8_lossy(&swapped[6..128]).replace("<u2", ">u2");
        let swapped = [b"\x93NUMPY", swapped.as_bytes(), &[1, 2]].concat();
        assert_eq!(found(&swapped, 1).unwrap().numbers, arr2(&[[258.0]]));
    }

    #[test]
    fn what_is_called_npy_must_be_one() {
        let folder = tempfile::tempdir().unwrap();
        for (name, bytes) in [("a.npy", b"1,2\n".to_vec()), ("A.NPY.gz", gzipped(b"1,2\n"))] {
            let path = folder.path().join(name);
            std::fs::write(&path, bytes).unwrap();
            let refused = read(&path, 2).unwrap_err();
            assert!(refused.starts_with("is no .npy file; write it with np.save"), "{refused}");
        }
    }

    #[test]
    fn a_row_has_a_place() {
        let table = found(b"x\n\n1\n2\n", 1).unwrap();
        assert_eq!(table.place(1), "line 4");
        assert_eq!(found(&npy(&Array1::<f64>::ones(2)), 1).unwrap().place(1), "row [1]");
    }

    #[test]
    fn what_is_no_such_table_is_refused_with_its_place() {
        let matrix = Array2::<f64>::ones((2, 3));
        let mut spoilt = matrix.clone();
        spoilt[(1, 2)] = f64::INFINITY;
        for (bytes, message) in [
            (b"".to_vec(), "is empty"),
            (b"a,b,c\n".to_vec(), "has no rows"),
            (b"1,2,3\n4,5\n".to_vec(), "line 2 has 2 fields; expected 3"),
            (b"1 2 3\n4 5 6\n".to_vec(), "line 2 has 1 field; expected 3, with commas"),
            (b"1,2,3\n4,x,6\n".to_vec(), "line 2, field 2 is \"x\"; expected a finite number"),
            (b"1,2,3\n4,,6\n".to_vec(), "line 2, field 2 is \"\""),
            (b"1,2,3\n4,nan,6\n".to_vec(), "line 2, field 2 is \"nan\""),
            (npy(&Array2::<f64>::ones((2, 4))), "is 2 × 4: 4 in each row; expected 3"),
            (npy(&Array1::<f64>::ones(3)), "is a vector of 3: 1 in each row; expected 3"),
            (npy(&spoilt), "entry [1, 2] is inf"),
            (npy(&matrix)[..150].to_vec(), "save it again"),
            (b"PK\x03\x04".to_vec(), "torch.save"),
            (vec![0, 0, 8, 2, 0, 0, 0, 9], "truncated"),
            (vec![0, 0, 9, 2, 0xff], "neither .npy"),
            (gzipped(b"1,2,3\n")[..12].to_vec(), "cannot be decompressed"),
        ] {
            let error = found(&bytes, 3).unwrap_err();
            assert!(error.contains(message), "{error}");
        }
        let absent = read(Path::new("/absent.npy"), 3).unwrap_err();
        assert!(absent.starts_with("cannot be read: No such file"), "{absent}");
    }
}
