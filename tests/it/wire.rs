//! Requests written and replies read byte by byte, as they are on the wire.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// Longer than any reply here takes on a machine that is busy.
const PATIENCE: Duration = Duration::from_secs(90);

/// A reply as it came.
#[derive(Debug, Clone)]
pub struct Reply {
    pub status: u16,
    /// The head with its names in their own case.
    pub head: String,
    pub body: Vec<u8>,
}

impl Reply {
    /// The value of a header, by its name in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then_some(value.trim())
        })
    }

    /// How often a header is there.
    pub fn count(&self, name: &str) -> usize {
        self.head
            .lines()
            .skip(1)
            .filter(|l| l.split(':').next().is_some_and(|n| n.eq_ignore_ascii_case(name)))
            .count()
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|e| panic!("{e}: {self:?}"))
    }
}

/// A server to talk to.
#[derive(Clone, Debug)]
pub struct Wire {
    /// `127.0.0.1:8080`.
    pub address: String,
    authorization: Option<String>,
}

impl Wire {
    /// `address` may begin with `http://`.
    pub fn to(address: &str) -> Wire {
        Wire {
            address: address.trim_start_matches("http://").trim_end_matches('/').to_owned(),
            authorization: None,
        }
    }

    /// The same with the password of `admin`.
    pub fn with_password(&self, password: &str) -> Wire {
        let key = STANDARD.encode(format!("admin:{}", password.trim()));
        Wire { authorization: Some(format!("Authorization: Basic {key}\r\n")), ..self.clone() }
    }

    /// Sends a head and a body as they are, and leaves the connection open.
    pub fn raw(&self, bytes: &[u8]) -> TcpStream {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.write_all(bytes).unwrap();
        stream
    }

    /// Sends a request; `headers` are whole lines that end in `\r\n`.
    pub fn send(&self, method: &str, path: &str, headers: &str, body: &[u8]) -> TcpStream {
        let (address, length) = (&self.address, body.len());
        let key = self.authorization.as_deref().unwrap_or_default();
        let length = if body.is_empty() && matches!(method, "GET" | "HEAD" | "OPTIONS" | "DELETE") {
            String::new()
        } else {
            format!("Content-Length: {length}\r\n")
        };
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n{length}{key}{headers}\r\n"
        );
        self.raw(&[head.as_bytes(), body].concat())
    }

    /// The reply to a request, none when the connection was closed without one.
    pub fn reply(&self, method: &str, path: &str, headers: &str, body: &[u8]) -> Option<Reply> {
        read(self.send(method, path, headers, body), method == "HEAD")
    }

    /// The reply to a request.
    pub fn ask(&self, method: &str, path: &str, headers: &str, body: &str) -> Reply {
        let reply = self.reply(method, path, headers, body.as_bytes());
        reply.unwrap_or_else(|| panic!("{method} {path}: closed without a reply"))
    }

    pub fn get(&self, path: &str) -> Reply {
        self.ask("GET", path, "", "")
    }

    pub fn post(&self, path: &str, body: &str) -> Reply {
        self.ask("POST", path, "", body)
    }
}

/// Reads a reply to its end.
pub fn read(stream: TcpStream, head_only: bool) -> Option<Reply> {
    let mut reader = BufReader::new(stream);
    let head = head(&mut reader)?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    let mut reply = Reply { status, head, body: Vec::new() };
    if head_only {
        return Some(reply);
    }
    if reply.header("transfer-encoding").is_some_and(|t| t.eq_ignore_ascii_case("chunked")) {
        while let Some(chunk) = chunk(&mut reader) {
            reply.body.extend(chunk);
        }
    } else if let Some(length) = reply.header("content-length").and_then(|l| l.parse().ok()) {
        reply.body = vec![0; length];
        reader.read_exact(&mut reply.body).unwrap();
    } else {
        // A reply that is cut off is as long as what came of it.
        let _ = reader.read_to_end(&mut reply.body);
    }
    Some(reply)
}

/// A head up to its empty line; none when there is nothing more.
pub fn head(reader: &mut impl BufRead) -> Option<String> {
    let mut head = String::new();
    loop {
        let before = head.len();
        if reader.read_line(&mut head).ok()? == 0 {
            return None;
        }
        if &head[before..] == "\r\n" {
            return Some(head.replace("\r\n", "\n"));
        }
    }
}

/// The next chunk of a chunked body; none at its end, or where it breaks off.
pub fn chunk(reader: &mut impl BufRead) -> Option<Vec<u8>> {
    let mut size = String::new();
    reader.read_line(&mut size).ok()?;
    let size = usize::from_str_radix(size.trim(), 16).ok()?;
    let mut chunk = vec![0; size + 2];
    reader.read_exact(&mut chunk).ok()?;
    chunk.truncate(size);
    (size > 0).then_some(chunk)
}
