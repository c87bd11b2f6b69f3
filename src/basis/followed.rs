//! Bases that can be made again and again while a run trains, of the run's own gradients.

use std::ops::Range;

use crate::basis::{EgopBasis, KroneckerBasis, LowRank, Rank, Scope, Spec};
use crate::coordinates::{Kronecker, Reflector};
use crate::lanes::Layout;

/// A basis of all gradients that it is given, whose maps can be given up for others of their kind at
/// any time: orthogonal, and such that squares of gradients are mapped without a d × d matrix.
#[derive(Clone, Debug, PartialEq)]
pub enum Followed {
    /// Leading eigenvectors, with the complement of a reflector.
    Leading(EgopBasis),
    /// A rotation of either or both sides of weights.
    Kronecker(KroneckerBasis),
}

impl Followed {
    /// What makes it.
    pub fn spec(&self) -> &dyn Spec {
        match self {
            Self::Leading(basis) => basis,
            Self::Kronecker(basis) => basis,
        }
    }

    /// The same of other blocks.
    #[must_use]
    pub fn of(&self, scope: Scope) -> Self {
        match self {
            Self::Leading(basis) => Self::Leading(EgopBasis { scope, ..basis.clone() }),
            Self::Kronecker(basis) => Self::Kronecker(KroneckerBasis { scope, ..basis.clone() }),
        }
    }

    /// Whether this, made of so many gradients, is of the same form as another: with as many
    /// eigenvectors, or as many as the gradients have.
    pub fn is_like(&self, other: &Self, samples: usize) -> bool {
        let (Self::Leading(one), Self::Leading(other)) = (self, other) else {
            return self == other;
        };
        let cut = |low_rank: LowRank| LowRank {
            rank: match low_rank.rank {
                Rank::Number(rank) => Rank::Number(rank.min(samples)),
                rank => rank,
            },
            ..low_rank
        };
        one.scope == other.scope && one.low_rank.map(cut) == other.low_rank.map(cut)
    }

    /// Floating-point operations of taking squares from one to another, each made of so many gradients.
    pub fn squares_flops(&self, layout: &Layout, samples: usize) -> f64 {
        let flops = |group: &Range<usize>| match self {
            Self::Leading(basis) => {
                let k = basis.low_rank.map_or(0, |one| one.most(layout, group, samples));
                Reflector::squares_flops(layout.parameters(group).len(), k)
            }
            Self::Kronecker(KroneckerBasis { sides, .. }) => {
                let shape = layout.blocks()[group.start].matrix();
                Kronecker::squares_flops(shape, sides.outputs(), sides.inputs())
            }
        };
        self.spec().groups(layout).iter().map(flops).sum()
    }
}
