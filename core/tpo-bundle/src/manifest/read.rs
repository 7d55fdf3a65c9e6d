//! Parses a [`BundleManifest`], with errors that name the line.

use toml::de::DeTable;
use tpo_types::text::sanitize;
use tpo_types::{Failure, FailureKind};

use super::{BundleManifest, keys};

/// The largest manifest, in bytes.
pub(crate) const MAX_BYTES: u64 = 64 << 10;

impl BundleManifest {
    /// Parses and checks a manifest; `name` names the file in messages.
    pub fn parse(text: &str, name: &str) -> Result<Self, Failure> {
        if text.len() as u64 > MAX_BYTES {
            return Err(Failure::new(
                FailureKind::Input,
                format!("{name} is larger than {} KiB", MAX_BYTES >> 10),
            ));
        }
        let wrong = |error: toml::de::Error| {
            let at = place(text, error.span().map_or(0, |span| span.start));
            Failure::new(
                FailureKind::Input,
                format!("{name}:{at}: {}", one_line(error.message())),
            )
        };
        let document = DeTable::parse(text).map_err(wrong)?;
        if let Some(unknown) = keys::first_unknown(document.get_ref(), &Self::schema()) {
            let at = place(text, unknown.offset);
            let what = format!("{name}:{at}: unknown key `{}`", one_line(&unknown.path));
            return Err(Failure::new(FailureKind::Input, what).hint(unknown.hint()));
        }
        let manifest: Self = toml::from_str(text).map_err(wrong)?;
        manifest
            .check()
            .map_err(|what| Failure::new(FailureKind::Input, format!("{name}: {what}")))?;
        Ok(manifest)
    }
}

/// Line and column of a byte offset, from 1.
fn place(text: &str, offset: usize) -> String {
    let before = text.get(..offset).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before
        .rsplit('\n')
        .next()
        .map_or(0, |line| line.chars().count())
        + 1;
    format!("{line}:{column}")
}

/// Foreign text in a message.
fn one_line(text: &str) -> String {
    sanitize(&text.replace('\n', " "), 400)
}
