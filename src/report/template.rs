//! Pages from templates.

use std::sync::LazyLock;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Serde, Value};
use minijinja::{Environment, UndefinedBehavior, context, escape_formatter};
use serde::Serialize;

use super::beside::ComparisonView;
use super::section::SectionView;
use crate::drawing::legible;
use crate::error::{Error, Result};

/// What is to be cited.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Paper {
    title: &'static str,
    authors: &'static str,
    link: &'static str,
}

/// The paper whose experiments these are.
pub(super) const PAPER: Paper = Paper {
    title: "Faster Adaptive Optimization via Expected Gradient Outer Product Reparameterization",
    authors: "Adela DePavia, Jose Cruzado, Jiayou Liang, Vasileios Charisopoulos, Rebecca Willett",
    link: "https://arxiv.org/abs/2502.01594",
};

macro_rules! templates {
    ($environment:ident, $($name:literal),*) => {
        $($environment
            .add_template($name, include_str!(concat!("templates/", $name)))
            .expect("the templates are part of the program, and tests render all of them");)*
    };
}

/// The templates. Those that end with `.html` escape all texts that they are given.
static TEMPLATES: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut environment = Environment::new();
    let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build();
    environment.set_syntax(syntax.expect("the usual delimiters are distinct"));
    environment.set_undefined_behavior(UndefinedBehavior::SemiStrict);
    // Characters that a document must not hold, or that turn the direction of all that follows,
    // become spaces; what is markup already has none.
    environment.set_formatter(|out, state, value| match value.as_str() {
        Some(text) if !value.is_safe() => {
            escape_formatter(out, state, &Value::from(legible(text, usize::MAX)))
        }
        _ => escape_formatter(out, state, value),
    });
    templates!(environment, "frame.html", "parts.html", "page.html", "several.html");
    templates!(environment, "comparison.html", "style.css");
    environment
});

/// The page of one folder.
pub(super) fn page(section: &SectionView) -> Result<String> {
    let title = section.title();
    render("page.html", context! { title, section => Serde(section), paper => Serde(PAPER) })
}

/// One page of several folders.
pub(super) fn several(sections: &[SectionView]) -> Result<String> {
    let title = format!("Results of {} experiments", sections.len());
    render("several.html", context! { title, sections => Serde(sections), paper => Serde(PAPER) })
}

/// Two folders side by side.
pub(super) fn comparison(view: &ComparisonView) -> Result<String> {
    let title = "Two results folders compared";
    render("comparison.html", context! { title, view => Serde(view), paper => Serde(PAPER) })
}

fn render(name: &str, context: Value) -> Result<String> {
    let rendered = TEMPLATES.get_template(name).and_then(|template| template.render(context));
    // What can go wrong is a defect of a template.
    rendered.map_err(|problem| {
        Error::Drawing(format!("the template {name}: {problem:#}; please report it"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_cited_is_in_the_readme() {
        let readme = include_str!("../../README.md");
        let readme = readme.split_whitespace().collect::<Vec<_>>().join(" ");
        for part in [PAPER.title, PAPER.authors, PAPER.link] {
            assert!(readme.contains(part), "{part}");
        }
    }
}
