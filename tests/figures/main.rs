//! Figures, drawn from the tables of made-up results folders through their settings as a config
//! states them. The pictures are kept under `target/tmp/figures/`, to be looked at.

#![cfg(test)]

mod bounded;
mod synthetic;

use std::io::Cursor;
use std::path::{Path, PathBuf};

use egop::config::{Overlay, Source, key, read};
use egop::drawing::canvas::Drawing;
use egop::drawing::chart::Mark;
use egop::drawing::page::Page;
use egop::experiment::Experiment;
use egop::figure::{Facts, ResultTables, Spec, SystemFacts};
use synthetic::{ALGORITHMS, COORDINATES};

/// The figure that a `[[figures]]` table asks for.
fn figure(settings: &str) -> Box<dyn Spec> {
    let document = format!("[[figures]]\n{settings}");
    let source = Source::parse("test.toml", document.as_bytes()).unwrap();
    let read = read(&source, &Overlay::default(), |reader| {
        reader.tables(key("figures", "figures"), None, egop::figure::read)
    });
    read.unwrap_or_else(|problems| panic!("{problems}")).value.remove(0)
}

fn tables(folder: &Path) -> ResultTables {
    ResultTables::new(folder, facts())
}

/// What a config would say.
fn facts() -> Facts {
    let titles = ["Adam", "Adagrad", "GD", "GD with momentum"];
    let system = |name: &str| SystemFacts {
        name: name.into(),
        sizes: "n = 100, d = 50".into(),
        samples: (name != "original").then_some(100),
        remark: Some("singular values k⁻¹".into()),
    };
    Facts {
        algorithms: ALGORITHMS
            .map(String::from)
            .into_iter()
            .zip(titles.map(String::from))
            .collect(),
        systems: COORDINATES.map(system).into(),
        tuned: COORDINATES.map(String::from).into(),
        trials: 5,
        numbers: [("d", "50".into()), ("trials", "5".into())].into(),
        ..Facts::default()
    }
}

struct Picture {
    svg: String,
    width: u32,
    height: u32,
    pixels: Vec<u8>,
}

/// Draws, keeps the files, and checks what holds for every figure.
fn draw(folder: &Path, settings: &str) -> Picture {
    let figure = figure(settings);
    let drawings = figure.draw(&tables(folder)).unwrap();
    let out = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("figures");
    std::fs::create_dir_all(&out).unwrap();
    for Drawing { extension, bytes } in &drawings {
        std::fs::write(out.join(figure.file()).with_extension(extension), bytes).unwrap();
    }
    let [png, svg] = &drawings[..] else { panic!("not two drawings") };
    assert_eq!((png.extension, svg.extension), ("png", "svg"));

    let mut reader = png::Decoder::new(Cursor::new(&png.bytes)).read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    reader.next_frame(&mut pixels).unwrap();
    let (width, height) = reader.info().size();
    let svg = String::from_utf8(svg.bytes.clone()).unwrap();
    let size = format!("<svg width=\"{}\" height=\"{}\"", width / 2, height / 2);
    assert!(svg.starts_with(&size), "the PNG has twice the SVG's pixels");
    assert!(!svg.contains("NaN") && !svg.contains("inf"));
    assert_coordinates_inside(&svg, width / 2 * 6, height / 2 * 6);
    Picture { svg, width, height, pixels }
}

/// Nothing is drawn outside of the picture, which an overflow would do too, but what a frame cuts
/// off.
fn assert_coordinates_inside(svg: &str, width: u32, height: u32) {
    let document = roxmltree::Document::parse(svg).unwrap();
    let mut points = [0, 0];
    for element in document.descendants() {
        let framed = element.ancestors().any(|group| group.has_attribute("clip-path"));
        for point in element.attribute("points").unwrap_or_default().split_whitespace() {
            let (x, y) = point.split_once(',').unwrap();
            let (x, y): (i64, i64) = (x.parse().unwrap(), y.parse().unwrap());
            let inside =
                (0..=i64::from(width)).contains(&x) && (0..=i64::from(height)).contains(&y);
            assert!(framed || inside, "{point}");
            points[usize::from(framed)] += 1;
        }
    }
    let [free, framed] = points;
    assert!(free > 50 && framed > 5, "only {free} and {framed} points");
}

