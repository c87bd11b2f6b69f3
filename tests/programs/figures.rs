//! Figures: drawn by egop-run, redrawn by egop-plot from the tables alone.

use crate::workspace::{SMALL, Workspace, files};

const FIGURES: &str = r#"
[[figures]]
kind = "curves"
file = "curves"
title = "Curves"
metric = "suboptimality"
coordinates = ["original", "reparameterized"]

[[figures]]
kind = "learning-rates"
file = "rates"
title = "Learning rates"
"#;

fn workspace() -> Workspace {
    Workspace::new(&format!("{SMALL}\n{FIGURES}"))
}

fn pictures(workspace: &Workspace, folder: &str) -> Vec<(String, Vec<u8>)> {
    let all = files(&workspace.path(folder)).into_iter().filter_map(|(path, file)| {
        let name = path.to_str()?.to_owned();
        (name.ends_with(".png") || name.ends_with(".svg")).then_some((name, file.bytes))
    });
    all.collect()
}

#[test]
fn the_tables_alone_give_the_same_pictures() {
    let workspace = workspace();
    let stdout = workspace.run(&[]).success().get_output().stdout.clone();
    let stdout = String::from_utf8(stdout).unwrap();
    let drawn = pictures(&workspace, "out");
    let names: Vec<&str> = drawn.iter().map(|(name, _)| &**name).collect();
    assert_eq!(names, ["curves.png", "curves.svg", "rates.png", "rates.svg"]);
    assert!(names.iter().all(|name| stdout.contains(name)), "{stdout}");

    std::fs::create_dir(workspace.path("copy")).unwrap();
    for table in ["experiment.toml", "curves.csv", "learning_rates.csv", "runs.csv"] {
        std::fs::copy(workspace.path("out").join(table), workspace.path("copy").join(table))
            .unwrap();
    }
    workspace.program("egop-plot").args(["copy", "--only", "rates"]).assert().success();
    assert_eq!(pictures(&workspace, "copy").len(), 2);
    workspace.program("egop-plot").arg("copy").assert().success();
    assert!(pictures(&workspace, "copy") == drawn);
    let others = files(&workspace.path("copy")).into_keys().filter(|path| {
        !path.extension().is_some_and(|extension| extension == "png" || extension == "svg")
    });
    assert_eq!(others.count(), 5, "egop-plot writes pictures, a report, and nothing else");
}

/// egop-plot with several folders: exit code and stderr.
fn beside(workspace: &Workspace, arguments: &[&str]) -> (i32, String) {
    let plot = workspace.program("egop-plot").args(arguments).assert();
    let output = plot.get_output();
    (output.status.code().unwrap(), String::from_utf8(output.stderr.clone()).unwrap())
}

#[test]
fn one_figure_of_several_folders_is_one_picture() {
    let workspace = workspace();
    workspace.run(&[]).success();
    let before = pictures(&workspace, "out");
    for out in ["both.png", "both.svg"] {
        for _ in 0..2 {
            let arguments = ["out", "out", "--figure", "cur", "--out", out];
            assert_eq!(beside(&workspace, &arguments), (0, String::new()));
        }
        assert!(workspace.path(&format!("{out}.sha256")).exists());
    }
    let svg = std::fs::read_to_string(workspace.path("both.svg")).unwrap();
    assert!(svg.contains("(a) Curves") && svg.contains("(b) Curves"), "both folders");
    assert!(pictures(&workspace, "out") == before, "folders stay as they are");

    std::fs::write(workspace.path("both.svg"), "mine").unwrap();
    std::fs::create_dir(workspace.path("empty")).unwrap();
    let two = ["out", "out"];
    for (folders, figure, out, code, message) in [
        (&two[..], "cur", "both.svg", 4, "both.svg: is not as these programs wrote it"),
        (&two, "cur", "both.pdf", 2, "must end with .png or .svg"),
        (&two, "cur", "none/both.png", 5, "none"),
        (&two, "", "new.png", 2, "out: figure \"\" may be any of curves, rates"),
        (&two, "fig5", "new.png", 2, "out: there is no figure \"fig5\"; there are curves, rates"),
        (&["out", "empty"], "cur", "new.png", 5, "empty: is not a results folder"),
        (&["out"; 7], "cur", "new.png", 2, "at most 6 folders"),
    ] {
        let arguments = [folders, &["--figure", figure, "--out", out]].concat();
        let (found, stderr) = beside(&workspace, &arguments);
        assert!(found == code && stderr.contains(message), "{found}: {stderr}");
    }
    assert_eq!(std::fs::read(workspace.path("both.svg")).unwrap(), b"mine");
    assert!(!workspace.path("new.png").exists());
    let (code, stderr) = beside(&workspace, &two);
    assert!(code == 2 && stderr.contains("--figure NAME --out FILE"), "{stderr}");
    assert_eq!(beside(&workspace, &["out", "--figure", "cur"]).0, 2);
}

