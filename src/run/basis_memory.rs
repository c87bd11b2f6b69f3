//! What no memory has room for, and what would fit instead.

use bytesize::ByteSize;

use crate::basis::{EgopBasis, InputBasis, InputSource, Scope, Spec};
use crate::experiment::{Experiment, System};
use crate::gradients::{At, Samples, Sampling};
use crate::lanes::Layout;
use crate::run::anew::Anew;
use crate::run::memory::{self, bytes_of_a_number};

/// The rank that is proposed, and of how many samples, if not of those that are asked for.
const RANK: usize = 100;
const SAMPLES: [usize; 2] = [1000, RANK];

/// Why a coordinate system's change of variables, or an estimate's spectrum, cannot be had with so
/// many bytes of memory: that alone takes more. Names its largest block, and what would fit.
pub fn too_large(experiment: &Experiment, available: u64) -> Option<String> {
    let number = bytes_of_a_number(experiment);
    let systems = experiment.systems();
    let window = systems.iter().find_map(|system| window(experiment, system, number, available));
    window.or_else(|| {
        let (message, system) = basis(&systems, number, available)?;
        Some(message + &instead(experiment, system, available))
    })
}

/// Why no trial can be run with so many bytes of memory: all that it has at a time takes more. Names
/// the coordinate system that takes most of it, and what would fit.
pub fn trial_too_large(experiment: &Experiment, available: u64) -> Option<String> {
    let needed = memory::trial(experiment);
    if needed <= available as f64 {
        return None;
    }
    let bytes = |system: &System<'_>| memory::system(experiment, system);
    let systems = experiment.systems();
    let largest = systems.iter().max_by(|a, b| bytes(a).total_cmp(&bytes(b)))?;
    let message = format!(
        "a trial takes about {} of memory, of which {} takes {}, and there are {}: choose smaller \
         sizes or fewer coordinate systems, or state with --memory that there is more",
        si(needed),
        largest.name,
        si(bytes(largest)),
        si(available as f64),
    );
    Some(message + &instead(experiment, largest, available))
}

