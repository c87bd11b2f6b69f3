//! What must hold of everything that is registered: objectives, bases, EGOP estimates.

mod bases;
mod egop;
mod instances;
mod objectives;
mod wrapped;
