//! The objectives that a config can name.

use std::sync::{Mutex, PoisonError};

use super::{Spec, least_squares, linear_net, log_sum_exp, logistic, relu_net, sampled_gradients};
use crate::config::{Entry, Reader, key};

/// All objectives of this library.
pub const REGISTRY: &[Entry<dyn Spec>] = &[
    log_sum_exp::ENTRY,
    logistic::ENTRY,
    least_squares::ENTRY,
    linear_net::ENTRY,
    relu_net::ENTRY,
    sampled_gradients::ENTRY,
];

/// Those that a program has added.
static ADDED: Mutex<Vec<Entry<dyn Spec>>> = Mutex::new(Vec::new());

/// Lets configs name a further objective in this program: to be called before any is read.
///
/// Results are told apart by settings and data, not by code: give what is computed otherwise another
/// name, or forget what was computed (`--force`).
///
/// # Panics
/// When there is one of this name.
pub fn add(entry: Entry<dyn Spec>) {
    let known = all().iter().any(|one| one.name == entry.name);
    assert!(!known, "there is an objective {} already", entry.name);
    ADDED.lock().unwrap_or_else(PoisonError::into_inner).push(entry);
}

/// All objectives, those that were added last.
pub fn all() -> Vec<Entry<dyn Spec>> {
    let added = ADDED.lock().unwrap_or_else(PoisonError::into_inner);
    REGISTRY.iter().chain(&*added).copied().collect()
}

/// Reads `kind` and the keys that go with it.
pub fn read(reader: &mut Reader<'_>) -> Option<Box<dyn Spec>> {
    reader.registered(key("kind", "which function is minimized"), &all())
}
