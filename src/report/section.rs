//! The part of a page that is about one results folder.

use serde::Serialize;

use super::Folder;
use super::figures::FigureView;
use super::numbers;
use super::origin::Origin;
use super::settings::settings;
use super::study::{self, StudyView};
use super::table::Table;
use super::verdicts::{ClaimView, Headline};
use crate::error::Result;
use crate::figure::ResultTables;
use crate::store::Table as Rows;
use crate::summary::{
    CostSummary, EstimateSummary, RatesSummary, StudySummary, TheorySummary, TimesSummary,
};

/// All that is said of a folder.
#[derive(Debug, Serialize)]
pub(super) struct SectionView {
    /// What its ids begin with.
    id: String,
    /// What the folder is called.
    folder: String,
    /// Name and title of the experiment or study.
    name: String,
    title: String,
    /// The profile, where it is not the default one.
    profile: Option<String>,
    /// Why its numbers are not to be taken for those of the experiment.
    caution: Option<&'static str>,
    /// Its sizes and how it trains.
    facts: Option<String>,
    /// How many trials there are; 0 of a study, whose points have their own.
    trials: usize,
    headline: Headline,
    /// What a study comes to, by base and axis.
    study: Vec<StudyView>,
    claims: Vec<ClaimView>,
    figures: Vec<FigureView>,
    /// Figures that could not be drawn.
    missing: Vec<(String, String)>,
    rates: Option<Table>,
    theory: Option<Table>,
    estimates: Option<Table>,
    cost: Option<Table>,
    phases: Option<Table>,
    alone: Option<Table>,
    settings: Option<Table>,
    origin: Option<Origin>,
}

impl SectionView {
    pub fn of(folder: &Folder<'_>, number: usize) -> Result<Self> {
        let Folder { name, heading, tables, figures, missing, provenance, .. } = *folder;
        let id = format!("r{number}");
        let claims = rows(tables, ResultTables::claims)?;
        let points = rows(tables, ResultTables::study)?;
        let rates = rows(tables, ResultTables::learning_rates)?;
        let facts = tables.facts();
        let systems: Vec<&str> = facts.systems.iter().map(|system| &*system.name).collect();
        let names: Vec<String> = figures.iter().map(|(name, _)| name.clone()).collect();
        let view = |(index, (name, page)): (usize, &(String, _))| {
            FigureView::of(format!("{id}-figure-{index}"), name, page)
        };
        let times = TimesSummary::of(rows(tables, ResultTables::timings)?);
        Ok(Self {
            folder: name.to_owned(),
            name: heading.name.clone(),
            title: heading.title.clone(),
            profile: heading.profile.clone(),
            caution: facts.caution,
            facts: facts.note(&systems, None),
            trials: facts.trials,
            headline: match points {
                [] => Headline::of(claims),
                points => study::headline(points),
            },
            study: StudySummary::all(points).iter().map(StudyView::of).collect(),
            claims: claims.iter().map(|claim| ClaimView::of(claim, &names)).collect(),
            figures: figures.iter().enumerate().map(view).collect::<Result<_>>()?,
            missing: missing.iter().map(|(name, why)| (name.clone(), why.to_string())).collect(),
            rates: numbers::rates(&RatesSummary::of(rates)),
            theory: numbers::theory(&TheorySummary::of(rows(tables, ResultTables::theory)?)),
            estimates: numbers::estimates(&EstimateSummary::all(rows(
                tables,
                ResultTables::measures,
            )?)),
            cost: numbers::cost(&CostSummary::all(rates, rows(tables, ResultTables::runs)?)),
            phases: numbers::phases(&times),
            alone: numbers::alone(&times),
            settings: settings(heading, folder.settings),
            origin: provenance.map(Origin::read).transpose()?,
            id,
        })
    }

    pub fn title(&self) -> &str {
        &self.title
    }
}

/// The rows of a table, which may not be there.
fn rows<T: Rows>(
    tables: &ResultTables,
    read: impl Fn(&ResultTables) -> Result<&[T]>,
) -> Result<&[T]> {
    if tables.has(T::FILE)? { read(tables) } else { Ok(&[]) }
}
