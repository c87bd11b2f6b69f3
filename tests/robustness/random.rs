//! Random small experiments, with every kind of thing that a config can name, end to end: whatever
//! happens, it is one of the things that the README says.

use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use ndarray::Array2;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use proptest::test_runner::{Config, TestRunner};

use crate::lab::{folder, program, times};

/// An experiment of at most six parameters may take so long, however busy the machine.
const PATIENCE: Duration = Duration::from_secs(20);

const METRICS: [&str; 14] = [
    "final_loss",
    "minimum_loss",
    "final_suboptimality",
    "minimum_suboptimality",
    "reached_target",
    "steps",
    "training_flops",
    "path_ratio",
    "best_validation_loss",
    "final_validation_loss",
    "best_validation_accuracy",
    "final_validation_accuracy",
    "test_loss",
    "test_accuracy",
];

fn one_of(texts: &'static [&'static str]) -> impl Strategy<Value = String> {
    select(texts).prop_map(str::to_owned)
}

/// A metric that applies to every experiment, more often than others.
fn metric() -> impl Strategy<Value = String> {
    let always = ["final_loss", "minimum_loss", "reached_target", "steps"];
    prop_oneof![19 => select(always.to_vec()), 1 => select(METRICS.to_vec())]
        .prop_map(str::to_owned)
}

/// Numbers as people write them, and the extremes that are allowed.
fn scale() -> impl Strategy<Value = String> {
    one_of(&["1.0", "0.5", "3.0", "1e-6", "1e3", "1e-30", "1e150"])
}

fn decay() -> impl Strategy<Value = String> {
    one_of(&[
        "{ kind = \"power\", exponent = 0.0 }",
        "{ kind = \"power\", exponent = 1.0 }",
        "{ kind = \"power\", exponent = 20.0 }",
        "{ kind = \"exponential\", rate = 0.7 }",
    ])
}

/// The objective's table, and its parameters; `None`: it is a network, with minibatches.
fn objective() -> impl Strategy<Value = (String, Option<usize>)> {
    let convex = (one_of(&["least-squares", "log-sum-exp", "logistic"]), 1..40_usize, 1..=6_usize)
        .prop_flat_map(|(kind, rows, columns)| {
            decay().prop_map(move |decay| {
                let rows = rows.max(columns);
                let sizes = format!("rows = {rows}\ncolumns = {columns}");
                (format!("kind = \"{kind}\"\n{sizes}\ndecay = {decay}"), Some(columns))
            })
        });
    let widths = one_of(&["[2, 2]", "[2, 1, 2]", "[1, 3]", "[1, 1, 1, 1]"]);
    let network = (widths, 4..30_usize, decay()).prop_map(|(widths, rows, decay)| {
        let sets = format!("training = {rows}\nvalidation = 4\ntest = 4");
        (format!("kind = \"linear-net\"\nwidths = {widths}\n{sets}\ndecay = {decay}"), None)
    });
    prop_oneof![3 => convex, 1 => network]
}

fn distribution() -> impl Strategy<Value = String> {
    let gaussian = scale().prop_map(|scale| format!("{{ kind = \"gaussian\", scale = {scale} }}"));
    let others = one_of(&["{ kind = \"xavier-normal\" }", "{ kind = \"uniform-fan-in\" }"]);
    prop_oneof![3 => gaussian, 1 => others]
}

fn coordinates() -> impl Strategy<Value = Vec<(String, String)>> {
    let all = vec![
        ("global", "basis = \"egop\""),
        ("block", "basis = \"egop\"\nscope = \"block\""),
        ("turned", "basis = \"random-rotation\""),
        ("turned in blocks", "basis = \"random-rotation\"\nscope = \"block\""),
        ("filed", "basis = \"file\"\nvectors = [\"SIZE.npy\"]"),
    ];
    let owned = |(name, text): (&str, &str)| (name.to_owned(), text.to_owned());
    let original = prop_oneof![19 => Just(true), 1 => Just(false)];
    (subsequence(all, 1..=2), original).prop_map(move |(some, original)| {
        let identity = original.then_some(("original", "basis = \"identity\""));
        identity.into_iter().chain(some).map(owned).collect()
    })
}

