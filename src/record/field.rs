//! Fields that are no plain numbers.

use serde::{Deserialize, Serialize};

/// Numbers of which there may be none: an empty field, NaN in memory.
pub(super) mod nan_is_empty {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub fn serialize<S: Serializer>(value: &f64, serializer: S) -> Result<S::Ok, S::Error> {
        (!value.is_nan()).then_some(*value).serialize(serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
        Ok(Option::deserialize(deserializer)?.unwrap_or(f64::NAN))
    }
}

/// Why a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stop {
    /// The gradient norm fell below the tolerance.
    Converged,
    /// All steps or epochs were used.
    Budget,
    /// The loss, gradient or parameters stopped being finite, or the loss exceeded the divergence
    /// bound.
    Diverged,
    /// The optimizer could not go on.
    Failed,
}

impl Stop {
    /// Whether the run came to nothing.
    pub fn is_failure(self) -> bool {
        matches!(self, Self::Diverged | Self::Failed)
    }
}

/// The steps at which a run reached each of some levels, in their order, or what they took; in a table one
/// field, the numbers separated by spaces.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Levels(pub Vec<u64>);

impl From<Levels> for String {
    fn from(Levels(steps): Levels) -> Self {
        steps.iter().map(u64::to_string).collect::<Vec<_>>().join(" ")
    }
}

impl TryFrom<String> for Levels {
    type Error = std::num::ParseIntError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.split_whitespace().map(str::parse).collect::<Result<_, _>>().map(Self)
    }
}
