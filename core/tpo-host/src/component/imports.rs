//! What a component may import: everything else is refused before it is compiled.
//!
//! The imports of the contract are the rows of [`IMPORTS`]. Beside them there is the part of WASI
//! that standard libraries need to start ([`wasi`]). A standard library starts without files,
//! clocks and the network, so a component that imports one of those means to use it.

use tpo_bundle::Surface;
use tpo_types::Failure;
use wasmtime::component::{HasSelf, Linker};

use crate::component::engine::TimedEngine;
use crate::component::state::{Services, State, log, model, wasi};
use crate::contract::bindings::tpo::plugin::types;
use crate::contract::{InterfaceName, PACKAGE, VERSION};
use crate::source::Source;

/// An interface of the contract that a component may import.
struct Import {
    /// Its name in the contract's package.
    interface: &'static str,
    /// Makes it available to components.
    link: fn(&mut Linker<State>) -> wasmtime::Result<()>,
    /// Whether this process provides it.
    present: fn(&Services) -> bool,
    /// What to do about a component that imports it where it is not present.
    hint: &'static str,
}

/// The model import, for [`asks_for_models`].
const MODEL: &str = "model";

const IMPORTS: [Import; 3] = [
    Import {
        interface: "types",
        link: |linker| types::add_to_linker::<State, HasSelf<State>>(linker, |state| state),
        present: |_| true,
        hint: "",
    },
    Import {
        interface: "log",
        link: |linker| log::link(linker, |state| &mut state.log),
        present: |_| true,
        hint: "",
    },
    Import {
        interface: MODEL,
        link: |linker| model::link(linker, |state| &mut state.models),
        present: |services| services.models.is_some(),
        hint: "bind a model in the run's configuration, for example `[models.judge]` with \
            `source = \"smollm2-135m\"`",
    },
];

/// Everything that a component can import.
pub(crate) fn linker(engine: &TimedEngine) -> wasmtime::Result<Linker<State>> {
    let mut linker = Linker::new(&engine.engine);
    for import in &IMPORTS {
        (import.link)(&mut linker)?;
    }
    wasi::link(&mut linker)?;
    Ok(linker)
}

/// Refuses a component that imports what no plugin gets.
pub(crate) fn check(surface: &Surface, source: &Source) -> Result<(), Failure> {
    let mut imports: Vec<&String> = surface.imports.iter().collect();
    // With its standard library, a component that connects also imports files, and one that opens
    // files also imports the clock. The first import that is refused should be what the author
    // meant.
    imports.sort_by_key(|import| {
        ["wasi:filesystem", "wasi:clocks"]
            .iter()
            .position(|side_effect| import.starts_with(side_effect))
            .map_or(0, |at| at + 1)
    });
    imports
        .into_iter()
        .try_for_each(|import| check_import(import, source))
}

/// Refuses a component that imports what this process does not have.
pub(crate) fn check_present(
    surface: &Surface,
    services: &Services,
    source: &Source,
) -> Result<(), Failure> {
    for import in IMPORTS.iter().filter(|import| !(import.present)(services)) {
        if let Some(name) = imported(surface, import.interface) {
            return Err(source
                .refusal(format!("imports `{name}`, which this run does not provide"))
                .hint(import.hint));
        }
    }
    Ok(())
}

/// Whether a component asks for models.
pub(crate) fn asks_for_models(surface: &Surface) -> bool {
    imported(surface, MODEL).is_some()
}

/// The name by which a component imports an interface of the contract, if it does.
fn imported<'a>(surface: &'a Surface, interface: &str) -> Option<&'a String> {
    surface
        .imports
        .iter()
        .find(|name| InterfaceName::of(name).in_contract() == Some(interface))
}

fn check_import(import: &str, source: &Source) -> Result<(), Failure> {
    let name = InterfaceName::of(import);
    if let Some(interface) = name.in_contract() {
        name.check_version(source)?;
        if IMPORTS.iter().any(|known| known.interface == interface) {
            return Ok(());
        }
        return Err(source.refusal(format!(
            "imports `{import}`, which tpo:plugin {VERSION} does not have"
        )));
    }
    if wasi::INTERFACES.contains(&name.interface) && name.is_in("0.2") {
        return Ok(());
    }
    let hint = format!("build it without; besides WASI a plugin may import `{PACKAGE}log`");
    Err(source
        .refusal(format!(
            "imports `{import}`, and {}",
            why_refused(name.interface)
        ))
        .hint(hint))
}

/// Why no plugin gets an interface outside the contract.
fn why_refused(interface: &str) -> &'static str {
    let package = interface.split('/').next().unwrap_or_default();
    match package {
        "wasi:sockets" | "wasi:http" => "a plugin has no network: it sees nothing but its input",
        "wasi:filesystem" => {
            "a plugin has no files: put what it needs into its configuration or compile it in"
        }
        "wasi:clocks" => "a plugin has no clock: the same input must give the same outcomes",
        _ if package.starts_with("wasi:") => {
            "tpo provides only the part of WASI 0.2 that a standard library needs to start"
        }
        _ => "tpo does not provide it",
    }
}
