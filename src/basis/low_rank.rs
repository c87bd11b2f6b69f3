//! The leading eigenvectors of an EGOP, and what becomes of their complement.

use std::ops::Range;
use std::sync::Arc;

use ndarray::{ArcArray2, Array2, Axis, concatenate};
use ndarray_rand::RandomExt;
use ndarray_rand::rand_distr::StandardNormal;

use crate::basis::{Part, Preparation};
use crate::config::{Allowed, Reader, key};
use crate::coordinates::{Auxiliary, Cost, Form, Frozen, Orthonormal, Reduced, Reflector};
use crate::egop::{Count, Solver};
use crate::error::{Error, Result};
use crate::gradients::Gradients;
use crate::lanes::Layout;
use crate::linalg::{self, flops};
use crate::rng::Streams;

/// How many leading eigenvectors are taken.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Rank {
    /// So many.
    Number(usize),
    /// The fewest whose eigenvalues are this share of all.
    Energy(f64),
    /// So many for each output of the layer: by symmetry, eigenvalues come in shelves of about as
    /// many as there are hidden units.
    Widths(f64),
}

impl Rank {
    /// For a group of consecutive blocks.
    pub fn of(self, layout: &Layout, group: &Range<usize>) -> Count {
        match self {
            Self::Number(number) => Count::Number(number),
            Self::Energy(share) => Count::Energy(share),
            Self::Widths(multiple) => {
                let width = |block: usize| layout.blocks()[block].matrix().0;
                let widest = group.clone().map(width).max().unwrap_or(1);
                Count::Number(((multiple * widest as f64).round() as usize).max(1))
            }
        }
    }
}

/// What becomes of what the leading eigenvectors do not span.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Complement {
    /// Coordinates near the original ones, by a block reflector (Schreiber & Parlett 1988).
    Reflector,
    /// Original coordinates, all of them, beside those of the eigenvectors: W = V w_r + (I − VVᵀ) w_d
    /// (the paper's second version).
    Auxiliary,
    /// It stays as it is at the start.
    Frozen,
    /// It is 0 (the paper's second version: reduced EGOP).
    Reduced,
    /// Rotated at random (a control).
    Rotated,
}

impl Complement {
    /// The names used in configs.
    const NAMES: [(&'static str, Self); 5] = [
        ("reflector", Self::Reflector),
        ("auxiliary", Self::Auxiliary),
        ("frozen", Self::Frozen),
        ("reduced", Self::Reduced),
        ("rotated", Self::Rotated),
    ];

    /// Reads `complement`.
    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let complement = key("complement", "what becomes of what V's columns do not span");
        reader.choice_or(complement, "reflector", &Self::NAMES)
    }

    /// Reads `columns` and `complement`, for bases that are no eigenbases: some columns, or all, which
    /// leave nothing that could become of the rest.
    pub fn read_columns(reader: &mut Reader<'_>) -> Option<Option<(usize, Self)>> {
        if reader.alternative(&[&["columns"]])?.is_none() {
            let problem = "is for some of V's columns, and these are all: state `columns`, or remove \
                           this key";
            reader.idle(&["complement"], problem);
            return Some(None);
        }
        let columns = key("columns", "number of V's columns, where they are not all");
        let columns = reader.count(columns, 1..=1_000_000);
        let complement = Self::read(reader);
        columns.zip(complement).map(Some)
    }

    /// Whether its maps are linear: what stays at the start is a constant that is added.
    pub fn is_linear(self) -> bool {
        self != Self::Frozen
    }

    /// See [`crate::basis::Spec::revision`].
    pub(super) fn revision(self) -> u32 {
        if self == Self::Reflector { Reflector::REVISION } else { 0 }
    }

    /// The same, unless it takes a dense matrix; and what is stated then.
    pub(super) fn smaller(self) -> (Self, Option<&'static str>) {
        match self {
            Self::Rotated => (Self::Reflector, Some("complement = \"reflector\"")),
            other => (other, None),
        }
    }

