//! Axes: a range, linear or logarithmic, and its ticks, thinned until their labels do not collide.

/// How values are spread over an axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// Equal differences take equal room.
    Linear,
    /// The same, of whole numbers, with ticks at whole numbers only.
    Whole,
    /// Equal ratios take equal room.
    Logarithmic,
}

/// One axis of a panel.
#[derive(Clone, Debug, PartialEq)]
pub struct Axis {
    /// What is shown, with its unit.
    pub label: String,
    /// How values are spread over it.
    pub scale: Scale,
    /// Least value shown.
    pub low: f64,
    /// Greatest value shown.
    pub high: f64,
}

/// A mark beside an axis.
#[derive(Clone, Debug, PartialEq)]
pub struct Tick {
    /// Where it stands.
    pub value: f64,
    /// What stands beside it; `None` for the small ones in between.
    pub label: Option<String>,
}

/// Of linear axes: the least share of the ends' size that the values between them span. Values
/// that are nearer to each other than this are drawn as one: no label could tell them apart.
const RESOLUTION: f64 = 1e-9;
/// The least exponent that a logarithmic axis covers: subnormal numbers have no digits for ticks.
const LEAST: f64 = -300.0;
/// Far beyond the ends of an axis: places further out are drawn as if they were here, so that
/// nothing overflows.
const FAR: f64 = 1e6;

/// Free room between neighbouring labels, in logical pixels.
const GAP: f64 = 9.0;

