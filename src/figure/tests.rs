use std::path::{Path, PathBuf};

use serde::Serialize;

use super::*;
use crate::record::*;

pub(crate) const ALGORITHMS: [&str; 4] = ["adam", "adagrad", "sgd", "momentum"];
pub(crate) const COORDINATES: [&str; 2] = ["original", "reparameterized"];

pub(crate) fn write<T: Serialize>(folder: &Path, file: &str, rows: &[T]) {
    let mut writer = csv::Writer::from_path(folder.join(file)).unwrap();
    for row in rows {
        writer.serialize(row).unwrap();
    }
    writer.flush().unwrap();
}

/// A number in [0, 1) that looks random.
fn noise(seed: usize) -> f64 {
    let mut x = seed as u64 ^ 0x9E37_79B9_7F4A_7C15;
    for _ in 0..3 {
        x ^= x >> 30;
        x = x.wrapping_mul(0xBF58_476D_1CE4_E5B9);
        x ^= x >> 27;
    }
    (x >> 11) as f64 / (1u64 << 53) as f64
}

/// A convex experiment: linear convergence at a rate that depends on the learning rate, down to a
/// floor; too large a rate diverges.
pub(crate) fn convex(folder: &Path) {
    let (mut runs, mut curves, mut rates) = (vec![], vec![], vec![]);
    let grid: Vec<f64> =
        (-3..=1).flat_map(|k| [1.0, 2.0, 4.0, 8.0].map(|m| m * 10_f64.powi(k))).collect();
    for (a, algorithm) in ALGORITHMS.iter().enumerate() {
        for (c, coordinates) in COORDINATES.iter().enumerate() {
            let best = [0.08, 0.4, 0.1, 0.02][a];
            let own = if c == 1 && a < 2 { best * 10.0 } else { best };
            for (r, &rate) in grid.iter().enumerate() {
                let mut finals = vec![];
                let mut diverged = 0;
                for trial in 0..5 {
                    let jitter = 1.0 + 0.4 * (noise(trial * 1000 + a * 10 + c * 100) - 0.5);
                    let distance = (rate / own).log10();
                    let speed =
                        [0.02, 0.008, 0.01, 0.016][a] * if c == 1 && a < 2 { 3.0 } else { 1.0 };
                    let speed = speed * jitter * (-distance * distance).exp();
                    let blows_up = distance > 1.2 + 0.3 * noise(trial + 7 * r);
                    let mut last = 0.0;
                    let mut steps = 1000;
                    for step in 0..=1000_u64 {
                        let wave = 1.0 + 0.5 * (step as f64 * 0.21 + trial as f64).sin();
                        let value = if blows_up {
                            20.0 * (step as f64 * 0.4).exp()
                        } else {
                            (20.0 * jitter * (-speed * step as f64).exp() * wave).max(1e-14)
                        };
                        last = value;
                        if (rate == best || rate == own) && value.is_finite() {
                            curves.push(CurveRow {
                                trial,
                                algorithm: algorithm.to_string(),
                                coordinates: coordinates.to_string(),
                                learning_rate: rate,
                                step,
                                train_loss: value + 1.0,
                                suboptimality: Some(value),
                                validation_loss: None,
                                validation_accuracy: None,
                                gradient_norm: value.sqrt(),
                            });
                        }
                        if value <= 1e-14 || value > 1e12 {
                            steps = step;
                            break;
                        }
                    }
                    let stop = if blows_up {
                        Stop::Diverged
                    } else if steps < 1000 {
                        Stop::Converged
                    } else {
                        Stop::Budget
                    };
                    diverged += usize::from(blows_up);
                    finals.push(if blows_up { f64::INFINITY } else { last });
                    runs.push(RunRow {
                        trial,
                        algorithm: algorithm.to_string(),
                        coordinates: coordinates.to_string(),
                        learning_rate: rate,
                        stop,
                        steps,
                        initial_loss: 21.0,
                        final_loss: last + 1.0,
                        minimum_loss: last + 1.0,
                        initial_suboptimality: Some(20.0),
                        final_suboptimality: Some(last),
                        minimum_suboptimality: Some(last),
                        reached_target: (last < 2e-5).then(|| (13.8 / speed) as u64),
                        gradient_norm: last.sqrt(),
                        best_validation_loss: None,
                        final_validation_loss: None,
                        best_validation_accuracy: None,
                        final_validation_accuracy: None,
                        test_loss: None,
                        test_accuracy: None,
                        path_ratio: None,
                    });
                }
                let q = quartiles::Quartiles::of(finals).unwrap();
                rates.push(RateRow {
                    algorithm: algorithm.to_string(),
                    coordinates: coordinates.to_string(),
                    learning_rate: rate,
                    metric: "final_suboptimality".into(),
                    median: q.median,
                    lower_quartile: q.lower,
                    upper_quartile: q.upper,
                    reached_target: None,
                    trials: 5,
                    planned: 5,
                    diverged,
                    selected: match (rate == best, rate == own) {
                        (true, true) => "both",
                        (true, false) => "original",
                        (false, true) => "own",
                        _ => "",
                    }
                    .into(),
                    reason: String::new(),
                });
            }
        }
    }
    write(folder, "runs.csv", &runs);
    write(folder, "curves.csv", &curves);
    write(folder, "learning_rates.csv", &rates);
}

pub(crate) fn look(figure: &dyn FigureSpec, folder: &Path) -> Vec<Drawing> {
    let tables = Tables::new(
        folder,
        ALGORITHMS.map(String::from).to_vec(),
        COORDINATES.map(String::from).to_vec(),
    );
    let drawings = figure.draw(&tables).unwrap();
    let out = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/target/figures"));
    std::fs::create_dir_all(&out).unwrap();
    for drawing in &drawings {
        std::fs::write(
            out.join(format!("{}.{}", figure.file(), drawing.extension)),
            &drawing.bytes,
        )
        .unwrap();
    }
    drawings
}

#[test]
fn curves_look() {
    let folder = tempfile::tempdir().unwrap();
    convex(folder.path());
    for (file, tuned, metric) in
        [("fig5c", selection::Tuned::Original, 0), ("fig12c", selection::Tuned::Own, 4)]
    {
        let figure = curves::Curves {
            file: file.into(),
            title: "Linear least squares, learning rates tuned in original coordinates".into(),
            metric: &metric::CURVES[metric],
            tuned,
            filter: Default::default(),
            unit: "iteration",
            last_step: None,
            floor: None,
            ceiling: None,
        };
        look(&figure, folder.path());
    }
}