    /// What a map takes of so many parameters with so many eigenvectors.
    pub fn cost(self, parameters: usize, k: usize) -> Cost {
        match self {
            Self::Reflector => Reflector::cost(parameters, k),
            Self::Auxiliary => Auxiliary::cost(parameters, k),
            Self::Frozen => Frozen::cost(parameters, k),
            Self::Reduced => Reduced::cost(parameters, k),
            Self::Rotated => Orthonormal::cost(parameters),
        }
    }

    /// What making a map takes of so many parameters with so many eigenvectors.
    pub(super) fn preparation(self, parameters: usize, k: usize) -> Preparation {
        let (d, k) = (parameters as f64, k as f64);
        match self {
            Self::Reflector => Preparation {
                products: 2.0 * d * k * k + 6.0 * k.powi(3),
                // Where the columns are orthonormal, products that see it stand for their decomposition.
                decompositions: flops::of_qr(d, k) + flops::of_svd(k),
                elements: 4.0 * d * k + 4.0 * k * k,
                ..Preparation::default()
            },
            Self::Auxiliary | Self::Reduced => Preparation::default(),
            Self::Frozen => {
                Preparation { products: 4.0 * d * k, elements: d, ..Preparation::default() }
            }
            Self::Rotated => Preparation::of_qr(d, d),
        }
    }

    /// The part that some vectors (d × k, orthonormal) make, with their complement, for consecutive
    /// blocks.
    ///
    /// # Errors
    /// When there is no start where one is needed, or the vectors are not finite.
    pub(super) fn part(
        self,
        blocks: Range<usize>,
        vectors: &ArcArray2<f64>,
        source: &dyn Gradients,
        streams: &Streams,
    ) -> Result<Part> {
        let shared = || vectors.clone();
        let map: Arc<dyn Form> = match self {
            Self::Reflector => Arc::new(Reflector::new(vectors.view())?),
            Self::Auxiliary => Arc::new(Auxiliary { vectors: shared() }),
            Self::Reduced => Arc::new(Reduced { vectors: shared() }),
            Self::Frozen => {
                let none = || Error::Numerical("there is no start to keep".into());
                let range = source.layout().parameters(&blocks).into();
                let start = source.start().ok_or_else(none)?;
                let start = start.slice_axis_move(Axis(0), range);
                let inside = vectors.dot(&vectors.t().dot(&start));
                Arc::new(Frozen { vectors: shared(), offset: (start - inside).into() })
            }
            Self::Rotated => {
                let (size, k) = vectors.dim();
                let mut rng = streams.indexed("complement", blocks.start);
                let gaussian = Array2::random_using((size, size - k), StandardNormal, &mut rng);
                let both = concatenate(Axis(1), &[vectors.view(), gaussian.view()])
                    .expect("both have d rows");
                drop(gaussian);
                // As R's diagonal is positive, the first columns are those of V, and the others what
                // is left of the Gaussian without them.
                Arc::new(Orthonormal(linalg::orthonormal_columns(both.view()).into()))
            }
        };
        Ok(Part { blocks, map, spectrum: None })
    }
}

/// One setting, with others that go with it.
pub(super) fn settings(one: &str, others: &[&str]) -> String {
    if others.is_empty() { one.into() } else { format!("{one} with {}", others.join(" and ")) }
}

/// What is wrong with asking for more vectors than there are parameters.
pub(super) fn more_than(
    asked: usize,
    what: &str,
    most: usize,
    largest: &Range<usize>,
    layout: &Layout,
) -> String {
    let name = layout.group_name(largest);
    let of = if name == "all" { "there are".into() } else { format!("{name} has") };
    format!("asks for {asked} {what}, and {of} only {most} parameters")
}

/// Some leading eigenvectors instead of all.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LowRank {
    /// How many.
    pub rank: Rank,
    /// What becomes of the rest.
    pub complement: Complement,
    /// How they are computed.
    pub solver: Solver,
}

