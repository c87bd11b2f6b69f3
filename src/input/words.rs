//! Numbers in words: sizes on the command line and variables of the environment.

use std::ffi::OsString;
use std::ops::RangeInclusive;

use bytesize::ByteSize;

use crate::error::{Error, Result};

/// A size with its unit, such as `8GB` or `1.5 GiB`: bytes, at least 1.
///
/// # Errors
/// What is wrong, and what was probably meant.
pub fn size(text: &str) -> Result<ByteSize, String> {
    const EXPECTED: &str = "expected a size with its unit, such as 8GB, 512MiB or 1.5TB";
    let text = text.trim();
    let is_number = |text: &str| text.parse::<f64>().is_ok_and(f64::is_finite);
    if is_number(text) && !text.starts_with('-') {
        return Err(format!("{EXPECTED}; did you mean {text}GB?"));
    }
    let plain = |c: char| c.is_ascii_digit() || c == '.';
    if !text.starts_with(plain) {
        return Err(EXPECTED.into());
    }
    match text.parse::<ByteSize>() {
        Ok(size) if size.as_u64() == 0 => Err("expected more than nothing".into()),
        Ok(size) if size.as_u64() == u64::MAX => Err(format!("{EXPECTED}; this is too much")),
        Ok(size) => Ok(size),
        Err(_) => Err(EXPECTED.into()),
    }
}

/// A number of minutes.
///
/// # Errors
/// What is allowed.
pub fn minutes(text: &str) -> Result<f64, String> {
    match text.trim().parse::<f64>() {
        Ok(minutes) if (0.0..=1e6).contains(&minutes) => Ok(minutes),
        _ => Err("expected a number of minutes from 0 to 1000000".into()),
    }
}

/// The whole number that a variable of the environment holds; none when it is not set or empty.
///
/// # Errors
/// [`Error::Usage`] when it holds something else; `instead` is the argument that makes it
/// unnecessary.
pub fn variable(name: &str, allowed: RangeInclusive<u64>, instead: &str) -> Result<Option<u64>> {
    whole(name, std::env::var_os(name), allowed, instead)
}

fn whole(
    name: &str,
    value: Option<OsString>,
    allowed: RangeInclusive<u64>,
    instead: &str,
) -> Result<Option<u64>> {
    let Some(value) = value.filter(|value| !value.is_empty()) else { return Ok(None) };
    let number = value.to_str().and_then(|text| text.trim().parse().ok());
    match number.filter(|number| allowed.contains(number)) {
        Some(number) => Ok(Some(number)),
        None => Err(Error::Usage(format!(
            "the environment variable {name} is {value:?}; expected a whole number from {} to {}, \
             or {instead} in its place",
            allowed.start(),
            allowed.end(),
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_want_a_unit() {
        for (text, bytes) in [
            ("8GB", 8_000_000_000),
            ("8 gb", 8_000_000_000),
            (" 8Gb ", 8_000_000_000),
            ("1.5GiB", 3 << 29),
            ("50MB", 50_000_000),
            ("1B", 1),
            ("2k", 2000),
        ] {
            assert_eq!(size(text).map(|size| size.as_u64()), Ok(bytes), "{text}");
        }
        for (text, message) in [
            ("8", "did you mean 8GB?"),
            ("0.5", "did you mean 0.5GB?"),
            ("1e9", "did you mean 1e9GB?"),
            ("0GB", "more than nothing"),
            ("0.1B", "more than nothing"),
            ("-8GB", "with its unit"),
            ("-8", "with its unit"),
            ("8XB", "with its unit"),
            ("GB", "with its unit"),
            ("", "with its unit"),
            ("inf", "with its unit"),
            ("nan", "with its unit"),
            ("1.2.3GB", "with its unit"),
            ("99999999999EB", "too much"),
            ("8 GB or so", "with its unit"),
        ] {
            let found = size(text).unwrap_err();
            assert!(found.contains(message), "{text}: {found}");
        }
    }

    #[test]
    fn minutes_are_finite_and_not_negative() {
        assert_eq!(minutes("0.5"), Ok(0.5));
        for text in ["-1", "nan", "inf", "1e7", "soon", ""] {
            assert!(minutes(text).is_err(), "{text}");
        }
    }

    #[test]
    fn nonsense_in_the_environment_is_told() {
        let read = |value: Option<&str>| whole("N", value.map(OsString::from), 1..=9, "-j N");
        assert_eq!(read(None).unwrap(), None);
        assert_eq!(read(Some("")).unwrap(), None);
        assert_eq!(read(Some(" 4\n")).unwrap(), Some(4));
        for value in ["4(x2)", "-1", "0", "10", "1.5", "all", "99999999999999999999"] {
            let message = read(Some(value)).unwrap_err().to_string();
            assert!(message.contains(value) && message.contains("-j N"), "{message}");
        }
    }
}
