//! (d) Estimating the digits network's EGOP as `configs/digits.toml` does: gradients in singles,
//! the Gram matrix and eigenbases in doubles.

use egop::data::{DataSet, digits};
use egop::distribution::Distribution;
use egop::egop::{Spectrum, egop};
use egop::gradients::{Sampler, Samples, Sampling};
use egop::linalg::{self, Accum};
use egop::minibatch::{Minibatches, Order};
use egop::objective::{FeedForward, Objective};
use egop::rng::Streams;
use ndarray::{Array1, Array2};
use ndarray_rand::RandomExt;
use ndarray_rand::rand_distr::StandardNormal;
use serde_json::json;

use crate::networks::write_examples;
use crate::output::{Folder, Line, time};
use crate::{Args, Result, SEED};

const BATCH: usize = 300;

pub fn run(args: &Args) -> Result<()> {
    let folder = Folder::create(args, "d")?;
    let streams = Streams::new(SEED, 0);
    let samples = if args.quick { 482 } else { 2410 };
    let sizes = if args.quick { [230, 400] } else { [2300, 4000] };
    folder.settings(&json!({ "samples": samples, "batch": BATCH, "sizes": sizes }))?;

    let data: DataSet<f32> = digits::load(0)?.cast();
    write_examples(&folder, "training", &data.training)?;
    let minibatches =
        Minibatches { examples: data.training.len(), size: BATCH, order: Order::Reshuffled };
    let objective = FeedForward::new(&[32], true, data);
    write_samples(&folder, &objective, Distribution::XavierNormal, minibatches, samples)?;
    let sampler = Sampler {
        objective: &objective as &dyn Objective<f32>,
        distribution: Distribution::XavierNormal,
        start: None,
        sampling: Sampling {
            samples: Samples::Count(samples),
            minibatch: Some((BATCH, Order::Reshuffled)),
        },
        streams,
        progress: &|_| true,
    };
    let everything = 0..objective.layout().dimension();
    let matrices: Vec<Array2<f64>> = sizes.into_iter().map(gram_matrix).collect();
    for (size, matrix) in sizes.iter().zip(&matrices) {
        folder.array(&format!("gram-{size}"), matrix)?;
    }

    for _ in 0..args.runs {
        // An estimate for no parameters is the sampling alone.
        let (estimate, elapsed) = time(|| egop(&sampler, 0..samples, &[]));
        estimate?;
        Line::new("d", "sampling".into(), samples, elapsed).print()?;

        let (estimate, elapsed) =
            time(|| egop(&sampler, 0..samples, std::slice::from_ref(&everything)));
        let diagonal = estimate?[0].diag().to_vec();
        Line::new("d", "sampling and Gram matrix".into(), samples, elapsed)
            .results(Vec::new(), diagonal)
            .print()?;

        for (size, matrix) in sizes.iter().zip(&matrices) {
            let matrix = matrix.clone();
            let (spectrum, elapsed) = time(|| Spectrum::of(matrix));
            let leading = spectrum?.eigenvalues.iter().take(100).copied().collect();
            Line::new("d", format!("eigenbasis {size}"), 1, elapsed)
                .results(Vec::new(), leading)
                .print()?;
        }
    }
    Ok(())
}

/// The parameters and the passes over the rows of which the samples are made.
pub fn write_samples(
    folder: &Folder,
    objective: &dyn Objective<f32>,
    distribution: Distribution,
    minibatches: Minibatches,
    samples: usize,
) -> Result<()> {
    let streams = Streams::new(SEED, 0);
    let layout = objective.layout();
    let mut theta = Array2::zeros((samples, layout.dimension()));
    for (sample, mut row) in theta.rows_mut().into_iter().enumerate() {
        let mut rng = streams.indexed("egop", sample);
        row.assign(&distribution.sample::<f32>(layout, &mut rng));
    }
    folder.array("theta", &theta)?;
    let count = samples.div_ceil(minibatches.per_epoch());
    let passes: Vec<i32> = (0..count)
        .flat_map(|pass| minibatches.pass(&streams, "egop minibatches", pass))
        .map(i32::try_from)
        .collect::<std::result::Result<_, _>>()?;
    folder.array("passes", &Array2::from_shape_vec((count, minibatches.examples), passes)?)
}

/// GᵀG for as many Gaussian gradients as parameters, whose entries have deviations 1/k: full, as
/// peers may read either triangle.
fn gram_matrix(size: usize) -> Array2<f64> {
    let mut rng = Streams::new(SEED, 0).rng("gram matrix");
    let deviations: Array1<f64> = (1..=size).map(|k| 1.0 / k as f64).collect();
    let gradients = Array2::random_using((size, size), StandardNormal, &mut rng) * &deviations;
    let mut gram = Array2::zeros((size, size));
    linalg::product(gradients.t(), gradients.view(), Accum::Overwrite, gram.view_mut());
    gram
}
