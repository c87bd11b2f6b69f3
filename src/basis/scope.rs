//! Which parameters a change of variables mixes.

use std::ops::Range;

use crate::config::{Reader, key};
use crate::lanes::{Layout, Role};

/// Global or blockwise (paper, section 5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// One matrix over all parameters.
    Global,
    /// One matrix for each weight block (the named ones only, if any are named); biases and the
    /// other blocks stay in original coordinates.
    Block(Vec<String>),
}

impl Scope {
    /// Reads `scope` and, for blocks, `blocks`.
    pub fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let scope = key("scope", "whether V mixes all parameters, or those of each weight block");
        if reader.choice_or(scope, "global", &[("global", false), ("block", true)])? {
            let blocks =
                key("blocks", "names of the blocks that are mixed; none: all weight blocks");
            return Some(Self::Block(reader.strings_or(blocks, &[])?));
        }
        Some(Self::Global)
    }

    /// What is wrong with the names for a model.
    pub fn problem(&self, layout: &Layout) -> Option<String> {
        let Self::Block(names) = self else { return None };
        let twice = names.iter().enumerate().find(|(index, name)| names[..*index].contains(name));
        if let Some((_, name)) = twice {
            return Some(format!("names \"{name}\" twice"));
        }
        let blocks: Vec<&str> = layout.blocks().iter().map(|block| &*block.name).collect();
        let unknown = names.iter().find(|name| !blocks.contains(&&***name))?;
        Some(format!("the objective has no block \"{unknown}\"; it has {}", blocks.join(", ")))
    }

    /// The groups of consecutive blocks that are mixed.
    pub fn groups(&self, layout: &Layout) -> Vec<Range<usize>> {
        let blocks = layout.blocks();
        match self {
            Self::Global => std::iter::once(0..blocks.len()).collect(),
            Self::Block(names) => blocks
                .iter()
                .enumerate()
                .filter(|(_, block)| match names.as_slice() {
                    [] => block.role == Role::Weight,
                    names => names.contains(&block.name),
                })
                .map(|(index, _)| index..index + 1)
                .collect(),
        }
    }
}