fn algorithms() -> impl Strategy<Value = Vec<(String, String)>> {
    let rates = one_of(&[
        "",
        "learning_rates = [0.1]",
        "learning_rates = [1e-30, 0.01, 1e30]",
        "coarse = [1e-2, 1e-1]\nlimits = [1e-3, 1.0]",
    ]);
    let kinds = one_of(&[
        "kind = \"sgd\"",
        "kind = \"momentum\"\nmomentum = 0.99",
        "kind = \"adagrad\"",
        "kind = \"adagrad\"\ninitial_accumulator = 0.1\neps = 1e-7\neps_placement = \"inside\"",
        "kind = \"adam\"",
        "kind = \"adam\"\nbeta1 = 0.0\nbeta2 = 0.0\neps = 1e-30",
    ]);
    prop::collection::vec((kinds, rates), 2..4).prop_map(|all| {
        let name = |(index, (kind, rates))| (format!("method {index}"), format!("{kind}\n{rates}"));
        all.into_iter().enumerate().map(name).collect()
    })
}

fn figure(index: usize, names: &[String], network: bool) -> impl Strategy<Value = String> + use<> {
    let first = names[0].clone();
    let curves = (
        one_of(&["train_loss", "train_loss", "gradient_norm", "suboptimality"]),
        one_of(&["original", "own"]),
        one_of(&["", "floor = 1e-300", "ceiling = 1e300", "last_step = 3"]),
    )
        .prop_map(move |(metric, tuned, limits)| {
            let unit = if network { "epoch" } else { "iteration" };
            format!(
                "kind = \"curves\"\nmetric = \"{metric}\"\ntuned = \"{tuned}\"\nunit = \
                 \"{unit}\"\n{limits}"
            )
        });
    let rates =
        metric().prop_map(|metric| format!("kind = \"learning-rates\"\nmetric = \"{metric}\""));
    let others = one_of(&["schedule", "trajectories", "spectrum"])
        .prop_map(|kind| format!("kind = \"{kind}\""));
    let density = Just(format!("kind = \"density\"\ncoordinates = \"{first}\""));
    prop_oneof![10 => curves, 8 => rates, 2 => others, 1 => density].prop_map(move |text| {
        format!("[[figures]]\nfile = \"figure-{index}\"\ntitle = \"<&\\u0001 \\\" é\"\n{text}\n")
    })
}

fn claim(
    index: usize,
    algorithms: Vec<String>,
    systems: Vec<String>,
) -> impl Strategy<Value = String> {
    // All pairs of an algorithm and coordinates, of which two are compared.
    let all: Vec<String> = algorithms
        .iter()
        .flat_map(|algorithm| {
            systems.iter().map(move |system| {
                format!("algorithm = \"{algorithm}\", coordinates = \"{system}\"")
            })
        })
        .collect();
    let tuned = || one_of(&["original", "own"]);
    let sides = (subsequence(all, 2), tuned(), tuned()).prop_map(|(pair, one, other)| {
        let side = |pair: &str, tuned: &str| format!("{{ {pair}, tuned = \"{tuned}\" }}");
        (side(&pair[0], &one), side(&pair[1], &other))
    });
    let relation = one_of(&["at-least", "at-most", "comparable"]);
    let test = one_of(&["ratio", "every-rate", "range"]);
    (test, metric(), sides, relation, scale()).prop_map(
        move |(test, metric, (left, right), relation, factor)| {
            let settings = match &*test {
                "range" => format!("of = {left}\nlowest = 0.0\nhighest = {factor}"),
                _ => {
                    let factor = if relation == "comparable" { "2.0".into() } else { factor };
                    format!(
                        "left = {left}\nright = {right}\nrelation = \"{relation}\"\nfactor = \
                         {factor}"
                    )
                }
            };
            format!(
                "[[claims]]\nid = \"C{index}\"\nstatement = \"S\"\nsource = \"ours\"\ntest = \
                 \"{test}\"\nmetric = \"{metric}\"\n{settings}\n"
            )
        },
    )
}