/// Of the first system whose change of variables takes more.
fn basis<'a, 's>(
    systems: &'s [System<'a>],
    number: f64,
    available: u64,
) -> Option<(String, &'s System<'a>)> {
    let system = systems.iter().find(|system| !Needs::of(system, number).fit(available))?;
    let layout = system.objective.layout();
    let groups = system.basis.groups(&layout);
    let largest = groups.iter().max_by_key(|group| layout.parameters(group).len())?;
    let square = |group| (layout.parameters(group).len() as f64).powi(2);
    let dense = square(largest);
    // Products take V, and its transpose.
    let is_dense = system.map_cost().elements == 2.0 * groups.iter().map(square).sum::<f64>();
    let needs = Needs::of(system, number);
    let what = if is_dense && needs.maps > available as f64 {
        let [one, both] = [dense, 2.0 * dense].map(|elements| si(number * elements));
        let block = layout.group_name(largest);
        let others = if groups.len() == 1 {
            String::new()
        } else {
            format!(", of {} in all", si(needs.maps))
        };
        format!("{block} needs {both}{others}, as a dense matrix and its transpose of {one} each")
    } else {
        format!("its matrices need {needs}")
    };
    let there = si(available as f64);
    Some((format!("{}: {what}, and there are {there} of memory", system.name), system))
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
        Self {
            maps: number * system.map_cost().elements,
            forming: system.preparation(1.0, None).bytes(number),
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

/// What would fit in the place of a system, beside the others that fit by themselves, by the rules by
/// which that is refused; nothing for original coordinates, or an estimate, which is of whole spectra.
fn instead(experiment: &Experiment, system: &System<'_>, available: u64) -> String {
    if system.map_cost().elements == 0.0 || experiment.training().is_none() {
        return String::new();
    }
    let number = bytes_of_a_number(experiment);
    let systems = experiment.systems();
    let others = systems.iter().filter(|other| other.name != system.name);
    let others = others.filter(|other| Needs::of(other, number).fit(available));
    let others: f64 = others.map(|other| memory::system(experiment, other)).sum();
    let left = available as f64 - memory::data(experiment) - others;
    let with = |basis: &dyn Spec, sampling: Sampling| {
        let proposed = System { basis, sampling, ..*system };
        let needs = Needs::of(&proposed, number);
        let fits = needs.fit(available) && memory::system(experiment, &proposed) <= left;
        fits.then_some(needs)
    };
    let input = InputBasis(InputSource::Gradients { samples: 8, at: At::Distribution });
    let input = with(&input, system.sampling);
    let layout = system.objective.layout();
    let most = RANK.min(layout.dimension());
    let all = || EgopBasis::new(scope(system, &layout)).smaller(&layout, most);
    let smaller = system.basis.smaller(&layout, most).or_else(all);
    let asked = system.sampling.count(&layout);
    let fewer = SAMPLES.into_iter().filter(|&samples| samples < asked);
    let smaller = smaller.and_then(|(settings, basis)| {
        std::iter::once(asked).chain(fewer).find_map(|samples| {
            let sampling = Sampling { samples: Samples::Count(samples), ..system.sampling };
            with(&*basis, sampling).map(|needs| {
                let few =
                    if samples == asked { String::new() } else { format!(" of {samples} samples") };
                format!("{settings}{few}, which needs {}", si(needs.maps.max(needs.forming)))
            })
        })
    });
    let input = input.map(|needs| {
        format!("basis = \"input\", which needs {}", si(needs.maps.max(needs.forming)))
    });
    let proposals: Vec<String> = input.into_iter().chain(smaller).collect();
    if proposals.is_empty() {
        let others = si(available as f64 - left);
        return format!(
            "; beside the rest of a trial, which takes {others}, nothing else fits either"
        );
    }
    format!("; there is room for {}", proposals.join(", or for "))
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
    use crate::basis::{Complement, LowRank, Rank};
    use crate::config::{self, Overlay, Source};
    use crate::egop::Solver;
    use crate::experiment::Study;
    use crate::shipped::Shipped;

    /// A shipped experiment with some of its coordinate systems.
    fn some_of(name: &str, systems: &[&str]) -> Experiment {
        let mut experiment = Shipped::named(name).unwrap().read().unwrap().value;
        let Study::Training(study) = &mut experiment.study else { panic!("{name} trains") };
        study.coordinates.retain(|one| systems.contains(&&*one.name));
        experiment
    }

    #[test]
    fn the_first_that_does_not_fit_is_named_with_what_would_fit() {
        // Numbers of 4 bytes: 2048². Five matrices of 64² in doubles, and no rank: its eigenvectors
        // alone, and what is made of them, are seven matrices of 2048 × 100 in doubles, 11.5 MB.
        // A chunk of gradients and its copy are 9.9 MB.
        let experiment = some_of("digits-bases", &["original", "block"]);
        let message = too_large(&experiment, 16_500_000).unwrap();
        assert!(
            message.contains("block: layer1.weight needs 33.6 MB, of 34.4 MB in all, "),
            "{message}"
        );
        assert!(
            message.contains("as a dense matrix and its transpose of 16.8 MB each"),
            "{message}"
        );
        assert!(message.contains("there are 16.5 MB of memory"), "{message}");
        assert!(message.contains("basis = \"input\", which needs 163.8 kB"), "{message}");
        assert!(!message.contains("rank = "), "{message}");
        assert_eq!(None, too_large(&experiment, 1_000_000_000));
        // With all the others in a trial there is no room for this one, whatever it is.
        let all = Shipped::named("digits-bases").unwrap().read().unwrap().value;
        let message = too_large(&all, 16_500_000).unwrap();
        assert!(message.contains("beside the rest of a trial, which takes"), "{message}");

        let experiment = some_of("fashion-large", &["original", "rank-100"]);
        let message = too_large(&experiment, 100_000_000).unwrap();
        assert!(message.starts_with("rank-100: its matrices need 63.7 MB"), "{message}");
        assert!(!message.contains("dense"), "{message}");
    }

    #[test]
    fn what_is_proposed_is_not_refused() {
        // V would fit, but not all that it takes to form it.
        for available in [33_000_000, 40_000_000, 130_000_000, 150_000_000] {
            let experiment = some_of("digits-bases", &["original", "block"]);
            let message = too_large(&experiment, available).unwrap();
            let fits = available >= 100_000_000;
            let dense = message.contains("as a dense matrix");
            assert_eq!(dense, available < 33_500_000, "{message}");
            // All samples are more than the parameters of a block, which takes dense matrices.
            let samples = if fits { 1000 } else { RANK };
            let proposal = format!("rank = 100 of {samples} samples, which needs");
            assert!(message.contains(&proposal), "{message}");
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
            let original = experiment.system(0);
            let trial = [original, proposed].map(|one| memory::system(&experiment, &one));
            assert!(memory::data(&experiment) + trial[0] + trial[1] <= available as f64);
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
        assert!(message.contains("6.4 GB, 12."), "{message}");
        // Not what it is that does not fit; and as few as were asked for.
        assert!(message.contains("rank = 10 with complement = \"reflector\""), "{message}");

        // A control stays one.
        let config = include_str!("../../tests/data/tiny.toml")
            .replace("basis = \"egop\"", "basis = \"random-rotation\"")
            .replace("columns = 3", "columns = 20000");
        let source = Source::parse("tiny.toml", config.as_bytes()).unwrap();
        let read = config::read(&source, &Overlay::default(), Experiment::read).unwrap();
        let message = too_large(&read.value, 5_000_000_000).unwrap();
        assert!(
            message.contains("needs 6.4 GB, as a dense matrix and its transpose of 3.2 GB each")
        );
        assert!(message.contains("columns = 100, which needs"), "{message}");
        assert!(!message.contains("rank"), "{message}");
    }
}