impl Picture {
    fn texts(&self) -> Vec<&str> {
        let texts = self.svg.split("</text>").filter_map(|part| part.rsplit_once(">\n"));
        texts.map(|(_, text)| text.trim()).collect()
    }

    fn assert_says(&self, text: &str) {
        assert!(self.texts().contains(&text), "no {text:?} in {:#?}", self.texts());
    }

    /// How many pixels have about this colour.
    fn count(&self, colour: [u8; 3]) -> usize {
        let near = |pixel: &&[u8]| pixel.iter().zip(colour).all(|(&a, b)| a.abs_diff(b) < 8);
        self.pixels.chunks_exact(3).filter(near).count()
    }
}

const BLUE: [u8; 3] = [0, 114, 178];
const VERMILLION: [u8; 3] = [213, 94, 0];
const GREEN: [u8; 3] = [0, 158, 115];
const PURPLE: [u8; 3] = [204, 121, 167];

#[test]
fn curves() {
    let folder = tempfile::tempdir().unwrap();
    synthetic::convex(folder.path());
    let picture = draw(
        folder.path(),
        r#"
        kind = "curves"
        file = "fig5c"
        title = "Linear least squares, learning rates tuned in original coordinates"
        metric = "suboptimality"
        "#,
    );
    picture.assert_says("Adam, original (η = 0.2)");
    picture.assert_says("GD, original (η = 0.4)");
    picture.assert_says("n = 100, d = 50, M = 100; singular values k⁻¹; 5 trials.");
    picture.assert_says(
        "Lines: median over 5 trials; bands: quartiles; a trial that diverged or failed counts as the worst.",
    );
    assert!(picture.texts().iter().any(|text| text.starts_with("●: here half of the trials have")));
    picture.assert_says("Adam, reparameterized (η = 0.2)");
    picture.assert_says("10⁻⁸");
    picture.assert_says("iteration");
    for colour in [BLUE, VERMILLION, GREEN, PURPLE] {
        assert!(picture.count(colour) > 500);
    }
    let picture = draw(
        folder.path(),
        r#"
        kind = "curves"
        file = "fig12c"
        title = "Linear least squares, learning rates tuned separately"
        metric = "gradient_norm"
        tuned = "own"
        algorithms = ["adagrad", "adam"]
        last_step = 500
        floor = 1e-6
        "#,
    );
    picture.assert_says("Adagrad, reparameterized (η = 8)");
    assert!(picture.count(GREEN) == 0, "SGD was not asked for");
}

#[test]
fn curves_of_networks() {
    let folder = tempfile::tempdir().unwrap();
    synthetic::network(folder.path());
    let picture = draw(
        folder.path(),
        r#"
        kind = "curves"
        file = "fig1-right"
        title = "ReLU network on UCI digits"
        metric = "train_loss"
        unit = "epoch"
        "#,
    );
    picture.assert_says("Adagrad, original (η = 0.04; 9 of 10 trials)");
    draw(
        folder.path(),
        r#"
        kind = "curves"
        file = "validation-accuracy"
        title = "ReLU network on UCI digits"
        metric = "validation_accuracy"
        unit = "epoch"
        coordinates = ["original"]
        floor = 80
        "#,
    );
}

#[test]
fn learning_rates() {
    let folder = tempfile::tempdir().unwrap();
    synthetic::convex(folder.path());
    let picture = draw(
        folder.path(),
        r#"
        kind = "learning-rates"
        file = "fig3b"
        title = "Final suboptimality after 1000 iterations"
        "#,
    );
    picture.assert_says("η best in original coordinates");
    picture.assert_says("η best in reparameterized");
    picture.assert_says("Adagrad");
    draw(
        folder.path(),
        r#"
        kind = "learning-rates"
        file = "learning-rates-one-panel"
        title = "Steps to one millionth of the initial suboptimality"
        metric = "reached_target"
        tuned = "own"
        algorithms = ["adam", "adagrad"]
        "#,
    );
    synthetic::network(folder.path());
    draw(
        folder.path(),
        r#"
        kind = "learning-rates"
        file = "fig10a"
        title = "ReLU network on UCI digits: final training loss"
        metric = "final_loss"
        "#,
    );
    draw(
        folder.path(),
        r#"
        kind = "learning-rates"
        file = "fig10b"
        title = "ReLU network on UCI digits: accuracy on held-out data"
        metric = "test_accuracy"
        floor = 60
        "#,
    );
}

