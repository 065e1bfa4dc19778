//! Which limit cuts a request first, on its way through gateway, watchdog and function.

use super::function::FunctionSpec;
use super::go_duration;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Duration;

/// The gateway's two limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GatewayLimits {
    /// `upstream_timeout`.
    pub upstream: Duration,
    /// `write_timeout`.
    pub write: Duration,
}

impl Default for GatewayLimits {
    fn default() -> Self {
        let minute = Duration::from_secs(60);
        GatewayLimits { upstream: minute, write: minute }
    }
}

/// One limit of the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// Whose it is, and its name.
    pub name: &'static str,
    /// How long.
    pub after: Duration,
    /// What the caller sees.
    pub seen: &'static str,
}

/// The chain of a function, outermost first; limits that are switched off are left out.
///
/// The watchdog's are read as it reads them: a value that is no duration gives the default.
pub fn chain(gateway: GatewayLimits, variables: &BTreeMap<String, String>) -> Vec<Limit> {
    let mode = variables.get("mode").map_or("classic", String::as_str);
    let time = |name: &str, default: u64| {
        let given = variables.get(name).and_then(|text| go_duration::parse(text));
        given.unwrap_or(Duration::from_secs(default))
    };
    let exec_seen = match mode {
        "http" => "504",
        "serializing" => "500",
        "streaming" => "200 with its end cut off",
        _ => "408 Killed process",
    };
    let limits = [
        Limit { name: "gateway write_timeout", after: gateway.write, seen: "502" },
        Limit { name: "gateway upstream_timeout", after: gateway.upstream, seen: "502" },
        Limit {
            name: "watchdog write_timeout",
            after: time("write_timeout", 30),
            seen: "500 Can't reach service",
        },
        Limit {
            name: "exec_timeout",
            after: if mode == "static" {
                Duration::ZERO
            } else {
                time("exec_timeout", if mode == "classic" { 0 } else { 30 })
            },
            seen: exec_seen,
        },
    ];
    limits.into_iter().filter(|limit| !limit.after.is_zero()).collect()
}

/// The limit that cuts first: of equal ones the innermost, which ends with the clearest reply.
pub fn first(chain: &[Limit]) -> Option<&Limit> {
    chain.iter().rev().min_by_key(|limit| limit.after)
}

/// What is to be said of a function's chain: who cuts first, in one line.
pub fn summary(gateway: GatewayLimits, spec: &FunctionSpec) -> String {
    match first(&chain(gateway, &spec.env_vars)) {
        Some(limit) => {
            format!("{} cuts first, after {} ({})", limit.name, go_duration::print(limit.after), limit.seen)
        }
        None => "nothing cuts a request".into(),
    }
}

/// What is wrong with a chain, if something is: the limits nearest to the function must be the shortest.
pub fn advice(gateway: GatewayLimits, spec: &FunctionSpec) -> Vec<String> {
    let mut found = Vec::new();
    let print = go_duration::print;
    if gateway.upstream > gateway.write {
        found.push(format!(
            "the gateway's upstream_timeout ({}) is longer than its write_timeout ({}), which cuts first",
            print(gateway.upstream),
            print(gateway.write)
        ));
    }
    for name in ["exec_timeout", "write_timeout", "read_timeout"] {
        if let Some(text) = spec.env_vars.get(name).filter(|text| go_duration::parse(text).is_none()) {
            found.push(format!(
                "{name} `{text}` is no duration and is taken as the default: write {}",
                go_duration::EXAMPLES
            ));
        }
    }
    let limits = chain(gateway, &spec.env_vars);
    let Some((inner, outer)) = limits.split_last() else { return found };
    if inner.name != "exec_timeout" {
        return found;
    }
    for limit in outer.iter().filter(|limit| limit.after < inner.after) {
        found.push(format!(
            "{} ({}) cuts before exec_timeout ({}): a call that takes longer ends with {}, while the function runs on; \
             make exec_timeout the shortest",
            limit.name,
            print(limit.after),
            print(inner.after),
            limit.seen
        ));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const GATEWAY: GatewayLimits =
        GatewayLimits { upstream: Duration::from_secs(60), write: Duration::from_secs(60) };

    fn spec(vars: &[(&str, &str)]) -> FunctionSpec {
        let mut spec = FunctionSpec::new("f", "i");
        spec.env_vars = vars.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        spec
    }

    #[test]
    fn the_study_s_time_outs_are_told_apart() {
        for (write, exec, want) in [
            ("8s", "8s", "exec_timeout cuts first, after 8s (408 Killed process)"),
            ("5s", "8s", "watchdog write_timeout cuts first, after 5s (500 Can't reach service)"),
            ("8s", "5s", "exec_timeout cuts first, after 5s (408 Killed process)"),
        ] {
            let spec = spec(&[("read_timeout", "5s"), ("write_timeout", write), ("exec_timeout", exec)]);
            assert_eq!(summary(GATEWAY, &spec), want);
        }
    }

    #[test]
    fn an_inner_limit_above_an_outer_one_is_warned_of() {
        assert_eq!(advice(GATEWAY, &spec(&[])), Vec::<String>::new());
        assert_eq!(advice(GATEWAY, &spec(&[("write_timeout", "10"), ("exec_timeout", "10")])).len(), 0);
        let text = advice(GATEWAY, &spec(&[("write_timeout", "2m"), ("exec_timeout", "90s")])).join("\n");
        assert!(text.contains("gateway upstream_timeout (1m) cuts before exec_timeout (1m30s)"), "{text}");
        let text = advice(GATEWAY, &spec(&[("exec_timeout", "soon")])).join("\n");
        assert!(text.contains("`soon` is no duration"), "{text}");
        let bad = GatewayLimits { upstream: Duration::from_secs(65), ..GATEWAY };
        assert!(advice(bad, &spec(&[]))[0].contains("upstream_timeout (1m5s) is longer"), "faasd's foot-gun");
    }

    #[test]
    fn http_mode_has_its_own_default_and_status() {
        let spec = spec(&[("mode", "http"), ("write_timeout", "60")]);
        assert_eq!(summary(GATEWAY, &spec), "exec_timeout cuts first, after 30s (504)");
    }
}
