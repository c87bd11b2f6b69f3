//! Numbers that sum up a spectrum, and how far two estimates of an eigenbasis are apart.

use ndarray::{Array1, Array2, ArrayView2};

use crate::egop::{Spectrum, SymmetricPart};
use crate::error::Result;
use crate::linalg::{self, Accum};

/// Indices of leading eigenvalues and eigenvectors that are measured one by one.
const LEADING: usize = 100;
/// Shelves that are looked for.
const SHELVES: usize = 4;
/// Shelves are of eigenvalues at least this fraction of the leading one: smaller ones hardly matter
/// to anything, and the last gap is that to rounding noise.
const FLOOR: f64 = 1e-6;
/// A line through ln λ_j is fitted from j = k, at least the first of these, to the second times k: far
/// enough to tell exponential decay from a power law, whose R² is 0.96.
const LINE: (usize, usize) = (10, 5);
/// Shares of Σλ_k.
const SHARES: [f64; 4] = [0.5, 0.9, 0.99, 0.999];

/// One number that sums up a spectrum.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measure {
    /// One of [`Measure::NAMES`].
    pub name: &'static str,
    /// The index k or threshold that it is taken at, where it needs one.
    pub at: Option<f64>,
    /// Its value.
    pub value: f64,
}

impl Measure {
    /// Names and what they mean.
    pub const NAMES: [(&'static str, &'static str); 13] = [
        ("leading-eigenvalue", "λ_k, at k up to 100"),
        ("relative-eigenvalue", "λ_k/λ₁, at k up to 100 and at 1, 2 or 5 times powers of ten"),
        (
            "exponential-fit",
            "R² of a straight line through ln λ_j over j from k to 5k: 1 where they decay \
             exponentially, 0.96 of a power law; at k = 10, 20, 50, 100 and so on",
        ),
        ("stable-rank", "Σ√λ_k/√λ₁ (paper, eq. 3)"),
        ("intrinsic-dimension", "Σλ_k/λ₁"),
        (
            "effective-dimension",
            "the least r with λ₁ + … + λ_r at least a share of Σλ_k, at 0.5, 0.9, 0.99 or 0.999",
        ),
        ("density", "β_k = ‖v_k‖₁/√d, at k up to 100"),
        (
            "shelf-end",
            "the j-th index k, ascending, of the four largest gaps λ_k/λ_{k+1} with λ_{k+1} at \
             least 1e-6 λ₁, at j",
        ),
        ("shelf-gap", "the gap λ_k/λ_{k+1} there, at j"),
        (
            "subspace-distance",
            "sin of the largest angle between the spans of the leading k eigenvectors of the two \
             halves of the samples, at k",
        ),
        (
            "symmetric-distance",
            "‖EGOP − its mean over all permutations of hidden units‖/‖EGOP‖, of networks",
        ),
        ("symmetric-relative-eigenvalue", "relative-eigenvalue of that mean"),
        ("symmetric-shelf-end", "shelf-end of that mean"),
    ];

    /// Whether a measure of this name is of networks with hidden units only.
    pub fn is_of_hidden_units(name: &str) -> bool {
        name.starts_with("symmetric-")
    }

    /// What is wrong with taking a measure of this name there, of a block of `size` parameters; what
    /// depends on the spectrum itself is not known beforehand.
    pub fn refusal(name: &str, at: Option<f64>, size: usize) -> Option<String> {
        let whole = |most: usize| {
            let allowed = |at: f64| at.fract() == 0.0 && (1.0..=most as f64).contains(&at);
            (!at.is_some_and(allowed)).then(|| format!("a whole number from 1 to {most}"))
        };
        let leading = LEADING.min(size);
        let wanted = match name {
            "leading-eigenvalue" | "density" => whole(leading),
            "relative-eigenvalue" | "symmetric-relative-eigenvalue" => whole(size).or_else(|| {
                let k = at.unwrap_or_default() as usize;
                (k > LEADING && !is_round(k))
                    .then(|| format!("up to {LEADING}, or 1, 2 or 5 times a power of ten"))
            }),
            "exponential-fit" => whole(size / LINE.1).or_else(|| {
                let k = at.unwrap_or_default() as usize;
                (k < LINE.0 || !is_round(k))
                    .then(|| format!("1, 2 or 5 times a power of ten, and at least {}", LINE.0))
            }),
            "effective-dimension" => (!at.is_some_and(|at| SHARES.contains(&at)))
                .then(|| format!("one of {}", SHARES.map(|share| share.to_string()).join(", "))),
            "shelf-end" | "shelf-gap" | "symmetric-shelf-end" if size == 1 => {
                return Some("there is one eigenvalue, and no gap between eigenvalues".into());
            }
            "shelf-end" | "shelf-gap" | "symmetric-shelf-end" => {
                whole(SHELVES.min(size.saturating_sub(1)))
            }
            "subspace-distance" => whole(size),
            _ => {
                return at
                    .map(|_| format!("{name} is taken nowhere in particular: remove this key"));
            }
        };
        wanted.map(|wanted| format!("{name} needs {wanted} for `at`"))
    }