/// Where a text first stands in a picture, from the top.
fn height(picture: &Picture, text: &str) -> f64 {
    let document = roxmltree::Document::parse(&picture.svg).unwrap();
    let said = |node: &roxmltree::Node<'_, '_>| {
        node.has_tag_name("text") && node.text().is_some_and(|said| said.trim().starts_with(text))
    };
    let node = document.descendants().find(said);
    let node = node.unwrap_or_else(|| panic!("no {text:?} in {:#?}", picture.texts()));
    node.attribute("y").unwrap().parse().unwrap()
}

#[test]
fn dots() {
    let folder = tempfile::tempdir().unwrap();
    synthetic::convex(folder.path());
    let picture = draw(
        folder.path(),
        r#"
        kind = "dots"
        file = "dots-steps"
        title = "Iterations to a millionth of the initial suboptimality"
        metric = "steps_to_level"
        level = 1e-6
        tuned = "own"
        "#,
    );
    picture.assert_says("iterations to 10⁻⁶ of the initial suboptimality");
    picture.assert_says("GD, original (η = 0.4)");
    picture.assert_says("not reached by 5 of 5");
    picture.assert_says("not reached in half of the trials or more");
    picture.assert_says(
        "Dots: median over 5 trials; thick lines: quartiles; thin lines: range; a trial that does \
         not arrive counts as the worst.",
    );
    // The best is at the top, and what does not arrive below all that do.
    let rows = ["Adam, reparameterized", "Adam, original", "GD, original"];
    let heights = rows.map(|row| height(&picture, row));
    assert!(heights.is_sorted_by(|a, b| a < b), "{heights:?}");
    assert!(picture.count(BLUE) > 100 && picture.count(VERMILLION) > 100);

    let picture = draw(
        folder.path(),
        r#"
        kind = "dots"
        file = "dots-operations"
        title = "Operations to a thousandth of the initial suboptimality"
        metric = "flops_to_level"
        level = 1e-3
        tuned = "own"
        algorithms = ["adam", "sgd", "momentum"]
        "#,
    );
    picture.assert_says("operations to 0.001 of the initial suboptimality");
    picture.assert_says("Operations: floating-point, of updates, and of making the coordinates.");
    // Where making the coordinates takes as much as 200 updates, it does not pay.
    let rows = ["GD with momentum, original", "GD with momentum, reparameterized"];
    let heights = rows.map(|row| height(&picture, row));
    assert!(heights.is_sorted_by(|a, b| a < b), "{heights:?}");

    synthetic::network(folder.path());
    let picture = draw(
        folder.path(),
        r#"
        kind = "dots"
        file = "dots-accuracy"
        title = "Accuracy on held-out data"
        metric = "test_accuracy"
        "#,
    );
    picture.assert_says("test accuracy (%)");
    synthetic::awkward(folder.path());
    let picture = draw(
        folder.path(),
        r#"
        kind = "dots"
        file = "dots-awkward"
        title = "Final suboptimality"
        metric = "final_suboptimality"
        tuned = "own"
        "#,
    );
    picture.assert_says("Adam, rotated (η = 0.1; 3 of 5 diverged or failed)");
    picture.assert_says("GD with momentum, rotated (no η selected)");
    picture.assert_says("a-comparator-with-a-long-name, original (η = 0.1; 1 of 5 trials)");
    picture.assert_says("failed in half of the trials or more");
    assert!(!picture.texts().iter().any(|text| text.contains("At the left edge")));

    synthetic::exact(folder.path());
    let picture = draw(
        folder.path(),
        r#"
        kind = "dots"
        file = "dots-zeros"
        title = "Final suboptimality"
        metric = "final_suboptimality"
        tuned = "own"
        "#,
    );
    picture
        .assert_says("At the left edge: 0, which the axis lacks; a circle there: a median of 0.");
}

