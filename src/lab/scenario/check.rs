//! What a type cannot check: names that must be there, spans that must not end before they begin.

use super::places::Found;
use super::{Function, Load, Scenario, Step};
use crate::mistake::nearest;

/// Everything that is wrong with a scenario whose parts are each of their type.
pub(super) fn check(s: &Scenario, found: &mut Found<'_>) {
    whole(s, found);
    let names: Vec<&str> = s.function.iter().map(|f| f.name.as_str()).collect();
    for (i, f) in s.function.iter().enumerate() {
        function(f, &i.to_string(), names[..i].contains(&f.name.as_str()), found);
    }
    let known = |name: &str| match names.contains(&name) {
        true => Ok(()),
        false => Err(match nearest(name, names.iter().copied()) {
            Some(meant) => format!("no function `{name}`: did you mean `{meant}`?"),
            None => format!("no function `{name}`; there are {}", names.join(", ")),
        }),
    };
    for (i, a) in s.autoscaler.iter().enumerate() {
        let i = i.to_string();
        let at = |key| ["autoscaler", &i, key];
        found.check(&at("function"), known(&a.function).map_err(|why| format!("autoscaler: {why}")));
        if a.cpu_percent == 0 {
            found.wrong(&at("cpu-percent"), "autoscaler: cpu-percent must be at least 1");
        }
        if a.max == 0 {
            found.wrong(&at("max"), "autoscaler: max must be at least 1");
        } else if let Some(min) = a.min.filter(|min| *min > a.max) {
            let what = format!("autoscaler: min must be at most max, and {min} is more than {}", a.max);
            found.wrong(&at("min"), what);
        }
    }
    for (i, l) in s.load.iter().enumerate() {
        let i = i.to_string();
        if l.jmx.is_none() || !l.function.is_empty() {
            let missing = l.function.is_empty();
            let what = if missing { Err("`function` is missing".into()) } else { known(&l.function) };
            found.check(&["load", &i, "function"], what.map_err(|why| format!("load: {why}")));
        }
        load(s, l, &i, found);
    }
    for (i, one) in s.step.iter().enumerate() {
        let i = i.to_string();
        if let Some(function) = one.function() {
            found.check(&["step", &i, "function"], known(function).map_err(|why| format!("step: {why}")));
        }
        step(s, one, &i, found);
    }
    observed(s, &names, found);
}

fn whole(s: &Scenario, found: &mut Found<'_>) {
    if s.name.is_empty() || s.name.contains(['/', '\\', '\0']) || s.name.starts_with('.') {
        found.wrong(&["name"], format!("name: `{}` cannot be the name of a folder", s.name));
    }
    if s.duration.0 <= 0.0 {
        found.wrong(&["duration"], "duration: it must be longer than 0");
    }
    if s.sample.0 < 0.001 {
        found.wrong(&["sample"], "sample: it must be at least 1ms");
    }
    if s.repetitions == 0 {
        found.wrong(&["repetitions"], "repetitions: it must be at least 1");
    }
    if s.platform.nodes == 0 {
        found.wrong(&["platform", "nodes"], "platform: there must be at least one node");
    }
    if s.platform.cores == 0 {
        found.wrong(&["platform", "cores"], "platform: a node must have at least one core");
    }
    if s.function.is_empty() && s.trace.is_none() {
        found.wrong(&["name"], "there is no [[function]]: write at least one, with a name");
    }
    for (name, price) in [
        ("gb-second", s.prices.gb_second),
        ("cpu-second", s.prices.cpu_second),
        ("million-requests", s.prices.million_requests),
    ] {
        if !(price.is_finite() && price >= 0.0) {
            found.wrong(&["prices", name], format!("prices: `{price}` is no price: it must be 0 or more"));
        }
    }
}

fn function(f: &Function, i: &str, twice: bool, found: &mut Found<'_>) {
    if twice {
        found.wrong(&["function", i, "name"], format!("function: there are two of the name `{}`", f.name));
    }
    if let Err(refusal) = f.spec().validate() {
        // The refusal names what it is about: `requests.cpu: …`.
        let text = refusal.to_string();
        let about: Vec<&str> = text.split(':').next().unwrap_or_default().split('.').collect();
        let path: Vec<&str> = ["function", i].into_iter().chain(about).collect();
        found.wrong(&path, format!("function `{}`: {text}", f.name));
    }
    if let Err(why) = f.model.validate() {
        let about = why.split(':').next().unwrap_or_default().split('.');
        let path: Vec<&str> = ["function", i, "model"].into_iter().chain(about).collect();
        found.wrong(&path, format!("function `{}`: model.{why}", f.name));
    }
    if let Some(policy) = &f.image_pull_policy
        && !["Always", "IfNotPresent", "Never"].contains(&policy.as_str())
    {
        let path = ["function", i, "image-pull-policy"];
        found.wrong(&path, format!("`{policy}` is none of Always, IfNotPresent and Never"));
    }
}

