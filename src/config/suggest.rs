//! "Did you mean": the nearest valid name.

/// Longer names are never compared: nobody misspells them, and comparing takes quadratic time.
const LONGEST: usize = 64;

/// The candidate most like `name`, if one is near enough to be what was meant.
///
/// Near enough means at most one edit (insertion, deletion, substitution, transposition) for
/// every three letters; upper and lower case, and `-` and `_`, count as the same.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if name.len() > LONGEST {
        return None;
    }
    let plain = |text: &str| text.to_lowercase().replace(['-', ' '], "_");
    let name = plain(name);
    let enough = (name.chars().count() / 3).max(1);
    candidates
        .into_iter()
        .filter(|candidate| candidate.len() <= LONGEST)
        .map(|candidate| (strsim::damerau_levenshtein(&name, &plain(candidate)), candidate))
        .filter(|(distance, candidate)| {
            *distance <= enough && *distance < candidate.chars().count()
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn misspellings_find_the_name_meant() {
        let names = ["learning_rates", "trials", "steps", "seed"];
        for (written, meant) in [
            ("learning-rates", Some("learning_rates")),
            ("LearningRates", Some("learning_rates")),
            ("trails", Some("trials")),
            ("trial", Some("trials")),
            ("sed", Some("seed")),
            ("epochs", None),
            ("", None),
        ] {
            assert_eq!(nearest(written, names), meant, "{written}");
        }
    }

    #[test]
    fn one_letter_names_are_not_suggested_for_each_other() {
        assert_eq!(nearest("x", ["y"]), None);
        assert_eq!(nearest("x", ["η"]), None);
        assert_eq!(nearest("xx", ["xy"]), Some("xy"));
    }

    #[test]
    fn absurdly_long_names_cost_nothing() {
        let long = "a".repeat(1 << 20);
        assert_eq!(nearest(&long, [long.as_str(), "a"]), None);
        assert_eq!(nearest("a", [long.as_str()]), None);
    }
}
