//! As much of HTTP/1.1 as a client that posts needs.

use std::io::{self, BufRead, Read as _};

/// The longest line of a head that is read.
const LONGEST_LINE: u64 = 64 << 10;

/// A request.
#[derive(Debug)]
pub(super) struct Request {
    /// Its first line.
    pub line: String,
    /// Names in lower case, and values.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

/// The next request of a connection; none when it was closed between two.
pub(super) fn read(from: &mut impl BufRead) -> io::Result<Option<Request>> {
    let line = line(from)?;
    if line.is_empty() {
        return Ok(None);
    }
    let mut headers = Vec::new();
    loop {
        let header = self::line(from)?;
        let Some((name, value)) = header.split_once(':') else {
            break;
        };
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let length = headers
        .iter()
        .find(|(name, _)| name == "content-length")
        .map_or("0", |(_, value)| value);
    let length: usize = length
        .parse()
        .map_err(|_| io::Error::other("the length is no number"))?;
    let mut body = vec![0; length];
    from.read_exact(&mut body)?;
    Ok(Some(Request {
        line,
        headers,
        body,
    }))
}

fn line(from: &mut impl BufRead) -> io::Result<String> {
    let mut line = String::new();
    from.by_ref().take(LONGEST_LINE).read_line(&mut line)?;
    Ok(line.trim_end().to_owned())
}

/// The head of an answer.
pub(super) fn head<'a>(
    status: u16,
    headers: impl Iterator<Item = &'a (String, String)>,
) -> Vec<u8> {
    let mut head = format!("HTTP/1.1 {status} as scripted\r\n");
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str("\r\n");
    head.into_bytes()
}