#[test]
fn trajectories() {
    let folder = tempfile::tempdir().unwrap();
    synthetic::plane(folder.path());
    let picture = draw(
        folder.path(),
        r#"
        kind = "trajectories"
        file = "fig1-left"
        title = "Adagrad on a log-sum-exp objective"
        zoom = 3
        "#,
    );
    picture.assert_says("Adagrad, reparameterized (η = 30)");
    picture.assert_says("start");
    picture.assert_says("after 1, 2, 5, 10, 20, 50 … iterations");
    draw(
        folder.path(),
        r#"
        kind = "trajectories"
        file = "fig1-left-one-panel"
        title = "Adagrad on a log-sum-exp objective"
        "#,
    );
}

#[test]
fn spectra() {
    let folder = tempfile::tempdir().unwrap();
    synthetic::spectra(folder.path());
    let picture = draw(
        folder.path(),
        r#"
        kind = "spectrum"
        file = "fig2"
        title = "EGOP eigenvalues, ReLU network on UCI digits"
        coordinates = ["gaussian-1"]
        inset = 100
        "#,
    );
    let texts = picture.texts().join("\n");
    assert!(texts.contains("Stable rank Σ√λₖ/√λ₁: "), "{texts}");
    assert!(texts.contains("Not shown, below d·2⁻⁵² λ₁, where rounding decides: "), "{texts}");
    draw(
        folder.path(),
        r#"
        kind = "spectrum"
        file = "fig6"
        title = "EGOP eigenvalues for several sampling distributions"
        coordinates = ["gaussian-0.5", "gaussian-1", "xavier"]
        index = "log"
        floor = 1e-10
        "#,
    );
    let picture = draw(
        folder.path(),
        r#"
        kind = "spectrum"
        file = "fig7"
        title = "EGOP eigenvalues of the blocks"
        coordinates = ["blocks"]
        panels = "block"
        floor = 1e-8
        "#,
    );
    picture.assert_says("(b) weights-2");
    draw(
        folder.path(),
        r#"
        kind = "density"
        file = "fig8"
        title = "Density of the leading EGOP eigenvectors"
        coordinates = "gaussian-1"
        leading = 20
        "#,
    );
}

/// A study of two bases, with what the theory says below.
#[test]
fn studies() {
    let folder = tempfile::tempdir().unwrap();
    synthetic::study(folder.path());
    let picture = draw(
        folder.path(),
        r#"
        kind = "study"
        file = "study"
        title = "What the basis gains by the decay"
        axes = ["objective.decay.exponent"]
        theory = ["stable-rank", "predicted"]
        "#,
    );
    insta::assert_snapshot!(picture.texts().join("\n"));
    for colour in [BLUE, VERMILLION, PURPLE] {
        assert!(picture.count(colour) > 100);
    }
    // Texts are no numbers: they stand in their order, as labels. Numbers that are far apart are on a
    // logarithmic axis.
    let picture = draw(
        folder.path(),
        r#"
        kind = "study"
        file = "study-of-all-axes"
        title = "What the basis gains by every setting"
        tuned = "own"
        "#,
    );
    picture.assert_says("smooth");
    picture.assert_says("rough");
    picture.assert_says("10⁻³");
}

#[test]
fn schedule() {
    let folder = tempfile::tempdir().unwrap();
    synthetic::schedule(folder.path());
    let picture = draw(
        folder.path(),
        "kind = \"schedule\"\nfile = \"fig13\"\ntitle = \"Cosine annealing from η = 1\"",
    );
    picture.assert_says("epoch (= iteration)");
    assert!(picture.width > 800 && picture.height > 500);
}

/// Each coordinate system in a panel with the original one; the axis is not that of what is lost.
#[test]
fn curves_in_panels() {
    let folder = tempfile::tempdir().unwrap();
    synthetic::awkward(folder.path());
    let picture = draw(
        folder.path(),
        r#"
        kind = "curves"
        file = "fig9"
        title = "{trials} trials in {d} dimensions"
        metric = "suboptimality"
        panels = ["reparameterized", "rotated"]
        algorithms = ["adam", "adagrad"]
        "#,
    );
    for text in [
        "5 trials in 50 dimensions",
        "(a) reparameterized",
        "(b) rotated",
        "Adam, original (η = 0.1)",
        "Adagrad, as the panel says (η = 0.1)",
        "Trials that diverged or failed: 3 of 5 of Adam, rotated.",
        "10⁻⁴",
    ] {
        picture.assert_says(text);
    }
    // Runs rise by 20 decades before they are given up.
    assert!(!picture.texts().contains(&"10²"), "{:#?}", picture.texts());
}

