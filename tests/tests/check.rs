//! `tpo plugin check` on the components that ship, and the texts that authors read.

use tpo_tests::Workplace;

#[test]
fn the_components_that_ship_are_in_order() {
    let here = Workplace::new();
    for name in [
        "best-worst",
        "exact",
        "math",
        "overlap",
        "rules",
        "thought-markers",
    ] {
        let checked = here.succeeds(&["plugin", "check", name]).stdout;
        assert!(
            checked.starts_with(&format!("ok     {name}: {name} ")),
            "{checked}"
        );
        assert!(checked.contains("stubbed WASI interfaces"), "{checked}");
    }
}

#[test]
fn a_limit_that_is_none() {
    let here = Workplace::new();
    for (limit, told) in [
        (
            "memory_mib",
            "`--limit memory_mib` does not set a limit to a whole number",
        ),
        ("memory=3", "`--limit` has an unknown key"),
        (
            "memory_mib=0",
            "`limits.memory_mib` is 0; it must be between 1 and 4096",
        ),
    ] {
        let refusal = here.refusal(&["plugin", "test", "rules", "--limit", limit]);
        assert!(
            refusal.starts_with("exit 2") && refusal.contains(told),
            "{refusal}"
        );
    }
}

#[test]
fn a_damaged_cache_is_compiled_again() {
    let here = Workplace::new();
    let list = || {
        let mut command = here.command(&["plugin", "check", "rules"]);
        here.ended(
            &command
                .env("TPO_CACHE_DIR", here.path("cache"))
                .output()
                .expect("tpo starts"),
        )
    };
    assert_eq!(list().code, 0);
    let engine = std::fs::read_dir(here.path("cache/components"))
        .expect("a cache")
        .next()
        .expect("one engine");
    let code = std::fs::read_dir(engine.expect("an entry").path())
        .expect("code")
        .map(|entry| entry.expect("an entry").path())
        .find(|path| {
            path.extension()
                .is_some_and(|extension| extension == "cwasm")
        })
        .expect("a compiled component");
    let mut bytes = std::fs::read(&code).expect("code");
    let whole = bytes.clone();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::remove_file(&code).expect("the file is ours");
    std::fs::write(&code, bytes).expect("the file is ours");
    let again = list();
    assert_eq!(again.code, 0, "{}", again.stderr);
    assert!(
        again.stderr.contains("is damaged; compiling it again"),
        "{}",
        again.stderr
    );
    assert_eq!(std::fs::read(&code).expect("code"), whole);

    // A directory that others can write to is not trusted; elsewhere modes do not exist.
    #[cfg(unix)]
    {
        let open = std::os::unix::fs::PermissionsExt::from_mode(0o777);
        std::fs::set_permissions(here.path("cache/components"), open)
            .expect("the directory is ours");
        let refused = list();
        assert_eq!(refused.code, 7, "{}", refused.stderr);
        assert!(
            refused
                .stderr
                .contains("others can write there, and compiled code is trusted"),
            "{}",
            refused.stderr
        );
    }
}
