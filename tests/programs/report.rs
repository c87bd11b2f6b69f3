//! The report: one page that says all, of one folder, of several, and of two compared.

use std::collections::BTreeSet;

use roxmltree::{Document, Node, ParsingOptions};

use crate::workspace::{SMALL, Workspace};

const MORE: &str = r#"
[[figures]]
kind = "curves"
file = "curves"
title = "Curves of {trials} trials"
metric = "suboptimality"
coordinates = ["original", "reparameterized"]

[[figures]]
kind = "learning-rates"
file = "rates"
title = "Learning rates"

[[claims]]
id = "C1"
statement = "Adam is faster in the eigenbasis."
source = "ours"
figure = "curves"
metric = "final_suboptimality"
left = { algorithm = "adam", coordinates = "original" }
right = { algorithm = "adam", coordinates = "reparameterized" }
relation = "at-least"
factor = 1.5
"#;

fn workspace() -> Workspace {
    Workspace::new(&format!("{SMALL}\n{MORE}"))
}

fn read(workspace: &Workspace, name: &str) -> String {
    std::fs::read_to_string(workspace.path(name)).unwrap()
}

/// The page as a tree: it is XML too, so that nothing is left to a parser's good will. Checks what
/// must hold of every page.
fn parsed(page: &str) -> Document<'_> {
    let options = ParsingOptions { allow_dtd: true, ..ParsingOptions::default() };
    let document = Document::parse_with_options(page, options).unwrap();
    let elements = || document.descendants().filter(Node::is_element);
    let mut ids = BTreeSet::new();
    for element in elements() {
        assert!(element.attribute("id").is_none_or(|id| ids.insert(id)), "{element:?} twice");
    }
    for element in elements() {
        let name = element.tag_name().name();
        assert!(!["script", "iframe", "object", "embed", "base", "form"].contains(&name), "{name}");
        for attribute in element.attributes() {
            let value = attribute.value();
            match attribute.name() {
                "href" if value.starts_with('#') => assert!(ids.contains(&value[1..]), "{value}"),
                "href" if name == "a" => assert!(value.starts_with("https://"), "{value}"),
                "href" | "src" => assert!(value.starts_with("data:"), "{value}"),
                "aria-labelledby" => {
                    assert!(value.split(' ').all(|id| ids.contains(id)), "{value}");
                }
                other => assert!(!other.starts_with("on"), "{other}"),
            }
            let url = value.split("url(").skip(1).all(|rest| {
                rest.strip_prefix('#')
                    .and_then(|rest| rest.split_once(')'))
                    .is_some_and(|(id, _)| ids.contains(id))
            });
            assert!(url, "{value}");
        }
    }
    assert!(!page.contains("@import") && !page.contains("@font-face"));
    let mut last = 0;
    for level in elements().filter_map(|element| heading(&element)) {
        assert!(level <= last + 1 && (level > 1 || last == 0), "h{level} after h{last}");
        last = level;
    }
    for cell in elements().filter(|element| element.has_tag_name("th")) {
        assert!(cell.attribute("scope").is_some(), "{cell:?}");
    }
    for one in ["h1", "main", "title"] {
        let named = elements().filter(|element| element.has_tag_name(one));
        let outside = named.filter(|element| !element.parent().unwrap().has_tag_name("svg"));
        assert_eq!(outside.count(), 1, "{one}");
    }
    document
}

fn heading(element: &Node<'_, '_>) -> Option<usize> {
    let level = element.tag_name().name().strip_prefix('h')?;
    level.parse().ok()
}

/// The words of an element: those of neighbouring cells are apart.
fn text(node: Node<'_, '_>) -> String {
    let texts = node.descendants().filter_map(|node| node.text().filter(|_| node.is_text()));
    let words = texts.flat_map(str::split_whitespace);
    words.collect::<Vec<_>>().join(" ")
}

/// The text of the element with an id.
fn part(document: &Document<'_>, id: &str) -> String {
    let found = document.descendants().find(|node| node.attribute("id") == Some(id));
    text(found.unwrap_or_else(|| panic!("there is no {id}")))
}

