use ndarray::{Array1, Array2, arr2};
use ndarray_npy::WriteNpyExt;
use proptest::prelude::*;

use super::*;

/// A file with a header of version 1 and these bytes after it.
fn file(dtype: &str, fortran: bool, shape: &str, values: &[u8]) -> Vec<u8> {
    let order = if fortran { "True" } else { "False" };
    with_header(
        &format!("{{'descr': {dtype}, 'fortran_order': {order}, 'shape': {shape}, }}"),
        values,
    )
}

fn with_header(header: &str, values: &[u8]) -> Vec<u8> {
    let mut bytes = MAGIC.to_vec();
    bytes.extend([1, 0]);
    bytes.extend(u16::try_from(header.len() + 1).unwrap().to_le_bytes());
    bytes.extend(header.as_bytes());
    bytes.push(b'\n');
    bytes.extend(values);
    bytes
}

fn written(array: &impl WriteNpyExt) -> Vec<u8> {
    let mut bytes = Vec::new();
    array.write_npy(&mut bytes).unwrap();
    bytes
}

#[test]
fn floats_of_either_size_and_order_are_the_same_numbers() {
    let matrix = arr2(&[[1.0, -0.5, 0.25], [3.0, 0.0, 8.0]]);
    let entries = || matrix.iter().copied();
    let bytes = |each: &dyn Fn(f64) -> Vec<u8>| entries().flat_map(each).collect::<Vec<u8>>();
    let columns: Vec<u8> = matrix.t().iter().flat_map(|x| x.to_le_bytes()).collect();
    for (dtype, fortran, values) in [
        ("'<f8'", false, bytes(&|x| x.to_le_bytes().into())),
        ("'>f8'", false, bytes(&|x| x.to_be_bytes().into())),
        ("'<f4'", false, bytes(&|x| (x as f32).to_le_bytes().into())),
        ("'>f4'", false, bytes(&|x| (x as f32).to_be_bytes().into())),
        ("'<f8'", true, columns),
    ] {
        let found = parse(&file(dtype, fortran, "(2, 3)", &values), &[2, 3]).unwrap();
        assert_eq!(found, matrix.clone().into_dyn(), "{dtype} {fortran}");
        assert!(found.is_standard_layout());
    }
    assert_eq!(parse(&written(&matrix), &[2, 3]).unwrap(), matrix.into_dyn());
}

#[test]
fn entries_that_are_not_finite_are_named() {
    let mut matrix = Array2::<f64>::eye(3);
    matrix[(1, 2)] = f64::NAN;
    for bytes in [written(&matrix), written(&matrix.mapv(|x| x as f32)), written(&matrix.t())] {
        let transposed = bytes == written(&matrix.t());
        let place = if transposed { "[2, 1]" } else { "[1, 2]" };
        let message = parse(&bytes, &[3, 3]).unwrap_err();
        assert_eq!(message, format!("entry {place} is NaN; every entry must be a finite number"));
    }
    let vector = Array1::from(vec![1.0, f64::NEG_INFINITY]);
    assert!(parse(&written(&vector), &[2]).unwrap_err().starts_with("entry [1] is -inf;"));
}

#[test]
fn a_header_that_promises_more_than_there_is_asks_for_no_memory() {
    for shape in ["(100000, 100000)", "(9223372036854775807, 9223372036854775807)", "(3, 4)"] {
        let message = parse(&file("'<f8'", false, shape, &[]), &[3, 3]).unwrap_err();
        assert!(message.contains("promises"), "{message}");
    }
    let mut long = written(&Array2::<f64>::eye(3));
    long.push(0);
    assert!(parse(&long, &[3, 3]).unwrap_err().contains("promises 3 × 3 numbers of 8 bytes"));
    // A header of four gigabytes.
    let mut huge = MAGIC.to_vec();
    huge.extend([2, 0, 0xff, 0xff, 0xff, 0xff, b'{']);
    assert!(parse(&huge, &[3, 3]).unwrap_err().contains("truncated"));
    let padded = with_header(&" ".repeat(60_000), &[]);
    assert!(parse(&padded, &[3, 3]).unwrap_err().contains("at most 4096"));
    let nested = with_header(&"(".repeat(4000), &[]);
    assert!(parse(&nested, &[3, 3]).unwrap_err().contains("structured"));
}