/// An experiment that trains.
fn training() -> impl Strategy<Value = String> {
    let parts = (objective(), distribution(), coordinates(), algorithms(), 1..=6_usize);
    parts.prop_flat_map(|((objective, size), distribution, mut systems, algorithms, trials)| {
        let network = size.is_none();
        // Files are for convex objectives.
        systems.retain(|(name, _)| name != "filed" || !network);
        if systems.is_empty() {
            systems.push(("original".into(), "basis = \"identity\"".into()));
        }
        for (_, settings) in &mut systems {
            *settings = settings.replace("SIZE", &size.unwrap_or_default().to_string());
        }
        let names = |all: &[(String, String)]| -> Vec<String> {
            all.iter().map(|(name, _)| name.clone()).collect()
        };
        let (coordinates, methods) = (names(&systems), names(&algorithms));
        let figures = (figure(0, &coordinates, network), figure(1, &coordinates, network));
        let claims =
            (claim(0, methods.clone(), coordinates.clone()), claim(1, methods, coordinates.clone()));
        let training = (
            1..=50_usize,
            one_of(&["constant", "cosine-annealing"]),
            one_of(&["1e6", "1e308", "1e-3"]),
            one_of(&["1e-6", "1e-30", "0.5"]),
            one_of(&["selected", "selected", "all", "trajectories"]),
        );
        let rest = (
            metric(),
            select(coordinates),
            one_of(&["samples = 1", "samples = 7", "samples_per_parameter = 2.0"]),
            one_of(&["f32", "f64"]),
            0..1000_u32,
        );
        (training, rest, figures, claims).prop_map(move |(training, rest, figures, claims)| {
            let (steps, schedule, divergence, target, record) = training;
            let (metric, tuned, samples, precision, seed) = rest;
            let length = match network {
                true => format!("epochs = {}\nbatch = 3", steps.min(10)),
                false => format!("steps = {steps}"),
            };
            let record = if network { "selected" } else { &record };
            let mut text = format!(
                "name = \"random\"\ntitle = \"Random\"\nseed = {seed}\ntrials = \
                 {trials}\nprecision = \"{precision}\"\ndistribution = \
                 {distribution}\n[objective]\n{objective}\n[egop]\n{samples}\n[training]\n{length}\n\
                 schedule = \"{schedule}\"\ndivergence = {divergence}\ntarget = {target}\nrecord = \
                 \"{record}\"\n[sweep]\nmetric = \"{metric}\"\ncoarse = [0.01, 1.0]\nlimits = \
                 [1e-3, 10.0]\ntune = [\"{tuned}\"]\n"
            );
            for (section, all) in [("coordinates", &systems), ("algorithms", &algorithms)] {
                for (name, settings) in all {
                    text += &format!("[{section}.\"{name}\"]\n{settings}\n");
                }
            }
            text + &figures.0 + &figures.1 + &claims.0 + &claims.1
        })
    })
}

/// An experiment that estimates EGOPs only.
fn spectra() -> impl Strategy<Value = String> {
    let measure = one_of(&[
        "{ spectrum = \"a\", measure = \"stable-rank\" }\nlowest = 1.5",
        "{ spectrum = \"a\", measure = \"density\", at = 1 }\nlowest = 0.9",
        "{ spectrum = \"a\", measure = \"relative-eigenvalue\", at = 2 }\nhighest = 0.5",
        "{ spectrum = \"a\", measure = \"shelf-end\", at = 1 }\nhighest = 1.0",
        "{ spectrum = \"a\", measure = \"subspace-distance\", at = 1 }\nhighest = 0.5",
    ]);
    let figures = one_of(&[
        "kind = \"spectrum\"\ninset = 3",
        "kind = \"spectrum\"\nindex = \"log\"",
        "kind = \"density\"\ncoordinates = \"a\"\nvectors = [1]",
    ]);
    let samples = one_of(&["samples = 2", "samples = 5", "samples_per_parameter = 3.0"]);
    (objective(), distribution(), samples, measure, figures, 1..=6_usize).prop_map(
        |((objective, _), distribution, samples, measure, figure, trials)| {
            format!(
                "name = \"random\"\ntitle = \"Random\"\nseed = 1\ntrials = {trials}\ndistribution \
                 = {distribution}\n[objective]\n{objective}\n[egop]\n{samples}\n[spectra.a]\n\
                 eigenvectors = 1\n[spectra.b]\nscope = \"block\"\n[[figures]]\nfile = \
                 \"figure\"\ntitle = \"T\"\n{figure}\n[[claims]]\nid = \"C\"\nstatement = \
                 \"S\"\nsource = \"ours\"\ntest = \"measure\"\nof = {measure}\n"
            )
        },
    )
}