/// What the steps took, with the set-up, of which a curve has nothing to show.
#[test]
fn curves_by_what_they_took() {
    let folder = tempfile::tempdir().unwrap();
    synthetic::convex(folder.path());
    let page = |keys: &str| {
        let settings = format!(
            "kind = \"curves\"\nfile = \"cost\"\ntitle = \"Adam\"\nmetric = \"suboptimality\"\n\
             algorithms = [\"adam\"]\n{keys}"
        );
        figure(&settings).page(&tables(folder.path())).unwrap()
    };
    // The places of the first points of the lines, and the ends of the horizontal axis.
    let places = |page: &Page| {
        let [panel] = &page.panels[..] else { panic!("{} panels", page.panels.len()) };
        let first = panel.marks.iter().filter_map(|mark| match mark {
            Mark::Line { points, .. } => Some(points[0].0),
            _ => None,
        });
        (first.collect::<Vec<f64>>(), panel.x.low, panel.x.high)
    };
    let steps = page("");
    let (first, low, high) = places(&steps);
    assert_eq!((first, low), (vec![0.0, 0.0], 0.0));
    let last = high;
    let (first, low, high) = places(&page("unit = \"gradients\""));
    assert_eq!((first, low), (vec![0.0, 100.0], 0.0));
    assert!(high >= last && high <= last + 100.0, "{high}");
    let (first, ..) = places(&page("unit = \"flops\""));
    assert_eq!(first, [0.0, 2e6]);
    // There is no 0 on a logarithmic axis; the line begins with the first step.
    let logarithmic = page("unit = \"flops\"\nscale = \"log\"\nlast_step = 4000000");
    let (first, low, high) = places(&logarithmic);
    assert_eq!(first, [1e4, 2e6]);
    assert!((low / 1e4 - 1.0).abs() < 1e-9 && (high / 4e6 - 1.0).abs() < 1e-9, "{low} {high}");
    // A step takes a thousandth of a second, the set-up a fifth: the quickest of two.
    let seconds = page("unit = \"seconds\"");
    let (first, ..) = places(&seconds);
    assert_eq!(first, [0.0, 0.2]);
    assert!(seconds.footnotes.iter().any(|note| note.starts_with("Seconds on the clock")));
    let labels = [&seconds, &logarithmic].map(|page| page.panels[0].x.label.clone());
    let expected = ["seconds", "floating-point operations"]
        .map(|of| of.to_owned() + ", the set-up's included");
    assert_eq!(labels, expected);
    draw(
        folder.path(),
        "kind = \"curves\"\nfile = \"by-gradients\"\ntitle = \"By gradients\"\n\
         metric = \"suboptimality\"\nunit = \"gradients\"",
    );
}

#[test]
fn break_evens() {
    let folder = tempfile::tempdir().unwrap();
    synthetic::convex(folder.path());
    synthetic::break_even(folder.path());
    let picture = draw(
        folder.path(),
        "kind = \"break-even\"\nfile = \"break-even\"\ntitle = \"From which budget on\"",
    );
    for text in [
        "Adam, reparameterized",
        "Adagrad, reparameterized",
        "never in 2 of 5",
        "median and quartiles",
    ] {
        picture.assert_says(text);
    }
    assert!(!picture.texts().contains(&"Adam, original"));
    let single = figure(
        "kind = \"break-even\"\nfile = \"f\"\ntitle = \"\"\nunit = \"flops\"\ntuned = \"own\"\n\
         algorithms = [\"adam\"]",
    );
    let page = single.page(&tables(folder.path())).unwrap();
    let [panel] = &page.panels[..] else { panic!("{} panels", page.panels.len()) };
    assert_eq!(panel.rows.len(), 1);
    assert_eq!(panel.rows[0].remark, "never in 2 of 5");
    let drawn: usize = panel
        .marks
        .iter()
        .map(|mark| match mark {
            Mark::Symbols { points, .. } => points.len(),
            _ => 0,
        })
        .sum();
    // Five trials and a median.
    assert_eq!(drawn, 6);
}