impl Axis {
    /// An axis over the values that it can show (finite, and positive on a logarithmic one), with
    /// this part of its length left free at both ends; its own ends are always finite.
    pub fn covering(
        label: impl Into<String>,
        scale: Scale,
        values: impl IntoIterator<Item = f64>,
        margin: f64,
    ) -> Self {
        let shown =
            |value: &f64| value.is_finite() && (scale != Scale::Logarithmic || *value > 0.0);
        let transformed = values
            .into_iter()
            .filter(shown)
            .map(|value| scale.transform(value))
            .map(|place| if scale == Scale::Logarithmic { place.max(LEAST) } else { place });
        let (low, high) = transformed
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
                (value.min(low), value.max(high))
            });
        // An exponent is as large as any other.
        let size = |low: f64, high: f64| match scale {
            Scale::Linear | Scale::Whole => low.abs().max(high.abs()),
            Scale::Logarithmic => 1.0,
        };
        let (low, high) = match (low, high) {
            _ if low > high => (0.0, 1.0),
            _ if high / 2.0 - low / 2.0 <= RESOLUTION * size(low, high) / 2.0 => {
                let around = match scale {
                    Scale::Linear | Scale::Whole if low != 0.0 => {
                        (0.5 * low.abs()).max(f64::MIN_POSITIVE)
                    }
                    _ => 0.5,
                };
                (low - around, high + around)
            }
            _ => {
                let free = margin * (high - low).min(f64::MAX);
                (low - free, high + free)
            }
        };
        let end = |value| scale.inverse(value).clamp(scale.least(), f64::MAX);
        Self { label: label.into(), scale, low: end(low), high: end(high) }
    }

    /// Whether it has a length, and ends that can be shown.
    fn is_proper(&self) -> bool {
        self.low < self.high
            && self.low >= self.scale.least()
            && self.high <= f64::MAX
            && self.fraction(self.low).is_finite()
            && self.fraction(self.high).is_finite()
    }

    /// Where a value stands along the axis: 0 at its low end, 1 at its high end. What an axis
    /// can show has a finite place, unless the axis has no length.
    pub fn fraction(&self, value: f64) -> f64 {
        let [low, high, place] = [self.low, self.high, value].map(|v| self.scale.transform(v));
        // The difference of halves does not overflow; that of subnormal halves would be rounded.
        let part = if low.abs().max(high.abs()) > 1.0 { 0.5 } else { 1.0 };
        let [low, high, place] = [low, high, place].map(|v| part * v);
        let fraction = (place - low) / (high - low);
        if place.is_finite() { fraction.clamp(-FAR, FAR) } else { fraction }
    }

    /// The ticks of an axis `length` logical pixels long whose labels take `extent` along it.
    pub fn ticks(&self, length: f64, extent: impl Fn(&str) -> f64) -> Vec<Tick> {
        let fits = |ticks: &[Tick]| {
            let places: Vec<(f64, f64)> = ticks
                .iter()
                .filter_map(|tick| {
                    let label = tick.label.as_deref()?;
                    Some((self.fraction(tick.value) * length, extent(label)))
                })
                .collect();
            places.windows(2).all(|p| p[1].0 - p[0].0 >= (p[0].1 + p[1].1) / 2.0 + GAP)
        };
        if !self.is_proper() {
            return Vec::new();
        }
        let candidates = match self.scale {
            Scale::Linear | Scale::Whole => self.linear_ticks(),
            Scale::Logarithmic => self.logarithmic_ticks(length),
        };
        candidates.into_iter().find(|ticks| fits(ticks)).unwrap_or_default()
    }

    /// Ticks at multiples of 1, 2 and 5 times powers of ten, finest first; a dozen at most.
    fn linear_ticks(&self) -> Vec<Vec<Tick>> {
        let span = self.high - self.low;
        let tenth = if span.is_finite() { span / 10.0 } else { self.high / 10.0 - self.low / 10.0 };
        let decade = tenth.log10().floor() as i32;
        let ends = self.low.abs().max(self.high.abs());
        (decade..=decade + 2)
            .flat_map(|exponent| [1.0, 2.0, 5.0].map(|mantissa| (mantissa, exponent)))
            .filter(|&(_, exponent)| self.scale != Scale::Whole || exponent >= 0)
            .map(|(mantissa, exponent)| (mantissa * ten(exponent), exponent))
            // Multiples of finer steps are not told apart.
            .filter(|&(step, _)| {
                step.is_finite() && tenth / step <= 1.0 && step >= RESOLUTION / 100.0 * ends
            })
            .map(|(step, exponent)| {
                // A tick that rounding pushed just outside still counts.
                let first = (self.low / step - 1e-9).ceil();
                let last = (self.high / step + 1e-9).floor();
                (0..12)
                    .map(|further| first + f64::from(further))
                    .take_while(|&multiple| multiple <= last)
                    .map(|multiple| {
                        // Neither the sign of zero nor an overflow is to be seen.
                        let value = (multiple * step + 0.0).clamp(f64::MIN, f64::MAX);
                        let label = if step < 1e-4 || self.high.abs().max(self.low.abs()) >= 1e5 {
                            number(value)
                        } else {
                            let decimals = usize::try_from(-exponent).unwrap_or(0);
                            minus(&format!("{value:.decimals$}"))
                        };
                        Tick { value, label: Some(label) }
                    })
                    .collect()
            })
            .collect()
    }

    /// Labels at every power of ten, then at every second, third…; on less than two decades, at
    /// some or all of their multiples, or else as on a linear axis.
    fn logarithmic_ticks(&self, length: f64) -> Vec<Vec<Tick>> {
        let (low, high) = (self.low.log10(), self.high.log10());
        // Rounding must not lose a power of ten that ends the axis.
        let (first, last) = ((low - 1e-9).ceil() as i32, (high + 1e-9).floor() as i32);
        let decade = length / (high - low);
        // Neither m·10ᵏ nor the ends of the axis are exact.
        let within = |value: f64| (-1e-9..=1.0 + 1e-9).contains(&self.fraction(value));
        if last - first < 1 {
            let multiples = |labelled: &[i32]| -> Vec<Tick> {
                (first - 1..=last)
                    .flat_map(|exponent| (1..10).map(move |mantissa| (mantissa, exponent)))
                    .map(|(mantissa, exponent)| {
                        let value = f64::from(mantissa) * ten(exponent);
                        let label = labelled.contains(&mantissa).then(|| number(value));
                        Tick { value, label }
                    })
                    .filter(|tick| within(tick.value))
                    .collect()
            };
            let mut candidates = vec![
                multiples(&[1, 2, 3, 4, 5, 6, 7, 8, 9]),
                multiples(&[1, 2, 3, 5]),
                multiples(&[1, 2, 5]),
                multiples(&[1, 3]),
            ];
            candidates.retain(|ticks| ticks.iter().filter(|tick| tick.label.is_some()).count() > 1);
            candidates.extend(self.linear_ticks());
            return candidates;
        }
        let small: &[i32] = match decade {
            60.0.. => &[2, 3, 4, 5, 6, 7, 8, 9],
            30.0.. => &[2, 5],
            _ => &[],
        };
        [1, 2, 3, 5, 10, 20, 50, 100, 200]
            .into_iter()
            .map(|stride| {
                (first - 1..=last)
                    .flat_map(|exponent| {
                        let power = ten(exponent);
                        let labelled = exponent.rem_euclid(stride) == 0;
                        let main = (labelled || decade >= 4.0).then(|| Tick {
                            value: power,
                            label: labelled.then(|| power_of_ten(exponent)),
                        });
                        let between = small
                            .iter()
                            .map(move |&m| Tick { value: f64::from(m) * power, label: None });
                        main.into_iter().chain(between)
                    })
                    .filter(|tick| within(tick.value))
                    .collect()
            })
            .collect()
    }
}

/// A power of ten, also one that is subnormal.
fn ten(exponent: i32) -> f64 {
    if exponent.abs() <= 300 { 10_f64.powi(exponent) } else { 10_f64.powf(f64::from(exponent)) }
}

