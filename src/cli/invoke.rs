//! `faasim invoke`: one request to a function.

mod sign;

use super::client::{Client, openfaas};
use super::failure::{Failure, Outcome};
use super::{Global, given, with_client};
use crate::cluster::function::FunctionName;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, USER_AGENT};
use http::{HeaderName, HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use std::io::{IsTerminal, Read, Write, stdin, stdout};

/// Invoke a function: standard input is the body, the reply goes to standard output
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  echo 50 | faasim invoke mltest\n  faasim invoke env --body '' --query verbose=1 -H 'X-Who: me'\n  faasim invoke sleep --async --body 5 -H 'X-Callback-Url: http://127.0.0.1:9000/done'"
)]
pub struct Args {
    /// The function, as NAME or NAME.NAMESPACE
    name: String,
    /// The body, instead of standard input
    #[arg(long, short = 'd', value_name = "TEXT")]
    body: Option<String>,
    /// A part of the query; may be given again
    #[arg(long, short, value_name = "NAME=VALUE", value_parser = given::pair)]
    query: Vec<(String, String)>,
    /// A header; may be given again
    #[arg(long, short = 'H', value_name = "NAME: VALUE", value_parser = given::header)]
    header: Vec<(HeaderName, HeaderValue)>,
    /// The method: GET, POST, PUT, PATCH, DELETE, HEAD or OPTIONS
    #[arg(long, short, value_name = "METHOD", default_value = "POST", value_parser = method)]
    method: Method,
    /// What the body is
    #[arg(long, value_name = "TYPE", default_value = "text/plain", value_parser = content_type)]
    content_type: HeaderValue,
    /// The path below the function
    #[arg(long, value_name = "PATH", default_value = "/", hide_default_value = true)]
    path: String,
    /// Do not wait: put the call into the queue
    #[arg(long = "async", short = 'a')]
    asynchronous: bool,
    /// Sign the body: the header that carries its HMAC-SHA256
    #[arg(long, value_name = "HEADER", requires = "key")]
    sign: Option<HeaderName>,
    /// The key to sign with
    #[arg(long, value_name = "KEY", requires = "sign")]
    key: Option<String>,
}

/// A method that the gateway passes on.
///
/// # Errors
/// It is another one.
pub fn method(text: &str) -> Result<Method, String> {
    let method: Option<Method> = text.to_ascii_uppercase().parse().ok();
    let known = [
        Method::GET,
        Method::POST,
        Method::PUT,
        Method::PATCH,
        Method::DELETE,
        Method::HEAD,
        Method::OPTIONS,
    ];
    method
        .filter(|m| known.contains(m))
        .ok_or_else(|| crate::mistake::unknown("method", text, known.iter().map(Method::as_str)))
}

fn content_type(text: &str) -> Result<HeaderValue, String> {
    HeaderValue::from_str(text).map_err(|_| "a content type holds no such characters".into())
}

/// Sends the request and prints its reply.
///
/// # Errors
/// A status that is no success, with the reply's words; there is no such function; no gateway.
pub fn run(args: Args, global: &Global) -> Outcome {
    let name = openfaas::name(&args.name, global)?;
    let body = body(&args)?;
    with_client(global, async |client| {
        let request = request(&client, &args, &name, body)?;
        let reply = client.send(request).await?;
        match reply.status() {
            StatusCode::ACCEPTED if args.asynchronous => {
                eprintln!("Function submitted asynchronously.");
                if let Some(id) = reply.headers().get("x-call-id").and_then(|id| id.to_str().ok()) {
                    eprintln!("Call id: {id}");
                }
                Ok(())
            }
            status if status.is_success() => copy(reply).await,
            status => Err(unexpected(&client, &name, status, reply).await),
        }
    })
}

fn body(args: &Args) -> Result<Bytes, Failure> {
    if let Some(text) = &args.body {
        return Ok(text.clone().into());
    }
    let mut input = stdin().lock();
    if input.is_terminal() {
        if matches!(args.method, Method::GET | Method::HEAD | Method::OPTIONS) {
            return Ok(Bytes::new());
        }
        eprintln!("Reading from STDIN - hit (Control + D) to stop.");
    }
    let mut body = Vec::new();
    input
        .read_to_end(&mut body)
        .map_err(|e| Failure::failed(format_args!("cannot read standard input: {e}")))?;
    Ok(body.into())
}

fn request(
    client: &Client,
    args: &Args,
    name: &FunctionName,
    body: Bytes,
) -> Result<Request<Full<Bytes>>, Failure> {
    let route = if args.asynchronous { "async-function" } else { "function" };
    let below = args.path.trim_start_matches('/');
    let mut path = format!("/{route}/{name}{}{below}", if below.is_empty() { "" } else { "/" });
    for (n, (key, value)) in args.query.iter().enumerate() {
        path = path + if n == 0 { "?" } else { "&" } + &escape(key) + "=" + &escape(value);
    }
    let mut request = Request::builder()
        .method(args.method.clone())
        .uri(client.uri(&path)?)
        .header(CONTENT_TYPE, args.content_type.clone())
        .header(USER_AGENT, concat!("faasim/", env!("CARGO_PKG_VERSION")));
    if let (Some(header), Some(key)) = (&args.sign, &args.key) {
        request = request.header(header, format!("sha256={}", sign::hmac_sha256(key.as_bytes(), &body)));
    }
    let mut request = request.body(Full::new(body)).map_err(Failure::failed)?;
    // What was typed wins over what is usual.
    let typed = given::headers(&args.header);
    for name in typed.keys() {
        request.headers_mut().remove(name);
    }
    request.headers_mut().extend(typed);
    Ok(request)
}

/// A part of a query, as forms write it.
fn escape(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => out.push(byte as char),
            b' ' => out.push('+'),
            _ => out += &format!("%{byte:02X}"),
        }
    }
    out
}

/// Prints a reply as it comes, so that a stream of events is seen event by event.
async fn copy(reply: Response<Incoming>) -> Outcome {
    let mut body = reply.into_body();
    let mut out = stdout().lock();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|e| Failure::failed(format_args!("the reply broke off: {e}")))?;
        if let Some(data) = frame.data_ref() {
            out.write_all(data)?;
            out.flush()?;
        }
    }
    Ok(())
}

/// faas-cli's words for a status that is no success.
async fn unexpected(
    client: &Client,
    name: &FunctionName,
    status: StatusCode,
    reply: Response<Incoming>,
) -> Failure {
    let body = reply.into_body().collect().await.map(|b| b.to_bytes()).unwrap_or_default();
    // The function may answer 404 itself: only the gateway knows whether there is one.
    if status == StatusCode::NOT_FOUND && matches!(client.function(name).await, Ok(None)) {
        let code = status.as_u16();
        let missing = client.no_function(name).await;
        return Failure::failed(format_args!("Server returned unexpected status code: {code} - {missing}"));
    }
    let words = String::from_utf8_lossy(&body);
    let code = status.as_u16();
    Failure::failed(format_args!("Server returned unexpected status code: {code} - {}", words.trim_end()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_are_escaped_as_forms_are() {
        assert_eq!(escape("d e&f=ü"), "d+e%26f%3D%C3%BC");
        assert_eq!(method("get"), Ok(Method::GET));
        assert!(method("PSOT").unwrap_err().contains("did you mean `POST`"));
    }
}
