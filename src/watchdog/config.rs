//! What a watchdog is told, read from its environment once; nothing below looks at variables.
//!
//! The names are those of OpenFaaS' two watchdogs; `FAASIM_` variables (`hold`) are faasim's own.

use super::gofmt::parse_duration;
use super::hold;
use std::path::PathBuf;
use std::time::Duration;

/// How requests reach the function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mode {
    /// A process per request: body on stdin, reply on stdout.
    Classic,
    /// One long-lived server process behind this URL; the request's path and query are appended to it.
    Http {
        /// `http://host:port`, without a slash at its end.
        upstream: http::Uri,
    },
    /// A process per request whose output goes to the caller as it comes; its end shows only in the log.
    Streaming,
    /// A process per request whose output is kept until it ends: a failure is a 500 without it.
    Serializing,
    /// The files below a folder; no process.
    Static {
        /// The folder.
        root: PathBuf,
    },
}

impl Mode {
    /// As the variable `mode` has it.
    pub fn name(&self) -> &'static str {
        match self {
            Mode::Classic => "classic",
            Mode::Http { .. } => "http",
            Mode::Streaming => "streaming",
            Mode::Serializing => "serializing",
            Mode::Static { .. } => "static",
        }
    }
}

/// Where connections come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Listen {
    /// A listening TCP socket, handed over as file descriptor 0.
    Stdin,
    /// Bind this address (host only; the port is [`Options::port`]).
    Bind(String),
}

/// Everything that a watchdog is told. Time-outs of zero mean none.
#[derive(Clone, Debug)]
pub struct Options {
    /// The command, split on single spaces; no quoting.
    pub fprocess: String,
    /// Fork per request, or pass on.
    pub mode: Mode,
    /// TCP port to bind; not used with a handed-over socket.
    pub port: u16,
    /// Longest time from a request's head to the end of its body.
    pub read_timeout: Duration,
    /// Longest time from a request's head to its reply; past it the connection is closed without one.
    pub write_timeout: Duration,
    /// Longest run of the function.
    pub exec_timeout: Duration,
    /// How long requests are still accepted after SIGTERM, in an unmanaged watchdog.
    pub healthcheck_interval: Duration,
    /// Requests at once before 429; 0 is no limit.
    pub max_inflight: u32,
    /// Joins stderr to the reply; else it is logged.
    pub combine_output: bool,
    /// Describes the request in `Http_` variables.
    pub cgi_headers: bool,
    /// Content type of every reply, if set.
    pub content_type: Option<http::HeaderValue>,
    /// Makes no lock file (and so is never healthy at `/_/health`, as the original).
    pub suppress_lock: bool,
    /// Gives headers and body as one JSON document on stdin.
    pub marshal_request: bool,
    /// Prints each reply's body to stdout.
    pub write_debug: bool,
    /// Prints each request's headers to stdout.
    pub debug_headers: bool,
    /// Puts date and stream name before each of the server process' lines, in http mode.
    pub prefix_logs: bool,
    /// Puts the call id behind each request's log line, in http mode.
    pub log_callid: bool,
    /// Longest log line of the server process in bytes; longer ones are cut in pieces.
    pub log_buffer_size: usize,
    /// Path at which the server process is asked for `/_/ready`, in http mode.
    pub ready_path: Option<String>,
    /// Where connections come from.
    pub listen: Listen,
    /// Port of the metrics listener; 0 takes a free one, as is done when it is taken.
    pub metrics_port: Option<u16>,
    /// Secret of the hold stream. A watchdog with one is managed by faasim.
    pub token: Option<String>,
    /// How long a watchdog lives with nobody holding it.
    pub lease: Option<Duration>,
    /// Log file in CRI format; stderr without.
    pub log_file: Option<PathBuf>,
    /// Words that start this program, if its own path does not.
    pub exe: Option<String>,
    /// Names of the variables that the function must not see.
    pub hidden: Vec<String>,
}

