//! The settings that every client shares.

use ureq::Agent;
use ureq::config::ConfigBuilder;
use ureq::typestate::AgentScope;

/// Settings of a client for the server `host` (without port); the caller adds timeouts.
///
/// Redirects and error statuses are returned as responses, bodies are not compressed, so that their
/// length is known, and a loopback address is reached without a proxy.
pub fn client(host: &str) -> ConfigBuilder<AgentScope> {
    let config = Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .accept_encoding("identity")
        .user_agent(concat!("tpo/", env!("CARGO_PKG_VERSION")));
    if is_loopback(host) {
        config.proxy(None)
    } else {
        config
    }
}

/// Whether a host, without port, is this machine, so that nobody can listen in.
pub fn is_loopback(host: &str) -> bool {
    matches!(host, "127.0.0.1" | "localhost" | "[::1]")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_loopback() {
        for host in ["127.0.0.1", "localhost", "[::1]"] {
            assert!(is_loopback(host), "{host}");
        }
        for host in [
            "127.0.0.1.example.org",
            "localhost.example",
            "10.0.0.1",
            "[::2]",
            "",
        ] {
            assert!(!is_loopback(host), "{host}");
        }
    }
}