#[test]
fn the_report_says_all_that_the_folder_holds() {
    let workspace = workspace();
    let run = workspace.run(&["--set", "trials=2"]).success();
    let stdout = String::from_utf8(run.get_output().stdout.clone()).unwrap();
    assert!(stdout.contains("rates.svg, report.html"), "{stdout}");
    let page = read(&workspace, "out/report.html");
    let document = parsed(&page);
    assert!(read(&workspace, "out/SHA256SUMS").contains("  report.html\n"));
    let outline = document.descendants().filter(|node| {
        let name = node.tag_name().name();
        let column = name == "th" && node.attribute("scope") == Some("col");
        let caption =
            node.attribute("class") == Some("caption") || ["dt", "nav", "header"].contains(&name);
        heading(node).is_some() || column || caption
    });
    let outline = outline.map(|node| format!("{}: {}\n", node.tag_name().name(), text(node)));
    insta::assert_snapshot!("outline", outline.collect::<String>());
    for (id, wanted) in [
        ("r1-verdicts", "Adam is faster in the eigenbasis. C1: ours; figure curves"),
        ("r1-verdicts", "? inconclusive"),
        ("r1-figures", "Curves of 2 trials"),
        ("r1-figures", "d = 8"),
        ("r1-theory", "reparameterized all adam"),
        ("r1-settings", "objective.columns 8"),
        ("r1-origin", env!("CARGO_PKG_VERSION")),
        ("citing", "Expected Gradient Outer Product Reparameterization"),
    ] {
        let found = part(&document, id);
        assert!(found.contains(wanted), "{id}: {found}");
    }
    // Every selected learning rate.
    let rates = part(&document, "r1-rates");
    for row in workspace.rows("learning_rates.csv").iter().filter(|row| !row["selected"].is_empty())
    {
        let label = format!("{} {} {}", row["algorithm"], row["coordinates"], row["selected"]);
        assert!(rates.contains(&label), "{label}: {rates}");
    }
    let drawings = document.descendants().filter(|node| node.has_tag_name("svg"));
    for drawing in drawings.clone() {
        assert_eq!(drawing.attribute("role"), Some("img"));
        let words = text(drawing.children().find(|child| child.has_tag_name("desc")).unwrap());
        assert!(words.contains(" on a logarithmic scale, against "), "{words}");
        assert!(words.contains("It shows ") && words.len() < 1500, "{words}");
    }
    assert_eq!(drawings.count(), 2);
}

/// The page without the parts that say how long things took, and what made them.
fn reproducible(page: &str) -> String {
    let mut page = page.to_owned();
    for id in ["r1-cost", "r1-origin"] {
        let start = page.find(&format!("<section id=\"{id}\"")).unwrap();
        let end = start + page[start..].find("</section>").unwrap();
        page.replace_range(start..end, "");
    }
    page
}

#[test]
fn it_depends_on_the_results_alone() {
    let pages = ["1", "2"].map(|threads| {
        let workspace = workspace();
        workspace.run(&["-j", threads]).success();
        let page = read(&workspace, "out/report.html");
        workspace.program("egop-plot").arg("out").assert().success();
        assert!(read(&workspace, "out/report.html") == page, "egop-plot writes the same");
        // Wherever the folder is.
        std::fs::rename(workspace.path("out"), workspace.path("moved")).unwrap();
        workspace.program("egop-plot").arg("moved").assert().success();
        assert!(read(&workspace, "moved/report.html") == page);
        page
    });
    let [one, two] = pages.each_ref().map(|page| reproducible(page));
    assert!(one == two && one.len() < pages[0].len());
}

/// The names of all elements and of their attributes, in order.
fn skeleton(document: &Document<'_>) -> Vec<String> {
    let elements = document.descendants().filter(Node::is_element);
    let named = elements.map(|element| {
        let attributes = element.attributes().map(|attribute| attribute.name());
        let names: Vec<&str> =
            std::iter::once(element.tag_name().name()).chain(attributes).collect();
        names.join(" ")
    });
    named.collect()
}

