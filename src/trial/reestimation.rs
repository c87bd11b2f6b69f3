//! When a change of variables is estimated anew while runs train, and what of an optimizer's state goes
//! with it. (The paper leaves this open, Appendix E.)

use crate::config::{Reader, key};

/// From which gradients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Those of the run itself since the last time: none is sampled. The run begins in original
    /// coordinates.
    Trajectory,
    /// None: the basis stays, and the state is reset all the same. The control that tells what a reset
    /// does by itself.
    None,
}

/// What becomes of the state that is not linear in the gradients; what is linear is mapped as they
/// are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It is made anew of the gradients since the last time, in the new variables.
    Replay,
    /// It stays by index, as in SOAP (Vyas et al. 2024).
    Carry,
    /// The optimizer begins anew, with all its state.
    Reset,
}

/// A rule by which a change of variables is estimated anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reestimation {
    /// After so many epochs, and again after as many; with full batches, updates.
    pub every: usize,
    /// So often at most; `None`: to the end.
    pub times: Option<usize>,
    /// From these gradients.
    pub from: Origin,
    /// With this of the state.
    pub state: State,
}

impl Reestimation {
    /// Reads `every`, `times`, `from` and `state`.
    pub fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let every = key("every", "after how many epochs (full batches: steps), again and again");
        let every = reader.count(every, 1..=100_000_000);
        let times = key("times", "how often at most; without it, to the end of training");
        let times = reader.optional_count(times, 1..=100_000_000);
        let from = key(
            "from",
            "the run's gradients since the last time (it begins in original coordinates), or no basis",
        );
        let origins = [("trajectory", Origin::Trajectory), ("none", Origin::None)];
        let from = reader.choice_or(from, "trajectory", &origins);
        let state =
            key("state", "squares made of those gradients anew, kept by index, or a new start");
        let states = [("replay", State::Replay), ("carry", State::Carry), ("reset", State::Reset)];
        let state = reader.choice_or(state, "replay", &states);
        Some(Self { every: every?, times: times?, from: from?, state: state? })
    }

    /// How often in training of so many epochs: after the last one, nothing would come of it.
    pub fn number(&self, epochs: usize) -> usize {
        let all = epochs.saturating_sub(1) / self.every;
        self.times.map_or(all, |times| all.min(times))
    }

    /// Whether it is time at the end of an epoch, counted from 1, of so many.
    pub(super) fn is_due(&self, epoch: usize, epochs: usize) -> bool {
        epoch.is_multiple_of(self.every) && epoch / self.every <= self.number(epochs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_due_after_every_so_many_epochs_but_not_at_the_end() {
        let due = |every, times, epochs| -> Vec<usize> {
            let (from, state) = (Origin::None, State::Reset);
            let rule = Reestimation { every, times, from, state };
            let due: Vec<usize> = (1..=epochs).filter(|&one| rule.is_due(one, epochs)).collect();
            assert_eq!(due.len(), rule.number(epochs));
            due
        };
        assert_eq!(due(5, None, 20), [5, 10, 15]);
        assert_eq!(due(5, None, 21), [5, 10, 15, 20]);
        assert_eq!(due(5, Some(2), 21), [5, 10]);
        assert_eq!(due(1, None, 3), [1, 2]);
        assert_eq!(due(7, Some(1), 7), [0_usize; 0]);
        assert_eq!(due(1, None, 1), [0_usize; 0]);
    }
}
