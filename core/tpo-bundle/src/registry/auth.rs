//! The `Authorization` that a registry asks for: a password, or a token from a token server.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http_auth::ChallengeRef;
use serde::Deserialize;
use tpo_http::Secret;
use ureq::Body;
use ureq::http::Response;

use crate::access::Login;

/// The authentication that a registry asks for.
pub(super) enum Challenge {
    Basic,
    Bearer {
        realm: String,
        service: Option<String>,
    },
}

/// How to answer a challenge.
pub(super) enum Authorization {
    /// There are no credentials.
    Unavailable,
    /// Send this header.
    Header(Secret),
    /// Fetch a token with this request.
    Token(TokenRequest),
}

/// A request to a token server, which may be on another host.
pub(super) struct TokenRequest {
    pub(super) url: String,
    pub(super) authorization: Option<Secret>,
    /// Sent with POST, if there is one.
    pub(super) form: Option<Secret>,
}

impl Challenge {
    /// The first challenge of a supported scheme.
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
        let is_bearer = challenge.scheme.eq_ignore_ascii_case("bearer");
        let realm = parameter("realm").filter(|_| is_bearer)?;
        Some(Self::Bearer {
            realm,
            service: parameter("service"),
        })
    }

    /// How `login` answers the challenge for `scope`.
    pub(super) fn answer(&self, login: &Login, scope: &str) -> Authorization {
        let basic = match login {
            Login::Password { user, password } => {
                let pair = STANDARD.encode(format!("{user}:{}", password.expose()));
                Some(Secret::new(format!("Basic {pair}")))
            }
            Login::Anonymous | Login::Identity(_) => None,
        };
        match self {
            Self::Basic => basic.map_or(Authorization::Unavailable, Authorization::Header),
            Self::Bearer { realm, service } => {
                let mut query = format!("scope={}", percent_encode(scope));
                if let Some(service) = service {
                    query += &format!("&service={}", percent_encode(service));
                }
                Authorization::Token(TokenRequest::new(realm, &query, login, basic))
            }
        }
    }
}

impl TokenRequest {
    fn new(realm: &str, query: &str, login: &Login, basic: Option<Secret>) -> Self {
        if let Login::Identity(token) = login {
            let token = percent_encode(token.expose());
            let form =
                format!("grant_type=refresh_token&client_id=tpo&refresh_token={token}&{query}");
            return Self {
                url: realm.to_owned(),
                authorization: None,
                form: Some(Secret::new(form)),
            };
        }
        let separator = if realm.contains('?') { '&' } else { '?' };
        Self {
            url: format!("{realm}{separator}{query}"),
            authorization: basic,
            form: None,
        }
    }
}

/// The `Authorization` header in a token server's answer; none if it has no token.
pub(super) fn parse_token(bytes: &[u8]) -> Result<Option<Secret>, serde_json::Error> {
    let token: TokenResponse = serde_json::from_slice(bytes)?;
    let token = token.token.or(token.access_token);
    Ok(token.map(|token| Secret::new(format!("Bearer {token}"))))
}

/// Servers use either key.
#[derive(Deserialize)]
struct TokenResponse {
    token: Option<String>,
    access_token: Option<String>,
}

fn percent_encode(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b':' | b'/' => {
                encoded.push(byte.into());
            }
            _ => encoded += &format!("%{byte:02X}"),
        }
    }
    encoded
}
