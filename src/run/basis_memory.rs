//! Bases that no memory has room for, and what would fit instead.

use bytesize::ByteSize;

use crate::basis::{Complement, EgopBasis, InputBasis, InputSource, LowRank, Rank, Scope, Spec};
use crate::egop::Solver;
use crate::experiment::{Experiment, FloatType, System};
use crate::gradients::{At, Samples, Sampling};
use crate::lanes::Layout;
use crate::run::anew::Anew;

/// The rank that is proposed, and of how many samples, if not of those that are asked for.
const RANK: usize = 100;
const SAMPLES: [usize; 2] = [1000, RANK];

/// Why a coordinate system's change of variables, or an estimate's spectrum, cannot be had with so
/// many bytes of memory: that alone takes more. Names its largest block, and what would fit.
pub fn too_large(experiment: &Experiment, available: u64) -> Option<String> {
    let number = match experiment.precision {
        FloatType::Double => size_of::<f64>(),
        FloatType::Single => size_of::<f32>(),
    } as f64;
    let systems = experiment.systems();
    let windows = systems.iter().find_map(|system| window(experiment, system, number, available));
    if windows.is_some() {
        return windows;
    }
    let excessive = |system: &&System<'_>| !Needs::of(system, number).fit(available);
    let system = systems.iter().find(excessive)?;
    let layout = system.objective.layout();
    let groups = system.basis.groups(&layout);
    let largest = groups.iter().max_by_key(|group| layout.parameters(group).len())?;
    let dense = (layout.parameters(largest).len() as f64).powi(2);
    let needs = Needs::of(system, number);
    let what = if system.map_cost().elements >= dense && needs.maps > available as f64 {
        format!("{} needs {} as a dense matrix", layout.group_name(largest), si(number * dense))
    } else {
        format!("its matrices need {needs}")
    };
    let available_size = ByteSize(available).display().si();
    let mut message = format!("{}: {what}, and there are {available_size} of memory", system.name);
    // An estimate is of whole spectra.
    let proposals = experiment.training().map(|_| proposals(system, number, available));
    let proposals = proposals.unwrap_or_default();
    if !proposals.is_empty() {
        message += &format!("; {}", proposals.join(", "));
    }
    Some(message)
}

/// Bytes of a change of variables.
struct Needs {
    maps: f64,
    /// Those that are held while it is formed.
    forming: f64,
}

impl Needs {
    /// For numbers of so many bytes.
    fn of(system: &System<'_>, number: f64) -> Self {
        let forming = system.preparation(1.0, None).elements;
        Self {
            maps: number * system.map_cost().elements,
            forming: size_of::<f64>() as f64 * forming,
        }
    }

    fn fit(&self, available: u64) -> bool {
        self.maps.max(self.forming) <= available as f64
    }
}

impl std::fmt::Display for Needs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}, {} while they are formed", si(self.maps), si(self.forming))
    }
}

fn si(bytes: f64) -> String {
    ByteSize(bytes as u64).display().si().to_string()
}

/// What would fit in the place of a system, by the rules by which that is refused.
fn proposals(system: &System<'_>, number: f64, available: u64) -> Vec<String> {
    let with = |basis: &dyn Spec, sampling: Sampling| {
        let needs = Needs::of(&System { basis, sampling, ..*system }, number);
        needs.fit(available).then_some(needs)
    };
    let input = InputBasis(InputSource::Gradients { samples: 8, at: At::Distribution });
    let input = with(&input, system.sampling);
    let layout = system.objective.layout();
    let most = layout.dimension();
    let scope = scope(system, &layout);
    let low_rank = LowRank {
        rank: Rank::Number(RANK.min(most)),
        complement: Complement::Reflector,
        solver: Solver::Auto,
    };
    let leading = EgopBasis { scope, low_rank: Some(low_rank) };
    let asked = system.sampling.count(&layout);
    let fewer = SAMPLES.into_iter().filter(|&samples| samples < asked);
    let rank = std::iter::once(asked).chain(fewer).find_map(|samples| {
        let sampling = Sampling { samples: Samples::Count(samples), ..system.sampling };
        Some((samples, with(&leading, sampling)?))
    });
    let input =
        input.map(|needs| format!("basis = \"input\" needs {}", si(needs.maps.max(needs.forming))));
    let rank = rank.map(|(samples, needs)| {
        let few = if samples == asked { String::new() } else { format!(" of {samples} samples") };
        format!("rank = {}{few} needs {}", RANK.min(most), si(needs.maps.max(needs.forming)))
    });
    input.into_iter().chain(rank).collect()
}