impl Scale {
    /// The least value that an axis can begin with.
    fn least(self) -> f64 {
        match self {
            Self::Linear | Self::Whole => f64::MIN,
            Self::Logarithmic => f64::from_bits(1),
        }
    }

    fn transform(self, value: f64) -> f64 {
        match self {
            Self::Linear | Self::Whole => value,
            Self::Logarithmic if value < 0.0 => f64::NEG_INFINITY,
            Self::Logarithmic => value.log10(),
        }
    }

    fn inverse(self, value: f64) -> f64 {
        match self {
            Self::Linear | Self::Whole => value,
            Self::Logarithmic => 10_f64.powf(value),
        }
    }
}

fn minus(text: &str) -> String {
    text.replace('-', "−")
}

fn superscript(number: i32) -> String {
    const DIGITS: [char; 10] = ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'];
    number
        .to_string()
        .chars()
        .map(|c| c.to_digit(10).map_or('⁻', |digit| DIGITS[digit as usize]))
        .collect()
}

/// A power of ten, as 10⁻³.
pub fn power_of_ten(exponent: i32) -> String {
    format!("10{}", superscript(exponent))
}

/// A number as short as it can be said: 0.08, 30, 8×10⁻⁵, 10¹⁰.
pub fn number(value: f64) -> String {
    if value == 0.0 || (1e-3..1e5).contains(&value.abs()) {
        // Twelve digits hide the rounding of m·10ᵏ.
        let rounded: f64 = format!("{value:.12e}").parse().unwrap_or(value);
        return minus(&rounded.to_string());
    }
    if !value.is_finite() {
        return if value.is_nan() {
            "NaN".into()
        } else {
            minus(&"∞".replace('∞', if value > 0.0 { "∞" } else { "-∞" }))
        };
    }
    let text = format!("{value:.12e}");
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let mantissa = mantissa.trim_end_matches('0').trim_end_matches('.');
    let power = power_of_ten(exponent.parse().unwrap_or(0));
    match mantissa {
        "1" => power,
        "-1" => format!("−{power}"),
        _ => minus(&format!("{mantissa}×{power}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn axis(scale: Scale, low: f64, high: f64) -> Axis {
        Axis { label: String::new(), scale, low, high }
    }

    fn labels(axis: &Axis, length: f64) -> Vec<String> {
        axis.ticks(length, |label| 7.0 * label.chars().count() as f64)
            .into_iter()
            .filter_map(|tick| tick.label)
            .collect()
    }

    #[test]
    fn powers_of_ten_are_written_with_superscripts() {
        let axis = axis(Scale::Logarithmic, 1e-3, 1e2);
        assert_eq!(labels(&axis, 400.0), ["10⁻³", "10⁻²", "10⁻¹", "10⁰", "10¹", "10²"]);
    }

    #[test]
    fn many_decades_are_thinned_to_round_exponents() {
        let axis = axis(Scale::Logarithmic, 3e-38, 2e3);
        assert_eq!(
            labels(&axis, 400.0),
            ["10⁻³⁵", "10⁻³⁰", "10⁻²⁵", "10⁻²⁰", "10⁻¹⁵", "10⁻¹⁰", "10⁻⁵", "10⁰"]
        );
    }

    #[test]
    fn less_than_a_decade_is_labelled_in_between() {
        assert_eq!(
            labels(&axis(Scale::Logarithmic, 0.15, 0.6), 500.0),
            ["0.2", "0.3", "0.4", "0.5", "0.6"]
        );
        assert_eq!(labels(&axis(Scale::Logarithmic, 0.93, 0.96), 400.0).len(), 7);
    }

    #[test]
    fn linear_ticks_are_round() {
        assert_eq!(
            labels(&axis(Scale::Linear, 0.0, 1000.0), 300.0),
            ["0", "200", "400", "600", "800", "1000"]
        );
        assert_eq!(
            labels(&axis(Scale::Linear, -0.25, 0.3), 300.0),
            ["−0.2", "−0.1", "0.0", "0.1", "0.2", "0.3"]
        );
    }

    #[test]
    fn whole_numbers_have_no_ticks_in_between() {
        assert_eq!(labels(&axis(Scale::Whole, 1.0, 2.0), 400.0), ["1", "2"]);
        assert_eq!(labels(&axis(Scale::Whole, 0.5, 5.5), 400.0), ["1", "2", "3", "4", "5"]);
    }

    #[test]
    fn numbers_are_short() {
        for (value, text) in [
            (0.08, "0.08"),
            (30.0, "30"),
            (8e-5, "8×10⁻⁵"),
            (1e-5, "10⁻⁵"),
            (1e10, "10¹⁰"),
            (8.0 * 10_f64.powi(-3), "0.008"),
            (0.0, "0"),
            (-2.5e-7, "−2.5×10⁻⁷"),
            (f64::INFINITY, "∞"),
        ] {
            assert_eq!(number(value), text);
        }
    }

    #[test]
    fn the_largest_and_the_smallest_numbers_have_labels() {
        for values in [
            [f64::MIN, f64::MAX],
            [0.0, f64::MAX],
            [f64::MAX, f64::MAX],
            [5e-324, 5e-324],
            [1e300, 1.000_000_1e300],
            [1.0, 1.0 + f64::EPSILON],
            [1e15, 1e15 + 1.0],
        ] {
            for scale in [Scale::Linear, Scale::Logarithmic] {
                let axis = Axis::covering("", scale, values, 0.05);
                let labels = labels(&axis, 300.0);
                assert!(labels.len() > 1, "{axis:?}: {labels:?}");
                assert!(labels.windows(2).all(|pair| pair[0] != pair[1]), "{labels:?}");
            }
        }
    }

    #[test]
    fn an_axis_exists_for_any_values() {
        for scale in [Scale::Linear, Scale::Whole, Scale::Logarithmic] {
            for values in
                [vec![], vec![f64::NAN], vec![5.0], vec![0.0], vec![f64::INFINITY, 2.0, 2.0]]
            {
                let axis = Axis::covering("", scale, values, 0.05);
                assert!(axis.low < axis.high && axis.low.is_finite() && axis.high.is_finite());
                assert!(!labels(&axis, 300.0).is_empty());
            }
        }
    }

    /// Any double, extreme ones often.
    fn any() -> impl Strategy<Value = f64> {
        prop_oneof![
            prop::num::f64::ANY,
            prop::sample::select(vec![
                0.0,
                -0.0,
                5e-324,
                f64::MIN_POSITIVE,
                1.0,
                1.0 + f64::EPSILON,
                1e300,
                f64::MAX,
                f64::MIN,
                f64::INFINITY,
                f64::NEG_INFINITY,
                f64::NAN,
            ]),
        ]
    }

    const SCALES: [Scale; 3] = [Scale::Linear, Scale::Whole, Scale::Logarithmic];

    proptest! {
        #[test]
        fn whatever_is_covered_the_axis_is_finite_and_labelled(
            values in prop::collection::vec(any(), 0..6), margin in 0.0..1.0,
        ) {
            for scale in SCALES {
                let axis = Axis::covering("", scale, values.iter().copied(), margin);
                prop_assert!(axis.low < axis.high, "{axis:?}");
                prop_assert!(axis.low.is_finite() && axis.high.is_finite(), "{axis:?}");
                let ticks = axis.ticks(300.0, |label| 7.0 * label.chars().count() as f64);
                prop_assert!(ticks.len() <= 6_500, "{}", ticks.len());
                for tick in &ticks {
                    prop_assert!((-1e-6..=1.0 + 1e-6).contains(&axis.fraction(tick.value)));
                }
                for value in values.iter().filter(|value| value.is_finite()) {
                    prop_assert!(!axis.fraction(*value).is_nan(), "{axis:?} {value:e}");
                }
            }
        }

        #[test]
        fn ticks_are_few_whatever_the_ends(low in any(), high in any(), length in any()) {
            for scale in SCALES {
                let ticks = axis(scale, low, high).ticks(length, |_| 10.0);
                prop_assert!(ticks.len() <= 6_500, "{}", ticks.len());
                prop_assert!(ticks.iter().all(|tick| tick.value.is_finite()));
            }
        }

        #[test]
        fn labels_never_collide_and_lie_on_the_axis(
            low in -40.0..10.0, decades in 0.01..60.0, length in 120.0..800.0, logarithmic: bool,
        ) {
            let axis = if logarithmic {
                axis(Scale::Logarithmic, 10_f64.powf(low), 10_f64.powf(low + decades))
            } else {
                axis(Scale::Linear, low, low + decades)
            };
            let extent = |label: &str| 7.0 * label.chars().count() as f64;
            let ticks = axis.ticks(length, extent);
            let labelled: Vec<_> = ticks.iter().filter(|tick| tick.label.is_some()).collect();
            prop_assert!(!labelled.is_empty());
            for tick in &ticks {
                prop_assert!((-1e-6..=1.0 + 1e-6).contains(&axis.fraction(tick.value)));
            }
            for pair in labelled.windows(2) {
                let [a, b] = [pair[0], pair[1]].map(|tick| {
                    (axis.fraction(tick.value) * length, extent(tick.label.as_deref().unwrap()))
                });
                prop_assert!(b.0 - a.0 >= (a.1 + b.1) / 2.0);
            }
        }
    }
}
