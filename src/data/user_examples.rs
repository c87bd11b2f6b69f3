//! Inputs with labels or targets from the user's own files, and their division into sets.

use ndarray_rand::rand::SeedableRng;
use ndarray_rand::rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use super::split::stratified;
use super::{DataSet, Examples, Targets, UserFiles, WithSums, out_of_range};
use crate::config::{Allowed, Reader, key};
use crate::error::{Error, Result};

/// Which rows are for which set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Division {
    /// The first ones for training, the next ones for validation, then those for tests.
    InOrder,
    /// The same after all rows were shuffled.
    Shuffled,
    /// Each set with the classes in proportion.
    Stratified,
}

impl Division {
    const NAMES: [(&'static str, Self); 3] = [
        ("in-order", Self::InOrder),
        ("shuffled", Self::Shuffled),
        ("stratified", Self::Stratified),
    ];
}

/// Examples from the user's own files.
#[derive(Clone, Debug)]
pub struct UserExamples {
    inputs: UserFiles,
    /// What is to be predicted; classes if they are labels.
    targets: UserFiles,
    classes: bool,
    division: Division,
    split_seed: u64,
    /// What inputs are multiplied by.
    input_scale: f64,
}

/// The keys by which a config says that it has such examples.
pub const USER_KEYS: &[&str] =
    &["inputs", "labels", "targets", "split", "split_seed", "input_scale"];

impl UserExamples {
    /// Reads `inputs`, `labels` or `targets`, `split`, `split_seed` and `input_scale`.
    pub fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let inputs = key("inputs", "files of inputs, an example in each row: .npy, CSV or IDX");
        let inputs = UserFiles::read(reader, inputs);
        let classes = reader.alternative(&[&["labels"], &["targets"]]);
        let targets = match classes {
            None => None,
            Some(Some(1)) => {
                let meaning = "files of target vectors, one in each row: the error is squared";
                UserFiles::read(reader, key("targets", meaning))
            }
            Some(_) => {
                let meaning = "files of labels from 0 on, one for each example: cross entropy";
                UserFiles::read(reader, key("labels", meaning))
            }
        };
        let division = key("split", "which examples are for training, validation and tests");
        let division = reader.choice_or(division, "in-order", &Division::NAMES);
        let seed = key(
            "split_seed",
            "seed of the draw of examples for validation and test; split = \"in-order\" draws none",
        );
        let seed = reader.count_or(seed, 0, 0..=u32::MAX as usize);
        let scale = key("input_scale", "what inputs are multiplied by, such as 0.00392 for bytes");
        let scale = reader.number_or(scale, 1.0, Allowed::between(1e-9, 1e9));
        let classes = classes? != Some(1);
        if division == Some(Division::Stratified) && !classes {
            reader.problem("split", "only examples with labels have classes to be in proportion");
            return None;
        }
        Some(Self {
            inputs: inputs?,
            targets: targets?,
            classes,
            division: division?,
            split_seed: seed? as u64,
            input_scale: scale?,
        })
    }

    /// Whether they have labels, not target vectors.
    pub fn has_classes(&self) -> bool {
        self.classes
    }

    /// Reads the files: inputs of so many numbers, labels below `outputs` or vectors of so many
    /// entries. `rows`: those of the training, the validation and the test set. With the data come
    /// name and SHA-256 of each file; and beside them the number of rows that there are.
    ///
    /// # Errors
    /// When a file is missing or not such a table, or there are fewer rows.
    pub fn load(
        &self,
        [inputs, outputs]: [usize; 2],
        rows: [usize; 3],
    ) -> Result<(WithSums<DataSet<f64>>, usize)> {
        let x = self.inputs.load(inputs)?;
        let y = self.targets.load(if self.classes { 1 } else { outputs })?;
        x.expect_at_least(rows.iter().sum(), "those of training, validation and test")?;
        y.expect(x.count(), "one for each row of objective.inputs")?;
        let targets = if self.classes {
            Targets::Classes { labels: y.labels(outputs)?, classes: outputs }
        } else {
            Targets::Vectors(y.numbers())
        };
        let sums = x.sums().chain(y.sums()).collect();
        let there = x.count();
        let all = Examples::new(x.numbers() * self.input_scale, targets);
        let [training, validation, test] = self.divide(&all, rows);
        let some = |set: &[usize]| (!set.is_empty()).then(|| all.select(set));
        let (validation, test) = (some(&validation), some(&test));
        let sets = DataSet { training: all.select(&training), validation, test };
        Ok(((sets, sums), there))
    }

    /// Refuses inputs and target vectors of numbers that are not computed with.
    ///
    /// # Errors
    /// [`Error::Corrupt`], at the first file of these.
    pub fn check_sizes(&self, data: &DataSet<f64>, in_singles: bool) -> Result<()> {
        let sets = [Some(&data.training), data.validation.as_ref(), data.test.as_ref()];
        let sets = || sets.into_iter().flatten();
        let inputs = sets().flat_map(Examples::inputs);
        if let Some(problem) = out_of_range(inputs, true, in_singles) {
            return Err(self.inputs.unfit(Error::Numerical(problem)));
        }
        let targets = sets().flat_map(|set| match set.targets() {
            Targets::Vectors(targets) => Some(targets),
            Targets::Classes { .. } => None,
        });
        let problem = out_of_range(targets.flatten(), false, in_singles).map(Error::Numerical);
        problem.map_or(Ok(()), |problem| Err(self.targets.unfit(problem)))
    }

