//! Results folders as experiments write them, with made-up but lifelike numbers.

use std::path::Path;

use egop::record::{
    BreakEvenRow, CostUnit, CurveRow, EigenvectorRow, LandscapeRow, Levels, Phase, RateRow, RunRow,
    ScheduleRow, SpectrumRow, Stop, StudyRow, TimingRow, TrajectoryRow,
};
use egop::sweep::{ladder, quantile};
use serde::Serialize;

pub const ALGORITHMS: [&str; 4] = ["adam", "adagrad", "sgd", "momentum"];
pub const COORDINATES: [&str; 2] = ["original", "reparameterized"];

pub fn write<T: Serialize>(folder: &Path, file: &str, rows: &[T]) {
    let mut writer = csv::Writer::from_path(folder.join(file)).unwrap();
    for row in rows {
        writer.serialize(row).unwrap();
    }
    writer.flush().unwrap();
}

/// A number in [0, 1) that looks random (SplitMix64).
fn noise(seed: usize) -> f64 {
    let mut x = (seed as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    ((x ^ (x >> 31)) >> 11) as f64 / (1u64 << 53) as f64
}

/// {1, 2, 4, 8}·10ᵏ.
fn grid(decades: std::ops::Range<i32>) -> Vec<f64> {
    decades
        .flat_map(|k| [1.0, 2.0, 4.0, 8.0].map(|m| format!("{m}e{k}").parse().unwrap()))
        .collect()
}

struct Run {
    row: RunRow,
    curve: Vec<CurveRow>,
}

fn run(trial: usize, algorithm: &str, coordinates: &str, learning_rate: f64) -> RunRow {
    RunRow {
        trial,
        algorithm: algorithm.into(),
        coordinates: coordinates.into(),
        learning_rate,
        stop: Stop::Budget,
        steps: 0,
        initial_loss: f64::NAN,
        final_loss: f64::NAN,
        minimum_loss: f64::NAN,
        initial_suboptimality: None,
        final_suboptimality: None,
        minimum_suboptimality: None,
        reached_target: None,
        levels: Levels::default(),
        level_flops: Levels::default(),
        gradient_norm: f64::NAN,
        mean_gradient_l1: 0.0,
        best_validation_loss: None,
        final_validation_loss: None,
        best_validation_accuracy: None,
        final_validation_accuracy: None,
        test_loss: None,
        test_accuracy: None,
        path_ratio: None,
        training_gradients: 0,
        egop_gradients: 0,
        training_flops: 0,
        setup_flops: 0,
        basis_bytes: 0,
    }
}

/// Full-batch training of a convex objective: linear convergence to a floor of 1e-14, at a speed
/// that falls off on both sides of the best learning rate; far above it runs diverge.
fn convex_run(trial: usize, a: usize, c: usize, rate: f64, best: f64) -> Run {
    let (algorithm, coordinates) = (ALGORITHMS[a], COORDINATES[c]);
    let jitter = 0.8 + 0.4 * noise(trial * 7919 + a * 31 + if a < 2 { c } else { 0 });
    let distance = (rate / best).log10();
    let diverges = distance > 1.1 + 0.4 * noise(trial + 17 * a);
    let gain = if c == 1 { [4.0, 1.5, 1.0, 1.0][a] } else { 1.0 };
    let speed = [0.012, 0.006, 0.005, 0.014][a] * gain * jitter * (-distance * distance).exp();
    let mut row = run(trial, algorithm, coordinates, rate);
    (row.egop_gradients, row.setup_flops) = (100 * c as u64, 2_000_000 * c as u64);
    let mut curve = Vec::new();
    for step in 0..=1000_u64 {
        let time = step as f64;
        let wobble = 1.0 + 0.25 * (0.13 * time * jitter).sin();
        let decay = 0.7 * (-3.0 * speed * time).exp() + 0.3 * (-speed * time).exp();
        let height = 20.0 * jitter;
        let value = if diverges {
            height * (0.05 * time * time).exp()
        } else {
            (height * decay * wobble).max(1e-14)
        };
        if !value.is_finite() {
            row.stop = Stop::Diverged;
            break;
        }
        row.steps = step;
        (row.final_loss, row.minimum_loss) = (value + 4.6, row.minimum_loss.min(value + 4.6));
        row.final_suboptimality = Some(value);
        row.gradient_norm = (2.0 * value).sqrt();
        if step == 0 {
            (row.initial_loss, row.initial_suboptimality) = (row.final_loss, Some(value));
        }
        if value <= 1e-6 * height && row.reached_target.is_none() {
            row.reached_target = Some(step);
        }
        let shares = ladder(1e-6);
        let reached = shares[row.levels.0.len()..].iter();
        let reached = reached.take_while(|share| value <= **share * height).count();
        row.levels.0.extend(std::iter::repeat_n(step, reached));
        row.training_flops = 10_000 * step;
        row.level_flops.0.extend(std::iter::repeat_n(row.training_flops, reached));
        curve.push(CurveRow {
            trial,
            algorithm: algorithm.into(),
            coordinates: coordinates.into(),
            learning_rate: rate,
            step,
            train_loss: row.final_loss,
            suboptimality: Some(value),
            validation_loss: None,
            validation_accuracy: None,
            gradient_norm: row.gradient_norm,
            gradient_l1: row.gradient_norm,
            gradients: step,
            flops: 10_000 * step,
        });
        if value <= 1e-14 {
            row.stop = Stop::Converged;
            break;
        }
    }
    row.minimum_suboptimality = row.final_suboptimality;
    Run { row, curve }
}

/// Minibatch training of a classifier, by epochs.
fn network_run(trial: usize, a: usize, c: usize, rate: f64, best: f64) -> Run {
    let (algorithm, coordinates) = (ALGORITHMS[a], COORDINATES[c]);
    let random =
        |what: usize| noise(trial * 104_729 + what * 1009 + a * 31 + if a < 2 { c } else { 0 });
    let distance = (rate / best).log10();
    let diverges = distance > 1.6 + random(0);
    let gain = if c == 1 { [1.3, 1.5, 1.0, 1.0][a] } else { 1.0 };
    let speed = [1.1, 0.55, 0.6, 0.8][a] * gain * (-0.5 * distance * distance).exp();
    let mut row = run(trial, algorithm, coordinates, rate);
    let mut curve = Vec::new();
    for epoch in 0..=200_u64 {
        let time = epoch as f64;
        if diverges && epoch == 12 {
            row.stop = Stop::Diverged;
            break;
        }
        let loss = 2.6 * (1.0 + time).powf(-1.6 * speed) * (0.8 + 0.4 * random(1 + epoch as usize));
        let accuracy = (0.955 - 0.85 * (1.0 + time).powf(-1.8 * speed)
            + 0.008 * (random(300 + epoch as usize) - 0.5))
            .max(0.1);
        let validation = 0.15 + 0.5 * loss + 0.0004 * time * speed;
        row.steps = 13 * epoch;
        row.final_loss = loss;
        row.minimum_loss = row.minimum_loss.min(loss);
        row.gradient_norm = loss.sqrt();
        if epoch == 0 {
            row.initial_loss = loss;
        }
        let keep = |best: Option<f64>, f: fn(f64, f64) -> f64, value: f64| {
            Some(best.map_or(value, |best| f(best, value)))
        };
        row.best_validation_loss = keep(row.best_validation_loss, f64::min, validation);
        row.final_validation_loss = Some(validation);
        row.best_validation_accuracy = keep(row.best_validation_accuracy, f64::max, accuracy);
        row.final_validation_accuracy = Some(accuracy);
        row.test_accuracy = Some(accuracy - 0.004);
        curve.push(CurveRow {
            trial,
            algorithm: algorithm.into(),
            coordinates: coordinates.into(),
            learning_rate: rate,
            step: epoch,
            train_loss: loss,
            suboptimality: None,
            validation_loss: Some(validation),
            validation_accuracy: Some(accuracy),
            gradient_norm: row.gradient_norm,
            gradient_l1: row.gradient_norm,
            gradients: 0,
            flops: 0,
        });
    }
    Run { row, curve }
}

/// Writes runs, curves of the selected rates, and learning rates.
fn experiment(
    folder: &Path,
    metric: &str,
    grid: &[f64],
    [planned, lost]: [usize; 2],
    best: impl Fn(usize, usize) -> f64,
    run: impl Fn(usize, usize, usize, f64, f64) -> Run,
    value: impl Fn(&RunRow) -> f64,
) {
    let (mut runs, mut curves, mut rates) = (vec![], vec![], vec![]);
    for (a, algorithm) in ALGORITHMS.into_iter().enumerate() {
        for (c, coordinates) in COORDINATES.into_iter().enumerate() {
            for &rate in grid {
                let trials = if a == 1 { planned - lost } else { planned };
                let (mut values, mut diverged) = (vec![], 0);
                let (original, own) = (rate == best(a, 0), rate == best(a, c));
                for trial in 0..trials {
                    let Run { row, curve } = run(trial, a, c, rate, best(a, c));
                    let failed = row.stop == Stop::Diverged;
                    let worst =
                        if metric.contains("accuracy") { f64::NEG_INFINITY } else { f64::INFINITY };
                    values.push(if failed { worst } else { value(&row) });
                    diverged += usize::from(failed);
                    if original || own {
                        curves.extend(curve);
                    }
                    runs.push(row);
                }
                let selected = match (original, own) {
                    (true, true) => "both",
                    (true, false) => "original",
                    (false, true) => "own",
                    (false, false) => "",
                };
                rates.push(RateRow {
                    algorithm: algorithm.into(),
                    coordinates: coordinates.into(),
                    learning_rate: rate,
                    metric: metric.into(),
                    median: quantile(&values, 0.5),
                    lower_quartile: quantile(&values, 0.25),
                    upper_quartile: quantile(&values, 0.75),
                    reached_target: None,
                    trials,
                    planned,
                    diverged,
                    selected: selected.into(),
                    reason: String::new(),
                });
            }
        }
    }
    write(folder, "runs.csv", &runs);
    write(folder, "curves.csv", &curves);
    write(folder, "learning_rates.csv", &rates);
}

/// A convex experiment, complete.
pub fn convex(folder: &Path) {
    let best = |a: usize, c: usize| {
        if c == 1 { [0.8, 8.0, 0.4, 0.08][a] } else { [0.2, 1.0, 0.4, 0.08][a] }
    };
    let value = |row: &RunRow| row.final_suboptimality.unwrap();
    experiment(folder, "final_suboptimality", &grid(-3..3), [5, 0], best, convex_run, value);
    timings(folder);
}

/// Every run alone, a thousandth of a second for each step, and two set-ups of each change of
/// variables.
fn timings(folder: &Path) {
    let mut runs = csv::Reader::from_path(folder.join("runs.csv")).unwrap();
    let timing = |trial, coordinates: &str, phase, wall_seconds| TimingRow {
        trial,
        coordinates: coordinates.into(),
        round: "alone".into(),
        phase,
        lanes: 1,
        algorithm: "".into(),
        learning_rate: None,
        step: None,
        wall_seconds,
        cpu_seconds: None,
    };
    // The quickest of each, which make 0.2 s.
    let parts = [
        (Phase::Setup, 0.3),
        (Phase::Setup, 0.125),
        (Phase::Absorption, 0.075),
        (Phase::Absorption, 0.1),
    ];
    let of_parts = |trial| parts.map(|(phase, wall)| timing(trial, COORDINATES[1], phase, wall));
    let mut rows: Vec<TimingRow> = (0..5).flat_map(of_parts).collect();
    for run in runs.deserialize::<RunRow>().map(Result::unwrap) {
        rows.push(TimingRow {
            algorithm: run.algorithm,
            learning_rate: Some(run.learning_rate),
            step: Some(run.steps),
            ..timing(run.trial, &run.coordinates, Phase::Run, 1e-3 * run.steps as f64)
        });
    }
    write(folder, "timings.csv", &rows);
}

/// A classifier, of which one of ten trials is missing for one algorithm.
pub fn network(folder: &Path) {
    let best = |a: usize, _: usize| [0.01, 0.04, 0.02, 0.002][a];
    let value = |row: &RunRow| row.best_validation_accuracy.unwrap();
    experiment(folder, "best_validation_accuracy", &grid(-4..1), [10, 1], best, network_run, value);
}

/// Adagrad on a long valley across the axes, in both coordinate systems.
pub fn plane(folder: &Path) {
    let (sin, cos) = 0.6_f64.sin_cos();
    let minimum = (3.0, -2.0);
    let turned = |(x, y): (f64, f64)| (cos * x + sin * y, cos * y - sin * x);
    let back = |(u, v): (f64, f64)| (cos * u - sin * v, sin * u + cos * v);
    // Growth beyond the quadratic, as of a log-sum-exp of squares.
    let loss = |p: (f64, f64)| {
        let (u, v) = turned((p.0 - minimum.0, p.1 - minimum.1));
        let q = 0.5 * (u * u + 0.02 * v * v);
        4.6 + q + 0.01 * q * q
    };
    let gradient = |p: (f64, f64)| {
        let (u, v) = turned((p.0 - minimum.0, p.1 - minimum.1));
        let factor = 1.0 + 0.02 * 0.5 * (u * u + 0.02 * v * v);
        back((factor * u, factor * 0.02 * v))
    };
    let (mut runs, mut rates, mut trajectories, mut landscape) = (vec![], vec![], vec![], vec![]);
    for coordinates in COORDINATES {
        let reparameterized = coordinates == "reparameterized";
        let mut p = (-16.0, 12.0);
        let mut sum = (0.1, 0.1);
        let mut row = run(0, "adagrad", coordinates, 30.0);
        row.initial_loss = loss(p);
        for step in 0..=300_u64 {
            for (parameter, value) in [p.0, p.1].into_iter().enumerate() {
                trajectories.push(TrajectoryRow {
                    trial: 0,
                    algorithm: "adagrad".into(),
                    coordinates: coordinates.into(),
                    learning_rate: 30.0,
                    step,
                    parameter,
                    value,
                });
            }
            let g = if reparameterized { turned(gradient(p)) } else { gradient(p) };
            sum = (sum.0 + g.0 * g.0, sum.1 + g.1 * g.1);
            let update = (-5.0 * g.0 / sum.0.sqrt(), -5.0 * g.1 / sum.1.sqrt());
            let update = if reparameterized { back(update) } else { update };
            p = (p.0 + update.0, p.1 + update.1);
            row.steps = step;
        }
        (row.final_loss, row.minimum_loss) = (loss(p), loss(p));
        runs.push(row);
        rates.push(RateRow {
            algorithm: "adagrad".into(),
            coordinates: coordinates.into(),
            learning_rate: 30.0,
            metric: "final_suboptimality".into(),
            median: 1e-9,
            lower_quartile: 1e-9,
            upper_quartile: 1e-9,
            reached_target: None,
            trials: 1,
            planned: 1,
            diverged: 0,
            selected: "both".into(),
            reason: String::new(),
        });
    }
    for i in 0..121 {
        for j in 0..101 {
            let (x, y) = (-22.0 + f64::from(i) * 0.3, -12.0 + f64::from(j) * 0.3);
            landscape.push(LandscapeRow { trial: 0, x, y, loss: loss((x, y)) });
        }
    }
    write(folder, "runs.csv", &runs);
    write(folder, "learning_rates.csv", &rates);
    write(folder, "trajectories.csv", &trajectories);
    write(folder, "landscape.csv", &landscape);
}

/// Spectra with shelves, of several coordinate systems or blocks.
pub fn spectra(folder: &Path) {
    let mut rows = Vec::new();
    let mut vectors = Vec::new();
    let shelves = [(1, 0.0), (10, -0.9), (41, -1.5), (320, -3.0), (1984, -7.5), (2410, -17.5)];
    for (s, (coordinates, block, d)) in [
        ("gaussian-0.5", "all", 2410),
        ("gaussian-1", "all", 2410),
        ("xavier", "all", 2410),
        ("blocks", "weights-1", 2048),
        ("blocks", "weights-2", 320),
    ]
    .into_iter()
    .enumerate()
    {
        for k in 1..=d {
            let shelf = shelves.iter().position(|&(end, _)| k <= end).unwrap();
            let (start, level) = if shelf == 0 { (0, 0.0) } else { shelves[shelf - 1] };
            let (end, next) = shelves[shelf];
            let part = (k - start) as f64 / (end - start) as f64;
            let log = if k == 1 {
                0.0
            } else {
                level + (next - level) * (0.5 + 0.5 * part.powi(3)) - 0.05 * s as f64 * part
            };
            let density = if k == 1 {
                0.72
            } else if k <= 10 {
                0.25 + 0.1 * noise(k)
            } else {
                0.53 + 0.09 * noise(k)
            };
            rows.push(SpectrumRow {
                trial: 0,
                coordinates: coordinates.into(),
                block: block.into(),
                k,
                eigenvalue: 35.0 * 10_f64.powf(log),
                density: Some(density),
            });
        }
    }
    for k in 1..=3 {
        let entries: Vec<f64> = (0..2410)
            .map(|i| {
                let normal: f64 =
                    (0..12).map(|j| noise(i * 12 + j + k * 50_000)).sum::<f64>() - 6.0;
                if k == 1 { normal } else { normal.powi(3) * if i % 9 == 0 { 1.0 } else { 0.05 } }
            })
            .collect();
        let norm = entries.iter().map(|entry| entry * entry).sum::<f64>().sqrt();
        for (parameter, entry) in entries.into_iter().enumerate() {
            vectors.push(EigenvectorRow {
                trial: 0,
                coordinates: "gaussian-1".into(),
                block: "all".into(),
                k,
                parameter,
                entry: entry / norm,
            });
        }
    }
    write(folder, "spectrum.csv", &rows);
    write(folder, "eigenvectors.csv", &vectors);
}

/// Break-evens of the convex experiment: two of five trials have none.
pub fn break_even(folder: &Path) {
    let mut rows = vec![];
    for trial in 0..5 {
        for algorithm in ALGORITHMS {
            for (tuned, (_, unit)) in ["original", "own"]
                .iter()
                .flat_map(|tuned| CostUnit::NAMES.map(|unit| (tuned, unit)))
            {
                let scale = [1, 1, 10_000][unit as usize];
                rows.push(BreakEvenRow {
                    trial,
                    algorithm: algorithm.into(),
                    coordinates: COORDINATES[1].into(),
                    tuned: (*tuned).into(),
                    learning_rate: 0.2,
                    original_rate: 0.2,
                    unit,
                    break_even: (trial > 1).then_some(100 * scale * trial as u64),
                    resolution: (trial > 1).then_some(scale),
                    budget: 1000 * scale,
                    ratio: Some(2.0),
                    loss: 0.25,
                    floor: None,
                    failed: String::new(),
                });
            }
        }
    }
    write(folder, "break_even.csv", &rows);
}

/// Cosine annealing.
pub fn schedule(folder: &Path) {
    let rows: Vec<ScheduleRow> = (0..1000)
        .map(|epoch| ScheduleRow {
            epoch,
            learning_rate: 0.5 * (1.0 + (std::f64::consts::PI * epoch as f64 / 1000.0).cos()),
        })
        .collect();
    write(folder, "schedule.csv", &rows);
}

/// One learning rate; a third coordinate system, in which one algorithm diverges in three of five
/// trials and another has no selected rate; an algorithm with one trial of five.
pub fn awkward(folder: &Path) {
    let algorithms = ["adam", "adagrad", "sgd", "momentum", "a-comparator-with-a-long-name"];
    let (mut runs, mut curves, mut rates) = (vec![], vec![], vec![]);
    for (a, algorithm) in algorithms.into_iter().enumerate() {
        for (c, coordinates) in ["original", "reparameterized", "rotated"].into_iter().enumerate() {
            let trials = if a == 4 { 1 } else { 5 };
            let diverges = |trial: usize| (a, c) == (0, 2) && trial < 3;
            let mut values = vec![];
            for trial in 0..trials {
                let mut row = run(trial, algorithm, coordinates, 0.1);
                let end = if diverges(trial) { 20 + 10 * trial as u64 } else { 100 };
                row.stop = if diverges(trial) { Stop::Diverged } else { Stop::Budget };
                for step in 0..=end {
                    let sign = if diverges(trial) { 0.3 } else { -0.03 * (1 + a + c) as f64 };
                    let value = (sign * step as f64).exp() * (0.8 + 0.4 * noise(trial));
                    row.final_suboptimality = Some(value);
                    curves.push(CurveRow {
                        trial,
                        algorithm: algorithm.into(),
                        coordinates: coordinates.into(),
                        learning_rate: 0.1,
                        step,
                        train_loss: value,
                        suboptimality: Some(value),
                        validation_loss: None,
                        validation_accuracy: None,
                        gradient_norm: value,
                        gradient_l1: value,
                        gradients: 0,
                        flops: 0,
                    });
                }
                let value = row.final_suboptimality.unwrap();
                values.push(if diverges(trial) { f64::INFINITY } else { value });
                runs.push(row);
            }
            rates.push(RateRow {
                algorithm: algorithm.into(),
                coordinates: coordinates.into(),
                learning_rate: 0.1,
                metric: "final_suboptimality".into(),
                median: quantile(&values, 0.5),
                lower_quartile: quantile(&values, 0.25),
                upper_quartile: quantile(&values, 0.75),
                reached_target: None,
                trials,
                planned: 5,
                diverged: values.iter().filter(|value| value.is_infinite()).count(),
                selected: if (a, c) == (3, 2) { "" } else { "both" }.into(),
                reason: String::new(),
            });
        }
    }
    write(folder, "runs.csv", &runs);
    write(folder, "curves.csv", &curves);
    write(folder, "learning_rates.csv", &rates);
}

/// The tables of [`convex`] with runs of Adam that end at the minimum itself.
pub fn exact(folder: &Path) {
    convex(folder);
    let mut reader = csv::Reader::from_path(folder.join("runs.csv")).unwrap();
    let runs = reader.deserialize().map(|row| {
        let mut row: RunRow = row.unwrap();
        if &*row.algorithm == "adam" {
            row.final_suboptimality = Some(0.0);
        }
        row
    });
    let runs: Vec<RunRow> = runs.collect();
    write(folder, "runs.csv", &runs);
}

/// Ratios and numbers of the theory that rise with a decay, on two bases; for one of them by two more
/// settings, one of texts and one over decades.
pub fn study(folder: &Path) {
    let mut rows = Vec::new();
    let mut add = |base: &str, axis: &str, value: &str, strength: f64| {
        let row = |quantity: &str, median: f64| StudyRow {
            base: base.into(),
            axis: axis.into(),
            value: value.into(),
            quantity: quantity.into(),
            median: Some(median),
            lower: Some(median / 1.2),
            upper: Some(median * 1.3),
            pairs: 9,
            planned: 10,
            ..StudyRow::default()
        };
        rows.push(StudyRow { verdict: "reproduced".into(), ..row("C", strength) });
        for (algorithm, power) in [("adam", 1.0), ("adagrad", 2.0)] {
            for (tuned, more) in [("original", 1.0), ("own", 3.0)] {
                rows.push(StudyRow {
                    algorithm: algorithm.into(),
                    coordinates: "reparameterized".into(),
                    tuned: tuned.into(),
                    ..row("common_level", more * strength.powf(power))
                });
            }
        }
        for (name, value) in [("stable-rank", 20.0 / strength), ("predicted", 2.0 * strength)] {
            rows.push(StudyRow {
                coordinates: "reparameterized".into(),
                block: "all".into(),
                ..row(name, value)
            });
        }
    };
    for base in ["lsq", "log-sum-exp"] {
        for (value, strength) in [("0.5", 1.1), ("1", 3.0), ("1.5", 6.0), ("2", f64::INFINITY)] {
            add(base, "objective.decay.exponent", value, strength);
        }
    }
    add("lsq", "objective.kind", "smooth", 4.0);
    add("lsq", "objective.kind", "rough", 1.0);
    for (value, strength) in [("1e-6", 1.0), ("0.001", 2.0), ("1", 4.0)] {
        add("lsq", "sweep.floor", value, strength);
    }
    write(folder, "study.csv", &rows);
}
