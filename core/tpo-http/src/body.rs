//! Reading a body without trusting its length.

use std::fmt;
use std::io::{self, Read};

use ureq::Body;
use ureq::http::Response;

/// Why a body was not read.
#[derive(Debug)]
pub enum BodyError {
    /// It has more than `limit` bytes.
    TooLarge {
        /// In bytes.
        limit: u64,
    },
    /// The connection broke or timed out.
    Interrupted(io::Error),
}

/// The whole body, of at most `limit` bytes.
pub fn read_body(response: &mut Response<Body>, limit: u64) -> Result<Vec<u8>, BodyError> {
    let bytes = read_start(response, limit + 1).map_err(BodyError::Interrupted)?;
    if bytes.len() as u64 > limit {
        return Err(BodyError::TooLarge { limit });
    }
    Ok(bytes)
}

/// The first `limit` bytes of the body, or all of it if it is shorter.
pub fn read_start(response: &mut Response<Body>, limit: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    response
        .body_mut()
        .as_reader()
        .take(limit)
        .read_to_end(&mut bytes)?;
    Ok(bytes)
}

impl fmt::Display for BodyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge { limit } => write!(f, "the response has more than {limit} bytes"),
            Self::Interrupted(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for BodyError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn response(body: &str) -> Response<Body> {
        Response::new(Body::builder().data(body.to_owned()))
    }

    #[test]
    fn a_body_is_read_up_to_its_limit() {
        assert_eq!(read_body(&mut response("abc"), 3).expect("it fits"), b"abc");
        assert!(matches!(
            read_body(&mut response("abcd"), 3),
            Err(BodyError::TooLarge { limit: 3 })
        ));
        assert_eq!(
            read_start(&mut response("abcd"), 3).expect("a start"),
            b"abc"
        );
    }
}