#[test]
fn markup_in_names_is_text_and_changes_nothing() {
    const EVIL: &str = "</title></style><script>alert(1)</script>\\\"'&lt;{{ 7*7 }}{% raw %}\
                        url(#frame-1) \\u0000\\u001B[31m\\u202E<!--";
    let shown = "</title></style><script>alert(1)</script>\"'&lt;{{ 7*7 }}{% raw %}url(#frame-1)";
    let plain = format!("{SMALL}\n{MORE}");
    let evil = plain
        .replace("Small least squares", EVIL)
        // A title may name numbers in braces, and nothing else.
        .replace("Curves of", &EVIL.replace(['{', '}'], "|"))
        .replace("Adam is faster", EVIL)
        .replace("\"C1\"", &format!("\"{EVIL}\""))
        .replace("\"ours\"", &format!("\"{EVIL}\""))
        .replace("[coordinates.rotated]", &format!("[coordinates.\"{EVIL}\"]"))
        .replace("[algorithms.sgd]", &format!("[algorithms.\"{EVIL}\"]"));
    let pages = [plain, evil].map(|config| {
        let workspace = Workspace::new(&config);
        workspace.run(&[]).success();
        let page = read(&workspace, "out/report.html");
        workspace.program("egop-plot").args(["out", "--report", "all.html"]).assert().success();
        let compare = ["--compare", "out", "out", "--out", "two.html"];
        workspace.program("egop-plot").args(compare).assert().success();
        [page, read(&workspace, "all.html"), read(&workspace, "two.html")]
    });
    for (plain, evil) in pages[0].iter().zip(&pages[1]) {
        assert!(evil.chars().all(|c| c == '\n' || !c.is_control() && c != '\u{202e}'));
        assert!(evil.contains("{{ 7*7 }}") && !evil.contains("<script"));
        let [plain, evil] = [plain, evil].map(|page| parsed(page));
        assert_eq!(skeleton(&plain), skeleton(&evil));
    }
    let document = parsed(&pages[1][0]);
    let heading = document.descendants().find(|node| node.has_tag_name("h1")).unwrap();
    assert!(text(heading).starts_with(shown), "{}", text(heading));
    assert!(part(&document, "r1-rates").contains(shown));
}

#[test]
fn several_folders_are_one_page() {
    let workspace = workspace();
    workspace.run(&[]).success();
    let second = ["experiment.toml", "--out", "second", "--set", "trials=2"];
    workspace.program("egop-run").args(second).assert().success();
    let report = |folders: &[&str], out: &str| {
        let plot = workspace.program("egop-plot").args(folders).args(["--report", out]).assert();
        let output = plot.get_output();
        (output.status.code().unwrap(), String::from_utf8(output.stderr.clone()).unwrap())
    };
    for _ in 0..2 {
        assert_eq!(report(&["out", "second", "out"], "all.html"), (0, String::new()));
    }
    let page = read(&workspace, "all.html");
    let document = parsed(&page);
    let summary = part(&document, "summary");
    assert!(summary.contains("second Small least squares ? 1 inconclusive default 2"), "{summary}");
    for id in ["r1-verdicts", "r2-figures", "r3-settings", "citing"] {
        part(&document, id);
    }
    assert!(page.find("id=\"summary\"") < page.find("id=\"r1\""));
    assert!(workspace.path("all.html.sha256").exists());

    std::fs::write(workspace.path("mine.html"), "mine").unwrap();
    std::fs::create_dir(workspace.path("empty")).unwrap();
    let damaged = workspace.path("second/claims.csv");
    let claims = std::fs::read(&damaged).unwrap();
    std::fs::write(&damaged, "mine").unwrap();
    for (folders, out, code, message) in [
        (["out", "out"], "mine.html", 4, "mine.html: is not as these programs wrote it"),
        (["out", "out"], "out/report.html", 4, "report.html: is not as these programs wrote it"),
        (["out", "out"], "all.pdf", 2, "--report all.pdf: the name must end with .html"),
        (["out", "empty"], "all.html", 5, "empty: is not a results folder"),
        (["out", "second"], "all.html", 5, "claims.csv: is not as SHA256SUMS has it"),
    ] {
        let (found, stderr) = report(&folders, out);
        assert!(found == code && stderr.contains(message), "{found}: {stderr}");
    }
    assert_eq!(read(&workspace, "mine.html"), "mine");
    assert!(read(&workspace, "all.html") == page);
    // Of the folder alone it is the same problem, and nothing is written.
    let before = read(&workspace, "second/report.html");
    workspace.program("egop-plot").arg("second").assert().code(5);
    assert!(read(&workspace, "second/report.html") == before);
    std::fs::write(&damaged, claims).unwrap();
    assert_eq!(report(&["out", "second"], "all.html").0, 0);
}

