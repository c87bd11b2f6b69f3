//! Small instances of everything that is registered: a new entry of a registry needs a line here.

use egop::config::{self, Overlay, Reader, Source};
use egop::objective::{Context, Objective};
use egop::rng::Streams;
use egop::trial::Precision;
use egop::{basis, objective, optimizer};

/// A small instance of an objective.
pub struct Instance {
    pub kind: &'static str,
    settings: &'static str,
    /// A learning rate at which gradient descent and momentum do not amplify rounding.
    pub stable_rate: f64,
    /// Whether the gradient is continuous.
    pub smooth: bool,
}

const fn instance(kind: &'static str, settings: &'static str, stable_rate: f64) -> Instance {
    Instance { kind, settings, stable_rate, smooth: true }
}

const INSTANCES: &[Instance] = &[
    instance(
        "log-sum-exp",
        "rows = 23\ncolumns = 7\ndecay = { kind = \"power\", exponent = 1.0 }",
        0.02,
    ),
    instance(
        "log-sum-exp",
        "rows = 9\ncolumns = 9\ndecay = { kind = \"exponential\", rate = 0.3 }",
        0.02,
    ),
    instance(
        "log-sum-exp",
        "rows = 23\ncolumns = 7\nscale = 0.5\nnoise = 0.3\nangle = [0.0, 70.0]\n\
         decay = { kind = \"power\", exponent = 1.0 }",
        0.02,
    ),
    instance(
        "logistic",
        "rows = 60\ncolumns = 5\ndecay = { kind = \"power\", exponent = 1.0 }",
        0.5,
    ),
    instance(
        "least-squares",
        "rows = 90\ncolumns = 13\ndecay = { kind = \"power\", exponent = 1.0 }",
        0.5,
    ),
    instance(
        "least-squares",
        "rows = 5\ncolumns = 12\ndecay = { kind = \"exponential\", rate = 0.5 }",
        0.5,
    ),
    instance(
        "least-squares",
        "rows = 90\ncolumns = 13\nscale = 2.0\nnoise = 0.3\n\
         decay = { kind = \"power\", exponent = 1.0 }",
        0.1,
    ),
    instance(
        "linear-net",
        "widths = [4, 6, 3]\ntraining = 40\nvalidation = 9\ntest = 7\n\
         decay = { kind = \"power\", exponent = 2.0 }",
        0.5,
    ),
    Instance { smooth: false, ..instance("relu-net", "data = \"digits\"\nhidden = [2]", 1e-5) },
];

/// The instances of every registered objective.
pub fn objectives() -> &'static [Instance] {
    // Gradients from a file are tested beside the code.
    for entry in objective::REGISTRY.iter().filter(|entry| entry.name != "gradients") {
        let name = entry.name;
        assert!(INSTANCES.iter().any(|one| one.kind == name), "no instance of {name} is tested");
    }
    INSTANCES
}

impl Instance {
    pub fn spec(&self) -> Box<dyn objective::Spec> {
        read(&format!("kind = \"{}\"\n{}", self.kind, self.settings), objective::read)
    }

    pub fn draw<R: Precision>(&self, trial: usize) -> Box<dyn Objective<R>> {
        let context = Context { streams: Streams::new(2025, trial), data_dir: None };
        R::objective(&*self.spec(), &context).unwrap()
    }
}

/// Every registered basis that is orthonormal: over all parameters, over each weight block, and over
/// the blocks named.
pub fn bases(blocks: &[&str]) -> Vec<(String, Box<dyn basis::Spec>)> {
    let named = format!("scope = \"block\"\nblocks = {blocks:?}");
    let mut all = Vec::new();
    // What egop-run saves is loaded in tests/programs/bases.rs.
    for entry in basis::REGISTRY.iter().filter(|entry| entry.name != "file") {
        let blocks = format!("weights = {blocks:?}");
        let low_rank = format!("{named}\nrank = 3\ncomplement = \"rotated\"");
        let scopes: &[&str] = match entry.name {
            "identity" => &[""],
            "input" => &["", "source = \"random\"", "samples = 1\nat = \"start\""],
            "kronecker" => &["", &blocks, "sides = \"inputs\"", "sides = \"outputs\""],
            "egop" => &[
                "scope = \"global\"",
                "scope = \"block\"",
                &named,
                "scope = \"global\"\nrank = 2",
                "scope = \"block\"\nrank_energy = 0.5\nsolver = \"gram\"",
                &low_rank,
            ],
            _ => &["scope = \"global\"", "scope = \"block\"", &named],
        };
        for scope in scopes {
            let settings = format!("basis = \"{}\"\n{scope}", entry.name);
            let spec = read(&settings, basis::read);
            all.push((settings.replace('\n', ", "), spec));
        }
    }
    all
}

/// Every registered optimizer with its default hyperparameters.
pub fn optimizers() -> Vec<(&'static str, Box<dyn optimizer::Spec>)> {
    let of = |name| read(&format!("kind = \"{name}\""), optimizer::read);
    optimizer::REGISTRY.iter().map(|entry| (entry.name, of(entry.name))).collect()
}

fn read<T>(settings: &str, read: impl Fn(&mut Reader<'_>) -> Option<T>) -> T {
    let source = Source::parse("instance", settings.as_bytes()).unwrap();
    config::read(&source, &Overlay::default(), read).unwrap_or_else(|e| panic!("{e}")).value
}
