//! Curves of bounded length: which of a run's recorded points are kept.
//!
//! While a run trains, a point is left out when a straight line between the points kept before and
//! after it passes within a tolerance of it, in every coordinate. The line's slope from the last
//! point kept is confined to a cone that each further point narrows; a point outside of the cone
//! ends the line at the point before (Reumann and Witkam's corridor, with its error bounded as in
//! the swing filter of Elmeleegy et al., 2009). Nothing but the kept points and the cone is
//! remembered, and the choice depends on the run alone.

use crate::trial::CurvePoint;

/// Which points of curves and paths are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CurvePoints {
    /// At most [`CurvePoints::MOST`] of each curve.
    Thinned,
    /// All of them.
    Every,
}

impl CurvePoints {
    /// Names in configs.
    pub const NAMES: [(&str, Self); 2] = [("thinned", Self::Thinned), ("every-point", Self::Every)];

    /// The most points that are kept of a thinned curve.
    pub const MOST: usize = 500;

    /// The most iterates that are kept of a thinned path.
    pub const MOST_ITERATES: usize = 5_000;

    /// The most epochs of a schedule that are kept, about.
    pub const MOST_EPOCHS: usize = 2_000;

    /// The distance of the epochs of a schedule that are kept.
    pub fn stride(self, epochs: usize) -> usize {
        match self {
            Self::Thinned => epochs.div_ceil(Self::MOST_EPOCHS).max(1),
            Self::Every => 1,
        }
    }

    /// The most points that are kept of a curve with so many.
    pub fn kept(self, points: usize) -> usize {
        match self {
            Self::Thinned => points.min(Self::MOST),
            Self::Every => points,
        }
    }

    /// The most iterates that are kept of a path with so many.
    pub fn kept_iterates(self, points: usize) -> usize {
        match self {
            Self::Thinned => points.min(Self::MOST_ITERATES),
            Self::Every => points,
        }
    }
}

/// Curves of no more points are kept whole.
const WHOLE: usize = 100;
/// The tolerance of losses, as a share of them.
const LOSS: f64 = 0.02;
/// The tolerance of gradient norms, as a share of them.
const NORM: f64 = 0.05;
/// The tolerance of accuracies, which are in [0, 1].
const ACCURACY: f64 = 1e-3;
/// The most times that the tolerance is doubled; points that are not left out then differ in kind.
const DOUBLINGS: u32 = 60;

/// One coordinate of a point.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Coordinate {
    /// Points of different kinds are not joined by a line.
    kind: Kind,
    value: f64,
    tolerance: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Absent,
    NotANumber,
    Infinite,
    NegativeInfinite,
    Zero,
    Positive,
    Negative,
    Finite,
}

impl Coordinate {
    /// Of which equal ratios count alike, with this share as tolerance.
    fn logarithmic(value: Option<f64>, share: f64) -> Self {
        let kind = match value {
            None => Kind::Absent,
            Some(0.0) => Kind::Zero,
            Some(value) if value.is_finite() && value > 0.0 => Kind::Positive,
            Some(value) if value.is_finite() => Kind::Negative,
            Some(value) => Kind::of_infinite(value),
        };
        let logarithm = matches!(kind, Kind::Positive | Kind::Negative);
        let value = value.filter(|_| logarithm).map_or(0.0, |value| value.abs().ln());
        Self { kind, value, tolerance: share.ln_1p() }
    }

    /// Of which equal differences count alike.
    pub fn linear(value: Option<f64>, tolerance: f64) -> Self {
        let (kind, value) = match value {
            None => (Kind::Absent, 0.0),
            Some(value) if value.is_finite() => (Kind::Finite, value),
            Some(value) => (Kind::of_infinite(value), 0.0),
        };
        Self { kind, value, tolerance }
    }
}

impl Kind {
    fn of_infinite(value: f64) -> Self {
        match value {
            f64::INFINITY => Self::Infinite,
            f64::NEG_INFINITY => Self::NegativeInfinite,
            _ => Self::NotANumber,
        }
    }
}

/// The coordinates of a point of a curve; every column of the table must be within its tolerance.
pub(super) fn coordinates(point: &CurvePoint, suboptimality: Option<f64>) -> [Coordinate; 5] {
    let validation = point.validation;
    [
        Coordinate::logarithmic(Some(point.train_loss), LOSS),
        Coordinate::logarithmic(suboptimality, LOSS),
        Coordinate::logarithmic(validation.map(|metrics| metrics.loss), LOSS),
        Coordinate::linear(validation.and_then(|metrics| metrics.accuracy), ACCURACY),
        Coordinate::logarithmic(Some(point.gradient.euclidean), NORM),
    ]
}

