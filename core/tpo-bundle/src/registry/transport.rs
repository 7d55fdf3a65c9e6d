//! The connection to one registry: encrypted unless the registry is on this machine, with retries
//! after transient errors. Credentials are sent only to the registry and its token server.
//!
//! Redirects are followed for blobs only, whose digests are checked, and only to `https`.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::time::Duration;

use tpo_http::{Backoff, Secret, is_loopback, read_body, with_retries};
use tpo_types::text::escape;
use tpo_types::{Failure, FailureKind};
use ureq::http::{Method, Request, Response};
use ureq::{Agent, Body};

use super::auth::{self, Authorization, Challenge, TokenRequest};
use super::request::RegistryRequest;
use crate::access::{Access, Login};
use crate::reference::HostAndPort;

/// How often a request is sent at most.
const ATTEMPTS: u32 = 3;
const BACKOFF: Backoff = Backoff {
    base: Duration::from_millis(200),
    cap: Duration::from_millis(400),
};
/// How many redirects are followed to a blob.
const MAX_REDIRECTS: u32 = 3;
/// Bytes per second that a registry must reach.
const MIN_BYTES_PER_SECOND: u64 = 32 << 10;
/// The longest response of a token server, in bytes.
const MAX_TOKEN: u64 = 64 << 10;

pub(super) struct Transport {
    agent: Agent,
    /// `https://host:port`.
    origin: String,
    registry: String,
    repository: String,
    login: Login,
    /// By actions: the header that authorized an earlier request for them.
    authorizations: RefCell<BTreeMap<&'static str, Secret>>,
    timeout: Duration,
}

impl Transport {
    pub(super) fn new(registry: &str, repository: &str, access: &Access) -> Result<Self, Failure> {
        let host = HostAndPort::of(registry).host;
        let scheme = if is_loopback(host) { "http" } else { "https" };
        let config = tpo_http::client(host)
            .timeout_connect(Some(access.timeout))
            .timeout_recv_response(Some(access.timeout))
            .timeout_per_read(Some(access.timeout))
            .timeout_per_write(Some(access.timeout));
        Ok(Self {
            agent: config.build().new_agent(),
            origin: format!("{scheme}://{registry}"),
            registry: registry.to_owned(),
            repository: repository.to_owned(),
            login: access.credentials.login(registry)?,
            authorizations: RefCell::default(),
            timeout: access.timeout,
        })
    }

    /// Sends a request, with authorization if the registry asks for it. The response has one of the
    /// statuses `expected`.
    pub(super) fn call(
        &self,
        request: &RegistryRequest<'_>,
        expected: &[u16],
    ) -> Result<Response<Body>, Failure> {
        let mut response = self.send_with_retries(request)?;
        if response.status() == 401
            && let Some(challenge) = Challenge::of(&response)
            && let Some(authorization) = self.authorize(&challenge, request.actions())?
        {
            self.authorizations
                .borrow_mut()
                .insert(request.actions(), authorization);
            response = self.send_with_retries(request)?;
        }
        if expected.contains(&response.status().as_u16()) {
            Ok(response)
        } else {
            Err(self.unexpected_status(request, &response))
        }
    }

    fn unexpected_status(
        &self,
        request: &RegistryRequest<'_>,
        response: &Response<Body>,
    ) -> Failure {
        let status = response.status();
        let what = format!("answered {status}");
        let failure = self.failure(FailureKind::Network, &request.path, &what);
        match status.as_u16() {
            401 | 403 => {
                let login = match self.login {
                    Login::Anonymous => "no credentials were sent",
                    Login::Password { .. } | Login::Identity(_) => {
                        "the credentials of `docker login` were sent"
                    }
                };
                failure.hint(format!(
                    "{login}; run `docker login {}` with an account that has access",
                    self.registry
                ))
            }
            404 => failure.hint("check the name; it may have been deleted from the registry"),
            429 | 500..=599 => failure.hint(format!("tpo tried {ATTEMPTS} times; try again later")),
            _ => failure,
        }
    }

    fn authorize(&self, challenge: &Challenge, actions: &str) -> Result<Option<Secret>, Failure> {
        let scope = format!("repository:{}:{actions}", self.repository);
        match challenge.answer(&self.login, &scope) {
            Authorization::Unavailable => Ok(None),
            Authorization::Header(header) => Ok(Some(header)),
            Authorization::Token(request) => self.fetch_token(&request),
        }
    }

    fn send_with_retries(&self, request: &RegistryRequest<'_>) -> Result<Response<Body>, Failure> {
        with_retries(
            ATTEMPTS,
            BACKOFF,
            |sent: &Result<Response<Body>, Failure>| {
                let status = sent.as_ref().map(|response| response.status().as_u16());
                matches!(status, Ok(429 | 500 | 502..=504))
            },
            || self.send_following_redirects(request),
        )
    }

    fn send_following_redirects(
        &self,
        request: &RegistryRequest<'_>,
    ) -> Result<Response<Body>, Failure> {
        let mut url = format!("{}{}", self.origin, request.path);
        for _ in 0..=MAX_REDIRECTS {
            let response = self.send_to(&url, request)?;
            if !response.status().is_redirection() {
                return Ok(response);
            }
            let location = response
                .headers()
                .get("location")
                .and_then(|value| value.to_str().ok())
                .unwrap_or_default();
            let target = match self.own_path(location) {
                Some(path) => format!("{}{path}", self.origin),
                None => location.to_owned(),
            };
            if !(request.may_redirect && self.is_safe(&target)) {
                let what = format!("redirects to `{}`, which is not followed", escape(location));
                return Err(self.failure(FailureKind::Network, &request.path, &what).hint(
                    "only blobs may be redirected, and only to `https`; use the address that the \
                     registry redirects to",
                ));
            }
            url = target;
        }
        let what = format!("redirects more than {MAX_REDIRECTS} times");
        Err(self.failure(FailureKind::Network, &request.path, &what))
    }

