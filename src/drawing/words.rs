//! What a page shows, in words: for who cannot see it.

use super::axis::{Axis, Scale, number, three_digits};
use super::chart::Chart;
use super::page::{LegendEntry, Page};

/// The page in words: its panels with their axes, and its legend.
pub fn in_words(page: &Page) -> String {
    let mut sentences = Vec::new();
    match &page.panels[..] {
        [] => {}
        [one] => sentences.push(format!("A chart: {}.", axes(one))),
        several => {
            sentences.push(format!("{} charts.", several.len()));
            sentences.extend(several.iter().enumerate().map(|(index, panel)| {
                let title = if panel.title.is_empty() {
                    format!("Chart {}", index + 1)
                } else {
                    panel.title.clone()
                };
                format!("{title}: {}.", axes(panel))
            }));
        }
    }
    let labels: Vec<&str> = page.legend.iter().map(label).filter(|l| !l.is_empty()).collect();
    if !labels.is_empty() {
        sentences.push(format!("It shows {}.", labels.join("; ")));
    }
    sentences.join(" ")
}

fn label(entry: &LegendEntry) -> &str {
    entry.label.trim()
}

fn axes(panel: &Chart) -> String {
    format!("{}, against {}", axis(&panel.y), axis(&panel.x))
}

/// `suboptimality from 10⁻¹⁰ to 1 on a logarithmic scale`.
fn axis(axis: &Axis) -> String {
    let Axis { label, scale, low, high } = axis;
    let name = if label.is_empty() { "a number" } else { label };
    let scale = if *scale == Scale::Logarithmic { " on a logarithmic scale" } else { "" };
    let [low, high] = [low, high].map(|&end| number(three_digits(end)));
    format!("{name} from {low} to {high}{scale}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drawing::page::LegendPosition;
    use crate::drawing::primitives::{Dash, Stroke};
    use crate::drawing::style::BLACK;

    #[test]
    fn axes_and_legend_are_said() {
        let axis = |label: &str, scale| Axis { label: label.into(), scale, low: 0.01, high: 100.0 };
        let panel = Chart::new(axis("iteration", Scale::Whole), axis("loss", Scale::Logarithmic));
        let page = |panels: Vec<Chart>| Page {
            title: "T".into(),
            columns: panels.len(),
            panels,
            frame: (100.0, 100.0),
            shared_axes: false,
            legend: vec![LegendEntry::line("Adam, original", Stroke::new(BLACK, Dash::Solid))],
            legend_position: LegendPosition::Right,
            footnotes: Vec::new(),
        };
        assert_eq!(
            in_words(&page(vec![panel.clone()])),
            "A chart: loss from 0.01 to 100 on a logarithmic scale, against iteration from 0.01 to \
             100. It shows Adam, original."
        );
        let titled = Chart { title: "(a) global".into(), ..panel.clone() };
        let two = in_words(&page(vec![titled, panel]));
        assert!(two.starts_with("2 charts. (a) global: loss from"), "{two}");
        assert!(two.contains(". Chart 2: loss from"), "{two}");
        assert_eq!(in_words(&Page { legend: Vec::new(), ..page(Vec::new()) }), "");
    }
}