fn load(s: &Scenario, l: &Load, i: &str, found: &mut Found<'_>) {
    let at = |key| ["load", i, key];
    let times = l.times.is_some() || l.calls.is_some();
    let kinds = [l.users.is_some(), l.rate.is_some(), times, l.jmx.is_some()];
    match kinds.iter().filter(|k| **k).count() {
        1 => {}
        0 => {
            found.wrong(&["load", i], "load: write exactly one of users, rate, times and jmx; there is none")
        }
        _ => {
            let names = ["users", "rate", "times", "jmx"].into_iter().zip(kinds);
            let names: Vec<&str> = names.filter(|(_, given)| *given).map(|(name, _)| name).collect();
            let last = names.last().copied().unwrap_or("users");
            let what = format!(
                "load: write exactly one of users, rate, times and jmx; there are {}",
                names.join(" and ")
            );
            found.wrong(&at(last), what);
        }
    }
    if l.users == Some(0) {
        found.wrong(&at("users"), "load: users: there must be at least one");
    }
    if let Some(Err(why)) = l.rate.as_ref().map(|r| r.rate().validate()) {
        found.wrong(&at("rate"), format!("load: rate: {why}"));
    }
    if let Err(why) = l.think.law().validate() {
        found.wrong(&at("think"), format!("load: think: {why}"));
    }
    if l.until.is_some() && l.duration.is_some() {
        found.wrong(&at("duration"), "load: write until or duration, not both");
    } else if l.until.is_some_and(|until| until <= l.from) {
        found.wrong(&at("until"), "load: until: it must be later than from");
    } else if l.duration.is_some_and(|d| d.0 <= 0.0) {
        found.wrong(&at("duration"), "load: duration: it must be longer than 0");
    }
    if l.from >= s.duration && s.duration.0 > 0.0 {
        found.wrong(&at("from"), format!("load: from: {} s is after the end of the run", l.from.0));
    }
    let bodies = [!l.body.is_empty(), l.body_file.is_some(), l.bodies.is_some()];
    if bodies.iter().filter(|b| **b).count() > 1 {
        found.wrong(&["load", i], "load: write only one of body, body-file and bodies");
    }
    if let Some(method) = &l.method
        && http::Method::from_bytes(method.as_bytes()).is_err()
    {
        found.wrong(&at("method"), format!("load: `{method}` is no method of HTTP: write GET or POST"));
    }
    for (name, value) in &l.headers {
        if http::HeaderName::try_from(name).is_err() || http::HeaderValue::try_from(value).is_err() {
            found.wrong(&["load", i, "headers", name], format!("load: `{name}: {value}` is no header"));
        }
    }
    if let Some(status) = l.assert_status.iter().find(|s| !(100..600).contains(*s)) {
        found.wrong(&at("assert-status"), format!("load: `{status}` is no status of HTTP"));
    }
}

fn step(s: &Scenario, step: &Step, i: &str, found: &mut Found<'_>) {
    if step.at() > s.duration && s.duration.0 > 0.0 {
        let what = format!("step: at {} s is after the end of the run, at {} s", step.at().0, s.duration.0);
        found.wrong(&["step", i, "at"], what);
    }
    if let Step::StopNode { node, .. } | Step::StartNode { node, .. } = step
        && *node >= s.platform.nodes
    {
        let last = s.platform.nodes.saturating_sub(1);
        let what = format!("step: there is no node {node}: they are numbered from 0 to {last}");
        found.wrong(&["step", i, "node"], what);
    }
    if let Step::Autoscale { cpu_percent, min, max, .. } = step
        && (*cpu_percent == 0 || *max == 0 || min.is_some_and(|min| min > *max))
    {
        let what = "step: cpu-percent and max must be at least 1, and min at most max";
        found.wrong(&["step", i], what);
    }
}

fn observed(s: &Scenario, names: &[&str], found: &mut Found<'_>) {
    for (i, p) in s.phase.iter().enumerate() {
        let i = i.to_string();
        if p.until <= p.from {
            let what = format!("phase `{}`: until must be later than from", p.name);
            found.wrong(&["phase", &i, "until"], what);
        }
        if s.phase[..i.parse().unwrap_or(0)].iter().any(|q| q.name == p.name) {
            found.wrong(&["phase", &i, "name"], format!("phase: there are two of the name `{}`", p.name));
        }
        if names.contains(&p.name.as_str()) {
            let what = format!("phase: `{}` is the name of a function already", p.name);
            found.wrong(&["phase", &i, "name"], what);
        }
    }
    let phases: Vec<&str> = s.phase.iter().map(|p| p.name.as_str()).collect();
    for (i, e) in s.expect.iter().enumerate() {
        let what = e.check(names, &phases).map_err(|why| format!("expect: {why}"));
        found.check(&["expect", &i.to_string()], what);
    }
    for (i, m) in s.measure.iter().enumerate() {
        let what = m.check(names, &phases).map_err(|why| format!("measure: {why}"));
        found.check(&["measure", &i.to_string()], what);
    }
    for (path, values) in &s.sweep {
        if values.is_empty() {
            found.wrong(&["sweep", path], format!("sweep: `{path}` has no values"));
        }
    }
}
