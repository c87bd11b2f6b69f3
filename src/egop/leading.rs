//! Leading eigenvectors of an EGOP, from fewer samples than parameters: GᵀG/M has as many eigenvalues
//! above 0 as there are samples at most, and they are those of the small matrix GGᵀ/M.

use std::ops::Range;

use ndarray::{ArcArray2, Array1, Array2};
use ndarray_rand::RandomExt;
use ndarray_rand::rand_distr::StandardNormal;

use super::{Bundle, Gram, Spectrum};
use crate::error::{Error, Result};
use crate::gradients::{At, Gradients, Statistic};
use crate::linalg::{self, Real, flops, is_single, times};
use crate::rng::Streams;

/// How leading eigenvectors are computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Solver {
    /// By the numbers of samples, parameters and eigenvectors: an exact one, but where M is far above k.
    Auto,
    /// All d eigenvectors of GᵀG/M.
    Dense,
    /// By way of those of GGᵀ (M × M): exact up to rounding, in singles where gradients are and it does.
    Gram,
    /// Subspace iteration from a random start (Halko, Martinsson & Tropp 2011).
    Randomized,
}

/// Subspace iterations, and columns of the subspace for each one wanted.
const ITERATIONS: usize = 2;
const OVERSAMPLING: usize = 2;

/// The angle that rounding may turn leading eigenvectors by, about: a hundredth of 1/√M for ten thousand
/// samples, which is what these leave open.
const TURNED: f64 = 1e-4;

impl Solver {
    /// Raised when the same gradients have other leading eigenvectors, be it in their last bits: as they have
    /// with other sums of outer products, when Gᵀu is made in other parts or numbers, or its columns are
    /// orthonormalized otherwise.
    pub const REVISION: u32 = 3 + linalg::INNER_REVISION;

    /// The names used in configs.
    pub const NAMES: [(&'static str, Self); 4] = [
        ("auto", Self::Auto),
        ("dense", Self::Dense),
        ("gram", Self::Gram),
        ("randomized", Self::Randomized),
    ];

    /// The name used in configs.
    pub fn name(self) -> &'static str {
        let named = Self::NAMES.into_iter().find(|(_, solver)| *solver == self);
        named.map_or("", |(name, _)| name)
    }

    /// What is done for so many samples of so many parameters, of which so many eigenvectors are
    /// wanted (`None`: as many as the eigenvalues say). The Gram matrix takes about M²d operations, the
    /// iteration 2Md(k + p)(2q + 3): it is worth while for many more samples than eigenvectors.
    pub fn chosen(self, samples: usize, parameters: usize, wanted: Option<usize>) -> Self {
        let Self::Auto = self else { return self };
        let worthwhile = |k: usize| samples > 2 * OVERSAMPLING * k * (2 * ITERATIONS + 2);
        match wanted {
            _ if samples >= parameters => Self::Dense,
            Some(k) if worthwhile(k) => Self::Randomized,
            _ => Self::Gram,
        }
    }

    /// Floating-point operations of products and of decompositions, double-precision numbers held, and
    /// numbers of gradients kept in the precision of the runs, for so many samples of so many parameters,
    /// of which so many eigenvectors are wanted and found; the sampling aside.
    pub fn cost(self, samples: usize, parameters: usize, [wanted, found]: [usize; 2]) -> [f64; 4] {
        let width = (OVERSAMPLING * wanted).min(samples).min(parameters);
        let [m, d, k, l] = [samples, parameters, found, width].map(|number| number as f64);
        match self {
            Self::Dense => [
                m * Gram::flops(parameters),
                flops::of_eigen(d),
                5.0 * d * d + Gram::waiting(samples, parameters),
                0.0,
            ],
            Self::Auto | Self::Gram => [
                m * (m + 1.0) * d + 2.0 * m * d * k,
                flops::of_eigen(m) + flops::of_qr(d, k),
                5.0 * m * m + 3.0 * d * k,
                m * d,
            ],
            Self::Randomized => {
                let images = (2 * ITERATIONS + 3) as f64;
                let factors = (ITERATIONS + 1) as f64 * (flops::of_qr(m, l) + flops::of_qr(d, l));
                [
                    2.0 * m * d * l * images + m * l * (l + 1.0) + 2.0 * d * l * k,
                    factors + flops::of_eigen(l) + flops::of_qr(d, k),
                    m * d + 4.0 * d * l,
                    0.0,
                ]
            }
        }
    }
}

/// How many eigenvectors are leading.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Count {
    /// So many, or as many as there are.
    Number(usize),
    /// The fewest whose eigenvalues are this share of all.
    Energy(f64),
}

