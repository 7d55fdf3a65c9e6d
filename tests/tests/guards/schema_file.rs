//! `docs/tpo.schema.json`, which editors read, is what `tpo schema` prints.

use tpo_tests::Workplace;

use crate::tree::read;

#[test]
fn the_committed_schema_is_current() {
    let printed = Workplace::new().succeeds(&["schema"]).stdout;
    assert!(
        read("docs/tpo.schema.json") == printed,
        "docs/tpo.schema.json is not what `tpo schema` prints; run `cargo xtask schema`"
    );
}
