//! The parts of the data, and the division of examples into two with the classes in proportion.

use ndarray_rand::rand::Rng;
use ndarray_rand::rand::seq::SliceRandom;

/// A part of the data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Split {
    /// Seen by the optimizer.
    Training,
    /// Used to choose learning rates.
    Validation,
    /// Used for reports only.
    Test,
}

/// Draws `size` of the examples, each class in proportion to its share (rounded by largest
/// remainder, the smaller class number first at a tie); returns the indices drawn and the others,
/// both in increasing order.
///
/// # Panics
/// When `size` exceeds the number of examples.
pub fn stratified(labels: &[usize], size: usize, rng: &mut impl Rng) -> (Vec<usize>, Vec<usize>) {
    let total = labels.len();
    assert!(size <= total, "{size} of {total} examples");
    let mut members: Vec<Vec<usize>> = Vec::new();
    for (index, &label) in labels.iter().enumerate() {
        if members.len() <= label {
            members.resize_with(label + 1, Vec::new);
        }
        members[label].push(index);
    }

    let mut quota: Vec<usize> = members.iter().map(|m| m.len() * size / total).collect();
    let mut by_remainder: Vec<usize> = (0..members.len()).collect();
    by_remainder.sort_by_key(|&class| std::cmp::Reverse(members[class].len() * size % total));
    let missing = size - quota.iter().sum::<usize>();
    for &class in &by_remainder[..missing] {
        quota[class] += 1;
    }

    let (mut drawn, mut others) = (Vec::new(), Vec::new());
    for (mut members, quota) in members.into_iter().zip(quota) {
        members.shuffle(rng);
        others.extend_from_slice(&members[quota..]);
        members.truncate(quota);
        drawn.append(&mut members);
    }
    drawn.sort_unstable();
    others.sort_unstable();
    (drawn, others)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray_rand::rand::SeedableRng;
    use proptest::prelude::*;
    use rand_chacha::ChaCha8Rng;

    proptest! {
        #[test]
        fn a_stratified_split_is_a_partition_in_proportion(
            labels in prop::collection::vec(0_usize..5, 1..200),
            share in 0.0..=1.0_f64,
            seed: u64,
        ) {
            let size = (share * labels.len() as f64) as usize;
            let (drawn, others) =
                stratified(&labels, size, &mut ChaCha8Rng::seed_from_u64(seed));
            prop_assert_eq!(drawn.len(), size);
            prop_assert!(drawn.is_sorted() && others.is_sorted());
            let mut all = [drawn.clone(), others].concat();
            all.sort_unstable();
            prop_assert!(all.into_iter().eq(0..labels.len()));
            for class in 0..5 {
                let count = |rows: &[usize]| rows.iter().filter(|&&i| labels[i] == class).count();
                let all: Vec<usize> = (0..labels.len()).collect();
                let exact = count(&all) as f64 * size as f64 / labels.len() as f64;
                prop_assert!((count(&drawn) as f64 - exact).abs() < 1.0);
            }
        }
    }
}