impl Count {
    fn of(self, eigenvalues: &Array1<f64>, samples: usize) -> usize {
        let largest = eigenvalues.first().copied().unwrap_or(0.0);
        // Those below are rounding of a matrix of this size.
        let floor = largest * f64::EPSILON * samples.max(eigenvalues.len()) as f64;
        let there = eigenvalues.iter().take_while(|&&value| value > floor).count();
        match self {
            Self::Number(number) => number.min(there),
            Self::Energy(share) => {
                let wanted = share * eigenvalues.sum();
                let mut sum = 0.0;
                let enough = eigenvalues.iter().position(|value| {
                    sum += value;
                    sum >= wanted
                });
                enough.map_or(there, |last| there.min(last + 1))
            }
        }
    }

    /// Their number, where that is what is wanted.
    pub fn number(self) -> Option<usize> {
        match self {
            Self::Number(number) => Some(number),
            Self::Energy(_) => None,
        }
    }
}

/// What is asked of each range of parameters: how many leading eigenvectors, and how.
pub type Wanted = (Range<usize>, Count, Solver);

/// Leading eigenvectors of the EGOPs of ranges of parameters, from all M samples. Their spectra have
/// the eigenvalues that are known, of which there may be more than eigenvectors.
///
/// # Errors
/// As for [`Gradients::stream`], and when a decomposition fails or all gradients are 0.
pub fn leading(
    source: &dyn Gradients,
    wanted: &[Wanted],
    streams: &Streams,
) -> Result<Vec<Spectrum>> {
    let samples = source.samples();
    let sum = |wanted| Sum::new(wanted, samples, source.are_singles());
    let mut sums: Vec<Sum> = wanted.iter().map(sum).collect();
    let mut statistics: Vec<&mut dyn Statistic> = sums.iter_mut().map(Sum::statistic).collect();
    source.stream(At::Distribution, 0..samples, &mut statistics)?;
    let each = sums.into_iter().zip(wanted).enumerate();
    each.map(|(index, (sum, wanted))| sum.solve(wanted, index, streams)).collect()
}

/// What is accumulated of the gradients of a range.
enum Sum {
    Matrix(Gram),
    /// For their Gram matrix.
    Singles(Bundle<f32>),
    Doubles(Bundle<f64>, Solver),
}

impl Sum {
    fn new((range, count, solver): &Wanted, samples: usize, are_singles: bool) -> Self {
        let range = range.clone();
        match solver.chosen(samples, range.len(), count.number()) {
            Solver::Dense | Solver::Auto => Self::Matrix(Gram::new(range)),
            Solver::Gram if are_singles => Self::Singles(Bundle::new(range, samples)),
            solver => Self::Doubles(Bundle::new(range, samples), solver),
        }
    }

    fn statistic(&mut self) -> &mut dyn Statistic {
        match self {
            Self::Matrix(gram) => gram,
            Self::Singles(bundle) => bundle,
            Self::Doubles(bundle, _) => bundle,
        }
    }

    fn solve(self, &(_, count, _): &Wanted, index: usize, streams: &Streams) -> Result<Spectrum> {
        match self {
            Self::Matrix(gram) => {
                let spectrum = Spectrum::of(gram.mean())?;
                let k = count.of(&spectrum.eigenvalues, 0);
                let eigenvectors = first(&spectrum.eigenvectors, k).into();
                Ok(Spectrum { eigenvectors, ..spectrum })
            }
            Self::Doubles(bundle, Solver::Randomized) => {
                let number = count.number().ok_or_else(|| {
                    Error::Numerical("subspace iteration needs a number of eigenvectors".into())
                })?;
                randomized(&bundle.into_matrix(), number, &streams.branch(&format!("egop {index}")))
            }
            Self::Doubles(bundle, _) => by_gram(&bundle.into_matrix(), count),
            Self::Singles(bundle) => by_gram(&bundle.into_matrix(), count),
        }
    }
}

/// By way of the eigenvectors u of GGᵀ: Gᵀu are those of GᵀG.
fn by_gram<R: Real>(bundle: &Array2<R>, count: Count) -> Result<Spectrum> {
    let samples = bundle.nrows();
    let gram = linalg::lower_outer(bundle.view());
    let Spectrum { eigenvalues, complete, eigenvectors } = Spectrum::of(gram)?;
    let k = count.of(&eigenvalues, bundle.ncols());
    let eigenvalues = eigenvalues / samples as f64;
    let leading = first(&eigenvectors, k);
    let vectors = if is_single::<R>() && singles_do(&eigenvalues, k) {
        linalg::transposed_times(bundle.view(), leading.mapv(|entry| entry as f32).view())
    } else {
        linalg::transposed_times(bundle.view(), leading.view())
    };
    Ok(Spectrum { eigenvalues, complete, eigenvectors: oriented(vectors).into() })
}

