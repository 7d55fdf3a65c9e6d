//! What a registry is asked, before anything is known of how it is reached.

use ureq::http::Method;

/// One request.
pub(super) struct Exchange<'a> {
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) headers: Vec<(&'static str, &'static str)>,
    pub(super) body: Option<&'a [u8]>,
    pub(super) follows: bool,
    /// Bytes that are sent or come back.
    pub(super) size: u64,
}

impl<'a> Exchange<'a> {
    fn new(method: Method, path: &str) -> Self {
        Self {
            method,
            path: path.to_owned(),
            headers: Vec::new(),
            body: None,
            follows: false,
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

    /// May be redirected.
    pub(super) fn following(mut self) -> Self {
        self.follows = true;
        self
    }

    pub(super) fn sized(mut self, size: u64) -> Self {
        self.size = size;
        self
    }

    /// What a token must allow. A token for reading is another one than for writing.
    pub(super) fn action(&self) -> &'static str {
        if self.body.is_some() {
            "pull,push"
        } else {
            "pull"
        }
    }
}