#[test]
fn another_shape_is_told_with_both() {
    let says = |shape: &str, numbers: usize, expected: &[usize]| {
        parse(&file("'<f8'", false, shape, &vec![0; 8 * numbers]), expected).unwrap_err()
    };
    assert_eq!(says("(3, 4)", 12, &[5, 5]), "is 3 × 4 instead of 5 × 5");
    assert_eq!(says("(5,)", 5, &[5, 5]), "is a vector of 5 instead of 5 × 5");
    assert_eq!(says("()", 1, &[5]), "is a single number instead of a vector of 5");
    assert_eq!(says("(0, 5)", 0, &[5, 5]), "is 0 × 5 instead of 5 × 5");
}

#[test]
fn other_types_are_refused_with_what_mends_them() {
    for (dtype, message) in [
        ("'<i8'", "holds integers (<i8)"),
        ("'|u1'", "holds integers"),
        ("'|b1'", "holds truth values"),
        ("'|O'", "holds Python objects, which are never loaded"),
        ("'<c16'", "np.linalg.eigh"),
        ("'<f2'", "half-precision"),
        ("'<f16'", "another precision"),
        ("'<U5'", "texts"),
        ("'<M8[ns]'", "something else than numbers"),
        ("''", "something else than numbers"),
        ("[('x', '<f8')]", "structured dtype"),
    ] {
        let found = parse(&file(dtype, false, "(1, 1)", &[0; 8]), &[1, 1]).unwrap_err();
        assert!(found.contains(message), "{dtype}: {found}");
        assert!(found.contains("expected floats of 32 or 64 bits: save"), "{found}");
    }
}

#[test]
fn files_of_other_formats_are_named() {
    for (bytes, message) in [
        (&b""[..], "is empty"),
        (b"PK\x03\x04....", ".npz archive or a file of torch.save"),
        (b"\x80\x04\x95", "pickle"),
        (b"1.0,2.0\n", "np.save"),
        (b"\x93NUMPY", "truncated"),
        (b"\x93NUMPY\x01\x00\x10", "truncated"),
        (b"\x93NUMPY\x09\x00\x10\x00", "version 9"),
        (b"\x93NUMPY\x01\x00\x04\x00{'a\n", "is no .npy file"),
    ] {
        let found = parse(bytes, &[2]).unwrap_err();
        assert!(found.contains(message), "{found}");
    }
}

proptest! {
    #[test]
    fn truncated_files_are_refused_wherever_they_end(cut in 0_usize..200, rows in 1_usize..5) {
        let bytes = written(&Array2::<f64>::ones((rows, 3)));
        if cut < bytes.len() {
            prop_assert!(parse(&bytes[..cut], &[rows, 3]).is_err());
        }
    }

    #[test]
    fn garbage_is_refused_or_has_the_shape_asked_for(
        garbage in prop::collection::vec(any::<u8>(), 0..80),
        at in 0_usize..160,
        keep in any::<bool>(),
    ) {
        let mut bytes = if keep { written(&Array2::<f64>::eye(2)) } else { Vec::new() };
        for (offset, byte) in garbage.iter().enumerate() {
            match bytes.get_mut(at + offset) {
                Some(old) => *old = *byte,
                None => bytes.push(*byte),
            }
        }
        if let Ok(array) = parse(&bytes, &[2, 2]) {
            prop_assert_eq!(array.shape(), [2, 2]);
            prop_assert!(array.iter().all(|x| x.is_finite()));
        }
    }

    #[test]
    fn any_header_is_read_or_refused(
        dtype in "[<>|=]?[a-zA-Z][0-9]{0,3}",
        shape in "\\(([0-9]{1,20}, ?){0,4}\\)",
        values in prop::collection::vec(any::<u8>(), 0..80),
    ) {
        let _ = parse(&file(&format!("'{dtype}'"), false, &shape, &values), &[2, 2]);
    }
}
