//! What is accepted is there in the end, and what is refused would not have been: every metric,
//! column and kind of figure on every registered objective.

use egop::config::{self, Overlay, Source};
use egop::experiment::Experiment;
use egop::figure;
use egop::sweep::METRICS;

use crate::divergence::{in_configs_alone, objective as settings};
use crate::workspace::Workspace;

fn base(kind: &str, batches: bool) -> String {
    let training = if batches { "epochs = 3\nbatch = 8" } else { "steps = 40" };
    // Two parameters, where there can be two: for a landscape.
    let settings = settings(kind).replace("columns = 6", "columns = 2");
    let record = if settings.contains("columns = 2") { "\nrecord = \"trajectories\"" } else { "" };
    format!(
        "name = \"all\"\ntitle = \"T\"\nseed = 1\ntrials = 2\n[objective]\nkind = \"{kind}\"\n\
         {settings}\n[distribution]\nkind = \"gaussian\"\nscale = 0.1\n\
         [coordinates.original]\nbasis = \"identity\"\n[coordinates.rep]\nbasis = \"egop\"\n\
         [algorithms.adam]\nkind = \"adam\"\nlearning_rates = [0.01]\n\
         [training]\n{training}{record}\n[sweep]\nmetric = \"final_loss\"\n"
    )
}

/// The tables of everything that could be asked for, each with the metric that it is about.
fn candidates() -> Vec<(String, Option<&'static str>)> {
    let mut all = Vec::new();
    let mut add = |kind: &str, keys: String, metric| {
        let file = format!("f{}", all.len());
        let head = format!("[[figures]]\nkind = \"{kind}\"\nfile = \"{file}\"\ntitle = \"T\"\n");
        all.push((head + &keys, metric));
    };
    for entry in figure::REGISTRY {
        match entry.name {
            "curves" => {
                let columns =
                    ["suboptimality", "train_loss", "validation_loss", "validation_accuracy"];
                for (column, unit) in columns
                    .iter()
                    .flat_map(|column| ["iteration", "epoch"].map(|unit| (column, unit)))
                {
                    add("curves", format!("metric = \"{column}\"\nunit = \"{unit}\"\n"), None);
                }
            }
            "learning-rates" => {
                for metric in METRICS {
                    let keys = format!("metric = \"{}\"\n", metric.name);
                    add("learning-rates", keys, Some(metric.name));
                }
            }
            "dots" => {
                for metric in METRICS {
                    add("dots", format!("metric = \"{}\"\n", metric.name), Some(metric.name));
                }
                for effort in ["steps", "gradients", "flops"] {
                    let keys = format!("metric = \"{effort}_to_level\"\nlevel = 1e-3\n");
                    add("dots", keys, None);
                }
            }
            "density" => add("density", "coordinates = \"rep\"\n".into(), None),
            other => add(other, String::new(), None),
        }
    }
    for metric in METRICS {
        let name = metric.name;
        for test in ["ratio", "every-rate"] {
            all.push((
                format!(
                    "[[claims]]\nid = \"{test} {name}\"\nstatement = \"S\"\nsource = \"here\"\n\
                     test = \"{test}\"\nmetric = \"{name}\"\nrelation = \"at-least\"\nfactor = 1.0\n\
                     left = {{ algorithm = \"adam\", coordinates = \"original\" }}\n\
                     right = {{ algorithm = \"adam\", coordinates = \"rep\" }}\n"
                ),
                Some(name),
            ));
        }
    }
    all
}

fn is_accepted(document: &str) -> bool {
    let source = Source::parse("t.toml", document.as_bytes()).unwrap();
    config::read(&source, &Overlay::default(), Experiment::read).is_ok()
}

#[test]
fn what_is_accepted_is_there_and_what_is_refused_is_not() {
    for entry in in_configs_alone() {
        for batches in [false, true] {
            let base = base(entry.name, batches);
            if !is_accepted(&base) {
                assert!(batches, "{base}");
                continue;
            }
            let (accepted, refused): (Vec<_>, Vec<_>) = candidates()
                .into_iter()
                .partition(|(table, _)| is_accepted(&format!("{base}{table}")));
            let tables: String = accepted.iter().map(|(table, _)| table.as_str()).collect();
            let workspace = Workspace::new(&(base + &tables));
            let run = workspace.run(&[]).success();
            let messages = String::from_utf8(run.get_output().stderr.clone()).unwrap();
            assert!(!messages.contains("was not drawn"), "{}: {messages}", entry.name);

            let runs = workspace.rows("runs.csv");
            let recorded = |metric: &str| runs.iter().filter(|run| !run[metric].is_empty()).count();
            let of = |tables: &[(String, Option<&'static str>)]| -> Vec<&'static str> {
                tables.iter().filter_map(|(_, metric)| *metric).collect()
            };
            for metric in of(&accepted).into_iter().filter(|&metric| metric != "reached_target") {
                assert_eq!(recorded(metric), runs.len(), "{}: {metric}", entry.name);
            }
            let budget = |metric: &&str| ["steps", "training_flops"].contains(metric);
            for metric in of(&refused).into_iter().filter(|metric| !budget(metric)) {
                assert_eq!(recorded(metric), 0, "{}: {metric}", entry.name);
            }
            assert!(accepted.len() > 12 && refused.len() > 12, "{}", entry.name);
        }
    }
}