#[test]
fn a_report_that_is_not_ours_is_refused_before_any_work() {
    let workspace = workspace();
    std::fs::create_dir(workspace.path("out")).unwrap();
    std::fs::write(workspace.path("out/report.html"), "mine").unwrap();
    let run = workspace.run(&[]).code(4);
    let stderr = String::from_utf8(run.get_output().stderr.clone()).unwrap();
    assert!(stderr.contains("report.html") && !stderr.contains("tasks:"), "{stderr}");
    assert_eq!(std::fs::read_dir(workspace.path("out")).unwrap().count(), 1);
    std::fs::remove_file(workspace.path("out/report.html")).unwrap();
    workspace.run(&[]).success();
    std::fs::write(workspace.path("out/report.html"), "mine").unwrap();
    workspace.program("egop-plot").arg("out").assert().code(4);
    workspace.program("egop-plot").args(["out", "--only", "rates"]).assert().code(4);
    assert_eq!(read(&workspace, "out/report.html"), "mine");
}

#[test]
fn a_folder_of_tables_alone_has_a_report_too() {
    let workspace = workspace();
    workspace.run(&[]).success();
    std::fs::create_dir(workspace.path("copy")).unwrap();
    for table in ["experiment.toml", "learning_rates.csv", "runs.csv"] {
        std::fs::copy(workspace.path("out").join(table), workspace.path("copy").join(table))
            .unwrap();
    }
    // Without curves.csv one of the figures cannot be read.
    workspace.program("egop-plot").arg("copy").assert().code(5);
    std::fs::copy(workspace.path("out/curves.csv"), workspace.path("copy/curves.csv")).unwrap();
    workspace.program("egop-plot").arg("copy").assert().success();
    let page = read(&workspace, "copy/report.html");
    let document = parsed(&page);
    assert!(part(&document, "r1-origin").contains("no provenance.json"));
    assert!(!page.contains("id=\"r1-verdicts\"") && page.contains("No claims are judged."));
}