#[test]
fn an_unknown_figure_is_a_usage_error() {
    let workspace = workspace();
    workspace.run(&[]).success();
    let only = ["out", "--only", "rates", "--only", "fig5"];
    let plot = workspace.program("egop-plot").args(only).assert().code(2);
    let stderr = String::from_utf8(plot.get_output().stderr.clone()).unwrap();
    assert!(stderr.contains("\"fig5\"") && stderr.contains("curves, rates"), "{stderr}");
}

#[test]
fn a_damaged_table_is_named() {
    // In the folder that egop-run wrote, and in one with the tables alone.
    for sums in [true, false] {
        let workspace = workspace();
        workspace.run(&[]).success();
        if !sums {
            std::fs::remove_file(workspace.path("out/SHA256SUMS")).unwrap();
        }
        let table = workspace.path("out/curves.csv");
        let text = std::fs::read_to_string(&table).unwrap();
        std::fs::write(&table, text.replacen("adam,original,", "adam,original,x", 1)).unwrap();
        let plot = || {
            let plot = workspace.program("egop-plot").arg("out").assert().code(5);
            String::from_utf8(plot.get_output().stderr.clone()).unwrap()
        };
        let stderr = plot();
        assert!(stderr.contains("curves.csv"), "{stderr}");
        assert!(stderr.contains(if sums { "run the experiment again" } else { "line 2" }));
        std::fs::remove_file(&table).unwrap();
        let stderr = plot();
        assert!(stderr.contains("curves.csv"), "{stderr}");
        if sums {
            // As the message says.
            workspace.run(&[]).success();
            workspace.program("egop-plot").arg("out").assert().success();
        } else {
            // It is not known who wrote what is there.
            workspace.run(&[]).code(4);
        }
    }
}

#[test]
fn a_figure_that_has_nothing_to_show_does_not_keep_the_others() {
    // Every rate diverges: there are no curves, but learning rates can be shown.
    let workspace = workspace();
    let absurd = ["adam", "adagrad", "sgd", "momentum"]
        .map(|name| format!("algorithms.{name}.learning_rates=[1e9, 1e10]"));
    let arguments: Vec<&str> = absurd.iter().flat_map(|rates| ["--set", rates]).collect();
    let run = workspace.run(&arguments).code(3);
    let (stdout, stderr) = (&run.get_output().stdout, &run.get_output().stderr);
    let [stdout, stderr] = [stdout, stderr].map(|text| String::from_utf8(text.clone()).unwrap());
    assert!(stderr.contains("figure curves was not drawn"), "{stderr}");
    assert!(stdout.contains("rates.png"), "{stdout}");
    let drawn = pictures(&workspace, "out");
    assert_eq!(drawn.len(), 2);
    assert!(workspace.path("out/provenance.json").exists());
    workspace.program("egop-plot").arg("out").assert().code(3);
    assert!(pictures(&workspace, "out") == drawn);
}
