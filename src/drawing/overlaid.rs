//! Two pages of the same kind as one: the lines of the first over those of the second.

use super::axis::Axis;
use super::chart::{Chart, Mark};
use super::page::{LegendEntry, LegendPosition, Page};
use super::primitives::{Colour, Stroke};
use super::symbol::Symbol;

/// How much wider the lines below are: where both lie on each other, either is seen.
const WIDER: f64 = 4.0;
/// Of the colours below, the share that becomes white.
const PALER: f64 = 0.55;

/// The lines and symbols of the first page over those of the second, wider and paler, on axes that
/// hold both. `None` where their panels are not about the same.
pub fn overlaid(names: [&str; 2], [over, below]: [&Page; 2]) -> Option<Page> {
    let same = over.panels.len() == below.panels.len()
        && over.panels.iter().zip(&below.panels).all(|(a, b)| is_about_the_same(a, b));
    if !same {
        return None;
    }
    let panels = over.panels.iter().zip(&below.panels).map(|(over, below)| Chart {
        x: covering(&over.x, &below.x),
        y: covering(&over.y, &below.y),
        marks: below.marks.iter().filter_map(paler).chain(over.marks.iter().cloned()).collect(),
        ..over.clone()
    });
    let named = |name: &str, text: &str| format!("{name}: {text}");
    let legend = |name: &str, page: &Page, entry: fn(&LegendEntry) -> LegendEntry| {
        let entries = page.legend.iter().map(entry);
        entries
            .map(|entry| LegendEntry { label: named(name, &entry.label), ..entry })
            .collect::<Vec<_>>()
    };
    let mut footnotes: Vec<String> =
        over.footnotes.iter().filter(|note| below.footnotes.contains(note)).cloned().collect();
    for (name, page) in names.into_iter().zip([over, below]) {
        let own = page.footnotes.iter().filter(|note| !footnotes.contains(note));
        let own: Vec<String> = own.map(|note| named(name, note)).collect();
        footnotes.extend(own);
    }
    footnotes.push(format!("Wide and pale below: {}, without its bands.", names[1]));
    Some(Page {
        title: match over.title == below.title {
            true => over.title.clone(),
            false => {
                format!("{} — {}", named(names[0], &over.title), named(names[1], &below.title))
            }
        },
        panels: panels.collect(),
        legend: [legend(names[0], over, LegendEntry::clone), legend(names[1], below, pale_entry)]
            .concat(),
        footnotes,
        // Twice as many entries, with longer names: beside the panel, they would make it small.
        legend_position: LegendPosition::Below,
        ..over.clone()
    })
}

fn is_about_the_same(a: &Chart, b: &Chart) -> bool {
    let about = |chart: &Chart| [&chart.x, &chart.y].map(|axis| (axis.label.clone(), axis.scale));
    a.title == b.title && about(a) == about(b)
}

fn covering(a: &Axis, b: &Axis) -> Axis {
    Axis { low: a.low.min(b.low), high: a.high.max(b.high), ..a.clone() }
}

fn paler(mark: &Mark) -> Option<Mark> {
    match mark {
        Mark::Line { points, stroke } => {
            Some(Mark::Line { points: points.clone(), stroke: pale_stroke(*stroke) })
        }
        Mark::Symbols { points, symbol } => {
            let symbol = Symbol { colour: pale(symbol.colour), ..*symbol };
            Some(Mark::Symbols { points: points.clone(), symbol })
        }
        Mark::Band { .. } | Mark::Area { .. } => None,
    }
}

fn pale_entry(entry: &LegendEntry) -> LegendEntry {
    LegendEntry { stroke: entry.stroke.map(pale_stroke), band: None, ..entry.clone() }
}

fn pale_stroke(stroke: Stroke) -> Stroke {
    Stroke { colour: pale(stroke.colour), width: stroke.width + WIDER, ..stroke }
}

fn pale(colour: Colour) -> Colour {
    let part = |part: u8| (f64::from(part) + PALER * (255.0 - f64::from(part))).round() as u8;
    let (red, green, blue) = colour.rgb;
    Colour { rgb: (part(red), part(green), part(blue)), ..colour }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drawing::axis::Scale;
    use crate::drawing::primitives::Dash;
    use crate::drawing::style::BLACK;

    fn page(label: &str, high: f64, note: &str) -> Page {
        let axis =
            |label: &str, high| Axis { label: label.into(), scale: Scale::Linear, low: 0.0, high };
        let mut panel = Chart::new(axis("step", 9.0), axis(label, high));
        let stroke = Stroke::new(BLACK, Dash::Solid);
        panel.marks = vec![
            Mark::Band { points: vec![(0.0, 0.0, 1.0)], colour: BLACK },
            Mark::Line { points: vec![(0.0, 1.0), (9.0, high)], stroke },
        ];
        Page {
            title: "T".into(),
            panels: vec![panel],
            columns: 1,
            frame: (100.0, 100.0),
            shared_axes: false,
            legend: vec![LegendEntry::line("Adam", stroke)],
            legend_position: LegendPosition::Right,
            footnotes: vec!["Both.".into(), note.into()],
        }
    }

    #[test]
    fn the_lines_of_both_are_on_common_axes() {
        let both = overlaid(["A", "B"], [&page("loss", 2.0, "One."), &page("loss", 5.0, "Two.")]);
        let both = both.unwrap();
        let [panel] = &both.panels[..] else { panic!("{both:?}") };
        assert_eq!((panel.y.high, panel.marks.len()), (5.0, 3));
        let widths: Vec<f64> = (panel.marks.iter())
            .filter_map(|mark| match mark {
                Mark::Line { stroke, .. } => Some(stroke.width),
                _ => None,
            })
            .collect();
        assert!(widths[0] > 2.0 * widths[1], "the first is drawn last: {widths:?}");
        let labels: Vec<&str> = both.legend.iter().map(|entry| &*entry.label).collect();
        assert_eq!(labels, ["A: Adam", "B: Adam"]);
        assert_eq!(both.footnotes[..3], ["Both.", "A: One.", "B: Two."]);
        assert_eq!(both.title, "T");
        assert_eq!(
            overlaid(["A", "B"], [&page("loss", 2.0, ""), &page("accuracy", 2.0, "")]),
            None
        );
    }
}