    /// The rows of each set.
    fn divide(&self, all: &Examples<f64>, sizes: [usize; 3]) -> [Vec<usize>; 3] {
        let mut rng = ChaCha8Rng::seed_from_u64(self.split_seed);
        let mut left: Vec<usize> = (0..all.len()).collect();
        if self.division == Division::Shuffled {
            left.shuffle(&mut rng);
        }
        sizes.map(|size| match (self.division, all.targets()) {
            (Division::Stratified, Targets::Classes { labels, .. }) => {
                let labels: Vec<usize> = left.iter().map(|&row| labels[row]).collect();
                let (drawn, others) = stratified(&labels, size, &mut rng);
                let rows = |places: Vec<usize>| places.into_iter().map(|at| left[at]).collect();
                let (drawn, others): (Vec<usize>, Vec<usize>) = (rows(drawn), rows(others));
                left = others;
                drawn
            }
            _ => left.drain(..size).collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{Array1, Array2, Axis};

    use super::*;

    /// Ten examples of two inputs in two files, with labels that alternate in one.
    fn files(folder: &std::path::Path) -> [UserFiles; 2] {
        let file = |name: &str, text: String| {
            let path = folder.join(name);
            std::fs::write(&path, text).unwrap();
            path.to_str().unwrap().to_owned()
        };
        let rows = |rows: std::ops::Range<usize>| -> String {
            rows.map(|row| format!("{row},{}\n", 10 * row)).collect()
        };
        let labels = (0..10).map(|row| format!("{}\n", row % 2)).collect();
        [
            UserFiles {
                key: "inputs",
                paths: vec![file("a.csv", rows(0..4)), file("b.csv", rows(4..10))],
            },
            UserFiles { key: "labels", paths: vec![file("y.csv", labels)] },
        ]
    }

    fn examples(folder: &std::path::Path, division: Division) -> UserExamples {
        let [inputs, targets] = files(folder);
        UserExamples { inputs, targets, classes: true, division, split_seed: 3, input_scale: 0.5 }
    }

    fn firsts(set: &Examples<f64>) -> Array1<f64> {
        set.inputs().index_axis(Axis(1), 0).mapv(|x| 2.0 * x)
    }

    #[test]
    fn sets_are_divided_as_asked() {
        let folder = tempfile::tempdir().unwrap();
        let load = |division| {
            let loaded = examples(folder.path(), division).load([2, 2], [4, 2, 4]).unwrap();
            let ((data, sums), _) = loaded;
            let names: Vec<&str> = sums.iter().map(|(name, _)| &**name).collect();
            assert_eq!(names, ["objective.inputs.0", "objective.inputs.1", "objective.labels.0"]);
            let (validation, test) = (data.validation.unwrap(), data.test.unwrap());
            let mut all: Vec<f64> = [&data.training, &validation, &test]
                .iter()
                .flat_map(|set| firsts(set).to_vec())
                .collect();
            all.sort_by(f64::total_cmp);
            assert_eq!(all, (0..10).map(f64::from).collect::<Vec<_>>());
            [data.training, validation, test]
        };
        let [training, validation, test] = load(Division::InOrder);
        assert_eq!(firsts(&training).to_vec(), [0.0, 1.0, 2.0, 3.0]);
        assert_eq!(firsts(&validation).to_vec(), [4.0, 5.0]);
        assert_eq!(
            test.inputs(),
            Array2::from_shape_fn((4, 2), |(i, j)| {
                0.5 * (6 + i) as f64 * if j == 0 { 1.0 } else { 10.0 }
            })
        );
        let shuffled = load(Division::Shuffled);
        assert_ne!(firsts(&shuffled[0]), firsts(&training));
        assert_eq!(shuffled, load(Division::Shuffled));
        for set in load(Division::Stratified) {
            let Targets::Classes { labels, .. } = set.targets() else { unreachable!() };
            assert_eq!(2 * labels.iter().sum::<usize>(), labels.len());
        }
    }

    #[test]
    fn sets_may_be_empty_and_rows_left_over_but_not_missing() {
        let folder = tempfile::tempdir().unwrap();
        let examples = examples(folder.path(), Division::Stratified);
        let ((data, _), there) = examples.load([2, 2], [4, 0, 0]).unwrap();
        assert_eq!(there, 10);
        assert_eq!((data.training.len(), data.validation, data.test), (4, None, None));
        let message = |shape, rows| examples.load(shape, rows).unwrap_err().to_string();
        let found = message([2, 2], [9, 1, 1]);
        assert!(found.contains("b.csv: has 10 rows; expected at least 11"), "{found}");
        assert!(found.contains("with the files before it (objective.inputs)"), "{found}");
        let found = message([3, 2], [9, 1, 0]);
        assert!(found.contains("a.csv: line 1 has 2 fields; expected 3 (obj"), "{found}");
        let found = message([2, 1], [9, 1, 0]);
        let expected = "y.csv: line 2 has the label 1; expected a whole number from 0 to 0";
        assert!(found.contains(expected), "{found}");
        std::fs::write(folder.path().join("y.csv"), "0\n1\n").unwrap();
        let found = message([2, 2], [9, 1, 0]);
        assert!(found.contains("y.csv: has 2 rows; expected 10, one for each row"), "{found}");
    }
}
