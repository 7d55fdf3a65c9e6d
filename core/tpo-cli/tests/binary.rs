//! The binary starts. The tests of what it does are in `tests/`; this one makes `cargo test` build
//! it for them.

use std::process::Command;

#[test]
fn it_says_its_version() {
    let output = Command::new(env!("CARGO_BIN_EXE_tpo"))
        .arg("--version")
        .output()
        .expect("tpo starts");
    assert!(output.status.success());
    assert_eq!(
        String::from_utf8_lossy(&output.stdout).trim(),
        concat!("tpo ", env!("CARGO_PKG_VERSION"))
    );
}