/// Runs a program and waits for it, but not for ever: exit code, stdout, stderr.
fn run(name: &str, arguments: &[&Path]) -> (Option<i32>, String) {
    let mut command = program(name);
    command.args(arguments).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let start = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if start.elapsed() > PATIENCE {
            child.kill().unwrap();
            return (None, "it hangs".into());
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    let output = child.wait_with_output().unwrap();
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

/// The fields that may be NaN: what a run that diverged reports of itself, and the gradient before
/// the first step. In all others the README promises a number or nothing.
fn may_be_nan(table: &str, column: &str) -> bool {
    let losses = column.contains("loss") || column.contains("suboptimality");
    match table {
        "runs.csv" | "curves.csv" => losses || column.contains("gradient"),
        "trajectories.csv" => column == "value",
        "landscape.csv" => column == "loss",
        _ => false,
    }
}

/// What is wrong with the tables of a results folder.
fn wrong_numbers(out: &Path) -> Vec<String> {
    let mut wrong = Vec::new();
    for entry in fs::read_dir(out).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if !name.ends_with(".csv") {
            continue;
        }
        let mut reader = csv::Reader::from_path(&path).unwrap();
        let header = reader.headers().unwrap().clone();
        for (row, fields) in reader.records().enumerate() {
            let fields = fields.unwrap();
            let diverged = fields.iter().any(|field| field == "diverged");
            for (column, field) in header.iter().zip(&fields) {
                let allowed = may_be_nan(&name, column) && (name != "runs.csv" || diverged);
                if field == "NaN" && !allowed {
                    wrong.push(format!("{name}: row {row}: {column} is NaN"));
                }
            }
        }
    }
    wrong
}

fn check(config: &str) -> Result<Option<i32>, TestCaseError> {
    let folder = folder();
    let (path, out) = (folder.path().join("c.toml"), folder.path().join("out"));
    fs::write(&path, config).unwrap();
    for size in 1..=6 {
        let file = folder.path().join(format!("{size}.npy"));
        ndarray_npy::write_npy(file, &Array2::<f64>::eye(size)).unwrap();
    }
    let arguments = [&*path, Path::new("--out"), &out, Path::new("--threads"), Path::new("1")];
    let (code, stderr) = run("egop-run", &arguments);
    let fail = |what: String| {
        Err(TestCaseError::fail(format!("{what}\nexit {code:?}\n{stderr}\n{config}")))
    };
    if !matches!(code, Some(0 | 2 | 3)) || stderr.contains("panicked") {
        return fail("an end that is not documented, or a panic".into());
    }
    if code == Some(2) {
        // A config that asks for what it cannot have is refused before any work.
        return match out.exists() || !stderr.contains("c.toml:") {
            true => fail("refused, but not at once or without the place".into()),
            false => Ok(code),
        };
    }
    let wrong = wrong_numbers(&out);
    if !wrong.is_empty() {
        return fail(wrong.join("\n"));
    }
    let (again, said) = run("egop-plot", &[&out]);
    if !matches!(again, Some(0 | 3)) || said.contains("panicked") {
        return fail(format!("egop-plot: {again:?}\n{said}"));
    }
    Ok(code)
}

#[test]
fn random_experiments_end_as_the_readme_says() {
    let cases = u32::try_from(times(60, 600)).unwrap();
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(
        config,
        proptest::test_runner::TestRng::deterministic_rng(
            proptest::test_runner::RngAlgorithm::ChaCha,
        ),
    );
    let ends = std::cell::RefCell::new([0_usize; 4]);
    let experiments = prop_oneof![4 => training(), 1 => spectra()];
    let result = runner.run(&experiments, |config| {
        let code = check(&config)?;
        ends.borrow_mut()[usize::try_from(code.unwrap()).unwrap()] += 1;
        Ok(())
    });
    let [done, _, refused, partly] = *ends.borrow();
    println!("{done} experiments done, {partly} in part, {refused} refused");
    result.unwrap_or_else(|error| panic!("{error}"));
    assert!(refused < done + partly, "most of them are refused");
}
