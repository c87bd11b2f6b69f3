//! (j) What is made before the first step on the network of (h): 100 leading eigenvectors of the first
//! layer's EGOP from 795 gradients and the reflector that completes them, and the rotation of the
//! inputs from 8 gradients with the data that it turns.

use egop::basis::{Complement, EgopBasis, LowRank, Rank, Scope};
use egop::egop::Solver;
use egop::trial::Control;
use serde_json::json;

use crate::estimation::write_samples;
use crate::networks::write_examples;
use crate::output::{Folder, Line, time};
use crate::wide_network::{BATCH, RHO, examples, problem, rotation, sampling};
use crate::{Args, Result};

const COLUMNS: usize = 100;
const GRADIENTS: usize = 8;

pub fn run(args: &Args) -> Result<()> {
    let samples = if args.quick { 160 } else { 795 };
    let data = examples()?;
    let problem = problem(data.clone());
    let folder = Folder::create(args, "j")?;
    folder.settings(&json!({
        "samples": samples, "columns": COLUMNS, "gradients": GRADIENTS, "batch": BATCH,
    }))?;
    write_examples(&folder, "training", &data.training)?;
    for (name, split) in [("validation", &data.validation), ("test", &data.test)] {
        write_examples(&folder, name, split.as_ref().ok_or("there are all three splits")?)?;
    }
    let minibatches = sampling(samples)
        .minibatches(problem.objective.examples())
        .ok_or("gradients are those of minibatches")?;
    write_samples(&folder, &*problem.objective, RHO, minibatches, samples)?;

    let basis = EgopBasis {
        scope: Scope::Block(vec!["layer1.weight".into()]),
        low_rank: Some(LowRank {
            rank: Rank::Number(COLUMNS),
            complement: Complement::Reflector,
            solver: Solver::Gram,
        }),
    };
    for _ in 0..args.runs {
        let (parts, elapsed) =
            time(|| problem.parts(&basis, RHO, sampling(samples), Control::none()));
        let parts = parts?;
        let spectrum = parts.iter().find_map(|part| part.spectrum.as_ref());
        let spectrum = spectrum.ok_or("an eigenbasis was asked for")?;
        let leading = spectrum.eigenvalues.iter().take(COLUMNS).copied().collect();
        Line::new("j", "reflector".into(), samples, elapsed)
            .results(Vec::new(), leading)
            .print()?;

        let (turned, elapsed) = time(|| -> Result<_> {
            let coordinates = rotation(&problem, GRADIENTS)?;
            Ok(problem.objective.absorb(&coordinates).ok_or("the data can be turned")?.0)
        });
        let moments = turned?.input_moments().ok_or("the network has inputs")?;
        let diagonal = moments.second.diag().iter().take(20).copied().collect();
        Line::new("j", "input".into(), GRADIENTS, elapsed).results(Vec::new(), diagonal).print()?;
    }
    Ok(())
}