/// Whether sums in singles turn none of the k directions Gᵀu noticeably. Each of their entries rounds M
/// times, by ε of a sum that is at most the length of G's column (Cauchy and Schwarz): together by √M ε ‖G‖
/// where roundings are independent, and by up to twice that where gradients are nearly the same, as sums then
/// grow steadily. Rounding of u adds less than ε ‖G‖, and Gᵀu is as long as the root of its eigenvalue.
fn singles_do(eigenvalues: &Array1<f64>, k: usize) -> bool {
    let Some(&least) = k.checked_sub(1).and_then(|last| eigenvalues.get(last)) else {
        return false;
    };
    let rounding = (eigenvalues.len() as f64).sqrt() * f64::from(f32::EPSILON / 2.0);
    // No sum overflows, and what underflows does not count.
    let in_range = least > 1e-50 && eigenvalues[0] < 1e50;
    in_range && rounding * (eigenvalues.sum() / least).sqrt() <= TURNED
}

/// By subspace iteration; the eigenvalues are those of the leading eigenvectors alone.
fn randomized(bundle: &Array2<f64>, number: usize, streams: &Streams) -> Result<Spectrum> {
    let (samples, parameters) = bundle.dim();
    let width = (OVERSAMPLING * number).min(samples).min(parameters);
    let start =
        Array2::random_using((parameters, width), StandardNormal, &mut streams.rng("sketch"));
    let mut subspace = start;
    for _ in 0..=ITERATIONS {
        let image = linalg::orthonormal_columns(times(bundle.view(), subspace.view()).view());
        subspace = linalg::orthonormal_columns(times(bundle.t(), image.view()).view());
    }
    let image = times(bundle.view(), subspace.view());
    let mut small = Array2::zeros((width, width));
    linalg::add_lower_inner(image.view(), 0..width, &mut small);
    let Spectrum { eigenvalues, eigenvectors, .. } = Spectrum::of(small)?;
    let k = Count::Number(number).of(&eigenvalues, samples);
    let vectors = times(subspace.view(), first(&eigenvectors, k).view());
    let eigenvalues = eigenvalues.iter().take(k).map(|value| value / samples as f64).collect();
    Ok(Spectrum { eigenvalues, complete: false, eigenvectors: oriented(vectors).into() })
}

/// Some first columns.
fn first(columns: &ArcArray2<f64>, count: usize) -> Array2<f64> {
    linalg::columns(columns.view(), 0..count).to_owned()
}

/// An orthonormal basis of the columns, each along its column, with the signs of eigenvectors.
fn oriented(columns: Array2<f64>) -> Array2<f64> {
    let mut basis = linalg::orthonormalized(columns.into()).into_owned();
    linalg::fix_signs(basis.view_mut());
    basis
}

#[cfg(test)]
mod tests {
    use ndarray::ArrayView2;

    use super::*;
    use crate::data::orthonormal;

    /// A bundle with these singular values over √M.
    fn bundle(samples: usize, parameters: usize, values: &[f64]) -> (Array2<f64>, Array2<f64>) {
        let mut rng = Streams::new(5, 0).rng("data");
        let left = orthonormal(samples, values.len(), &mut rng);
        let right = orthonormal(parameters, values.len(), &mut rng);
        let scaled = &left * &(Array1::from(values.to_vec()) * (samples as f64).sqrt());
        (scaled.dot(&right.t()), right)
    }

    /// The largest entry of the difference of the projections on two spans.
    fn apart(a: ArrayView2<'_, f64>, b: ArrayView2<'_, f64>) -> f64 {
        let difference = a.dot(&a.t()) - b.dot(&b.t());
        linalg::largest(difference.iter().map(|entry| entry.abs()))
    }