/// Pages of several folders on a sheet.
#[test]
fn side_by_side() {
    let folder = tempfile::tempdir().unwrap();
    synthetic::convex(folder.path());
    let figure = figure("kind = \"learning-rates\"\nfile = \"f\"\ntitle = \"Rates\"");
    let page = figure.page(&tables(folder.path())).unwrap();
    let width = |pages: &[(char, Page)]| {
        let drawings = egop::drawing::sheet::side_by_side(pages).unwrap();
        let svg = String::from_utf8(drawings[1].bytes.clone()).unwrap();
        let document = roxmltree::Document::parse(&svg).unwrap();
        for (letter, _) in pages {
            assert!(svg.contains(&format!("({letter}) Rates")), "{letter}");
        }
        document.root_element().attribute("width").unwrap().parse::<f64>().unwrap()
    };
    let one = width(&[('c', page.clone())]);
    // Either width is rounded up.
    assert!((width(&[('a', page.clone()), ('c', page)]) - 2.0 * one).abs() <= 2.0);
}

/// Three coordinate systems, one of which diverges in most trials; long names; one learning rate.
#[test]
fn awkward_results() {
    let folder = tempfile::tempdir().unwrap();
    synthetic::awkward(folder.path());
    let picture = draw(
        folder.path(),
        r#"
        kind = "curves"
        file = "awkward-curves"
        title = "A title so long that it does not fit above the figure in one line, as titles that name objective, data, distribution and settings often are, and which must be broken between its words"
        metric = "suboptimality"
        "#,
    );
    picture.assert_says("Adam, rotated (η = 0.1; 3 of 5 diverged or failed)");
    picture.assert_says("a-comparator-with-a-long-name, original (η = 0.1; 1 of 5 trials)");
    picture.assert_says("GD with momentum, rotated: no learning rate was selected.");
    let picture = draw(
        folder.path(),
        r#"
        kind = "learning-rates"
        file = "awkward-learning-rates"
        title = "One learning rate"
        "#,
    );
    picture.assert_says("diverged or failed in half of the trials or more");
}

#[test]
fn what_is_missing_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let failure = |settings: &str| {
        let settings = format!("file = \"f\"\ntitle = \"\"\n{settings}");
        let error = figure(&settings).draw(&tables(folder.path())).unwrap_err().to_string();
        error.replace(folder.path().to_str().unwrap(), "FOLDER")
    };
    let curves = "kind = \"curves\"\nmetric = \"validation_loss\"\n";
    insta::assert_snapshot!(failure(curves), @"FOLDER/learning_rates.csv: No such file or directory (os error 2)");
    synthetic::convex(folder.path());
    insta::assert_snapshot!(failure(curves), @"curves.csv: has no `validation_loss` of Adam, original");
    insta::assert_snapshot!(failure(&format!("{curves}algorithms = [\"adan\"]")), @"learning_rates.csv: no algorithm `adan`; it has adam, adagrad, sgd, momentum");
    insta::assert_snapshot!(failure("kind = \"learning-rates\"\nmetric = \"test_accuracy\""), @"runs.csv: has no `test_accuracy` of Adam, original");
    synthetic::plane(folder.path());
    insta::assert_snapshot!(failure("kind = \"trajectories\"\ntrial = 1"), @"landscape.csv: trial 1 is not a grid with one loss at every node");
    synthetic::spectra(folder.path());
    insta::assert_snapshot!(failure("kind = \"spectrum\"\nblocks = [\"biases\"]"), @"spectrum.csv: has no rows of trial 0 for this figure");
    insta::assert_snapshot!(failure("kind = \"density\"\ncoordinates = \"gaussian-1\"\nvectors = [7]"), @"eigenvectors.csv: has no eigenvector 7 of trial 0, coordinates `gaussian-1`, block `all`");
}