/// The points of a run that are kept, in their order. `C`: a point's coordinates, as many for each.
#[derive(Debug)]
pub(super) enum Kept<P, C> {
    /// All of them.
    Every(Vec<P>),
    /// A bounded number of them.
    Thinned(Thinner<P, C>),
}

impl<P, C: AsRef<[Coordinate]>> Kept<P, C> {
    /// Of a curve with so many points.
    pub fn of_curve(points: CurvePoints, most: usize) -> Self {
        match points {
            // Growing would copy them again and again.
            CurvePoints::Every => Self::Every(Vec::with_capacity(most)),
            // Beside the kept ones: the last one, the lowest and the highest.
            CurvePoints::Thinned => Self::Thinned(Thinner::new(WHOLE, CurvePoints::MOST - 3)),
        }
    }

    /// Of a path, which is kept whole until there are too many points.
    pub fn of_path(points: CurvePoints) -> Self {
        let most = CurvePoints::MOST_ITERATES - 1;
        match points {
            CurvePoints::Every => Self::Every(Vec::new()),
            CurvePoints::Thinned => Self::Thinned(Thinner::new(most, most)),
        }
    }

    /// Takes the next point; steps increase.
    pub fn push(&mut self, point: P, step: u64, coordinates: impl FnOnce(&P) -> C) {
        match self {
            Self::Every(points) => points.push(point),
            Self::Thinned(thinner) => {
                let coordinates = coordinates(&point);
                thinner.push(Placed { point, step, coordinates });
            }
        }
    }

    /// The kept points.
    pub fn finish(self) -> Vec<P> {
        match self {
            Self::Every(points) => points,
            Self::Thinned(thinner) => thinner.finish(),
        }
    }
}

/// A kept point with its place.
#[derive(Debug)]
struct Placed<P, C> {
    point: P,
    step: u64,
    coordinates: C,
}

/// Keeps a bounded number of the points that are pushed, in their order.
#[derive(Debug)]
pub(super) struct Thinner<P, C> {
    /// Up to so many points, all are kept.
    whole: usize,
    /// At most so many are kept.
    most: usize,
    kept: Vec<Placed<P, C>>,
    /// The last point, as long as it is not known whether it is needed.
    last: Option<Placed<P, C>>,
    /// The slopes, coordinate by coordinate, of the lines from the last kept point that pass all
    /// points since; empty where there are none.
    cone: Vec<(f64, f64)>,
    /// How often the tolerance was doubled; `None`: all points are kept as yet.
    doublings: Option<u32>,
}

impl<P, C: AsRef<[Coordinate]>> Thinner<P, C> {
    fn new(whole: usize, most: usize) -> Self {
        Self { whole, most, kept: Vec::new(), last: None, cone: Vec::new(), doublings: None }
    }

    fn push(&mut self, placed: Placed<P, C>) {
        if self.doublings.is_some() {
            self.extend(placed);
        } else {
            self.kept.push(placed);
            if self.kept.len() > self.whole {
                self.doublings = Some(0);
                self.again();
            }
        }
        while self.kept.len() > self.most {
            let doublings = self.doublings.unwrap_or(0);
            if doublings < DOUBLINGS {
                self.doublings = Some(doublings + 1);
                self.again();
            } else {
                let mut index = 0;
                self.kept.retain(|_| {
                    index += 1;
                    index % 2 == 1
                });
                self.cone.clear();
            }
        }
    }

    fn finish(self) -> Vec<P> {
        self.kept.into_iter().chain(self.last).map(|placed| placed.point).collect()
    }

    /// Thins the kept points with the present tolerance. As this doubles each time, a point that
    /// was left out is within twice the last one of the line.
    fn again(&mut self) {
        let points = std::mem::take(&mut self.kept).into_iter().chain(self.last.take());
        self.cone.clear();
        points.for_each(|point| self.extend(point));
    }

    fn extend(&mut self, point: Placed<P, C>) {
        loop {
            if self.reaches(&point) {
                self.last = Some(point);
                return;
            }
            self.cone.clear();
            // A line ends at the point before, and another one begins there.
            let Some(before) = self.last.take() else {
                self.kept.push(point);
                return;
            };
            self.kept.push(before);
        }
    }