    /// The values that a measure may have, from the first to the second, where it is taken of a block
    /// of `size` parameters.
    pub fn range(name: &str, at: Option<f64>, size: usize) -> [f64; 2] {
        let d = size as f64;
        let at = at.unwrap_or_default();
        match name {
            "relative-eigenvalue" | "symmetric-relative-eigenvalue" => {
                [if at > 1.0 { 0.0 } else { 1.0 }, 1.0]
            }
            "stable-rank" | "intrinsic-dimension" | "effective-dimension" => [1.0, d],
            // Of a unit vector, ‖v‖₁ is from 1 to √d.
            "density" => [1.0 / d.sqrt(), 1.0],
            // They ascend, and there is a gap for each index but the last.
            "shelf-end" | "symmetric-shelf-end" => [at, d - 1.0],
            "shelf-gap" => [1.0, f64::INFINITY],
            // Two spans of everything are the same.
            "symmetric-distance" | "exponential-fit" => [0.0, 1.0],
            "subspace-distance" => [0.0, if at < d { 1.0 } else { 0.0 }],
            _ => [0.0, f64::INFINITY],
        }
    }

    /// The values that the ratio of two measures of one spectrum may have, where the one is never
    /// below the other; each is a name and where it is taken.
    pub fn ratio_range(of: (&str, Option<f64>), over: (&str, Option<f64>)) -> Option<[f64; 2]> {
        let (low, high) = ([0.0, 1.0], [1.0, f64::INFINITY]);
        match (of.0, over.0) {
            // √x is at least x for x = λ_k/λ₁ of at most 1.
            ("stable-rank", "intrinsic-dimension") => Some(high),
            ("intrinsic-dimension", "stable-rank") => Some(low),
            (
                "leading-eigenvalue" | "relative-eigenvalue" | "symmetric-relative-eigenvalue",
                name,
            ) if name == of.0 => Some(if of.1 > over.1 { low } else { high }),
            ("effective-dimension" | "shelf-end" | "symmetric-shelf-end", name) if name == of.0 => {
                Some(if of.1 > over.1 { high } else { low })
            }
            _ => None,
        }
    }

    /// All measures of one spectrum; those of two ([`subspace_distance`]) are not among them.
    pub fn all(spectrum: &Spectrum) -> Vec<Self> {
        let lambda = &spectrum.eigenvalues;
        let size = lambda.len();
        let sums = [
            ("stable-rank", spectrum.stable_rank()),
            ("intrinsic-dimension", spectrum.intrinsic_dimension()),
        ];
        let known = |(name, value): (_, Option<f64>)| Some(Self { name, at: None, value: value? });
        let mut all: Vec<Self> = sums.into_iter().filter_map(known).collect();
        let mut add = |name, at: f64, value| all.push(Self { name, at: Some(at), value });
        for share in SHARES {
            add("effective-dimension", share, effective_dimension(lambda, share) as f64);
        }
        for (j, k) in shelf_ends(lambda).into_iter().enumerate() {
            add("shelf-end", (j + 1) as f64, k as f64);
            add("shelf-gap", (j + 1) as f64, lambda[k - 1] / lambda[k]);
        }
        for k in 1..=size {
            if let Some(fit) = exponential_fit(lambda, k) {
                add("exponential-fit", k as f64, fit);
            }
            if k <= LEADING {
                add("leading-eigenvalue", k as f64, lambda[k - 1]);
                add("density", k as f64, spectrum.density(k - 1));
            }
            if k <= LEADING || is_round(k) {
                add("relative-eigenvalue", k as f64, lambda[k - 1] / lambda[0]);
            }
        }
        all
    }