#[test]
fn two_folders_are_compared() {
    let workspace = workspace();
    workspace.run(&[]).success();
    let second = ["--set", "training.steps=60", "--set", "trials=6", "--set", "objective.rows=30"];
    let run = ["experiment.toml", "--out", "second"];
    workspace.program("egop-run").args(run).args(second).assert().success();
    let compare = |arguments: &[&str]| {
        let plot = workspace.program("egop-plot").arg("--compare").args(arguments).assert();
        let output = plot.get_output().clone();
        let [stdout, stderr] =
            [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
        (output.status.code().unwrap(), stdout, stderr)
    };
    let (code, stdout, stderr) = compare(&["out", "second"]);
    assert_eq!((code, &*stderr), (0, ""));
    for line in ["trials", "training.steps", "objective.rows", "reparameterized", "median: A"] {
        assert!(stdout.contains(line), "{line}: {stdout}");
    }
    assert!(stdout.lines().all(|line| line.chars().count() <= 80), "{stdout}");
    let (code, stdout, _) = compare(&["out", "second", "--json", "--out", "two.html"]);
    let json: serde_json::Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!(code, 0);
    let keys: Vec<&str> = json["settings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["key"].as_str().unwrap())
        .collect();
    assert_eq!(keys, ["trials", "objective.rows", "training.steps"]);
    assert_eq!(json["settings"][0]["values"], serde_json::json!(["3", "6"]));
    assert_eq!(json["verdicts"][0]["id"], "C1");
    assert_eq!(json["methods"][0]["rates"].as_array().unwrap().len(), 2);
    let page = read(&workspace, "two.html");
    let document = parsed(&page);
    assert!(part(&document, "settings").contains("objective.rows 20 30"));
    let figures = part(&document, "figures");
    assert!(figures.contains("A: Adam") && figures.contains("B: Adam"), "{figures}");

    let (_, stdout, _) = compare(&["out", "out"]);
    assert!(stdout.contains("all settings are the same"), "{stdout}");
    assert!(stdout.contains("1 of 1 verdicts are the same"), "{stdout}");
    for (arguments, code, message) in [
        (&["out"][..], 2, "--compare takes two results folders"),
        (&["out", "second", "out"], 2, "--compare takes two results folders"),
        (&["out", "second", "--out", "two.png"], 2, "--out two.png: the name must end with .html"),
        (&["out", "none"], 5, "there is no such folder"),
        (&["out", "second", "--only", "rates"], 2, "cannot be used with"),
        (&["out", "second", "--report", "x.html"], 2, "cannot be used with"),
    ] {
        let (found, _, stderr) = compare(arguments);
        assert!(found == code && stderr.contains(message), "{found}: {stderr}");
    }
    workspace.program("egop-plot").args(["out", "--json"]).assert().code(2);
    workspace.program("egop-plot").args(["out", "--out", "x.html"]).assert().code(2);
}

const STUDY: &str = r#"
name = "decays"
title = "Small by decay"

[study]
bases = ["experiment.toml"]
metrics = ["common_level in gradients"]
set = { trials = 2 }

[[study.axes]]
keys = ["objective.decay.exponent"]
values = [0.5, 1.0]

[[figures]]
kind = "study"
file = "gains"
title = "Gains"
metric = "common_level in gradients"
"#;

#[test]
fn a_study_has_a_report_too() {
    let workspace = workspace();
    std::fs::write(workspace.path("study.toml"), STUDY).unwrap();
    let run = workspace.program("egop-run").args(["study.toml", "--out", "study"]).assert();
    let stdout = String::from_utf8(run.success().get_output().stdout.clone()).unwrap();
    assert!(stdout.contains("gains.svg, report.html"), "{stdout}");
    assert!(read(&workspace, "study/SHA256SUMS").contains("  report.html\n"));
    let page = read(&workspace, "study/report.html");
    let document = parsed(&page);
    let header = document.descendants().find(|node| node.has_tag_name("header")).unwrap();
    let header = text(header);
    assert!(header.contains("2 points, 2 verdicts: 2 inconclusive."), "{header}");
    for (id, wanted) in [
        ("r1-study", "experiment, by objective.decay.exponent: medians"),
        ("r1-study", "C1 Adam is faster in the eigenbasis. ?"),
        ("r1-study", "inconclusive"),
        ("r1-study", "stable-rank, reparameterized"),
        ("r1-figures", "gradients to the common level, the samples included"),
        ("r1-settings", "study.bases"),
        ("r1-origin", env!("CARGO_PKG_VERSION")),
        ("citing", "Expected Gradient Outer Product Reparameterization"),
    ] {
        let found = part(&document, id);
        assert!(found.contains(wanted), "{id}: {wanted}: {found}");
    }
    // By value: the claim's median and interval at each, and that it holds at none.
    let cells = document
        .descendants()
        .find(|node| node.has_tag_name("tr") && text(*node).starts_with("C1 "));
    let cells: Vec<String> = cells.unwrap().children().filter(Node::is_element).map(text).collect();
    let [_, half, one, holds] = &cells[..] else { panic!("{cells:?}") };
    for cell in [half, one] {
        assert!(cell.starts_with("? ") && cell.contains("inconclusive ["), "{cell}");
    }
    assert_eq!(holds, "none");

    workspace.program("egop-plot").arg("study").assert().success();
    assert!(read(&workspace, "study/report.html") == page, "egop-plot writes the same");
    // Studies and experiments, points among these, are on one page.
    workspace.run(&[]).success();
    let point = "study/points/experiment-objective.decay.exponent-0.5";
    let several = ["out", "study", point, "--report", "all.html"];
    workspace.program("egop-plot").args(several).assert().success();
    let all = read(&workspace, "all.html");
    let all = parsed(&all);
    let summary = part(&all, "summary");
    assert!(summary.contains("study Small by decay ? 2 inconclusive default –"), "{summary}");
    part(&all, "r2-study");
    part(&all, "r3-verdicts");
    // Two studies are not compared, but their points are.
    let compare = |folder: &str| {
        let plot = workspace.program("egop-plot").args(["--compare", "out", folder]).assert();
        let output = plot.get_output();
        (output.status.code().unwrap(), String::from_utf8(output.stderr.clone()).unwrap())
    };
    let (code, message) = compare("study");
    assert!(code == 2 && message.contains("--compare study: is of a study"), "{message}");
    assert_eq!(compare(point), (0, String::new()));
}
