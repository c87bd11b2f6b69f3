//! (i) A low-rank change of variables: V with 100 given columns of 78,400 entries, completed by a
//! block reflector, applied to lanes both ways, in singles.

use egop::coordinates::Reflector;
use egop::data;
use egop::lanes::Workspace;
use egop::rng::Streams;
use egop::trial::Precision;
use ndarray::{Array2, Axis, Slice};
use serde_json::json;

use crate::output::{Folder, Line, Products, time};
use crate::timed_products::square_product_gflops;
use crate::{Args, Result, SEED};

const COLUMNS: usize = 100;
const LANES: [usize; 3] = [1, 16, 48];
/// From this number of lanes on, the rate is compared with that of a square product.
const MANY_LANES: usize = 16;

pub fn run(args: &Args) -> Result<()> {
    let dimension = if args.quick { 7840 } else { 78_400 };
    let repetitions = if args.quick { 4 } else { 40 };
    let lanes = args.lanes.as_deref().unwrap_or(&LANES);
    let mut rng = Streams::new(SEED, 0).rng("reflector");
    let vectors = data::orthonormal(dimension, COLUMNS, &mut rng);
    let most = lanes.iter().copied().max().unwrap_or(0);
    let entry = |(i, j): (usize, usize)| ((i * 31 + j * 17) % 101) as f32 * 0.01 - 0.5;
    let from = Array2::from_shape_fn((most, dimension), entry);
    let folder = Folder::create(args, "i")?;
    // Every so many entries of a lane.
    let compared = dimension / 64;
    folder
        .settings(&json!({ "lanes": lanes, "repetitions": repetitions, "compared": compared }))?;
    folder.array("vectors", &vectors)?;
    folder.array("lanes", &from)?;

    let map = f32::linear_map(&Reflector::new(vectors.view())?);
    let mut workspace = Workspace::new();
    for _ in 0..args.runs {
        let reference_gflops = square_product_gflops();
        for &count in lanes {
            let from = from.slice_axis(Axis(0), Slice::from(..count));
            let mut to = Array2::zeros(from.raw_dim());
            for way in ["forward", "adjoint"] {
                let mut once = || match way {
                    "forward" => map.to_original(from, to.view_mut(), &mut workspace),
                    _ => map.pull_back(from, to.view_mut(), &mut workspace),
                };
                once();
                let ((), elapsed) = time(|| (0..repetitions).for_each(|_| once()));
                let operations = map.cost().flops / 2.0 * (count * repetitions) as f64;
                let seconds = elapsed.cpu_seconds;
                let gflops = operations / seconds * 1e-9;
                let products = Products { seconds, gflops, reference_gflops };
                let rows = to.rows().into_iter();
                let last = rows.flat_map(|row| row.into_iter().step_by(compared).copied());
                let last = last.map(f64::from).collect();
                Line::new("i", format!("{way}, lanes: {count}"), count, elapsed)
                    .results(Vec::new(), last)
                    .products((count >= MANY_LANES).then_some(products))
                    .print()?;
            }
        }
    }
    Ok(())
}
