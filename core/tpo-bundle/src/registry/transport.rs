//! Requests to one registry: encrypted unless it is this machine, sent again after a passing fault,
//! never led astray.
//!
//! A redirect is followed for a blob only, because a blob is checked by its digest, and only to
//! where it is encrypted; name and password do not go along.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::thread;
use std::time::Duration;

use tpo_types::text::escape;
use tpo_types::{Failure, Kind};
use ureq::http::{Method, Request, Response};
use ureq::{Agent, Body};

use super::auth::{self, Challenge};
use super::exchange::Exchange;
use crate::access::{Access, Login};
use crate::reference::split_port;

/// How often a request is sent that meets a passing fault.
const TRIES: u32 = 3;
/// How many redirects lead to a blob.
const MAX_HOPS: u32 = 3;
/// Bytes per second that a registry must reach.
const SLOWEST: u64 = 32 << 10;

pub(super) struct Transport {
    agent: Agent,
    /// `https://host:port`.
    origin: String,
    registry: String,
    repository: String,
    login: Login,
    /// What the registry wants to see with a request for an action, once it has said so.
    authorizations: RefCell<BTreeMap<&'static str, String>>,
    patience: Duration,
}

impl Transport {
    pub(super) fn new(registry: &str, repository: &str, access: &Access) -> Result<Self, Failure> {
        let is_here = is_loopback(registry);
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .accept_encoding("identity")
            .user_agent(concat!("tpo/", env!("CARGO_PKG_VERSION")))
            .timeout_connect(Some(access.patience))
            .timeout_recv_response(Some(access.patience))
            .timeout_per_read(Some(access.patience))
            .timeout_per_write(Some(access.patience));
        // A proxy cannot reach what listens on this machine.
        let config = if is_here { config.proxy(None) } else { config };
        Ok(Self {
            agent: config.build().new_agent(),
            origin: format!("{}://{registry}", if is_here { "http" } else { "https" }),
            registry: registry.to_owned(),
            repository: repository.to_owned(),
            login: access.credentials.login(registry)?,
            authorizations: RefCell::default(),
            patience: access.patience,
        })
    }

    /// Sends a request, with authorization if it is asked for. The answer has one of the statuses
    /// `wanted`.
    pub(super) fn call(
        &self,
        exchange: &Exchange<'_>,
        wanted: &[u16],
    ) -> Result<Response<Body>, Failure> {
        let mut response = self.send_patiently(exchange)?;
        if response.status() == 401
            && let Some(challenge) = Challenge::of(&response)
        {
            let scope = format!("repository:{}:{}", self.repository, exchange.action());
            if let Some(authorization) = auth::authorize(self, &challenge, &self.login, &scope)? {
                self.authorizations
                    .borrow_mut()
                    .insert(exchange.action(), authorization);
                response = self.send_patiently(exchange)?;
            }
        }
        if wanted.contains(&response.status().as_u16()) {
            Ok(response)
        } else {
            Err(self.refused(exchange, &response))
        }
    }

    fn refused(&self, exchange: &Exchange<'_>, response: &Response<Body>) -> Failure {
        let status = response.status();
        let failure = self.fault(Kind::Network, &exchange.path, &format!("answered {status}"));
        match status.as_u16() {
            401 | 403 => {
                let is_nobody = matches!(self.login, Login::Anonymous);
                let who = if is_nobody {
                    "it was asked without a name"
                } else {
                    "docker's credentials were used"
                };
                failure.hint(format!(
                    "{who}; run `docker login {}` with an account that may do this",
                    self.registry
                ))
            }
            404 => failure.hint("check the name; the registry may have lost or removed it"),
            429 | 500..=599 => failure.hint(format!("it was tried {TRIES} times; try again later")),
            _ => failure,
        }
    }

