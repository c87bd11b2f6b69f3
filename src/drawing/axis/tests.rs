//! Axes and ticks for any numbers.

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
        for values in [vec![], vec![f64::NAN], vec![5.0], vec![0.0], vec![f64::INFINITY, 2.0, 2.0]]
        {
            let axis = Axis::covering("", scale, values, 0.05);
            assert!(axis.low < axis.high && axis.low.is_finite() && axis.high.is_finite());
            assert!(!labels(&axis, 300.0).is_empty());
        }
    }
}

#[test]
fn where_two_labels_do_not_fit_there_is_one() {
    let axis = axis(Scale::Logarithmic, 10_f64.powf(-37.762), 10_f64.powf(-36.32));
    assert_eq!(labels(&axis, 120.0).len(), 1);
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
