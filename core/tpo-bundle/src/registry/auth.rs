//! What a registry wants to see before it answers: a password, or a token that another server gives
//! for it.

use std::io::Read;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http_auth::ChallengeRef;
use serde::Deserialize;
use tpo_types::{Failure, FailureKind};
use ureq::Body;
use ureq::http::Response;

use super::transport::Transport;
use crate::access::Login;

/// The longest answer of a token server.
const MAX_TOKEN: u64 = 64 << 10;

/// How a registry wants to be asked.
pub(super) enum Challenge {
    Basic,
    Bearer {
        realm: String,
        service: Option<String>,
    },
}

impl Challenge {
    /// The first one that is understood.
    pub(super) fn of(response: &Response<Body>) -> Option<Self> {
        let headers = response
            .headers()
            .get_all("www-authenticate")
            .into_iter()
            .filter_map(|value| value.to_str().ok());
        headers
            .filter_map(|header| http_auth::parse_challenges(header).ok())
            .flatten()
            .find_map(|one| Self::from(&one))
    }

    fn from(challenge: &ChallengeRef<'_>) -> Option<Self> {
        let parameter = |name: &str| {
            let found = challenge
                .params
                .iter()
                .find(|(key, _)| key.eq_ignore_ascii_case(name));
            found.map(|(_, value)| value.to_unescaped())
        };
        if challenge.scheme.eq_ignore_ascii_case("basic") {
            return Some(Self::Basic);
        }
        let bearer = challenge.scheme.eq_ignore_ascii_case("bearer");
        let realm = parameter("realm").filter(|_| bearer)?;
        Some(Self::Bearer {
            realm,
            service: parameter("service"),
        })
    }
}

/// The `Authorization` for `scope` that answers a challenge; none where there is nothing to answer
/// with.
pub(super) fn authorize(
    transport: &Transport,
    challenge: &Challenge,
    login: &Login,
    scope: &str,
) -> Result<Option<String>, Failure> {
    let basic = match login {
        Login::Password { user, password } => Some(format!(
            "Basic {}",
            STANDARD.encode(format!("{user}:{password}"))
        )),
        Login::Anonymous | Login::Identity(_) => None,
    };
    let Challenge::Bearer { realm, service } = challenge else {
        return Ok(basic);
    };
    let mut query = format!("scope={}", escaped(scope));
    if let Some(service) = service {
        query += &format!("&service={}", escaped(service));
    }
    let mut response = if let Login::Identity(token) = login {
        let form = format!(
            "grant_type=refresh_token&client_id=tpo&refresh_token={}&{query}",
            escaped(token)
        );
        transport.ask(realm, None, Some(&form))?
    } else {
        let joint = if realm.contains('?') { '&' } else { '?' };
        transport.ask(&format!("{realm}{joint}{query}"), basic.as_deref(), None)?
    };
    if response.status() != 200 {
        return Ok(None);
    }
    let mut bytes = Vec::new();
    let reader = response.body_mut().as_reader();
    reader
        .take(MAX_TOKEN)
        .read_to_end(&mut bytes)
        .map_err(|error| transport.broken(realm, error))?;
    let token: Token = serde_json::from_slice(&bytes).map_err(|error| {
        transport
            .fault(
                FailureKind::Network,
                realm,
                "has a token server that gives no token",
            )
            .because(error)
    })?;
    Ok(token
        .token
        .or(token.access_token)
        .map(|token| format!("Bearer {token}")))
}

/// Both names are in use.
#[derive(Deserialize)]
struct Token {
    token: Option<String>,
    access_token: Option<String>,
}

/// Everything but what is plain in a query.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b':' | b'/' => {
                escaped.push(byte.into());
            }
            _ => escaped += &format!("%{byte:02X}"),
        }
    }
    escaped
}