    fn send_to(&self, url: &str, spec: &RegistryRequest<'_>) -> Result<Response<Body>, Failure> {
        let mut request = Request::builder().method(spec.method.clone()).uri(url);
        for (name, value) in &spec.headers {
            request = request.header(*name, *value);
        }
        if let Some(authorization) = self.authorization(url, spec.actions()) {
            request = request.header("authorization", authorization.expose());
        }
        let timeout = self.timeout + Duration::from_secs(spec.size / MIN_BYTES_PER_SECOND);
        let invalid_url = |error| {
            self.failure(FailureKind::Network, &spec.path, "has an invalid URL")
                .because(error)
        };
        let sent = match spec.body {
            Some(body) => self.run(request.body(body).map_err(invalid_url)?, timeout),
            None => self.run(request.body(()).map_err(invalid_url)?, timeout),
        };
        sent.map_err(|error| {
            self.failure(FailureKind::Network, &spec.path, "does not respond")
                .because(error)
                .hint(
                    "check the name and the network; `--offline` uses only plugins that are \
                     already downloaded",
                )
        })
    }

    /// The `Authorization` of a request. Only the registry itself gets one.
    fn authorization(&self, url: &str, actions: &str) -> Option<Secret> {
        self.authorizations
            .borrow()
            .get(actions)
            .filter(|_| self.is_own(url))
            .cloned()
    }

    fn run<S: ureq::AsSendBody>(
        &self,
        request: Request<S>,
        timeout: Duration,
    ) -> Result<Response<Body>, ureq::Error> {
        let request = self
            .agent
            .configure_request(request)
            .timeout_global(Some(timeout))
            .build();
        self.agent.run(request)
    }

    /// Fetches a token; none if the token server refuses.
    fn fetch_token(&self, request: &TokenRequest) -> Result<Option<Secret>, Failure> {
        let mut response = self.request_token(request)?;
        if response.status() != 200 {
            return Ok(None);
        }
        let bytes = read_body(&mut response, MAX_TOKEN)
            .map_err(|error| self.token_failure(&request.url).because(error))?;
        auth::parse_token(&bytes).map_err(|error| self.token_failure(&request.url).because(error))
    }

    fn request_token(&self, request: &TokenRequest) -> Result<Response<Body>, Failure> {
        let url = &request.url;
        if !self.is_safe(url) {
            return Err(self
                .token_failure(url)
                .because("passwords are only sent over `https`"));
        }
        let mut builder = Request::builder().uri(url);
        if let Some(authorization) = &request.authorization {
            builder = builder.header("authorization", authorization.expose());
        }
        let invalid_url = |error| self.token_failure(url).because(error);
        let sent = match &request.form {
            Some(form) => {
                let builder = builder
                    .method(Method::POST)
                    .header("content-type", "application/x-www-form-urlencoded");
                let request = builder.body(form.expose()).map_err(invalid_url)?;
                self.run(request, self.timeout)
            }
            None => self.run(builder.body(()).map_err(invalid_url)?, self.timeout),
        };
        sent.map_err(|error| self.token_failure(url).because(error))
    }

    fn token_failure(&self, url: &str) -> Failure {
        let what = format!(
            "cannot get a token for registry `{}` from `{}`",
            self.registry,
            escape(url)
        );
        Failure::new(FailureKind::Network, what)
    }

    /// The path of an address within this registry; none if it is elsewhere.
    pub(super) fn own_path(&self, address: &str) -> Option<String> {
        let path = address.strip_prefix(&self.origin).unwrap_or(address);
        (path.starts_with('/') && !path.starts_with("//")).then(|| path.to_owned())
    }

    fn is_own(&self, url: &str) -> bool {
        url.strip_prefix(&self.origin)
            .is_some_and(|path| path.starts_with('/'))
    }

    /// Whether requests to `url` are at least as safe as those to the registry itself.
    fn is_safe(&self, url: &str) -> bool {
        url.starts_with("https://") || self.is_own(url)
    }

    /// The connection broke while a body was read.
    pub(super) fn interrupted(&self, path: &str, error: std::io::Error) -> Failure {
        self.failure(
            FailureKind::Network,
            path,
            "stopped in the middle of its response",
        )
        .because(error)
        .hint("try again later")
    }

    pub(super) fn failure(&self, kind: FailureKind, path: &str, what: &str) -> Failure {
        let item = path.strip_prefix("/v2/").unwrap_or(path);
        let item = item.split('?').next().unwrap_or_default();
        Failure::new(
            kind,
            format!("registry `{}` {what} (`{item}`)", self.registry),
        )
    }
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
    fn only_this_machine_is_reached_without_encryption() {
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
    fn only_the_registry_gets_credentials() {
        let transport = transport("ghcr.io");
        transport
            .authorizations
            .borrow_mut()
            .insert("pull", Secret::new("Basic x".into()));
        assert_eq!(
            transport
                .authorization("https://ghcr.io/v2/", "pull")
                .as_ref()
                .map(Secret::expose),
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
    fn addresses_elsewhere_are_not_its_own() {
        let transport = transport("ghcr.io");
        assert_eq!(transport.own_path("/v2/x").as_deref(), Some("/v2/x"));
        assert_eq!(
            transport.own_path("https://ghcr.io/v2/x").as_deref(),
            Some("/v2/x")
        );
        for other in [
            "//example/x",
            "https://example/x",
            "https://ghcr.io.example/x",
            "",
            "v2/x",
        ] {
            assert_eq!(transport.own_path(other), None, "{other}");
        }
    }
}
