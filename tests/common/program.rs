//! Where Cargo has put the programs that are tested.

/// The path of a program.
pub fn path(name: &str) -> &'static str {
    match name {
        "egop-run" => env!("CARGO_BIN_EXE_egop-run"),
        "egop-sweep" => env!("CARGO_BIN_EXE_egop-sweep"),
        "egop-plot" => env!("CARGO_BIN_EXE_egop-plot"),
        other => panic!("there is no program {other}"),
    }
}
