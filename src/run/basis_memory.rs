//! Bases that no memory has room for, and what would fit instead.

use bytesize::ByteSize;

use crate::coordinates::{Kronecker, Reflector};
use crate::experiment::{Experiment, FloatType, System};
use crate::lanes::Role;
use crate::run::anew::Anew;

/// The rank that is proposed.
const RANK: usize = 100;

/// Why a coordinate system's change of variables, or an estimate's spectrum, cannot be had with so
/// many bytes of memory: that alone takes more. Names its largest block, and what would fit.
pub fn too_large(experiment: &Experiment, available: u64) -> Option<String> {
    let number = match experiment.precision {
        FloatType::Double => size_of::<f64>(),
        FloatType::Single => size_of::<f32>(),
    } as f64;
    let excessive = |system: &&System<'_>| {
        let map = number * system.map_cost().elements;
        let forming = size_of::<f64>() as f64 * system.preparation(1.0).elements;
        map.max(forming) > available as f64
    };
    let systems = experiment.systems();
    let windows = systems.iter().find_map(|system| window(experiment, system, number, available));
    if windows.is_some() {
        return windows;
    }
    let system = systems.iter().find(excessive)?;
    let layout = system.objective.layout();
    let groups = system.basis.groups(&layout);
    let largest = groups.iter().max_by_key(|group| layout.parameters(group).len())?;
    let size = layout.parameters(largest).len();
    let bytes = |elements: f64| ByteSize((number * elements) as u64).display().si().to_string();
    let dense = (size as f64).powi(2);
    let map = system.map_cost().elements;
    let needs = if map >= dense {
        format!("{} needs {} as a dense matrix", layout.group_name(largest), bytes(dense))
    } else {
        let forming = system.preparation(1.0).elements * size_of::<f64>() as f64 / number;
        let forming = bytes(forming);
        format!("its matrices need {}, {forming} while they are formed", bytes(map))
    };
    let available = ByteSize(available).display().si();
    let mut message = format!("{}: {needs}, and there are {available} of memory", system.name);
    let first = layout.blocks().iter().find(|block| block.role == Role::Weight)?;
    let input = Kronecker::cost(first.matrix(), false, true).elements;
    let rank = Reflector::cost(size, RANK.min(size)).elements;
    message += &format!("; basis = \"input\" needs {}", bytes(input));
    message += &format!(", rank = {RANK} needs {}", bytes(rank));
    Some(message)
}

/// Why a basis cannot be estimated anew from the gradients of a run: they alone take more.
fn window(
    experiment: &Experiment,
    system: &System<'_>,
    number: f64,
    available: u64,
) -> Option<String> {
    let anew = Anew::of(experiment, system)?;
    let bytes = number * anew.elements() + size_of::<f64>() as f64 * anew.doubles();
    (bytes > available as f64).then(|| {
        format!(
            "{}: a basis of the {} gradients since the last time needs {}, and there are {} of \
             memory: choose a smaller reestimate.every, or a smaller rank",
            system.name,
            anew.window,
            ByteSize(bytes as u64).display().si(),
            ByteSize(available).display().si(),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shipped::Shipped;

    fn refused(name: &str, available: u64) -> Option<String> {
        too_large(&Shipped::named(name).unwrap().read().unwrap().value, available)
    }

    #[test]
    fn the_first_that_does_not_fit_is_named_with_what_would_fit() {
        // Numbers of 4 bytes: 2048²; 64², both ways round; 2048·100 of a reflector, likewise.
        let message = refused("digits-bases", 10_000_000).unwrap();
        assert!(message.starts_with("block: layer1.weight needs 16.8 MB as a dense"), "{message}");
        assert!(message.contains("there are 10.0 MB of memory"), "{message}");
        assert!(message.contains("basis = \"input\" needs 32.8 kB"), "{message}");
        assert!(message.contains("rank = 100 needs 1.7 MB"), "{message}");
        assert_eq!(None, refused("digits-bases", 1_000_000_000));

        let message = refused("fashion-large", 100_000_000).unwrap();
        assert!(message.starts_with("rank-100: its matrices need 63.7 MB"), "{message}");
        assert!(!message.contains("dense"), "{message}");
    }
}
