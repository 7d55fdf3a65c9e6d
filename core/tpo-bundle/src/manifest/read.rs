//! Parses a [`BundleManifest`], with errors that name the line.

use toml::de::DeTable;
use tpo_types::schema::{first_unknown, line_and_column};
use tpo_types::text::sanitize;
use tpo_types::{Failure, FailureKind};

use super::BundleManifest;

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
            let at = line_and_column(text, error.span().map_or(0, |span| span.start));
            Failure::new(
                FailureKind::Input,
                format!("{name}:{at}: {}", one_line(error.message())),
            )
        };
        let document = DeTable::parse(text).map_err(wrong)?;
        if let Some(unknown) = first_unknown(document.get_ref(), &Self::schema()) {
            let at = line_and_column(text, unknown.span().start);
            let unknown = unknown.into_inner();
            let path = one_line(&unknown.path.to_string());
            let what = format!("{name}:{at}: unknown key `{path}`");
            let hint = unknown
                .suggestion()
                .unwrap_or_else(|| format!("the keys are `{}`", unknown.siblings.join("`, `")));
            return Err(Failure::new(FailureKind::Input, what).hint(hint));
        }
        let manifest: Self = toml::from_str(text).map_err(wrong)?;
        manifest
            .check()
            .map_err(|what| Failure::new(FailureKind::Input, format!("{name}: {what}")))?;
        Ok(manifest)
    }
}

/// Foreign text in a message.
fn one_line(text: &str) -> String {
    sanitize(&text.replace('\n', " "), 400)
}
