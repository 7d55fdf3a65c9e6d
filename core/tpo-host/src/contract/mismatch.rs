//! Components whose types are not the contract's, and how they differ, line by line.
//!
//! A type mismatch of the engine names neither field nor file. A component carries the types it was
//! built for, so they are printed as WIT and compared with the contract's. Only names and types are
//! compared; components keep no documentation.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt;

use tpo_bundle::WIT;
use tpo_types::text::sanitize;
use tpo_types::{Failure, FailureKind};
use wit_component::{DecodedWasm, WitPrinter, decode};
use wit_parser::{Resolve, UnresolvedPackageGroup};

use crate::source::Source;

/// The longest list of differences that is shown, in bytes.
const SHOWN_BYTES: usize = 2000;

/// Something that a component exports or imports has another type than in the contract.
#[derive(Debug)]
pub(crate) struct ContractMismatch;

impl ContractMismatch {
    pub(crate) const HINT: &str =
        "it was built from an edited copy of the contract; build it from the `wit/` of this tpo";
}

impl fmt::Display for ContractMismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("does not have the types of the contract")
    }
}

/// The refusal of a component whose types are not the contract's, because of `error`.
pub(crate) fn refusal(source: &Source, error: impl Into<Box<dyn Error + Send + Sync>>) -> Failure {
    let differences = differences(&source.bytes);
    let failure = source
        .refusal(ContractMismatch.to_string())
        .hint(ContractMismatch::HINT);
    if differences.is_empty() {
        return failure.because(error);
    }
    let shown = sanitize(&differences.join("\n"), SHOWN_BYTES);
    failure.because(Failure::new(FailureKind::Plugin, shown).because(error))
}

/// The differences, a sentence each. Empty where there are none, or where the component cannot be
/// read as WIT.
pub(crate) fn differences(component: &[u8]) -> Vec<String> {
    let Ok(DecodedWasm::Component(theirs, _)) = decode(component) else {
        return Vec::new();
    };
    let Some(ours) = contract() else {
        return Vec::new();
    };
    let (ours, theirs) = (interfaces(&ours), interfaces(&theirs));
    let mut found = Vec::new();
    for (interface, definitions) in &theirs {
        let Some(contract) = ours.get(interface) else {
            continue;
        };
        for (definition, lines) in definitions {
            let Some(expected) = contract.get(definition) else {
                found.push(format!(
                    "`{definition}` of `{interface}` is not in the contract"
                ));
                continue;
            };
            let differs = |what: &str, line: &str| {
                format!("{what} `{line}` in `{definition}` of `{interface}`")
            };
            let missing = expected.iter().filter(|line| !lines.contains(line));
            found.extend(missing.map(|line| differs("the contract has", line)));
            let extra = lines.iter().filter(|line| !expected.contains(line));
            found.extend(extra.map(|line| differs("the component has", line)));
            if found.is_empty() && lines != expected {
                found.push(format!(
                    "`{definition}` of `{interface}` has its lines in another order"
                ));
            }
        }
    }
    found
}

fn contract() -> Option<Resolve> {
    let text: String = WIT.iter().map(|(_, text)| *text).collect();
    let mut resolve = Resolve::default();
    let group = UnresolvedPackageGroup::parse("contract.wit", &text).ok()?;
    resolve.push_group(group).ok()?;
    Some(resolve)
}

/// By interface, and in it by definition (`record group`, or a function's name), the lines that
/// define it.
type Interfaces = BTreeMap<String, BTreeMap<String, Vec<String>>>;

/// The interfaces of the contract's package in `resolve`.
fn interfaces(resolve: &Resolve) -> Interfaces {
    let mut all = Interfaces::new();
    for (id, interface) in &resolve.interfaces {
        let package = interface
            .package
            .map(|package| &resolve.packages[package].name);
        let ours =
            package.is_some_and(|package| package.namespace == "tpo" && package.name == "plugin");
        let Some(name) = interface.name.as_ref().filter(|_| ours) else {
            continue;
        };
        let mut printer = WitPrinter::default();
        printer.emit_docs(false);
        if printer.print_interface(resolve, id).is_ok() {
            all.insert(name.clone(), definitions(&String::from(printer.output)));
        }
    }
    all
}

/// The definitions in the text of an interface. What an interface uses of another is defined there.
fn definitions(text: &str) -> BTreeMap<String, Vec<String>> {
    let mut all: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut block: Option<String> = None;
    for line in text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with("use "))
    {
        match (&block, line.strip_suffix(" {")) {
            (None, Some(header)) => {
                all.insert(header.to_owned(), Vec::new());
                block = Some(header.to_owned());
            }
            (Some(_), _) if line == "}" => block = None,
            (Some(header), _) => all
                .entry(header.clone())
                .or_default()
                .push(line.trim_end_matches(',').to_owned()),
            (None, None) => {
                let name = line
                    .split([':', '='])
                    .next()
                    .unwrap_or(line)
                    .trim()
                    .to_owned();
                all.entry(name).or_default().push(line.to_owned());
            }
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_contract_is_read_whole() {
        let interfaces = interfaces(&contract().expect("it parses"));
        let judge = &interfaces["judge"];
        assert_eq!(
            judge["record group"],
            ["instruction: instruction", "responses: list<string>"]
        );
        assert_eq!(
            judge["score"],
            ["score: func(groups: list<group>) -> result<list<list<judgment>>, error>;"]
        );
        assert!(interfaces["types"]["variant error"].contains(&"internal(string)".to_owned()));
        assert_eq!(interfaces.len(), 9);
    }
}