    fn send_patiently(&self, exchange: &Exchange<'_>) -> Result<Response<Body>, Failure> {
        let mut pause = Duration::from_millis(200);
        for _ in 1..TRIES {
            let response = self.send_following(exchange)?;
            if !matches!(response.status().as_u16(), 429 | 500 | 502..=504) {
                return Ok(response);
            }
            thread::sleep(pause);
            pause *= 2;
        }
        self.send_following(exchange)
    }

    fn send_following(&self, exchange: &Exchange<'_>) -> Result<Response<Body>, Failure> {
        let mut url = format!("{}{}", self.origin, exchange.path);
        for _ in 0..=MAX_HOPS {
            let response = self.send_to(&url, exchange)?;
            if !response.status().is_redirection() {
                return Ok(response);
            }
            let location = response
                .headers()
                .get("location")
                .and_then(|value| value.to_str().ok())
                .unwrap_or_default();
            let target = match self.own(location) {
                Some(path) => format!("{}{path}", self.origin),
                None => location.to_owned(),
            };
            let is_safe = target.starts_with("https://") || self.is_own(&target);
            if !exchange.follows || !is_safe {
                let what = format!("redirects to `{}`, which is not followed", escape(location));
                return Err(self.fault(Kind::Network, &exchange.path, &what).hint(
                    "only a blob may be redirected, and only to `https`; name the registry by \
                        where it really is",
                ));
            }
            url = target;
        }
        Err(self.fault(
            Kind::Network,
            &exchange.path,
            &format!("redirects more than {MAX_HOPS} times"),
        ))
    }

    fn send_to(&self, url: &str, exchange: &Exchange<'_>) -> Result<Response<Body>, Failure> {
        let mut request = Request::builder().method(exchange.method.clone()).uri(url);
        for (name, value) in &exchange.headers {
            request = request.header(*name, *value);
        }
        if let Some(authorization) = self.authorization(url, exchange.action()) {
            request = request.header("authorization", authorization);
        }
        let unsendable = |error: ureq::http::Error| {
            self.fault(Kind::Network, &exchange.path, "leads to what is no address")
                .because(error)
        };
        let time = self.patience + Duration::from_secs(exchange.size / SLOWEST);
        let sent = match exchange.body {
            Some(body) => self.run(request.body(body).map_err(unsendable)?, time),
            None => self.run(request.body(()).map_err(unsendable)?, time),
        };
        sent.map_err(|error| {
            self.fault(
                Kind::Network,
                &exchange.path,
                "cannot be reached or does not answer",
            )
            .because(error)
            .hint(
                "check the name and the network; with `--offline` only what is already here \
                    is used",
            )
        })
    }

    /// What is told along with a request: nothing to anybody but the registry itself.
    fn authorization(&self, url: &str, action: &str) -> Option<String> {
        self.authorizations
            .borrow()
            .get(action)
            .filter(|_| self.is_own(url))
            .cloned()
    }

    fn run<S: ureq::AsSendBody>(
        &self,
        request: Request<S>,
        time: Duration,
    ) -> Result<Response<Body>, ureq::Error> {
        let request = self
            .agent
            .configure_request(request)
            .timeout_global(Some(time))
            .build();
        self.agent.run(request)
    }

    /// Asks a token server, which may be another host; with a form, if there is one to send.
    pub(super) fn ask(
        &self,
        url: &str,
        authorization: Option<&str>,
        form: Option<&str>,
    ) -> Result<Response<Body>, Failure> {
        let cannot = |error: Box<dyn std::error::Error + Send + Sync>| {
            let what = format!(
                "registry `{}` sends for a token to `{}`, which fails",
                self.registry,
                escape(url)
            );
            Failure::new(Kind::Network, what).because(error)
        };
        if !(url.starts_with("https://") || self.is_own(url)) {
            return Err(cannot("passwords go to `https` only".into()));
        }
        let mut request = Request::builder().uri(url);
        if let Some(authorization) = authorization {
            request = request.header("authorization", authorization);
        }
        let answer = match form {
            Some(form) => {
                let request = request
                    .method(Method::POST)
                    .header("content-type", "application/x-www-form-urlencoded");
                self.run(
                    request.body(form).map_err(|error| cannot(error.into()))?,
                    self.patience,
                )
            }
            None => self.run(
                request.body(()).map_err(|error| cannot(error.into()))?,
                self.patience,
            ),
        };
        answer.map_err(|error| cannot(error.into()))
    }