#[test]
fn mistakes_in_settings_are_all_reported() {
    let document = r#"
[[figures]]
kind = "curves"
file = "fig 5"
metric = "loss"
tuned = "best"
floor = 1.0
ceiling = 0.5

[[figures]]
kind = "contours"

[[figures]]
kind = "curves"
file = "fig9"
title = "{epoch} epochs"
metric = "train_loss"
panels = ["global"]
coordinates = ["global"]
"#;
    let source = Source::parse("test.toml", document.as_bytes()).unwrap();
    let problems = read(&source, &Overlay::default(), |reader| {
        reader.tables(key("figures", "figures"), None, egop::figure::read)
    })
    .unwrap_err();
    insta::assert_snapshot!(problems, @r#"
    test.toml:2:1: figures.0.title: missing, expected a string
    test.toml:4:8: figures.0.file: expected a name of at most 100 letters, digits, "-", "_" and, not first, "." (it names files), found "fig 5"
    test.toml:5:10: figures.0.metric: expected one of "suboptimality", "train_loss", "validation_loss", "validation_accuracy", "gradient_norm", found "loss"
    test.toml:6:9: figures.0.tuned: expected one of "original", "own", found "best"
    test.toml:8:11: figures.0.ceiling: must be above the floor
    test.toml:11:8: figures.1.kind: expected one of "curves", "learning-rates", "trajectories", "schedule", "spectrum", "density", "dots", "break-even", "study", found "contours"
    test.toml:16:9: figures.2.title: there is no number {epoch}; there are {d}, {trials}, {epochs}, {iterations}
    test.toml:19:15: figures.2.coordinates: are those of `panels`, where these are given
    8 problems in test.toml
    "#);
}

/// The shipped least squares with more figures.
fn lsq_with(figures: &str) -> Source {
    let config = include_str!("../../configs/lsq.toml");
    Source::parse("test.toml", format!("{config}{figures}").as_bytes()).unwrap()
}

#[test]
fn figures_must_fit_the_experiment() {
    let figures = r#"
[[figures]]
kind = "curves"
file = "twice"
title = ""
metric = "suboptimality"
algorithms = ["adan"]

[[figures]]
kind = "trajectories"
file = "twice"
title = ""
coordinates = ["turned"]

[[figures]]
kind = "curves"
file = "fig9"
title = "{epochs} epochs"
metric = "suboptimality"
panels = ["global"]
"#;
    let source = lsq_with(figures);
    let problems = read(&source, &Overlay::default(), Experiment::read).unwrap_err().to_string();
    for wanted in [
        "algorithms: no algorithm \"adan\"; there are ",
        "coordinates: no coordinates \"turned\"; there are original, reparameterized",
        "kind: needs training.record = \"trajectories\"",
        "file: \"twice\" is used twice",
        "title: needs training.batch",
        "panels: no coordinates \"global\"; there are original, reparameterized",
    ] {
        assert!(problems.contains(wanted), "{problems}");
    }
}

#[test]
fn panels_and_numbers_in_titles_fit_an_experiment_that_has_them() {
    let figures = r#"
[[figures]]
kind = "curves"
file = "panels"
title = "d = {d}: {trials} trials, {iterations} iterations"
metric = "suboptimality"
panels = ["reparameterized", "rotated"]
"#;
    let source = lsq_with(figures);
    for (profile, caution) in [("paper", None), ("quick", Some("quick profile"))] {
        let overlay = Overlay { profile: Some(profile.into()), overrides: Vec::new() };
        let read = read(&source, &overlay, Experiment::read).unwrap();
        let facts = Experiment::under_profile(read, profile).value.facts();
        assert_eq!(facts.caution.map(|caution| &caution[..13]), caution);
        assert_eq!(facts.numbers["d"], "50");
        assert_eq!(facts.algorithm("sgd"), "GD");
        let note = facts.note(&["original", "reparameterized"], None).unwrap();
        assert!(
            note.starts_with("n = 100, d = 50, M = 100; singular values k⁻¹; at most "),
            "{note}"
        );
        assert!(note.ends_with(&format!("profile {profile}.")), "{note}");
    }
}

#[test]
fn the_same_tables_give_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    synthetic::plane(folder.path());
    let figure = figure("kind = \"trajectories\"\nfile = \"f\"\ntitle = \"t\"\nzoom = 2");
    let bytes = || figure.draw(&tables(folder.path())).unwrap().into_iter().map(|d| d.bytes);
    assert!(bytes().eq(bytes()));
}