/// Why a watchdog cannot start.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ConfigError {
    /// No command is given.
    #[error("no fprocess: set the environment variable fprocess to the command that handles a request")]
    NoProcess,
    /// The mode is not one of faasim's.
    #[error(
        "unknown watchdog mode: {0}; use classic, streaming or serializing (a process per request), http (a server process) or static (files)"
    )]
    UnknownMode(String),
    /// http mode lacks a usable URL.
    #[error(
        "mode=http needs upstream_url, the function's own address such as http://127.0.0.1:5000, not {0:?}"
    )]
    Upstream(String),
}

impl Options {
    /// Reads the environment, given as pairs (later ones win).
    ///
    /// Bad numbers and durations silently give the default, as in the original.
    ///
    /// # Errors
    /// When the command is missing, the mode unknown, or http mode has no upstream.
    pub fn from_vars(vars: &[(String, String)]) -> Result<Options, ConfigError> {
        let get = |name: &str| {
            vars.iter()
                .rev()
                .find(|(key, _)| key == name)
                .map(|(_, value)| value.as_str())
                .filter(|v| !v.is_empty())
        };
        let time = |name: &str, default| get(name).and_then(parse_duration).unwrap_or(default);
        let flag = |name: &str, default| get(name).map_or(default, |v| v == "true" || v == "1");

        let fprocess = get("function_process").or(get("fprocess")).unwrap_or_default().trim().to_owned();
        if fprocess.is_empty() && get("mode") != Some("static") {
            return Err(ConfigError::NoProcess);
        }
        let mode = match get("mode") {
            None | Some("classic") => Mode::Classic,
            Some("http") => {
                let url = get("http_upstream_url").or(get("upstream_url")).unwrap_or_default();
                Mode::Http { upstream: upstream(url).ok_or_else(|| ConfigError::Upstream(url.into()))? }
            }
            Some("streaming") => Mode::Streaming,
            Some("serializing") => Mode::Serializing,
            Some("static") => Mode::Static { root: get("static_path").unwrap_or("/home/app/public").into() },
            Some(other) => return Err(ConfigError::UnknownMode(other.into())),
        };
        let of = mode != Mode::Classic;
        let write_timeout = time("write_timeout", Duration::from_secs(30));
        let listen = match get(hold::LISTEN) {
            Some("stdin") => Listen::Stdin,
            _ => Listen::Bind(get(hold::BIND).unwrap_or("0.0.0.0").into()),
        };
        let metrics_port = match get(hold::METRICS_PORT) {
            Some("none") => None,
            Some(port) => Some(port.parse().unwrap_or(8081)),
            // Pods that are processes share this machine's ports.
            None => Some(if listen == Listen::Stdin { 0 } else { 8081 }),
        };
        Ok(Options {
            fprocess,
            mode,
            port: get("port").and_then(|v| v.parse().ok()).unwrap_or(8080),
            read_timeout: time("read_timeout", Duration::from_secs(30)),
            write_timeout,
            exec_timeout: time("exec_timeout", Duration::from_secs(if of { 30 } else { 0 })),
            healthcheck_interval: time("healthcheck_interval", write_timeout),
            max_inflight: get("max_inflight").and_then(|v| v.parse().ok()).unwrap_or(0),
            combine_output: flag("combine_output", true),
            cgi_headers: flag("cgi_headers", true),
            content_type: get("content_type").and_then(|v| v.parse().ok()),
            suppress_lock: flag("suppress_lock", false),
            marshal_request: flag("marshal_request", false),
            write_debug: flag("write_debug", false),
            debug_headers: flag("debug_headers", false),
            prefix_logs: flag("prefix_logs", true),
            log_callid: flag("log_callid", false) || flag("log_call_id", false),
            log_buffer_size: get("log_buffer_size")
                .and_then(|v| v.parse().ok())
                .filter(|n| *n > 0)
                .unwrap_or(65_536),
            ready_path: get("ready_path").map(str::to_owned),
            listen,
            metrics_port,
            token: get(hold::TOKEN).map(str::to_owned),
            lease: get(hold::LEASE).and_then(parse_duration).filter(|d| !d.is_zero()),
            log_file: get(hold::LOG_FILE).map(PathBuf::from),
            exe: get(hold::EXE).map(str::to_owned),
            hidden: vars
                .iter()
                .map(|(key, _)| key)
                .filter(|key| key.starts_with("FAASIM_") && *key != hold::POD)
                .cloned()
                .collect(),
        })
    }