    #[test]
    fn all_solvers_find_the_leading_subspace() {
        let values = [4.0, 3.0, 3.0, 2.0, 0.5, 0.4, 0.2, 0.1];
        let (bundle, right) = bundle(20, 50, &values);
        let gram = by_gram(&bundle, Count::Number(4)).unwrap();
        let iterated = randomized(&bundle, 4, &Streams::new(1, 0)).unwrap();
        let mut matrix = Gram::new(0..50);
        matrix.add(bundle.view());
        let dense = Spectrum::of(matrix.mean()).unwrap();
        let leading = linalg::columns(right.view(), 0..4);
        for (spectrum, tolerance) in [(&gram, 1e-12), (&iterated, 1e-12)] {
            assert_eq!(spectrum.eigenvectors.dim(), (50, 4));
            // Rounding of subspaces whose eigenvalues are well apart.
            assert!(apart(spectrum.eigenvectors.view(), leading) < tolerance);
            for (k, value) in values.iter().enumerate().take(4) {
                assert!((spectrum.eigenvalues[k] / value.powi(2) - 1.0).abs() < 1e-12);
                assert!((spectrum.eigenvalues[k] / dense.eigenvalues[k] - 1.0).abs() < 1e-12);
            }
        }
        // Simple eigenvalues have the same eigenvectors, signs included.
        for k in [0, 3] {
            let difference = &gram.eigenvectors.column(k) - &dense.eigenvectors.column(k);
            assert!(linalg::largest(difference.iter().map(|x| x.abs())) < 1e-11);
        }
        assert!(linalg::orthonormality_defect(gram.eigenvectors.view()) < 1e-14);
        assert_eq!(gram.eigenvalues.len(), 20);
        // Of all eigenvalues: the leading ones alone tell nothing of their sum.
        let stable_rank = values.iter().sum::<f64>() / values[0];
        // The roots of what rounding leaves of 12 and 42 eigenvalues of 0, up to 1e-14 of the largest.
        for spectrum in [&gram, &dense] {
            assert!((spectrum.stable_rank().unwrap() - stable_rank).abs() < 1e-5);
        }
        assert_eq!((iterated.stable_rank(), iterated.intrinsic_dimension()), (None, None));
    }

    #[test]
    fn gradients_in_singles_are_summed_up_in_singles_where_these_do() {
        let (bundle, _) = bundle(20, 700, &[4.0, 3.0, 2.0, 0.5, 0.01]);
        let singles = bundle.mapv(|entry| entry as f32);
        let both = |count| {
            let found = by_gram(&singles, Count::Number(count)).unwrap();
            let expected = by_gram(&singles.mapv(f64::from), Count::Number(count)).unwrap();
            assert_eq!(found.eigenvalues, expected.eigenvalues);
            (found.eigenvectors, expected.eigenvectors)
        };
        // All but the last direction are far above what rounding makes of sums.
        let (found, expected) = both(4);
        assert!(linalg::orthonormality_defect(found.view()) < 1e-14);
        let apart = apart(found.view(), expected.view());
        assert!(apart > 1e-9 && apart < TURNED, "{apart}");
        let (found, expected) = both(5);
        assert_eq!(found, expected);
    }

    #[test]
    fn singles_do_where_they_round_little_and_overflow_nowhere() {
        let of = |values: [f64; 4], k| singles_do(&Array1::from(values.to_vec()), k);
        // √4 ε √(7/1e-5) = 9.97e-5.
        assert!(of([4.0, 3.0, 1e-5, 1e-9], 3));
        assert!(!of([4.0, 3.0, 9e-6, 1e-9], 3));
        assert!(of([4.0, 3.0, 0.0, -1e-20], 2));
        assert!(!of([4.0, 3.0, 1.0, 1.0], 0));
        for (scale, do_they) in [(1e-52, false), (1e-48, true), (1e48, true), (1e52, false)] {
            assert_eq!(of([4.0, 3.0, 1.0, 1.0].map(|value| scale * value), 1), do_they, "{scale}");
        }
    }

    #[test]
    fn there_are_no_more_eigenvectors_than_the_bundle_has() {
        let (bundle, _) = bundle(20, 50, &[1.0, 0.5, 0.1]);
        assert_eq!(by_gram(&bundle, Count::Number(10)).unwrap().eigenvectors.ncols(), 3);
        assert_eq!(randomized(&bundle, 10, &Streams::new(1, 0)).unwrap().eigenvectors.ncols(), 3);
        // 1/1.26 = 0.79, 1.25/1.26 = 0.992.
        for (share, k) in [(0.5, 1), (0.79, 1), (0.8, 2), (0.99, 2), (1.0, 3)] {
            let found = by_gram(&bundle, Count::Energy(share)).unwrap();
            assert_eq!(found.eigenvectors.ncols(), k, "{share}");
        }
    }

    #[test]
    fn the_cheapest_solver_is_chosen() {
        for (samples, parameters, wanted, solver) in [
            (100, 100, Some(5), Solver::Dense),
            (99, 100, Some(5), Solver::Gram),
            (121, 1000, Some(5), Solver::Randomized),
            (120, 1000, Some(5), Solver::Gram),
            (999, 1000, None, Solver::Gram),
        ] {
            assert_eq!(Solver::Auto.chosen(samples, parameters, wanted), solver);
            assert_eq!(Solver::Dense.chosen(samples, parameters, wanted), Solver::Dense);
        }
    }
}
