//! Pages of any contents: drawn in bounded time, with a well-formed document.

use std::time::{Duration, Instant};

use egop::drawing::axis::{Axis, Scale};
use egop::drawing::chart::{Chart, Inset, Mark, RowLabel};
use egop::drawing::page::{LegendEntry, LegendPosition, Page};
use egop::drawing::primitives::{Colour, Dash, Rect, Stroke};
use egop::drawing::symbol::{Shape, Symbol};
use proptest::prelude::*;
use proptest::sample::select;

/// A debug build draws for a second or so, on a busy machine for half a minute.
const LONG: Duration = Duration::from_secs(120);

/// Any double, extreme ones often.
fn number() -> impl Strategy<Value = f64> {
    prop_oneof![
        prop::num::f64::ANY,
        -10.0..10.0,
        select(vec![
            0.0,
            5e-324,
            1e300,
            -1e308,
            f64::MAX,
            f64::INFINITY,
            f64::NEG_INFINITY,
            f64::NAN
        ]),
    ]
}

fn numbers() -> impl Strategy<Value = Vec<f64>> {
    prop::collection::vec(number(), 0..20)
}

fn scale() -> impl Strategy<Value = Scale> {
    select(vec![Scale::Linear, Scale::Whole, Scale::Logarithmic])
}

fn axis() -> impl Strategy<Value = Axis> {
    let covering = (scale(), numbers())
        .prop_map(|(scale, values)| Axis::covering("values", scale, values, 0.05));
    let stated = (scale(), number(), number()).prop_map(|(scale, low, high)| Axis {
        label: "stated".into(),
        scale,
        low,
        high,
    });
    prop_oneof![covering, stated]
}

const COLOUR: Colour = Colour::opaque(0, 114, 178);

fn mark() -> impl Strategy<Value = Mark> {
    let dash = select(vec![Dash::Solid, Dash::Dashed, Dash::Dotted, Dash::DashDotDotted]);
    let points = || prop::collection::vec((number(), number()), 0..20);
    prop_oneof![
        (points(), dash)
            .prop_map(|(points, dash)| Mark::Line { points, stroke: Stroke::new(COLOUR, dash) }),
        prop::collection::vec((number(), number(), number()), 0..20)
            .prop_map(|points| Mark::Band { points, colour: COLOUR.with_opacity(0.2) }),
        points().prop_map(|vertices| Mark::Area { vertices, colour: COLOUR }),
        points().prop_map(|points| Mark::Symbols {
            points,
            symbol: Symbol { shape: Shape::Asterisk, radius: 4.0, colour: COLOUR },
        }),
    ]
}

fn panel() -> impl Strategy<Value = Chart> {
    let label = (".{0,120}", ".{0,40}").prop_map(|(name, remark)| RowLabel { name, remark });
    let rows = prop_oneof![Just(Vec::new()), prop::collection::vec(label, 1..90)];
    (axis(), axis(), prop::collection::vec(mark(), 0..4), rows).prop_map(|(x, y, marks, rows)| {
        let mut panel = Chart::new(x, y);
        (panel.marks, panel.rows) = (marks, rows);
        panel
    })
}

fn page(title: String, panels: Vec<Chart>, frame: (f64, f64)) -> Page {
    Page {
        title: title.clone(),
        columns: 2,
        panels,
        frame,
        shared_axes: false,
        legend: vec![LegendEntry::line(title.clone(), Stroke::new(COLOUR, Dash::Dotted))],
        legend_position: LegendPosition::Below,
        footnotes: vec![title],
    }
}

/// Draws, and returns the document's texts.
fn draw(page: &Page) -> Vec<String> {
    let start = Instant::now();
    let drawings = page.render().unwrap();
    assert!(start.elapsed() < LONG, "{:?}", start.elapsed());
    let svg = std::str::from_utf8(&drawings[1].bytes).unwrap();
    let document = roxmltree::Document::parse(svg).unwrap_or_else(|error| panic!("{error}"));
    let elements = document.descendants().filter(roxmltree::Node::is_element).count();
    assert!(elements < 200_000, "{elements} elements");
    let width: f64 = document.root_element().attribute("width").unwrap().parse().unwrap();
    assert!(width < 6000.0, "{width} wide");
    let texts = document.descendants().filter(|node| node.has_tag_name("text"));
    texts.filter_map(|node| node.text()).map(|text| text.trim().to_owned()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    #[test]
    fn any_numbers_are_drawn(
        panels in prop::collection::vec(panel(), 0..3),
        frame in (number(), number()),
        inset in prop::option::of(panel()),
    ) {
        let mut page = page("Any numbers".into(), panels, frame);
        if let (Some(outer), Some(inset)) = (page.panels.first_mut(), inset) {
            let area = Rect { left: 0.4, top: 0.1, right: 0.9, bottom: 0.6 };
            outer.inset = Some(Inset { panel: Box::new(inset), area });
        }
        draw(&page);
    }

    #[test]
    fn any_text_is_drawn(title in any::<String>(), label in any::<String>()) {
        let axis = Axis::covering(label, Scale::Linear, [0.0, 1.0], 0.0);
        let mut panel = Chart::new(axis.clone(), axis);
        panel.title.clone_from(&title);
        draw(&page(title, vec![panel], (200.0, 150.0)));
    }
}

#[test]
fn control_characters_and_markup_are_texts() {
    let title = "a\u{0}b\u{1b}[1m <b>&amp;</b> \"c\" 'd' ]]> \u{ffff}\u{202e}e\ttab\nline";
    let axis = || Axis::covering(title, Scale::Linear, [0.0, 1.0], 0.0);
    let mut panel = Chart::new(axis(), axis());
    panel.title = title.into();
    let texts = draw(&page(title.into(), vec![panel], (600.0, 150.0)));
    let wanted = "a b [1m <b>&amp;</b> \"c\" 'd' ]]>";
    assert!(texts.iter().filter(|text| text.starts_with(wanted)).count() >= 5, "{texts:#?}");
}

#[test]
fn there_is_no_more_of_anything_than_there_is_room_for() {
    let axis = || Axis::covering("x", Scale::Linear, [0.0, 1.0], 0.0);
    let many: Vec<Chart> = (0..3000).map(|_| Chart::new(axis(), axis())).collect();
    let mut page = page("word ".repeat(10_000), many, (290.0, 200.0));
    let long = "W".repeat(10_000);
    page.legend = (0..5000)
        .map(|i| LegendEntry::line(format!("{long}{i}"), Stroke::new(COLOUR, Dash::Dashed)))
        .collect();
    page.footnotes = vec![long; 1000];
    let texts = draw(&page);
    assert!(texts.contains(&"24 of 3000 panels are shown.".into()), "{texts:#?}");
    assert!(texts.contains(&"and 4952 more".into()), "{texts:#?}");
    assert!(texts.contains(&"992 more remarks are left out.".into()), "{texts:#?}");
}

#[test]
fn long_noisy_dashed_lines_end() {
    let points: Vec<_> = (0..50_000).map(|i| (f64::from(i), f64::from(i % 7))).collect();
    let x = Axis::covering("x", Scale::Whole, points.iter().map(|point| point.0), 0.0);
    let y = Axis::covering("y", Scale::Linear, points.iter().map(|point| point.1), 0.0);
    let mut panel = Chart::new(x, y);
    panel.marks.push(Mark::Line { points, stroke: Stroke::new(COLOUR, Dash::Dotted) });
    draw(&page("Noise".into(), vec![panel], (290.0, 200.0)));
}
