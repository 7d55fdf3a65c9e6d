use proptest::prelude::*;

use super::*;

fn parsed(text: &str) -> BundleReference {
    text.parse().unwrap_or_else(|failure| panic!("{failure}"))
}

const HEX: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

#[test]
fn the_parts_are_told_apart() {
    let reference = parsed(&format!(
        "oci://127.0.0.1:5000/judges/rules:1.2@sha256:{HEX}#strict"
    ));
    assert_eq!(reference.registry(), "127.0.0.1:5000");
    assert_eq!(reference.repository(), "judges/rules");
    assert_eq!(reference.tag(), Some("1.2"));
    assert_eq!(reference.digest().map(Digest::hex).as_deref(), Some(HEX));
    assert_eq!(reference.component().map(Name::as_str), Some("strict"));
    assert_eq!(
        reference.source().to_string(),
        "oci://127.0.0.1:5000/judges/rules:1.2"
    );
}

#[test]
fn a_source_always_has_a_tag_or_a_digest() {
    assert_eq!(
        parsed("oci://[::1]:80/a").source().to_string(),
        "oci://[::1]:80/a:latest"
    );
    let pinned = format!("oci://ghcr.io/a/b@sha256:{HEX}");
    assert_eq!(parsed(&format!("{pinned}#c")).source().to_string(), pinned);
}

#[test]
fn what_is_no_reference_is_refused_with_the_reason() {
    let cases = [
        ("http://a/b", "does not start with `oci://`"),
        ("oci://host", "no repository after the host"),
        ("oci:///b", "not a lower-case host name"),
        ("oci://user:pw@host/b", "`host/b` is not a sha256 digest"),
        ("oci://Host/b", "not a lower-case host name"),
        ("oci://host:0/b", "not a port"),
        ("oci://host:99999/b", "not a port"),
        ("oci://host:+80/b", "not a port"),
        ("oci://[::zz]/b", "not a lower-case host name"),
        ("oci://host/", "not a repository name"),
        ("oci://host/../b", "not a repository name"),
        ("oci://host/a//b", "not a repository name"),
        ("oci://host/A", "not a repository name"),
        ("oci://host/a?b", "not a repository name"),
        ("oci://host/a:", "is not a tag"),
        ("oci://host/a:-x", "is not a tag"),
        ("oci://host/a:x/y", "is not a tag"),
        ("oci://host/a@sha256:12", "not a sha256 digest"),
        ("oci://host/a@md5:12", "not a sha256 digest"),
        ("oci://host/a#", "is not a plain name"),
        ("oci://host/a#b/c", "is not a plain name"),
        ("oci://host/a\u{1b}[2J", "not a repository name"),
    ];
    for (text, why) in cases {
        let failure = text.parse::<BundleReference>().expect_err(text);
        let said = failure.to_string();
        assert!(said.contains(why), "{text}: {said}");
        assert!(!said.contains('\u{1b}'), "{said:?}");
    }
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(
        host in "[a-z][a-z0-9]{0,8}(\\.[a-z]{2,4})?|\\[::1\\]|127\\.0\\.0\\.1",
        port in proptest::option::of(1u16..),
        path in "[a-z0-9]{1,5}((\\.|_|__|-{1,3})[a-z0-9]{1,5}){0,2}(/[a-z0-9]{1,5}){0,3}",
        tag in proptest::option::of("[A-Za-z0-9_][A-Za-z0-9._-]{0,20}"),
        bytes in proptest::option::of(any::<[u8; 4]>()),
        component in proptest::option::of("[a-z][a-z0-9]{0,5}(-[a-z0-9]{1,5}){0,2}"),
    ) {
        let mut text = format!("oci://{host}");
        text += &port.map(|port| format!(":{port}")).unwrap_or_default();
        text += &format!("/{path}");
        text += &tag.map(|tag| format!(":{tag}")).unwrap_or_default();
        text += &bytes.map(|bytes| format!("@{}", Digest::of(bytes))).unwrap_or_default();
        text += &component.map(|component| format!("#{component}")).unwrap_or_default();
        let failed = |failure: Failure| TestCaseError::fail(failure.to_string());
        let reference: BundleReference = text.parse().map_err(failed)?;
        prop_assert_eq!(reference.to_string(), text);
        let source = reference.source();
        let again: BundleReference = source.to_string().parse().map_err(failed)?;
        prop_assert_eq!(again, source);
    }

    #[test]
    fn any_text_is_parsed_or_refused(text in "(oci://)?[ -~]{0,60}") {
        if let Ok(reference) = text.parse::<BundleReference>() {
            prop_assert_eq!(reference.to_string(), text);
        }
    }
}
