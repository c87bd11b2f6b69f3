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
        let shown = |value: &f64| value.is_finite() && !scale.lacks(*value);
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

    /// The value that stands a part of the axis beside another.
    pub fn moved(&self, value: f64, part: f64) -> f64 {
        let [low, high, place] = [self.low, self.high, value].map(|v| self.scale.transform(v));
        self.scale.inverse(place + part * (high - low))
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
        let mut candidates = match self.scale {
            Scale::Linear | Scale::Whole => self.linear_ticks(),
            Scale::Logarithmic => self.logarithmic_ticks(length),
        };
        let is_labelled = |tick: &Tick| tick.label.is_some();
        candidates.retain(|ticks| ticks.iter().any(is_labelled));
        if let Some(fitting) = candidates.iter().position(|ticks| fits(ticks)) {
            return candidates.swap_remove(fitting);
        }
        // Of the coarsest, one label.
        let mut last = candidates.pop().unwrap_or_default();
        let labelled = last.iter_mut().filter(|tick| is_labelled(tick));
        labelled.skip(1).for_each(|tick| tick.label = None);
        last
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
    /// Whether it has no place for a number: 0 and below, on a logarithmic one.
    pub fn lacks(self, value: f64) -> bool {
        self == Self::Logarithmic && value <= 0.0
    }

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

/// A number to three digits.
pub fn three_digits(value: f64) -> f64 {
    format!("{value:.2e}").parse().unwrap_or(value)
}

#[cfg(test)]
mod tests;