    /// The path of an address within this registry; none if it leads elsewhere.
    pub(super) fn own(&self, address: &str) -> Option<String> {
        let path = address.strip_prefix(&self.origin).unwrap_or(address);
        (path.starts_with('/') && !path.starts_with("//")).then(|| path.to_owned())
    }

    fn is_own(&self, url: &str) -> bool {
        url.strip_prefix(&self.origin)
            .is_some_and(|path| path.starts_with('/'))
    }

    /// The connection broke while a body was read.
    pub(super) fn broken(&self, path: &str, error: std::io::Error) -> Failure {
        // An end too early is told as bytes that are missing; the rest is silence or a cut line.
        self.fault(Kind::Network, path, "stopped in the middle of its answer")
            .because(error)
            .hint("try again later")
    }

    pub(super) fn fault(&self, kind: Kind, path: &str, what: &str) -> Failure {
        let place = path.strip_prefix("/v2/").unwrap_or(path);
        let place = place.split('?').next().unwrap_or_default();
        Failure::new(
            kind,
            format!("registry `{}` {what} (`{place}`)", self.registry),
        )
    }
}

/// Whether a registry is this machine, which nobody can listen in on.
fn is_loopback(registry: &str) -> bool {
    matches!(split_port(registry).0, "127.0.0.1" | "localhost" | "[::1]")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::Credentials;

    fn transport(registry: &str) -> Transport {
        let access = Access {
            credentials: Credentials::Anonymous,
            ..Access::default()
        };
        Transport::new(registry, "a/b", &access).expect("a transport")
    }

    #[test]
    fn only_this_machine_is_spoken_to_without_encryption() {
        for here in [
            "127.0.0.1",
            "127.0.0.1:5000",
            "localhost:5000",
            "[::1]:5000",
            "[::1]",
        ] {
            assert_eq!(transport(here).origin, format!("http://{here}"));
        }
        for elsewhere in [
            "ghcr.io",
            "localhost.example",
            "127.0.0.1.example:80",
            "10.0.0.1:5000",
            "[::2]:80",
        ] {
            assert_eq!(transport(elsewhere).origin, format!("https://{elsewhere}"));
        }
    }

    #[test]
    fn a_password_goes_to_nobody_else() {
        let transport = transport("ghcr.io");
        transport
            .authorizations
            .borrow_mut()
            .insert("pull", "Basic x".into());
        assert_eq!(
            transport
                .authorization("https://ghcr.io/v2/", "pull")
                .as_deref(),
            Some("Basic x")
        );
        assert_eq!(
            transport.authorization("https://ghcr.io/v2/", "pull,push"),
            None
        );
        for other in [
            "https://ghcr.io.example/v2/",
            "https://ghcr.io@example/",
            "http://ghcr.io/v2/",
            "https://cdn.example/",
        ] {
            assert_eq!(transport.authorization(other, "pull"), None, "{other}");
        }
    }

    #[test]
    fn what_leads_elsewhere_is_not_its_own() {
        let transport = transport("ghcr.io");
        assert_eq!(transport.own("/v2/x").as_deref(), Some("/v2/x"));
        assert_eq!(
            transport.own("https://ghcr.io/v2/x").as_deref(),
            Some("/v2/x")
        );
        for other in [
            "//example/x",
            "https://example/x",
            "https://ghcr.io.example/x",
            "",
            "v2/x",
        ] {
            assert_eq!(transport.own(other), None, "{other}");
        }
    }
}