    /// Started by faasim, which holds a stream open to it and decides about its end.
    pub fn is_managed(&self) -> bool {
        self.token.is_some()
    }
}

fn upstream(url: &str) -> Option<http::Uri> {
    let uri: http::Uri = url.trim_end_matches('/').parse().ok()?;
    (uri.scheme_str() == Some("http") && uri.host().is_some()).then_some(uri)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(vars: &[(&str, &str)]) -> Result<Options, ConfigError> {
        let vars: Vec<_> = vars.iter().map(|(k, v)| (k.to_string(), v.to_string())).collect();
        Options::from_vars(&vars)
    }

    #[test]
    fn defaults_are_those_of_the_originals() {
        let o = options(&[("fprocess", "cat")]).unwrap();
        assert_eq!(o.mode, Mode::Classic);
        assert_eq!((o.port, o.metrics_port), (8080, Some(8081)));
        assert_eq!(o.read_timeout, Duration::from_secs(30));
        assert_eq!(o.exec_timeout, Duration::ZERO);
        assert_eq!(o.healthcheck_interval, Duration::from_secs(30));
        assert!(o.combine_output && o.cgi_headers && !o.suppress_lock && !o.is_managed());
        assert_eq!(o.listen, Listen::Bind("0.0.0.0".into()));

        let o = options(&[("fprocess", "x"), ("mode", "http"), ("upstream_url", "http://127.0.0.1:5000/")])
            .unwrap();
        assert_eq!(o.mode, Mode::Http { upstream: "http://127.0.0.1:5000".parse().unwrap() });
        assert_eq!(o.exec_timeout, Duration::from_secs(30));
    }

    #[test]
    fn values_are_read_and_bad_ones_give_the_default() {
        let o = options(&[
            ("fprocess", "cat"),
            ("function_process", "wc -c"),
            ("write_timeout", "8"),
            ("read_timeout", "soon"),
            ("exec_timeout", "1500ms"),
            ("max_inflight", "many"),
            ("combine_output", "false"),
            ("FAASIM_TOKEN", "t"),
            ("FAASIM_POD", "cat-1"),
            ("FAASIM_LEASE", "60s"),
            ("FAASIM_LISTEN", "stdin"),
        ])
        .unwrap();
        assert_eq!(o.fprocess, "wc -c");
        assert_eq!(o.write_timeout, Duration::from_secs(8));
        assert_eq!(o.healthcheck_interval, Duration::from_secs(8));
        assert_eq!(o.read_timeout, Duration::from_secs(30));
        assert_eq!(o.exec_timeout, Duration::from_millis(1500));
        assert_eq!(o.max_inflight, 0);
        assert!(!o.combine_output && o.is_managed());
        assert_eq!(o.lease, Some(Duration::from_secs(60)));
        assert_eq!((o.listen, o.metrics_port), (Listen::Stdin, Some(0)));
        assert_eq!(o.hidden, ["FAASIM_TOKEN", "FAASIM_LEASE", "FAASIM_LISTEN"]);
    }

    #[test]
    fn what_cannot_work_is_refused() {
        assert_eq!(options(&[]).unwrap_err(), ConfigError::NoProcess);
        assert_eq!(options(&[("fprocess", " ")]).unwrap_err(), ConfigError::NoProcess);
        assert!(matches!(
            options(&[("fprocess", "x"), ("mode", "afterburn")]),
            Err(ConfigError::UnknownMode(_))
        ));
        for url in ["", "127.0.0.1:5000", "https://x:1", "http://"] {
            let got = options(&[("fprocess", "x"), ("mode", "http"), ("upstream_url", url)]);
            assert!(matches!(got, Err(ConfigError::Upstream(_))), "{url}");
        }
    }
}
