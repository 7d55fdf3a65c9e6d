//! Settings of a server: its address, its model, limits and timeouts.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tpo_http::is_loopback;
use tpo_types::{Failure, FailureKind, bounds};
use ureq::http::Uri;

/// A model behind a server with OpenAI's chat completions interface.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RemoteConfig {
    /// Base URL of the interface, for example `http://127.0.0.1:8080/v1`.
    pub base_url: String,
    /// Name of the model on the server.
    #[schemars(length(min = 1))]
    pub model: String,
    /// Environment variable that holds the API key. The key is never written or shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_key_env: Option<String>,
    /// Requests in flight at once.
    #[serde(default = "defaults::concurrency")]
    #[schemars(range(min = 1, max = 256))]
    pub concurrency: u32,
    /// Requests sent within any minute, retries included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub requests_per_minute: Option<u32>,
    /// Prompt and completion tokens within any minute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub tokens_per_minute: Option<u64>,
    /// Requests that one command may send, retries included. When they are used up the command
    /// stops and can be resumed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub max_requests: Option<u64>,
    /// Prompt and completion tokens that one command may use. When they are used up the command
    /// stops and can be resumed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub max_total_tokens: Option<u64>,
    /// Timeout for connecting, in seconds.
    #[serde(default = "defaults::connect_seconds")]
    #[schemars(range(min = 1, max = 600))]
    pub connect_seconds: u64,
    /// Timeout for a whole request, in seconds.
    #[serde(default = "defaults::timeout_seconds")]
    #[schemars(range(min = 1, max = 3600))]
    pub timeout_seconds: u64,
    /// How often a request is sent at most: it is retried on timeouts, 429, 5xx and malformed
    /// replies.
    #[serde(default = "defaults::attempts")]
    #[schemars(range(min = 1, max = 20))]
    pub attempts: u32,
}

mod defaults {
    pub(super) fn concurrency() -> u32 {
        8
    }
    pub(super) fn connect_seconds() -> u64 {
        10
    }
    pub(super) fn timeout_seconds() -> u64 {
        120
    }
    pub(super) fn attempts() -> u32 {
        6
    }
}

impl RemoteConfig {
    /// What the replies depend on besides the request: the server's address and the model's name.
    /// Contains no secret.
    pub fn identity(&self) -> String {
        format!(
            "server:{} {}",
            self.base_url.trim_end_matches('/'),
            self.model
        )
    }

    /// Checks the settings without contacting the server.
    pub fn check(&self) -> Result<(), Failure> {
        self.check_address().map_err(|what| {
            Failure::new(FailureKind::Usage, what)
                .hint("write `base_url` like `http://127.0.0.1:8080/v1`")
        })?;
        bounds::check(self, "")
    }

    fn check_address(&self) -> Result<(), String> {
        let address = self.address()?;
        if self.api_key_env.is_some()
            && address.scheme_str() == Some("http")
            && !address.host().is_some_and(is_loopback)
        {
            return Err(
                "`base_url` is `http`, and a key is sent to another machine over `https` only"
                    .into(),
            );
        }
        Ok(())
    }

    fn address(&self) -> Result<Uri, String> {
        let address: Option<Uri> = self.base_url.parse().ok();
        let address = address.filter(|uri| {
            matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some()
        });
        // Not quoted: it could contain a password.
        let address = address.ok_or("`base_url` is not an HTTP URL")?;
        if address
            .authority()
            .is_some_and(|authority| authority.as_str().contains('@'))
        {
            return Err(
                "`base_url` contains a user name or password; set `api_key_env` instead".into(),
            );
        }
        if address.query().is_some() {
            return Err("`base_url` contains a query; only a path may follow the host".into());
        }
        Ok(address)
    }

    /// The server's host without port; empty if the address is wrong.
    pub(crate) fn host(&self) -> String {
        let address = self.address().ok();
        let host = address.as_ref().and_then(Uri::host);
        host.unwrap_or_default().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(base_url: &str) -> RemoteConfig {
        let text = format!(r#"{{"base_url": "{base_url}", "model": "m"}}"#);
        serde_json::from_str(&text).expect("a configuration")
    }

    #[test]
    fn only_http_urls_are_accepted() {
        for good in [
            "http://127.0.0.1:8080/v1",
            "https://example.org/v1/",
            "http://localhost:1",
            "http://10.0.0.1/v1",
        ] {
            assert!(config(good).check().is_ok(), "{good}");
        }
        for bad in [
            "",
            "127.0.0.1:8080",
            "ftp://example.org",
            "https://",
            "https://me:secret@x.org",
            "https://x.org?k=1",
        ] {
            let told = config(bad).check().expect_err(bad).to_string();
            assert!(!told.contains("secret"), "{told}");
        }
    }

    #[test]
    fn a_key_is_not_sent_unencrypted() {
        let with_key = |base_url| RemoteConfig {
            api_key_env: Some("KEY".into()),
            ..config(base_url)
        };
        assert!(with_key("http://127.0.0.1/v1").check().is_ok());
        assert!(with_key("https://example.org/v1").check().is_ok());
        for bad in [
            "http://example.org/v1",
            "http://127.0.0.1.example.org",
            "http://10.0.0.1",
        ] {
            assert!(with_key(bad).check().is_err(), "{bad}");
        }
    }

    #[test]
    fn unusable_settings_are_refused() {
        let base = config("http://localhost/v1");
        for bad in [
            RemoteConfig {
                concurrency: 0,
                ..base.clone()
            },
            RemoteConfig {
                attempts: 0,
                ..base.clone()
            },
            RemoteConfig {
                max_requests: Some(0),
                ..base.clone()
            },
            RemoteConfig {
                requests_per_minute: Some(0),
                ..base.clone()
            },
            RemoteConfig {
                model: String::new(),
                ..base.clone()
            },
        ] {
            assert!(bad.check().is_err(), "{bad:?}");
        }
    }
}
