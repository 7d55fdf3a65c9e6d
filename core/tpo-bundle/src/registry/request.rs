//! A request to a registry, independent of how the registry is reached.

use ureq::http::Method;

/// One request.
pub(super) struct RegistryRequest<'a> {
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) headers: Vec<(&'static str, &'static str)>,
    pub(super) body: Option<&'a [u8]>,
    pub(super) may_redirect: bool,
    /// Bytes that are sent or expected back, for the timeout.
    pub(super) size: u64,
}

impl<'a> RegistryRequest<'a> {
    fn new(method: Method, path: &str) -> Self {
        Self {
            method,
            path: path.to_owned(),
            headers: Vec::new(),
            body: None,
            may_redirect: false,
            size: 0,
        }
    }

    pub(super) fn get(path: &str) -> Self {
        Self::new(Method::GET, path)
    }

    pub(super) fn head(path: &str) -> Self {
        Self::new(Method::HEAD, path)
    }

    pub(super) fn post(path: &str) -> Self {
        Self {
            body: Some(&[]),
            ..Self::new(Method::POST, path)
        }
    }

    pub(super) fn put(path: &str, body: &'a [u8], media_type: &'static str) -> Self {
        let size = body.len() as u64;
        Self {
            body: Some(body),
            size,
            ..Self::new(Method::PUT, path)
        }
        .header("content-type", media_type)
    }

    pub(super) fn header(mut self, name: &'static str, value: &'static str) -> Self {
        self.headers.push((name, value));
        self
    }

    pub(super) fn allow_redirects(mut self) -> Self {
        self.may_redirect = true;
        self
    }

    pub(super) fn expect_bytes(mut self, size: u64) -> Self {
        self.size = size;
        self
    }

    /// The actions that a token must allow.
    pub(super) fn actions(&self) -> &'static str {
        if self.body.is_some() {
            "pull,push"
        } else {
            "pull"
        }
    }
}
