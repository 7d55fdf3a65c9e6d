//! Every guest of `tests/guests/hostile`, through the real binary: it ends as its file says, within
//! its limits.
//!
//! A guest is a few lines of WebAssembly text. Lines `;; key: value` at its head say what it
//! `does`, its `role` where it is not a judge, the `limit`s it is given, what tpo `says`, the exit
//! `code` where it is not 4, and what the text is (`as`): parts of a plugin's module
//! (`tests/guests/frame.wat` is the rest), a component, the imports of an empty component, a module
//! as it is, or half a plugin. `{{3 text}}` repeats a text, with `#` its number; `instances` are
//! added to the assembled component, and `nested` is how many components are put around it. The
//! table in `docs/hostile-guests.md` is made from these runs.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use tpo_tests::{Workplace, binary, root};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::{Resolve, UnresolvedPackageGroup};

/// What a process may take beyond its plugin's limit, and beyond what it takes for a plugin that
/// behaves.
const MEMORY_BESIDE: u64 = 64;
/// Seconds that a loaded machine may take beyond a limit of time. Without a limit that works a
/// guest never ends.
const SECONDS_BESIDE: f64 = 30.0;

/// Runs a command, and prints as JSON how it ended and the most memory that it and its children
/// held, in KiB.
const MEASURE: &str = "
import json, os, subprocess, sys, time
start = time.monotonic()
child = subprocess.Popen(sys.argv[1:], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
import threading
texts = {}
def drain(name, pipe): texts[name] = pipe.read().decode('utf-8', 'replace')
threads = [threading.Thread(target=drain, args=(name, pipe)) for name, pipe in (('stdout', \
child.stdout), ('stderr', child.stderr))]
for thread in threads: thread.start()
_, status, usage = os.wait4(child.pid, 0)
for thread in threads: thread.join()
code = os.waitstatus_to_exitcode(status)
print(json.dumps(dict(texts, code=code, kib=usage.ru_maxrss, seconds=time.monotonic() - start)))
";

struct Guest {
    name: String,
    role: String,
    does: String,
    says: String,
    code: i64,
    limits: Vec<(String, u64)>,
    bytes: Vec<u8>,
}

impl Guest {
    fn read(path: &Path) -> Self {
        let name = path
            .file_stem()
            .expect("a name")
            .to_string_lossy()
            .into_owned();
        let text = fs::read_to_string(path).expect("a guest's text");
        let all = |key: &str| -> Vec<String> {
            let lines = text
                .lines()
                .filter_map(|line| line.strip_prefix(&format!(";; {key}: ")));
            lines.map(str::to_owned).collect()
        };
        let one = |key: &str| all(key).into_iter().next();
        let limit = |limit: &String| {
            let (key, value) = limit.split_once('=').expect("key=value");
            (key.to_owned(), value.parse().expect("a number"))
        };
        let count = |key: &str| one(key).map_or(0, |count| count.parse().expect("a number"));
        let role = one("role").unwrap_or_else(|| "judge".into());
        let mut bytes = assemble(
            &repeated(&text),
            &role,
            one("as").as_deref(),
            one("contract").as_deref(),
        );
        bytes.extend(instances(count("instances")));
        for _ in 0..count("nested") {
            bytes = [b"\0asm\x0d\0\x01\0".as_slice(), &section(4, &bytes)].concat();
        }
        Self {
            does: one("does").unwrap_or_else(|| panic!("{name} does not say what it does")),
            says: one("says").unwrap_or_else(|| panic!("{name} does not say how it ends")),
            code: one("code").map_or(4, |code| code.parse().expect("a code")),
            limits: all("limit").iter().map(limit).collect(),
            bytes,
            role,
            name,
        }
    }

    fn limit(&self, key: &str) -> Option<u64> {
        self.limits
            .iter()
            .find(|(name, _)| name == key)
            .map(|(_, value)| *value)
    }

    /// The most MiB that the process may hold: what one with a good plugin does, and what this one
    /// was allowed.
    fn memory(&self, baseline: u64) -> u64 {
        // The compiler is a process of its own, and what is reported is the larger of the two.
        let compiler = self.limit("compile_memory_mib").unwrap_or(0);
        (baseline + self.limit("memory_mib").unwrap_or(256)).max(compiler) + MEMORY_BESIDE
    }

    fn seconds(&self) -> f64 {
        let allowed = [
            self.limit("seconds_per_call").unwrap_or(10),
            self.limit("compile_seconds").unwrap_or(0),
        ];
        allowed.into_iter().max().unwrap_or(0) as f64 + SECONDS_BESIDE
    }
}

/// Writes out every `{{3 text}}`, the inner ones, `{{{3 text}}}`, first.
fn repeated(text: &str) -> String {
    let mut text = text.to_owned();
    for (open, close) in [("{{{", "}}}"), ("{{", "}}")] {
        while let Some(start) = text.find(open) {
            let inside = start + open.len();
            let end = inside
                + text[inside..]
                    .find(close)
                    .expect("an end of the repetition");
            let (count, what) = text[inside..end]
                .split_once(' ')
                .expect("a number and a text");
            let copies: String = (0..count.parse().expect("a number"))
                .map(|number: usize| what.replace('#', &number.to_string()))
                .collect();
            text.replace_range(start..end + close.len(), &copies);
        }
    }
    text
}

fn assemble(text: &str, role: &str, kind: Option<&str>, contract: Option<&str>) -> Vec<u8> {
    let parse = |text: &str| wat::parse_str(text).unwrap_or_else(|error| panic!("{error}"));
    match kind {
        None => component(&parse(&module(text, role)), role, contract),
        Some("half") => {
            let mut bytes = component(&parse(&module(text, role)), role, contract);
            bytes.truncate(bytes.len() / 2);
            bytes
        }
        Some("module") => parse(&module(text, role)),
        // Its features are what is wrong with it, so it is not validated here.
        Some("component") => parse(text),
        Some("plain-component") => parse(&format!(
            "(component {text}\n (component $c) (instance $empty (instantiate $c))
                (export \"tpo:plugin/metadata@0.1.0\" (instance $empty))
                (export \"tpo:plugin/judge@0.1.0\" (instance $empty)))"
        )),
        Some(other) => panic!("a guest is not `{other}`"),
    }
}

/// A section of a component.
fn section(id: u8, content: &[u8]) -> Vec<u8> {
    [&[id], leb128(content.len()).as_slice(), content].concat()
}

/// A section of core instances of the component's first module, each without imports.
fn instances(count: usize) -> Vec<u8> {
    let one = [0, 0, 0];
    if count == 0 {
        Vec::new()
    } else {
        section(2, &[leb128(count), one.repeat(count)].concat())
    }
}

fn leb128(mut number: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    while number > 0x7f {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
    bytes
}

/// The module of a plugin in `role`: the guest's text, and the parts of the frame that it needs.
fn module(text: &str, role: &str) -> String {
    let frame = fs::read_to_string(root().join("tests/guests/frame.wat")).expect("the frame");
    let parts: Vec<&str> = frame
        .split("\n\n")
        .filter(|part| export(part).is_none_or(|name| is_needed(name, text, role)))
        .collect();
    // Imports come first in a module.
    let (imports, rest): (Vec<&str>, Vec<&str>) =
        text.lines().partition(|line| line.starts_with("(import "));
    format!(
        "(module {}\n{}\n{}\n)",
        imports.join("\n"),
        parts.join("\n"),
        rest.join("\n")
    )
}

/// The name that a part of the frame exports.
fn export(part: &str) -> Option<&str> {
    let (_, rest) = part.split_once("(export \"")?;
    rest.split_once('"').map(|(name, _)| name)
}

/// Whether a guest in `role` needs the frame's export: it is of no other role, and the guest does
/// not replace it.
fn is_needed(name: &str, text: &str, role: &str) -> bool {
    let is_of_role = match name.strip_prefix("tpo:plugin/") {
        Some(interface) => {
            ["metadata", role].contains(&interface.split('@').next().unwrap_or_default())
        }
        None => true,
    };
    is_of_role && !text.contains(&format!("(export \"{name}\")"))
}

/// A component of the world of plugins in `role`; `edit` is `before => after` in the text of the
/// contract.
fn component(module: &[u8], role: &str, edit: Option<&str>) -> Vec<u8> {
    let mut text = String::new();
    let mut files: Vec<_> = fs::read_dir(root().join("wit"))
        .expect("the contract")
        .map(|file| file.expect("a file").path())
        .collect();
    files.sort();
    // The file that names the package comes first.
    files.sort_by_key(|file| !file.ends_with("types.wit"));
    for file in files {
        text.push_str(&fs::read_to_string(file).expect("a file of the contract"));
    }
    if let Some((before, after)) = edit.and_then(|edit| edit.split_once(" => ")) {
        assert!(text.contains(before), "the contract has no `{before}`");
        text = text.replace(before, after);
    }
    let mut contract = Resolve::default();
    let package = contract
        .push_group(
            UnresolvedPackageGroup::parse("contract.wit", &text).expect("the contract parses"),
        )
        .expect("the contract resolves");
    let world = contract
        .select_world(&[package], Some(&format!("{role}-plugin")))
        .expect("the world of the role");
    let mut module = module.to_vec();
    embed_component_metadata(&mut module, &contract, world, StringEncoding::UTF8)
        .expect("a module");
    let mut encoder = ComponentEncoder::default()
        .module(&module)
        .expect("a module of the world");
    encoder.encode().unwrap_or_else(|error| panic!("{error:#}"))
}

/// Asks a guest about one item.
fn run(here: &Workplace, guest: &Guest) -> Value {
    fs::write(here.path("guest.wasm"), &guest.bytes).expect("a file");
    let mut command = Command::new("python3");
    command.args(["-c", MEASURE]).arg(binary()).args([
        "plugin",
        "replay",
        &format!("{}.json", guest.role),
        "--plugin",
        "./guest.wasm",
    ]);
    for (key, value) in &guest.limits {
        command.args(["--limit", &format!("{key}={value}")]);
    }
    let cache = here.path("cache");
    let output = command
        .current_dir(here.path(""))
        .env("NO_COLOR", "1")
        .env("TPO_CACHE_DIR", cache)
        .output();
    let output = output.expect("Python runs");
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)))
}

fn workplace() -> Workplace {
    let here = Workplace::new();
    let instruction = json!({
        "id": "a", "messages": [{"role": "user", "content": "Say hello."}],
        "category": null, "reference": null, "metadata": [],
    });
    let items = [
        (
            "judge",
            json!({"instruction": instruction, "responses": ["Hello!"]}),
        ),
        (
            "pairwise-judge",
            json!({"instruction": instruction, "first": "Hello!", "second": "Hi!"}),
        ),
        (
            "thought-template",
            json!({"instruction": instruction, "thought_budget": 40, "extra": []}),
        ),
    ];
    for (role, item) in items {
        let plugin = json!({
            "name": "hostile", "version": "1.0.0", "sha256": "", "source": "guest.wasm",
        });
        let batch = json!({
            "role": role, "plugin": plugin, "config": {}, "error": "", "items": [item],
        });
        here.write(&format!("{role}.json"), &batch.to_string());
    }
    here
}

/// What is wrong with how a guest ended; nothing if it ended as it should.
fn faults(guest: &Guest, ended: &Value, baseline: u64) -> String {
    let mut faults = String::new();
    let text = |key: &str| ended[key].as_str().unwrap_or_default();
    let said = format!("{}{}", text("stdout"), text("stderr"));
    if ended["code"] != guest.code {
        let _ = writeln!(faults, "exit {} instead of {}", ended["code"], guest.code);
    }
    if !said.contains(&guest.says) {
        let _ = writeln!(faults, "does not say `{}`", guest.says);
    }
    if said.contains("panicked at") {
        let _ = writeln!(faults, "tpo panicked");
    }
    if said
        .contains(|c: char| c.is_control() && c != '\n' || ('\u{202a}'..='\u{202e}').contains(&c))
    {
        let _ = writeln!(faults, "control characters reach the terminal");
    }
    if said
        .lines()
        .any(|line| line.starts_with("hint: everything is fine"))
    {
        let _ = writeln!(faults, "it speaks with tpo's voice");
    }
    if said.len() > 200_000 && guest.code != 0 {
        let _ = writeln!(faults, "{} bytes reach the terminal", said.len());
    }
    let mib = ended["kib"].as_u64().expect("a number") >> 10;
    if mib > guest.memory(baseline) {
        let _ = writeln!(faults, "took {mib} MiB, and may {}", guest.memory(baseline));
    }
    let seconds = ended["seconds"].as_f64().expect("a number");
    if seconds > guest.seconds() {
        let _ = writeln!(faults, "took {seconds:.1} s, and may {}", guest.seconds());
    }
    if faults.is_empty() {
        faults
    } else {
        format!(
            "{}:\n{faults}{}\n",
            guest.name,
            said.chars().take(1500).collect::<String>()
        )
    }
}

#[test]
fn every_hostile_guest_ends_as_documented() {
    let directory = root().join("tests/guests/hostile");
    let mut paths: Vec<_> = fs::read_dir(directory)
        .expect("the guests")
        .map(|file| file.expect("a file").path())
        .collect();
    paths.sort();
    let here = workplace();
    let good = Guest::read(&root().join("tests/guests/hostile/well-behaved.wat"));
    let baseline = run(&here, &good)["kib"].as_u64().expect("a number") >> 10;
    let (mut wrong, mut table) = (String::new(), String::new());
    for path in &paths {
        let guest = Guest::read(path);
        let ended = run(&here, &guest);
        // Where the fuzzer begins.
        if let Some(kept) = std::env::var_os("KEEP_GUESTS") {
            fs::copy(here.path("guest.wasm"), Path::new(&kept).join(&guest.name)).expect("a copy");
        }
        let faults = faults(&guest, &ended, baseline);
        if std::env::var_os("SHOW_GUESTS").is_some() {
            eprintln!(
                "{:32} {:>5} MiB {:>6.2} s",
                guest.name,
                ended["kib"].as_u64().unwrap_or(0) >> 10,
                ended["seconds"].as_f64().unwrap_or(0.0)
            );
        }
        wrong.push_str(&faults);
        table.push_str(&row(&guest));
    }
    assert!(wrong.is_empty(), "{wrong}");
    assert!(paths.len() >= 40, "{} guests", paths.len());
    let document = root().join("docs/hostile-guests.md");
    let expected = format!("{HEAD}{table}");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&document, &expected).expect("the document");
    }
    let written = fs::read_to_string(&document).unwrap_or_default();
    assert!(
        written == expected,
        "docs/hostile-guests.md is not what was seen: UPDATE_DOCS=1 writes it again"
    );
}

const HEAD: &str = "# Hostile guests

Every file in [`tests/guests/hostile`](../tests/guests/hostile/) is a plugin that misbehaves. The \
test `hostile` runs each one through
`tpo plugin replay`, with the limits shown and the others at their defaults. It checks the exit \
code and the message, that no control
characters reach the terminal, and that the process ends in time. The process may use as much \
memory as with a plugin that behaves,
plus the memory limit and 64 MiB; the compiling process may use its own limit plus 64 MiB. The \
test writes this table.

| guest | what it does | limits | exit | message |
|---|---|---|---|---|
";

fn row(guest: &Guest) -> String {
    let limits: Vec<String> = guest
        .limits
        .iter()
        .map(|(key, value)| format!("`{key}={value}`"))
        .collect();
    let says = guest.says.replace('`', "'");
    format!(
        "| `{}` | {} | {} | {} | `{says}` |\n",
        guest.name,
        guest.does,
        limits.join(" "),
        guest.code
    )
}