    /// All measures of the symmetric part of an estimate.
    pub fn symmetric(part: &SymmetricPart) -> Vec<Self> {
        let lambda = &part.eigenvalues;
        let mut all = vec![Self { name: "symmetric-distance", at: None, value: part.distance }];
        let mut add = |name, at: usize, value| {
            all.push(Self { name, at: Some(at as f64), value });
        };
        for (j, k) in shelf_ends(lambda).into_iter().enumerate() {
            add("symmetric-shelf-end", j + 1, k as f64);
        }
        for k in (1..=lambda.len()).filter(|&k| k <= LEADING || is_round(k)) {
            add("symmetric-relative-eigenvalue", k, lambda[k - 1] / lambda[0]);
        }
        all
    }
}

/// 1, 2 or 5 times a power of ten.
fn is_round(k: usize) -> bool {
    let leading = std::iter::successors(Some(k), |k| (k % 10 == 0).then_some(k / 10)).last();
    matches!(leading, Some(1 | 2 | 5))
}

/// R² of a straight line through ln λ_j over j = k…5k, at round numbers k; `None` where rounding of the
/// largest eigenvalue decides some of them, or all are equal.
fn exponential_fit(eigenvalues: &Array1<f64>, k: usize) -> Option<f64> {
    let size = eigenvalues.len();
    let last = LINE.1 * k;
    if k < LINE.0 || !is_round(k) || last > size {
        return None;
    }
    let rounding = size as f64 * f64::EPSILON * eigenvalues[0];
    let points = (k..=last).map(|j| (j as f64, eigenvalues[j - 1]));
    let logs: Vec<(f64, f64)> = points
        .map(|(j, value)| (value > rounding).then(|| (j, value.ln())))
        .collect::<Option<_>>()?;
    let count = logs.len() as f64;
    let (x, y) = logs.iter().fold((0.0, 0.0), |(x, y), point| (x + point.0, y + point.1));
    let (x, y) = (x / count, y / count);
    let [mut xx, mut xy, mut yy] = [0.0; 3];
    for (j, log) in &logs {
        let (dx, dy) = (j - x, log - y);
        xx += dx * dx;
        xy += dx * dy;
        yy += dy * dy;
    }
    (yy > 0.0).then(|| (xy * xy / (xx * yy)).min(1.0))
}

/// The least r with λ₁ + … + λ_r at least this share of the sum.
fn effective_dimension(eigenvalues: &Array1<f64>, share: f64) -> usize {
    let wanted = share * eigenvalues.sum();
    let mut sum = 0.0;
    let short = eigenvalues.iter().take_while(|&&value| {
        sum += value;
        sum < wanted
    });
    (short.count() + 1).min(eigenvalues.len())
}

/// The indices k (from 1, ascending) of the largest gaps λ_k/λ_{k+1} above the floor.
fn shelf_ends(eigenvalues: &Array1<f64>) -> Vec<usize> {
    let floor = FLOOR * eigenvalues[0];
    let mut gaps: Vec<(f64, usize)> = (1..eigenvalues.len())
        .filter(|&k| eigenvalues[k] > floor)
        .map(|k| (eigenvalues[k - 1] / eigenvalues[k], k))
        .collect();
    gaps.sort_by(|a, b| b.0.total_cmp(&a.0));
    let mut ends: Vec<usize> = gaps.into_iter().take(SHELVES).map(|(_, k)| k).collect();
    ends.sort_unstable();
    ends
}

/// The numbers k of leading eigenvectors whose span is compared between halves of the samples:
/// round numbers up to 100, and the shelves' ends.
pub fn measured_subspaces(spectrum: &Spectrum) -> Vec<usize> {
    let size = spectrum.eigenvalues.len();
    let mut all: Vec<usize> = (1..=LEADING.min(size)).filter(|&k| is_round(k)).collect();
    all.extend(shelf_ends(&spectrum.eigenvalues));
    all.sort_unstable();
    all.dedup();
    all
}

