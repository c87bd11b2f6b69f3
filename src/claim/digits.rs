//! Numbers in words of a verdict.

/// Three significant digits.
pub(crate) fn number(value: f64) -> String {
    rounded(value, 3)
}

fn rounded(value: f64, digits: i32) -> String {
    let places = |places: i32| usize::try_from(places).unwrap_or(0);
    if value == 0.0 || (1e-2..1e4).contains(&value.abs()) {
        let before = value.abs().max(1e-2).log10().floor() as i32 + 1;
        format!("{value:.*}", places(digits - before))
    } else {
        format!("{value:.*e}", places(digits - 1))
    }
}

/// Three significant digits, or as many as tell a number from the bounds that it is compared with.
pub(super) fn told_apart(value: f64, bounds: [f64; 2]) -> String {
    let tells = |digits: &i32| {
        let text = rounded(value, *digits);
        bounds.iter().all(|&bound| bound == value || rounded(bound, *digits) != text)
    };
    rounded(value, (3..16).find(tells).unwrap_or(3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_told_from_the_bounds_that_they_are_compared_with() {
        assert_eq!([0.0, 1.497, 12.34, 12345.6].map(number), ["0.0000", "1.50", "12.3", "1.23e4"]);
        assert_eq!(told_apart(1.4974, [1.5, f64::INFINITY]), "1.497");
        assert_eq!(told_apart(1.5, [1.5, f64::INFINITY]), "1.50");
        assert_eq!(told_apart(f64::INFINITY, [1.5, f64::INFINITY]), "inf");
        assert_eq!(told_apart(0.0100001, [0.0, 0.01]), "0.0100001");
    }
}