    /// Whether a line from the last kept point to this one passes all points between them; if so,
    /// this point narrows the cone.
    fn reaches(&mut self, point: &Placed<P, C>) -> bool {
        let Some(anchor) = self.kept.last() else { return false };
        let steps = point.step.saturating_sub(anchor.step).max(1) as f64;
        let factor = f64::from(self.doublings.unwrap_or(0)).exp2();
        let pairs = || anchor.coordinates.as_ref().iter().zip(point.coordinates.as_ref());
        let slope = |(from, to): (&Coordinate, &Coordinate)| (to.value - from.value) / steps;
        let within = |(pair, &(low, high))| (low..=high).contains(&slope(pair));
        let alike = pairs().all(|(from, to)| from.kind == to.kind);
        if !alike || !pairs().zip(&self.cone).all(within) {
            return false;
        }
        let aside = |to: &Coordinate| factor * to.tolerance / steps;
        if self.cone.is_empty() {
            let cone =
                pairs().map(|pair| (slope(pair) - aside(pair.1), slope(pair) + aside(pair.1)));
            self.cone = cone.collect();
        } else {
            for (pair, (low, high)) in pairs().zip(&mut self.cone) {
                *low = low.max(slope(pair) - aside(pair.1));
                *high = high.min(slope(pair) + aside(pair.1));
            }
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn thinned(losses: &[f64], points: CurvePoints) -> Vec<(u64, f64)> {
        let mut kept = Kept::of_curve(points, losses.len());
        for (step, &loss) in losses.iter().enumerate() {
            let step = step as u64;
            kept.push((step, loss), step, |_| [Coordinate::logarithmic(Some(loss), LOSS)]);
        }
        kept.finish()
    }

    #[test]
    fn a_straight_curve_is_its_ends() {
        let losses: Vec<f64> = (0..2000).map(|step| 0.99_f64.powi(step)).collect();
        let kept = thinned(&losses, CurvePoints::Thinned);
        assert_eq!(kept, [(0, 1.0), (1999, losses[1999])]);
        assert_eq!(thinned(&losses, CurvePoints::Every).len(), 2000);
        assert_eq!(thinned(&losses[..100], CurvePoints::Thinned).len(), 100);
    }

    #[test]
    fn what_is_not_finite_is_kept_with_its_neighbours() {
        let mut losses = vec![1.0; 1000];
        losses[500] = f64::INFINITY;
        losses[999] = f64::NAN;
        let steps: Vec<u64> =
            thinned(&losses, CurvePoints::Thinned).iter().map(|point| point.0).collect();
        assert_eq!(steps, [0, 499, 500, 501, 998, 999]);
    }

    fn noise(seed: u64) -> impl Iterator<Item = f64> {
        let mut state = seed;
        std::iter::repeat_with(move || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 40) as f64 / (1 << 24) as f64
        })
    }

    #[test]
    fn the_longest_and_noisiest_curves_are_bounded() {
        let noisy: Vec<f64> = noise(1).take(200_000).map(|x| (60.0 * x).exp()).collect();
        let kept = thinned(&noisy, CurvePoints::Thinned);
        assert!((2..=CurvePoints::MOST - 2).contains(&kept.len()), "{}", kept.len());
        assert_eq!(kept[0].0, 0);
        assert_eq!(kept[kept.len() - 1].0, 199_999);
        // Points that no tolerance joins.
        let kinds = noise(2).take(5_000).map(|x| if x < 0.5 { f64::NAN } else { x });
        let kept = thinned(&kinds.collect::<Vec<_>>(), CurvePoints::Thinned);
        assert!((2..=CurvePoints::MOST - 2).contains(&kept.len()), "{}", kept.len());
    }

    proptest! {
        #[test]
        fn what_is_left_out_lies_near_the_line(
            seed: u64, rough in 0.0..0.02, wave in 0.0..3.0, length in 101..400_usize,
        ) {
            let logarithm = |(step, x): (usize, f64)| -> f64 {
                let step = step as f64;
                rough * x - 0.03 * step + wave * f64::sin(step / 30.0)
            };
            let losses: Vec<f64> =
                noise(seed).take(length).enumerate().map(|x| logarithm(x).exp()).collect();
            let kept = thinned(&losses, CurvePoints::Thinned);
            prop_assert!(kept.len() <= length);
            for pair in kept.windows(2) {
                let [(from, a), (to, b)] = [pair[0], pair[1]];
                for step in from..to {
                    let t = (step - from) as f64 / (to - from) as f64;
                    let line = (1.0 - t) * a.ln() + t * b.ln();
                    let error = (losses[step as usize].ln() - line).abs();
                    // The tolerance was not doubled: fewer than 400 points are never too many.
                    prop_assert!(error <= LOSS.ln_1p() + 1e-9, "{step}: {error}");
                }
            }
        }
    }
}