/// The scope of the groups that a system's basis mixes.
fn scope(system: &System<'_>, layout: &Layout) -> Scope {
    let groups = system.basis.groups(layout);
    match &*groups {
        [all] if all.len() == layout.blocks().len() => Scope::Global,
        _ => Scope::Block(groups.iter().map(|group| layout.group_name(group)).collect()),
    }
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
    use crate::config::{self, Overlay, Source};
    use crate::shipped::Shipped;

    fn refused(name: &str, available: u64) -> Option<String> {
        too_large(&Shipped::named(name).unwrap().read().unwrap().value, available)
    }

    #[test]
    fn the_first_that_does_not_fit_is_named_with_what_would_fit() {
        // Numbers of 4 bytes: 2048². Five matrices of 64² in doubles, and no rank: its eigenvectors
        // alone, and what is made of them, are seven matrices of 2048 × 100 in doubles, 11.5 MB.
        let message = refused("digits-bases", 10_000_000).unwrap();
        assert!(message.starts_with("block: layer1.weight needs 16.8 MB as a dense"), "{message}");
        assert!(message.contains("there are 10.0 MB of memory"), "{message}");
        assert!(message.contains("basis = \"input\" needs 163.8 kB"), "{message}");
        assert!(!message.contains("rank = "), "{message}");
        assert_eq!(None, refused("digits-bases", 1_000_000_000));

        let message = refused("fashion-large", 100_000_000).unwrap();
        assert!(message.starts_with("rank-100: its matrices need 63.7 MB"), "{message}");
        assert!(!message.contains("dense"), "{message}");
    }

    #[test]
    fn what_is_proposed_is_not_refused() {
        // V would fit, but not all that it takes to form it.
        for available in [20_000_000, 40_000_000, 100_000_000, 150_000_000] {
            let message = refused("digits-bases", available).unwrap();
            let fits = available >= 100_000_000;
            let dense = message.contains("as a dense matrix");
            assert_eq!(dense, available < 33_000_000, "{message}");
            // All samples are more than the parameters of a block, which takes dense matrices.
            let samples = if fits { 1000 } else { RANK };
            let proposal = format!("rank = 100 of {samples} samples needs");
            assert!(message.contains(&proposal), "{message}");
            let experiment = Shipped::named("digits-bases").unwrap().read().unwrap().value;
            let layout = experiment.objective.layout();
            let system = experiment.systems().into_iter().find(|one| one.name == "block").unwrap();
            let low_rank = LowRank {
                rank: Rank::Number(RANK),
                complement: Complement::Reflector,
                solver: Solver::Auto,
            };
            let basis = EgopBasis { scope: scope(&system, &layout), low_rank: Some(low_rank) };
            assert_eq!(basis.groups(&layout), system.basis.groups(&layout));
            let sampling = Sampling { samples: Samples::Count(samples), ..system.sampling };
            let proposed = System { basis: &basis, sampling, ..system };
            assert!(Needs::of(&proposed, 4.0).fit(available), "{message}");
        }
    }

    #[test]
    fn a_completed_basis_is_refused_as_the_dense_matrix_that_it_is() {
        let config = include_str!("../../tests/data/tiny.toml").replace(
            "basis = \"egop\"",
            "basis = \"egop\"\nrank = 10\ncomplement = \"rotated\"\negop = { samples = 100 }",
        );
        let config = config.replace("columns = 3", "columns = 20000");
        let source = Source::parse("tiny.toml", config.as_bytes()).unwrap();
        let read = config::read(&source, &Overlay::default(), Experiment::read).unwrap();
        // 2 · 20000² of V, and twice as many to form it, in doubles: 6.4 and 12.8 GB.
        assert_eq!(None, too_large(&read.value, 13_500_000_000));
        let message = too_large(&read.value, 12_200_000_000).unwrap();
        assert!(message.contains("6.4 GB, 12.") && message.contains("rank = 100"), "{message}");
    }
}
