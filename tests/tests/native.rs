//! Native plugins: the example in C judges a run, and a library that is not what it says is not
//! called.

use std::path::{Path, PathBuf};
use std::process::Command;

use rusqlite::Connection;
use tpo_tests::{Workplace, fixture, root};

/// Compiles C as the example's README says.
fn compile(here: &Workplace, source: &Path) -> PathBuf {
    let library = here.path("plugin.so");
    let built = Command::new("cc")
        .args([
            "-O2", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-I",
        ])
        .arg(root().join("plugins/tpo-native/include"))
        .arg("-o")
        .args([&library, source])
        .arg("-lm")
        .output()
        .expect("a C compiler");
    assert!(
        built.status.success(),
        "{}",
        String::from_utf8_lossy(&built.stderr)
    );
    library
}

fn example(here: &Workplace) {
    compile(here, &root().join("examples/native-judge/judge.c"));
}

#[test]
fn the_example_judges_a_run() {
    let here = Workplace::new();
    example(&here);
    let config = fixture("runs/tiny-full/tpo.toml").display().to_string();
    let run = [
        "--quiet",
        "run",
        &config,
        "--dir",
        "run",
        "--judge",
        "./plugin.so",
    ];
    let refusal = here.refusal(&run);
    assert!(
        refusal.starts_with("exit 4") && refusal.contains("`--allow-native`"),
        "{refusal}"
    );
    here.succeeds(&[&run[..], &["--allow-native"]].concat());
    let db = Connection::open(here.path("run/run.db")).expect("the run store");
    let (judged, own): (i64, i64) = db
        .query_row(
            "SELECT count(*), sum(score = 1 / (1 + abs(json_extract(aspects, '$.words') - 40) / \
                40.0)) FROM judgments",
            [],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .expect("a count");
    assert!(
        judged > 0 && judged == own,
        "{own} of {judged} scores are the plugin's"
    );
}

#[test]
fn the_example_passes_the_trial() {
    let here = Workplace::new();
    example(&here);
    let tested = here
        .succeeds(&["plugin", "test", "./plugin.so", "--allow-native"])
        .stdout;
    assert!(
        !tested.contains("FAILED") && tested.matches("\n  ok ").count() > 10,
        "{tested}"
    );
    let inspected = here
        .succeeds(&["plugin", "inspect", "./plugin.so", "--allow-native"])
        .stdout;
    assert!(
        inspected.contains("native code, not sandboxed"),
        "{inspected}"
    );
}

#[test]
fn a_configuration_that_it_refuses() {
    let here = Workplace::new();
    example(&here);
    let config = fixture("runs/tiny-full/tpo.toml").display().to_string();
    let judge = [
        "--judge",
        "./plugin.so",
        "--allow-native",
        "--set",
        "judge.config.words=0",
    ];
    let refusal =
        here.refusal(&[&["--quiet", "run", &config, "--dir", "run"], &judge[..]].concat());
    assert!(refusal.starts_with("exit 2"), "{refusal}");
    assert!(
        refusal.contains("refuses its configuration: `words` is not a positive number"),
        "{refusal}"
    );
}

/// Libraries that are no plugin, or not of this ABI, or lie about their table.
#[test]
fn the_handshake_comes_first() {
    let crash = "__builtin_trap()";
    let with_table = |fields: &str| {
        format!(
            "#include \"tpo_native.h\"\n\
             static tpo_text text(void) {{ {crash}; }}\n\
             static void release(tpo_text t) {{ (void)t; }}\n\
             static void shut(void *i) {{ (void)i; }}\n\
             static int32_t start(tpo_text c, void **i, tpo_text *e) {{ (void)c; (void)i; \
             (void)e; return 0; }}\n\
             uint32_t tpo_native_abi(void) {{ return 1; }}\n\
             const tpo_plugin *tpo_native_plugin(void) {{\n\
                 static const tpo_plugin p = {{ {fields} }}; return &p; }}\n\
             const void *used[] = {{ text, release, shut, start }};\n"
        )
    };
    let cases = [
        (
            "int nothing;\n".to_owned(),
            "does not export `tpo_native_abi`",
        ),
        (
            format!(
                "#include \"tpo_native.h\"\nuint32_t tpo_native_abi(void) {{ return 2; }}\n\
                 const tpo_plugin *tpo_native_plugin(void) {{ {crash}; }}\n"
            ),
            "has version 2 of the native ABI; this tpo has version 1",
        ),
        (
            "#include \"tpo_native.h\"\nuint32_t tpo_native_abi(void) { return 1; }\n\
             const tpo_plugin *tpo_native_plugin(void) { return NULL; }\n"
                .to_owned(),
            "gives no table of functions",
        ),
        (
            with_table(".abi = 1, .size = 8"),
            "gives a table of ABI 1 with 8 bytes",
        ),
        (
            with_table(
                ".abi = 1, .size = sizeof(tpo_plugin), .describe = text, .open = start, .release \
                    = release, .close = shut",
            ),
            "leaves out the function `call`",
        ),
    ];
    for (source, told) in cases {
        let here = Workplace::new();
        compile(&here, &here.write("plugin.c", &source));
        let refusal = here.refusal(&["plugin", "inspect", "./plugin.so", "--allow-native"]);
        assert!(
            refusal.starts_with("exit 4") && refusal.contains(told),
            "{told}: {refusal}"
        );
    }
}