/// sin of the largest principal angle between the spans of two sets of k orthonormal columns
/// (d × k each), in [0, 1].
///
/// # Errors
/// As for [`linalg::symmetric_eigen`].
pub fn subspace_distance(a: ArrayView2<'_, f64>, b: ArrayView2<'_, f64>) -> Result<f64> {
    // The sines are the singular values of the part of b that a does not span; taken from it
    // rather than from the cosines, small ones are not lost to rounding.
    let k = a.ncols();
    let mut inner = Array2::zeros((k, k));
    linalg::product(a.t(), b, Accum::Overwrite, inner.view_mut());
    let mut outside = b.to_owned();
    let mut inside = Array2::zeros(outside.raw_dim());
    linalg::product(a, inner.view(), Accum::Overwrite, inside.view_mut());
    outside -= &inside;
    let mut gram = Array2::zeros((k, k));
    linalg::product(outside.t(), outside.view(), Accum::Overwrite, gram.view_mut());
    let (squares, _) = linalg::symmetric_eigen(gram)?;
    Ok(squares[0].clamp(0.0, 1.0).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn effective_dimensions_count_eigenvalues() {
        let lambda = array![4.0, 3.0, 2.0, 1.0];
        let found = [0.3, 0.4, 0.41, 0.9, 0.95, 1.0].map(|s| effective_dimension(&lambda, s));
        assert_eq!(found, [1, 1, 2, 3, 4, 4]);
    }

    #[test]
    fn shelves_end_at_the_largest_gaps_above_the_floor() {
        let shelf = |value: f64, length| std::iter::repeat_n(value, length);
        let lambda: Array1<f64> = shelf(1e3, 1)
            .chain(shelf(100.0, 9))
            .chain(shelf(20.0, 31))
            .chain(shelf(15.0, 3))
            .chain(shelf(1.0, 10))
            .chain(shelf(0.1, 5))
            .chain(shelf(1e-4, 9))
            .chain(shelf(1e-18, 9))
            .collect();
        assert_eq!(shelf_ends(&lambda), [1, 10, 44, 54]);
    }

    #[test]
    fn exponential_decay_is_a_straight_line() {
        let of = |decay: fn(f64) -> f64| -> Array1<f64> {
            (1..=200).map(|j| decay(f64::from(j))).collect()
        };
        let exponential = of(|j| (-j / 10.0).exp());
        assert!((exponential_fit(&exponential, 10).unwrap() - 1.0).abs() < 1e-12);
        // The rest is below the rounding of the leading one.
        assert_eq!(exponential_fit(&of(|j| (-2.0 * j).exp()), 20), None);
        assert_eq!(exponential_fit(&of(|_| 1.0), 20), None);
        // Of ln j over j from 20 to 100, computed in NumPy.
        let power = exponential_fit(&of(|j| j.powi(-2)), 20).unwrap();
        assert!((power - 0.959703083251045).abs() < 1e-12, "{power}");
        let others = [5, 15, 50].map(|k| exponential_fit(&exponential, k));
        assert_eq!(others, [None; 3]);
    }

    #[test]
    fn round_numbers() {
        let round: Vec<usize> = (1..1100).filter(|&k| is_round(k)).collect();
        assert_eq!(round, [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000]);
    }

    #[test]
    fn what_is_measured_is_not_refused_and_nothing_else_is_promised() {
        let size = 130;
        let eigenvalues: Array1<f64> = (0..size).map(|k| 0.9_f64.powi(k)).collect();
        let size = size as usize;
        let eigenvectors = Array2::eye(size).into();
        let spectrum = Spectrum { eigenvalues, complete: true, eigenvectors };
        let mut all = Measure::all(&spectrum);
        let eigenvalues = spectrum.eigenvalues.clone();
        all.extend(Measure::symmetric(&SymmetricPart { distance: 0.1, eigenvalues }));
        for measure in &all {
            assert_eq!(Measure::refusal(measure.name, measure.at, size), None, "{measure:?}");
            let [least, most] = Measure::range(measure.name, measure.at, size);
            assert!((least..=most).contains(&measure.value), "{measure:?}: {least} to {most}");
        }
        for (name, _) in Measure::NAMES {
            let places = [-1.0, 0.0, 0.5, 0.7, 1.0, 1.5, 4.0, 5.0, 100.0, 101.0, 120.0, 500.0];
            for at in places.map(Some).into_iter().chain([None]) {
                let there = all.iter().any(|one| (one.name, one.at) == (name, at));
                let there = there || name == "subspace-distance";
                assert!(there || Measure::refusal(name, at, size).is_some(), "{name} at {at:?}");
            }
        }
        assert!(Measure::refusal("subspace-distance", None, size).is_some());
    }

    #[test]
    fn the_distance_is_the_sine_of_the_largest_angle() {
        for angle in [1e-9, 0.3, 1.2_f64] {
            let a = array![[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]];
            let b = array![[1.0, 0.0], [0.0, angle.cos()], [0.0, angle.sin()]];
            let found = subspace_distance(a.view(), b.view()).unwrap();
            // Entries are rounded to 1e-16 and so are their differences.
            assert!((found - angle.sin()).abs() < 1e-15, "{found}");
        }
    }
}
