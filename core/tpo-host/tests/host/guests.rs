//! Guests made from a few lines of text, for tests in which they misbehave.
//!
//! A guest is a core module in WebAssembly text, wrapped as a component of one of the contract's
//! worlds. What it answers is laid out in its memory beforehand, so most guests only return an
//! address.

use std::path::{Path, PathBuf};

use tempfile::TempDir;
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

/// A component in a file of its own, which is deleted with it.
pub(crate) struct Guest {
    directory: TempDir,
    name: &'static str,
}

impl Guest {
    pub(crate) fn file(name: &'static str, bytes: &[u8]) -> Self {
        let guest = Self {
            directory: tempfile::tempdir().unwrap(),
            name,
        };
        std::fs::write(guest.path(), bytes).unwrap();
        guest
    }

    /// A component in WebAssembly text.
    pub(crate) fn text(wat: &str) -> Self {
        Self::file("guest.wasm", &wat::parse_str(wat).unwrap())
    }

    /// A plugin of `world` that describes itself and accepts every configuration. `functions` is
    /// the rest of its module; the global `$free` is where its free memory begins.
    pub(crate) fn plugin(world: &str, functions: &str) -> Self {
        Self::component(&contract(), world, &format!("{FRAME}{functions})"))
    }

    /// A judge; `score` is the body of its function, which leaves the address of an answer.
    pub(crate) fn judge(score: &str) -> Self {
        Self::judge_with(score, &Answer::scores(&[&[0.5]]))
    }

    /// The same with its answer in memory.
    pub(crate) fn judge_with(score: &str, answer: &Answer) -> Self {
        let export = "tpo:plugin/judge@0.1.0#score";
        let function =
            format!(r#"(func $score (export "{export}") (param i32 i32) (result i32) {score})"#);
        Self::plugin("judge-plugin", &format!("{function}\n{}", answer.data()))
    }

    /// The module `core`, as a component of a world of `contract`.
    pub(crate) fn component(contract: &Resolve, world: &str, core: &str) -> Self {
        let mut module = wat::parse_str(core).unwrap();
        let package = contract
            .packages
            .iter()
            .find(|(_, package)| package.worlds.contains_key(world))
            .unwrap()
            .0;
        let world = contract.select_world(&[package], Some(world)).unwrap();
        embed_component_metadata(&mut module, contract, world, StringEncoding::UTF8).unwrap();
        let component = ComponentEncoder::default()
            .module(&module)
            .unwrap()
            .encode()
            .unwrap();
        Self::file("guest.wasm", &component)
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.directory.path().join(self.name)
    }

    /// How it is named to the host.
    pub(crate) fn source(&self) -> String {
        self.path().display().to_string()
    }
}

/// The contract as it stands in `wit/`.
pub(crate) fn contract() -> Resolve {
    let mut contract = Resolve::default();
    contract
        .push_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../wit"))
        .unwrap();
    contract
}

/// The beginning of every guest's module. `describe` returns six pointers and lengths: name,
/// version, summary, license, schema and no extra values. Fresh memory is zero, and zero is the
/// empty string and the result without an error.
pub(crate) const FRAME: &str = r#"(module
    (memory (export "memory") 16)
    (global $free (mut i32) (i32.const 0x10000))
    (data (i32.const 0x100) "hostile 1.0.0 {}")
    (data (i32.const 0x200) "\00\01\00\00\07\00\00\00" "\08\01\00\00\05\00\00\00")
    (data (i32.const 0x220) "\0e\01\00\00\02\00\00\00")
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
        (global.get $free)
        (global.set $free
          (i32.and
            (i32.add (i32.add (global.get $free) (local.get 3)) (i32.const 15))
            (i32.const -16))))
    (func (export "tpo:plugin/metadata@0.1.0#describe") (result i32) (i32.const 0x200))
    (func (export "tpo:plugin/metadata@0.1.0#configure") (param i32 i32) (result i32) (i32.const 0x300))
"#;

/// An answer in a guest's memory, in the layout of the canonical ABI. Every field of the contract's
/// answers is a multiple of four bytes, so it is built of words; lists and texts are a pointer and
/// a length.
pub(crate) struct Answer {
    bytes: Vec<u8>,
    /// Where the answer begins.
    pub(crate) address: u32,
}

impl Answer {
    const BASE: u32 = 0x1000;

    pub(crate) fn new() -> Self {
        Self {
            bytes: Vec::new(),
            address: Self::BASE,
        }
    }

    pub(crate) fn words(&mut self, words: &[u32]) -> u32 {
        // The strictest alignment is that of a score.
        self.bytes.resize(self.bytes.len().next_multiple_of(8), 0);
        let address = Self::BASE + self.bytes.len() as u32;
        self.bytes
            .extend(words.iter().flat_map(|word| word.to_le_bytes()));
        address
    }

    pub(crate) fn text(&mut self, text: &str) -> [u32; 2] {
        let address = Self::BASE + self.bytes.len() as u32;
        self.bytes.extend(text.bytes());
        [address, text.len() as u32]
    }

    /// Ends with the result: `ok` of a list.
    pub(crate) fn ok(mut self, list: [u32; 2]) -> Self {
        self.address = self.words(&[0, list[0], list[1]]);
        self
    }

    /// A judge's answer: per group a list of scores without rationale, aspects and extra values.
    pub(crate) fn scores(groups: &[&[f64]]) -> Self {
        let mut answer = Self::new();
        let mut lists = Vec::new();
        for group in groups {
            let judgment = |score: &f64| {
                let bits = score.to_bits();
                [
                    0,
                    0,
                    bits as u32,
                    (bits >> 32) as u32,
                    0,
                    0,
                    0,
                    0,
                    0,
                    0,
                    0,
                    0,
                ]
            };
            let judgments: Vec<u32> = group.iter().flat_map(judgment).collect();
            lists.extend([answer.words(&judgments), group.len() as u32]);
        }
        let list = answer.words(&lists);
        answer.ok([list, groups.len() as u32])
    }

    /// The body of a function that returns it.
    pub(crate) fn body(&self) -> String {
        format!("(i32.const {})", self.address)
    }

    /// The data segment that holds it.
    pub(crate) fn data(&self) -> String {
        let bytes: String = self
            .bytes
            .iter()
            .map(|byte| format!("\\{byte:02x}"))
            .collect();
        format!("(data (i32.const {}) \"{bytes}\")", Self::BASE)
    }
}