impl LowRank {
    /// Reads `rank`, `rank_energy` or `rank_widths`, with `complement` and `solver`; none of these: all
    /// eigenvectors, which leave nothing that could become of the rest.
    pub fn read(reader: &mut Reader<'_>) -> Option<Option<Self>> {
        let energy = reader.elsewhere("rank", "energy", "rank_energy = 0.95");
        let widths = reader.elsewhere("rank", "widths", "rank_widths = 2");
        if energy || widths {
            return None;
        }
        let keys: [&[&str]; 3] = [&["rank"], &["rank_energy"], &["rank_widths"]];
        let rank = match reader.alternative(&keys)? {
            None => {
                let problem = "is for some leading eigenvectors, and these are all: state `rank`, \
                               `rank_energy` or `rank_widths`, or remove this key";
                reader.idle(&["complement", "solver"], problem);
                return Some(None);
            }
            Some(0) => {
                let rank = key(
                    "rank",
                    "number k of leading eigenvectors that are taken, not all; no more than samples",
                );
                reader.count(rank, 1..=1_000_000).map(Rank::Number)
            }
            Some(1) => {
                let share = key("rank_energy", "as many as have this share of all eigenvalues");
                reader.number(share, Allowed::between(1e-6, 1.0)).map(Rank::Energy)
            }
            Some(_) => {
                let widths = key("rank_widths", "as many, for each output of the block's layer");
                reader.number(widths, Allowed::between(1e-3, 1e4)).map(Rank::Widths)
            }
        };
        let complement = Complement::read(reader);
        let solver = key("solver", "how the leading eigenvectors are computed");
        let solver = reader.choice_or(solver, "auto", &Solver::NAMES);
        let (rank, complement, solver) = (rank?, complement?, solver?);
        if matches!(rank, Rank::Energy(_)) && solver == Solver::Randomized {
            let problem = "\"randomized\" finds a number of eigenvectors, not a share of all";
            reader.problem("solver", problem);
            return None;
        }
        Some(Some(Self { rank, complement, solver }))
    }

    /// A key and what is wrong with it for a model: no group has as many parameters. Of smaller groups
    /// all eigenvectors are taken.
    pub(super) fn problem(
        &self,
        layout: &Layout,
        groups: &[Range<usize>],
    ) -> Option<(&'static str, String)> {
        let (key, asked, largest) = self.most_asked(layout, groups)?;
        let most = layout.parameters(largest).len();
        (asked > most).then(|| (key, more_than(asked, "eigenvectors", most, largest, layout)))
    }

    /// The same of so many gradients, which have no more eigenvectors than they are.
    pub(super) fn beyond_samples(
        &self,
        layout: &Layout,
        groups: &[Range<usize>],
        samples: usize,
    ) -> Option<(&'static str, String)> {
        let (key, ..) = self.most_asked(layout, groups)?;
        // Of small groups all are taken.
        let all = |group| layout.parameters(group).len();
        let asked = groups.iter().map(|group| self.most(layout, group, all(group))).max()?;
        (asked > samples).then(|| {
            let problem = format!(
                "asks for {asked} eigenvectors; {samples} samples have no more than {samples}"
            );
            (key, problem)
        })
    }

    /// The key that asks for a number, the number that it asks of the largest group, and that group.
    fn most_asked<'a>(
        &self,
        layout: &Layout,
        groups: &'a [Range<usize>],
    ) -> Option<(&'static str, usize, &'a Range<usize>)> {
        let largest = groups.iter().max_by_key(|group| layout.parameters(group).len())?;
        let key = match self.rank {
            Rank::Number(_) => "rank",
            Rank::Widths(_) => "rank_widths",
            Rank::Energy(_) => return None,
        };
        Some((key, self.rank.of(layout, largest).number()?, largest))
    }

    /// At most so many eigenvectors, of so many samples.
    pub fn most(&self, layout: &Layout, group: &Range<usize>, samples: usize) -> usize {
        let there = layout.parameters(group).len().min(samples.max(1));
        match self.rank.of(layout, group) {
            Count::Number(number) => number.min(there),
            Count::Energy(_) => there,
        }
    }
}
