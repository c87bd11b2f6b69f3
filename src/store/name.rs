//! Names as parts of files' names.

use crate::store::sha256;

/// Longer names are cut: file systems allow some 255 bytes.
const LONGEST_NAME: usize = 120;

/// A name as part of a file's name: no two names give the same one, not even on a disk that
/// ignores case.
pub fn file_name(name: &str) -> String {
    let mut plain = String::new();
    for byte in name.bytes() {
        match byte {
            b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' => plain.push(char::from(byte)),
            _ => plain += &format!("%{byte:02x}"),
        }
    }
    if plain.len() > LONGEST_NAME {
        plain.truncate(LONGEST_NAME);
        // Two of these signs in a row come from no name.
        plain += &format!("%%{}", &sha256(name.as_bytes())[..32]);
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::file_name;

    #[test]
    fn names_of_files_are_plain_short_and_never_the_same() {
        assert_eq!(file_name("trial-0-a_b"), "trial-0-a_b");
        assert_eq!(file_name("a b/Ü"), "a%20b%2f%c3%9c");
        let long = |last: char| format!("{}{last}", "é".repeat(300));
        let names = ["a_b", "a b", "A_b", "a%20b", "a/b", "..", ""].map(str::to_owned).into_iter();
        let names: Vec<String> =
            names.chain([long('a'), long('b')]).map(|n| file_name(&n)).collect();
        for (i, name) in names.iter().enumerate() {
            assert!(name.len() < 200 && !name.contains('/'), "{name}");
            assert!(!names[..i].iter().any(|other| other.eq_ignore_ascii_case(name)), "{name}");
        }
    }
}
