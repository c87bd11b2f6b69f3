//! The verdicts on an experiment's claims, as text.

use anstyle::{AnsiColor, Style};

use super::table::{NARROW, Rows, none, paragraph};
use crate::claim::{Verdict, number};
use crate::record::ClaimRow;
use crate::summary::VerdictSummary;

/// The header of the column of verdicts.
const VERDICT: &str = "verdict";

/// The verdicts, each with the sentence that is claimed and the reason, and how many there are of
/// each kind.
pub(in crate::cli) fn claims(claims: &[ClaimRow]) -> String {
    if claims.is_empty() {
        return String::new();
    }
    let mut rows = Rows::of_prose(NARROW, &["claim", "median", VERDICT]);
    for claim in claims {
        let ClaimRow { id, statement, source, reason, explanation, .. } = claim;
        let lines = [id, &*format!("{statement} ({source})."), reason, explanation];
        let lines = lines.into_iter().filter(|line| !line.is_empty());
        let sentence: String = lines.map(|line| format!("{line}\n")).collect();
        rows.add([sentence, found(claim), claim.verdict.clone()]);
    }
    format!("{}\n{}\n", painted(&rows.to_string()), summary(claims))
}

/// A table with colours in its column of verdicts, the last, or in the paragraphs that it has become. They
/// are put in afterwards, as the codes would count as characters.
fn painted(table: &str) -> String {
    let mut lines = table.lines().map(str::to_owned).collect::<Vec<_>>();
    let start = |line: &String| line.split_once(VERDICT).map(|(before, _)| before.chars().count());
    let Some(start) = lines.iter().find_map(start) else { return table.to_owned() };
    for line in &mut lines {
        for verdict in Verdict::ALL.map(Verdict::name) {
            let coloured = paint(style(verdict), verdict);
            let told = format!("{VERDICT} {verdict}");
            if line.ends_with(&told) {
                line.truncate(line.len() - verdict.len());
                line.push_str(&coloured);
            }
            let Some((at, _)) = line.char_indices().nth(start) else { continue };
            if line[at..].trim_end_matches('│').trim() == verdict {
                let cell = line[at..].replacen(verdict, &coloured, 1);
                line.replace_range(at.., &cell);
            }
        }
    }
    lines.join("\n")
}

/// The median with its interval, and what it was found from.
fn found(claim: &ClaimRow) -> String {
    let interval = claim.median.zip(claim.lower.zip(claim.upper));
    let mut text = interval.map_or_else(none, |(median, (lower, upper))| {
        let [median, lower, upper] = [median, lower, upper].map(number);
        format!("{median}\n[{lower}, {upper}]")
    });
    if let Some(level) = claim.level {
        text = format!("{text}\nat {:.1} %", 100.0 * level);
    }
    let ClaimRow { pairs, planned, .. } = claim;
    text = format!("{text}\nn = {pairs} of {planned}");
    if let Some((low, high)) = claim.tied_low.zip(claim.tied_high).filter(|(low, high)| low < high)
    {
        text = format!("{text}\ntied: {} – {}", number(low), number(high));
    }
    text
}

/// "12 claims: 9 reproduced, 2 not reproduced, 1 inconclusive; settings as shipped".
fn summary(claims: &[ClaimRow]) -> String {
    let summary = VerdictSummary::of(claims);
    let painted = |name: &str, count: &str| paint(style(name), count);
    let settings = summary.settings.join("; ");
    paragraph(&format!("{}. Settings: {settings}", summary.in_words(painted))).trim_end().into()
}

fn style(verdict: &str) -> Style {
    let color = match verdict {
        "reproduced" => AnsiColor::Green,
        "not reproduced" => AnsiColor::Red,
        "inconclusive" => AnsiColor::Yellow,
        _ => return Style::new().dimmed(),
    };
    Style::new().bold().fg_color(Some(color.into()))
}

/// Text with the codes of a style: those are taken out where no terminal shows them.
fn paint(style: Style, text: &str) -> String {
    format!("{style}{text}{style:#}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(id: &str, verdict: Verdict) -> ClaimRow {
        ClaimRow {
            id: id.into(),
            figure: String::new(),
            statement: "EGOP reparameterization improves Adagrad on linear least squares".into(),
            source: "paper, Fig. 5(c) and section 6".into(),
            test: String::new(),
            verdict: verdict.name().into(),
            reason: "median at least 3.20, by one-sided 95 % bounds; likewise at 2 rates \
                     that tie"
                .into(),
            median: Some(3.5),
            lower: Some(3.2),
            upper: Some(f64::INFINITY),
            level: Some(0.964_8),
            tied_low: Some(1.9),
            tied_high: Some(90.0),
            in_favour: 15,
            pairs: 15,
            no_evidence: 0,
            planned: 15,
            explanation: match verdict {
                Verdict::NotReproduced => "A bound is a bound.".into(),
                _ => String::new(),
            },
            settings: "as shipped".into(),
        }
    }

    #[test]
    fn the_sentences_fit_a_terminal_and_the_verdicts_are_counted() {
        let rows = [row("F5C-adagrad", Verdict::Reproduced), row("F5C-b", Verdict::Inconclusive)];
        let text = claims(&rows);
        insta::assert_snapshot!(anstream::adapter::strip_str(&text));
        // Colours for the two verdicts, in the table and in the summary.
        assert_eq!(text.matches("\u{1b}[32m").count(), 2);
        assert_eq!(text.matches("\u{1b}[33m").count(), 2);
        let bare = anstream::adapter::strip_str(&text).to_string();
        assert!(bare.lines().all(|line| line.chars().count() <= NARROW), "{bare}");
        assert_eq!(claims(&[]), "");
    }
}
