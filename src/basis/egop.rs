//! The EGOP eigenbasis (paper, Algorithm 1; blockwise: section 5, eq. 5), whole or its leading part.

use std::ops::Range;

use crate::basis::low_rank::settings;
use crate::basis::{
    Complement, Entry, Followed, LowRank, Material, Part, Preparation, Rank, Scope, Spec,
};
use crate::config::Reader;
use crate::coordinates::{Cost, Orthonormal};
use crate::egop::{Count, Solver, Spectrum, Wanted, egop, leading};
use crate::error::Result;
use crate::gradients::{Gradients, Sampling};
use crate::lanes::Layout;
use crate::linalg::INNER_REVISION;
use crate::rng::Streams;

pub(super) const ENTRY: Entry<dyn Spec> = Entry {
    name: "egop",
    summary: "the eigenbasis of the EGOP matrix, global or for each block, or its leading part",
    read: |reader: &mut Reader<'_>| {
        let scope = Scope::read(reader);
        let low_rank = LowRank::read(reader);
        Some(Box::new(EgopBasis { scope: scope?, low_rank: low_rank? }))
    },
};

/// V = the eigenvectors of the estimated EGOP matrix of each group of parameters.
#[derive(Clone, Debug, PartialEq)]
pub struct EgopBasis {
    /// The groups.
    pub scope: Scope,
    /// Only leading ones; `None`: all.
    pub low_rank: Option<LowRank>,
}

impl EgopBasis {
    /// All eigenvectors.
    pub fn new(scope: Scope) -> Self {
        Self { scope, low_rank: None }
    }

    fn whole(&self, source: &dyn Gradients) -> Result<Vec<Part>> {
        let layout = source.layout();
        let groups = self.scope.groups(layout);
        let ranges: Vec<_> = groups.iter().map(|blocks| layout.parameters(blocks)).collect();
        let egops = egop(source, 0..source.samples(), &ranges)?;
        let parts = groups.into_iter().zip(egops);
        parts.map(|(blocks, egop)| Ok(Part::eigenbasis(blocks, Spectrum::of(egop)?))).collect()
    }

    fn leading(
        &self,
        low_rank: &LowRank,
        source: &dyn Gradients,
        streams: &Streams,
    ) -> Result<Vec<Part>> {
        let layout = source.layout();
        let groups = self.scope.groups(layout);
        let wanted = |group: &Range<usize>| -> Wanted {
            (layout.parameters(group), low_rank.rank.of(layout, group), low_rank.solver)
        };
        let wanted: Vec<Wanted> = groups.iter().map(wanted).collect();
        let spectra = leading(source, &wanted, streams)?;
        let part = |(blocks, spectrum): (Range<usize>, Spectrum)| {
            let complement = low_rank.complement;
            let part = complement.part(blocks, &spectrum.eigenvectors, source, streams)?;
            Ok(Part { spectrum: Some(spectrum), ..part })
        };
        groups.into_iter().zip(spectra).map(part).collect()
    }
}

impl Spec for EgopBasis {
    fn build(&self, source: &dyn Gradients, streams: &Streams) -> Result<Vec<Part>> {
        match &self.low_rank {
            None => self.whole(source),
            Some(low_rank) => self.leading(low_rank, source, streams),
        }
    }

    fn groups(&self, layout: &Layout) -> Vec<Range<usize>> {
        self.scope.groups(layout)
    }

    fn cost(&self, layout: &Layout, samples: usize) -> Cost {
        let groups = self.groups(layout);
        let cost = |group: &Range<usize>| {
            let size = layout.parameters(group).len();
            match &self.low_rank {
                None => Orthonormal::cost(size),
                Some(one) => one.complement.cost(size, one.most(layout, group, samples)),
            }
        };
        groups.iter().map(cost).sum()
    }

    fn preparation(&self, layout: &Layout, of: Material<'_>) -> Preparation {
        let Material { samples, decompositions, found, .. } = of;
        let Some(low_rank) = &self.low_rank else {
            return Preparation::of_matrices(&self.sizes(layout), samples as f64, decompositions);
        };
        let groups = self.groups(layout).into_iter().enumerate();
        let preparation = |(index, group): (usize, Range<usize>)| {
            let size = layout.parameters(&group).len();
            let wanted = low_rank.rank.of(layout, &group).number();
            let most = low_rank.most(layout, &group, samples);
            let k = found.and_then(|found| found.get(index).copied()).unwrap_or(most);
            let solver = low_rank.solver.chosen(samples, size, wanted);
            let [products, decompositions, elements, gradients] =
                solver.cost(samples, size, [most, k]);
            Preparation { products, decompositions, elements, gradients }
                + low_rank.complement.preparation(size, k)
        };
        groups.map(preparation).sum()
    }

    fn revision(&self) -> u32 {
        let leading = |one: LowRank| one.complement.revision() + Solver::REVISION;
        self.low_rank.map_or(INNER_REVISION, leading)
    }

    fn eigenvectors(&self, layout: &Layout, samples: usize) -> Vec<(Count, Solver)> {
        let of = |group: &Range<usize>| {
            let size = layout.parameters(group).len();
            self.low_rank.map_or((Count::Number(size), Solver::Dense), |one| {
                let count = one.rank.of(layout, group);
                (count, one.solver.chosen(samples, size, count.number()))
            })
        };
        self.groups(layout).iter().map(of).collect()
    }

    fn smaller(&self, layout: &Layout, columns: usize) -> Option<(String, Box<dyn Spec>)> {
        let one = self.low_rank.unwrap_or(LowRank {
            rank: Rank::Number(columns),
            complement: Complement::Reflector,
            solver: Solver::Auto,
        });
        let numbers =
            self.groups(layout).into_iter().filter_map(|g| one.rank.of(layout, &g).number());
        let rank = numbers.max().unwrap_or(columns).min(columns);
        let (complement, stated) = one.complement.smaller();
        let solver = (one.solver == Solver::Dense).then_some("solver = \"auto\"");
        let solver = solver.map_or((one.solver, None), |stated| (Solver::Auto, Some(stated)));
        let others: Vec<&str> = [stated, solver.1].into_iter().flatten().collect();
        let low_rank = LowRank { rank: Rank::Number(rank), complement, solver: solver.0 };
        let basis = Self { scope: self.scope.clone(), low_rank: Some(low_rank) };
        Some((settings(&format!("rank = {rank}"), &others), Box::new(basis)))
    }

    fn is_linear(&self) -> bool {
        self.low_rank.is_none_or(|one| one.complement.is_linear())
    }

    fn has_spectrum(&self) -> bool {
        self.low_rank.is_none()
    }

    fn followed(&self, _: &Layout) -> std::result::Result<Followed, String> {
        let problem = match &self.low_rank {
            None => {
                "a dense V would be another d × d matrix for each run and each time: state `rank`, \
                 or choose basis = \"input\" or \"kronecker\""
            }
            Some(one) if one.complement != Complement::Reflector => {
                "only complement = \"reflector\" can be estimated anew"
            }
            Some(_) => return Ok(Followed::Leading(self.clone())),
        };
        Err(problem.into())
    }

    fn sampled(&self, samples: usize) -> usize {
        samples
    }

    fn problem(&self, layout: &Layout) -> Option<(&'static str, String)> {
        if let Some(problem) = self.scope.problem(layout) {
            return Some(("blocks", problem));
        }
        self.low_rank?.problem(layout, &self.groups(layout))
    }

    fn unfit(&self, layout: &Layout, sampling: &Sampling) -> Option<(&'static str, String)> {
        self.low_rank?.beyond_samples(layout, &self.groups(layout), sampling.count(layout))
    }
}
