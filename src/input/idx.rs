//! IDX, the format of MNIST and its relatives: arrays of bytes behind a short header.

use std::cmp::Ordering;

/// An array of bytes of some shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Idx<const N: usize> {
    /// The number of elements along each of the N dimensions.
    pub shape: [usize; N],
    /// Where the values begin.
    pub header: usize,
}

impl<const N: usize> Idx<N> {
    /// Checks the header of a file of bytes against its length.
    ///
    /// The format: 0, 0, 8 (unsigned bytes), the number of dimensions, then each dimension and the
    /// values; numbers are big-endian, of 32 bits.
    ///
    /// # Errors
    /// What is wrong, when the file has another kind of values, another number of dimensions or
    /// another length than its header says.
    pub fn check(bytes: &[u8]) -> Result<Self, String> {
        let header = 4 * (1 + N);
        let number = |index: usize| {
            let bytes = bytes.get(4 * index..4 * index + 4)?;
            Some(u32::from_be_bytes(bytes.try_into().ok()?))
        };
        let truncated = |length: String| {
            format!("the file is truncated ({} bytes instead of {length})", bytes.len())
        };
        let short = || truncated(format!("a header of {header} and the values"));

        let magic = number(0).ok_or_else(short)?;
        let expected = 0x800 + N as u32;
        if magic != expected {
            return Err(format!("wrong magic number 0x{magic:08x} instead of 0x{expected:08x}"));
        }
        let mut shape = [0; N];
        // Four dimensions of 32 bits can overflow 64 bits, but not 128.
        let mut length = Some(1_u128);
        for (index, size) in shape.iter_mut().enumerate() {
            let number = number(index + 1).ok_or_else(short)?;
            *size = usize::try_from(number).map_err(|error| error.to_string())?;
            length = length.and_then(|length| length.checked_mul(u128::from(number)));
        }
        let length = length.and_then(|length| length.checked_add(header as u128));
        let length = length.ok_or_else(|| format!("{shape:?} are more values than can be"))?;
        match (bytes.len() as u128).cmp(&length) {
            Ordering::Less => Err(truncated(length.to_string())),
            Ordering::Equal => Ok(Self { shape, header }),
            Ordering::Greater => {
                Err(format!("the file is too long ({} bytes instead of {length})", bytes.len()))
            }
        }
    }
}

/// The shape of a file of bytes with one to four dimensions, and where its values begin.
///
/// # Errors
/// As for [`Idx::check`].
pub fn check(bytes: &[u8]) -> Result<(Vec<usize>, usize), String> {
    fn of<const N: usize>(bytes: &[u8]) -> Result<(Vec<usize>, usize), String> {
        Idx::<N>::check(bytes).map(|idx| (idx.shape.into(), idx.header))
    }
    match bytes.get(3) {
        Some(1) => of::<1>(bytes),
        Some(2) => of::<2>(bytes),
        Some(3) => of::<3>(bytes),
        Some(4) => of::<4>(bytes),
        _ => Err("an IDX file of one to four dimensions was expected".into()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn file(shape: &[u32], values: usize) -> Vec<u8> {
        let mut bytes = vec![0, 0, 8, shape.len() as u8];
        bytes.extend(shape.iter().flat_map(|size| size.to_be_bytes()));
        bytes.extend(std::iter::repeat_n(7, values));
        bytes
    }

    #[test]
    fn the_shape_is_what_the_header_says() {
        let idx = Idx::<3>::check(&file(&[2, 3, 4], 24)).unwrap();
        assert_eq!(idx, Idx { shape: [2, 3, 4], header: 16 });
        assert_eq!(Idx::<1>::check(&file(&[0], 0)).unwrap().shape, [0]);
        assert_eq!(check(&file(&[2, 3, 4], 24)), Ok((vec![2, 3, 4], 16)));
        assert!(check(&file(&[1; 5], 1)).is_err() && check(&[0, 0, 8]).is_err());
    }

    #[test]
    fn sizes_whose_product_overflows_are_refused() {
        let huge = file(&[u32::MAX; 5], 9);
        assert!(Idx::<5>::check(&huge).unwrap_err().contains("more values than can be"));
        assert!(Idx::<3>::check(&file(&[u32::MAX; 3], 9)).unwrap_err().contains("truncated"));
    }

    proptest! {
        #[test]
        fn a_file_passes_at_its_own_length_only(
            shape in prop::array::uniform3(0_u32..6),
            values in 0_usize..200,
        ) {
            let size = shape.iter().product::<u32>() as usize;
            let result = Idx::<3>::check(&file(&shape, values));
            prop_assert_eq!(result.is_ok(), values == size);
        }

        #[test]
        fn garbage_is_refused_or_has_the_length_that_it_says(
            bytes in prop::collection::vec(any::<u8>(), 0..64),
            magic in any::<bool>(),
        ) {
            let mut bytes = bytes;
            if magic && bytes.len() >= 4 {
                bytes[..4].copy_from_slice(&[0, 0, 8, 2]);
            }
            if let Ok(idx) = Idx::<2>::check(&bytes) {
                prop_assert_eq!(idx.header + idx.shape[0] * idx.shape[1], bytes.len());
            }
        }
    }
}
