//! A thread group as a load.

use super::Plan;
use super::tree::Element;
use crate::lab::scenario::{Load, Think};
use crate::sim::{Law, Seconds};
use std::collections::BTreeMap;

/// A thread group with its one sampler.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// Its name.
    pub name: String,
    /// Threads.
    pub users: u32,
    /// Ramp-up, in seconds.
    pub ramp_up: f64,
    /// Loops of each thread; none without end.
    pub loops: Option<u64>,
    /// The scheduler's duration, in seconds.
    pub duration: Option<f64>,
    /// The scheduler's delay, in seconds.
    pub delay: f64,
    /// What its timers add up to.
    pub think: Law,
    /// `http`, host and port of the sampler; empty where it has none.
    pub origin: String,
    /// The path, with its query.
    pub path: String,
    /// The method.
    pub method: String,
    /// The body.
    pub body: String,
    /// Headers.
    pub headers: BTreeMap<String, String>,
    /// How long a reply may take, in seconds.
    pub timeout: Option<f64>,
    /// Codes that are asserted.
    pub statuses: Vec<u16>,
    /// What the body must contain.
    pub contains: Option<String>,
}

impl Group {
    /// The function that its path names.
    pub fn function(&self) -> Option<String> {
        let rest = self.path.strip_prefix("/function/")?;
        Some(rest.split(['/', '?']).next().unwrap_or(rest).to_owned())
    }

    /// What follows the function's name in its path.
    fn rest(&self) -> String {
        match self.function() {
            Some(name) => self.path["/function/".len() + name.len()..].to_owned(),
            None => self.path.clone(),
        }
    }

    /// The address of its requests, at a gateway where it names none.
    pub fn url(&self, gateway: &str) -> String {
        let origin = if self.origin.is_empty() { gateway.trim_end_matches('/') } else { &self.origin };
        format!("{origin}{}", self.path)
    }

    /// As a load of a scenario; what `over` says goes before.
    pub fn load(&self, over: &Load) -> Load {
        let from = if over.from.0 > 0.0 { over.from } else { Seconds(self.delay) };
        Load {
            function: if over.function.is_empty() {
                self.function().unwrap_or_default()
            } else {
                over.function.clone()
            },
            name: over.name.clone().or_else(|| Some(self.name.clone())),
            users: Some(self.users),
            ramp_up: Seconds(self.ramp_up),
            think: match &self.think {
                Law::Constant { value } => Think::Fixed(*value),
                law => Think::Law(law.clone()),
            },
            loops: self.loops,
            from,
            duration: match over.until {
                Some(_) => None,
                None => over.duration.or(self.duration.map(Seconds)),
            },
            method: Some(self.method.clone()),
            path: self.rest(),
            headers: self.headers.clone(),
            body: self.body.clone(),
            timeout: self.timeout.map(Seconds),
            assert_status: self.statuses.clone(),
            assert_body: self.contains.clone(),
            ..over.clone()
        }
    }

    /// As a part of a scenario file.
    pub(super) fn toml(&self) -> String {
        let mut table = toml::Table::new();
        let mut put = |key: &str, value: toml::Value| {
            table.insert(key.into(), value);
        };
        let seconds = |s: f64| toml::Value::String(format!("{s}s"));
        put("function", self.function().unwrap_or_else(|| "NAME".into()).into());
        put("name", self.name.clone().into());
        put("users", i64::from(self.users).into());
        if self.ramp_up > 0.0 {
            put("ramp-up", seconds(self.ramp_up));
        }
        match &self.think {
            Law::Constant { value } if value.0 == 0.0 => {}
            Law::Constant { value } => put("think", seconds(value.0)),
            law => put("think", toml::Value::try_from(law).unwrap_or_else(|_| seconds(law.mean()))),
        }
        if let Some(loops) = self.loops.and_then(|n| i64::try_from(n).ok()) {
            put("loops", loops.into());
        }
        if self.delay > 0.0 {
            put("from", seconds(self.delay));
        }
        if let Some(duration) = self.duration {
            put("duration", seconds(duration));
        }
        put("method", self.method.clone().into());
        if !self.rest().is_empty() {
            put("path", self.rest().into());
        }
        if !self.body.is_empty() {
            put("body", self.body.clone().into());
        }
        if let Some(timeout) = self.timeout {
            put("timeout", seconds(timeout));
        }
        if !self.headers.is_empty() {
            put("headers", toml::Value::try_from(&self.headers).unwrap_or(toml::Value::Boolean(false)));
        }
        if !self.statuses.is_empty() {
            let all = self.statuses.iter().map(|s| i64::from(*s).into()).collect();
            put("assert-status", toml::Value::Array(all));
        }
        if let Some(contains) = &self.contains {
            put("assert-body", contains.clone().into());
        }
        let load: toml::Table =
            [("load".to_owned(), toml::Value::Array(vec![table.into()]))].into_iter().collect();
        format!("\n{}", toml::to_string(&load).unwrap_or_default())
    }
}

/// The plan's groups.
pub(super) fn of(plan: &Element) -> Result<Plan, String> {
    let mut read = Plan { name: plan.name.clone(), ..Plan::default() };
    let variables = Variables::of(plan);
    let groups: Vec<&Element> = plan.inner.iter().filter(|e| e.kind.ends_with("ThreadGroup")).collect();
    if groups.is_empty() {
        return Err("there is no thread group in it that is switched on".into());
    }
    for element in groups {
        if element.kind != "ThreadGroup" {
            read.notes.push(format!("`{}` is a {}: it is left out", element.name, element.kind));
            continue;
        }
        let group = group(element, plan, &variables, &mut read.notes);
        read.groups.push(group.map_err(|why| format!("thread group `{}`: {why}", element.name))?);
    }
    read.notes.dedup();
    Ok(read)
}

/// `${name}` of the plan, and `${__P(name,value)}`, whose value is taken.
struct Variables(BTreeMap<String, String>);

impl Variables {
    fn of(plan: &Element) -> Self {
        let own = plan.lists.get("Arguments.arguments").into_iter();
        let further = plan.inner.iter().filter(|e| e.kind == "Arguments");
        let all = own.chain(further.filter_map(|e| e.lists.get("Arguments.arguments"))).flatten();
        let pair = |item: &BTreeMap<String, String>| {
            Some((
                item.get("Argument.name")?.clone(),
                item.get("Argument.value").cloned().unwrap_or_default(),
            ))
        };
        Variables(all.filter_map(pair).collect())
    }

    fn fill(&self, text: &str) -> Result<String, String> {
        let mut out = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            let (name, behind) = after.split_once('}').ok_or_else(|| format!("`{text}` does not end"))?;
            let property = name.strip_prefix("__P(").or_else(|| name.strip_prefix("__property("));
            let value = match property.and_then(|p| p.strip_suffix(')')) {
                Some(inner) => inner.split(',').nth(1).map(str::to_owned),
                None => self.0.get(name).cloned(),
            };
            let value = value.ok_or_else(|| {
                format!("`${{{name}}}` is filled in by JMeter while it runs, which cannot be done here")
            })?;
            out = out + before + &value;
            rest = behind;
        }
        Ok(out + rest)
    }

    fn text(&self, element: &Element, name: &str) -> Result<String, String> {
        self.fill(element.get(name).unwrap_or_default())
    }

    fn number(&self, element: &Element, name: &str) -> Result<Option<f64>, String> {
        let text = self.text(element, name)?;
        if text.is_empty() {
            return Ok(None);
        }
        let number = text.parse::<f64>().ok().filter(|n| n.is_finite());
        number.map(Some).ok_or_else(|| format!("{name}: `{text}` is no number"))
    }
}

fn group(
    element: &Element,
    plan: &Element,
    variables: &Variables,
    notes: &mut Vec<String>,
) -> Result<Group, String> {
    let samplers = samplers(element);
    let [sampler] = samplers.as_slice() else {
        return Err(match samplers.len() {
            0 => "there is no HTTP sampler in it".into(),
            n => format!("there are {n} HTTP samplers in it: put each into a group of its own"),
        });
    };
    let whole = |name: &str| variables.number(element, name).map(|n| n.unwrap_or(0.0));
    let loops = whole("LoopController.loops")?;
    let forever = element.is("LoopController.continue_forever") && loops < 1.0;
    let scheduled = element.is("ThreadGroup.scheduler");
    // What stands around the sampler holds for it: defaults, headers, timers, assertions.
    let around = || plan.inner.iter().chain(&element.inner).chain(&sampler.inner);
    let defaults = around().filter(|e| e.kind == "ConfigTestElement").collect::<Vec<_>>();
    let either = |name: &str| -> Result<String, String> {
        let own = variables.text(sampler, name)?;
        if !own.is_empty() {
            return Ok(own);
        }
        defaults
            .iter()
            .rev()
            .map(|d| variables.text(d, name))
            .find(|t| !matches!(t, Ok(t) if t.is_empty()))
            .unwrap_or(Ok(own))
    };
    let (host, port, protocol) =
        (either("HTTPSampler.domain")?, either("HTTPSampler.port")?, either("HTTPSampler.protocol")?);
    let origin = match host.is_empty() {
        true => String::new(),
        false => {
            let protocol = if protocol.is_empty() { "http" } else { &protocol };
            let port = if port.is_empty() { String::new() } else { format!(":{port}") };
            format!("{protocol}://{host}{port}")
        }
    };
    let mut path = either("HTTPSampler.path")?;
    if !path.starts_with('/') {
        path.insert(0, '/');
    }
    let method = either("HTTPSampler.method")?;
    let method = if method.is_empty() { "GET".into() } else { method.to_uppercase() };
    let body = arguments(sampler, variables, &method, &mut path)?;
    let mut headers = BTreeMap::new();
    for manager in around().filter(|e| e.kind == "HeaderManager") {
        for item in manager.lists.get("HeaderManager.headers").into_iter().flatten() {
            let text = |key: &str| variables.fill(item.get(key).map_or("", String::as_str));
            headers.insert(text("Header.name")?, text("Header.value")?);
        }
    }
    let mut group = Group {
        name: element.name.clone(),
        users: whole("ThreadGroup.num_threads")?.max(1.0) as u32,
        ramp_up: whole("ThreadGroup.ramp_time")?.max(0.0),
        loops: if forever || loops < 0.0 { None } else { Some(loops.max(1.0) as u64) },
        duration: if scheduled { Some(whole("ThreadGroup.duration")?).filter(|d| *d > 0.0) } else { None },
        delay: if scheduled { whole("ThreadGroup.delay")?.max(0.0) } else { 0.0 },
        think: Law::default(),
        origin,
        path,
        method,
        body,
        headers,
        timeout: variables
            .number(sampler, "HTTPSampler.response_timeout")?
            .map(|ms| ms / 1e3)
            .filter(|s| *s > 0.0),
        statuses: Vec::new(),
        contains: None,
    };
    for part in around() {
        timer(part, variables, &mut group, notes)?;
        assertion(part, variables, &mut group, notes)?;
    }
    Ok(group)
}

/// The HTTP samplers below an element, within controllers too.
fn samplers(element: &Element) -> Vec<&Element> {
    let mut found = Vec::new();
    for inner in &element.inner {
        if inner.kind.starts_with("HTTPSampler") {
            found.push(inner);
        } else {
            found.extend(samplers(inner));
        }
    }
    found
}

/// The sampler's body: its raw text, or its arguments as a form; with GET they go into the path.
fn arguments(
    sampler: &Element,
    variables: &Variables,
    method: &str,
    path: &mut String,
) -> Result<String, String> {
    let all = sampler.lists.get("Arguments.arguments").map_or(&[][..], Vec::as_slice);
    let text =
        |item: &BTreeMap<String, String>, key: &str| variables.fill(item.get(key).map_or("", String::as_str));
    if sampler.is("HTTPSampler.postBodyRaw") {
        return all.first().map_or(Ok(String::new()), |item| text(item, "Argument.value"));
    }
    let pairs: Result<Vec<String>, String> = all
        .iter()
        .map(|item| Ok(format!("{}={}", text(item, "Argument.name")?, text(item, "Argument.value")?)))
        .collect();
    let form = pairs?.join("&");
    if form.is_empty() || method != "GET" {
        return Ok(form);
    }
    path.push(if path.contains('?') { '&' } else { '?' });
    path.push_str(&form);
    Ok(String::new())
}

/// A timer makes each request of its scope wait; those of one scope add up.
fn timer(
    element: &Element,
    variables: &Variables,
    group: &mut Group,
    notes: &mut Vec<String>,
) -> Result<(), String> {
    if !element.kind.ends_with("Timer") {
        return Ok(());
    }
    let ms = |name: &str| variables.number(element, name).map(|n| n.unwrap_or(0.0) / 1e3);
    let (delay, range) = (ms("ConstantTimer.delay")?, ms("RandomTimer.range")?);
    let shares = (0..100).map(|i| (f64::from(i) + 0.5) / 100.0);
    // As evenly spread times: a hundred of them are the law closely enough.
    let values: Vec<f64> = match element.kind.as_str() {
        "ConstantTimer" => vec![delay],
        "UniformRandomTimer" => shares.map(|p| delay + range * p).collect(),
        "GaussianRandomTimer" => shares.map(|p| (delay + range * normal(p)).max(0.0)).collect(),
        // A Poisson number of milliseconds; near to normal for the ranges that people give.
        "PoissonRandomTimer" => {
            let spread = (range * 1e3).sqrt() / 1e3;
            shares.map(|p| (delay + range + spread * normal(p)).max(0.0)).collect()
        }
        other => {
            notes.push(format!("the timer `{}` ({other}) has no meaning here", element.name));
            return Ok(());
        }
    };
    let add = match &group.think {
        Law::Constant { value } => value.0,
        law => law.mean(),
    };
    let values: Vec<Seconds> = values.into_iter().map(|v| Seconds(((v + add) * 1e6).round() / 1e6)).collect();
    group.think = match values.as_slice() {
        [one] => Law::Constant { value: *one },
        _ => Law::Empirical { values },
    };
    Ok(())
}

fn assertion(
    element: &Element,
    variables: &Variables,
    group: &mut Group,
    notes: &mut Vec<String>,
) -> Result<(), String> {
    if element.kind != "ResponseAssertion" {
        return Ok(());
    }
    let texts = element.lists.iter().filter(|(name, _)| name.ends_with("test_strings"));
    let texts = texts.flat_map(|(_, items)| items).filter_map(|item| item.get("text"));
    for text in texts {
        let text = variables.fill(text)?;
        match element.get("Assertion.test_field") {
            Some("Assertion.response_code") => match text.parse() {
                Ok(code) => group.statuses.push(code),
                Err(_) => notes.push(format!("the assertion `{text}` on the code is left out")),
            },
            Some("Assertion.response_data") => group.contains = Some(text),
            _ => notes.push(format!("the assertion `{}` is left out", element.name)),
        }
    }
    Ok(())
}

/// The quantile of the normal distribution (Acklam's rational approximation, good to nine digits).
fn normal(p: f64) -> f64 {
    const A: [f64; 6] = [
        -3.969_683_028_665_376e1,
        2.209_460_984_245_205e2,
        -2.759_285_104_469_687e2,
        1.383_577_518_672_69e2,
        -3.066_479_806_614_716e1,
        2.506_628_277_459_239,
    ];
    const B: [f64; 5] = [
        -5.447_609_879_822_406e1,
        1.615_858_368_580_409e2,
        -1.556_989_798_598_866e2,
        6.680_131_188_771_972e1,
        -1.328_068_155_288_572e1,
    ];
    const C: [f64; 6] = [
        -7.784_894_002_430_293e-3,
        -3.223_964_580_411_365e-1,
        -2.400_758_277_161_838,
        -2.549_732_539_343_734,
        4.374_664_141_464_968,
        2.938_163_982_698_783,
    ];
    const D: [f64; 4] =
        [7.784_695_709_041_462e-3, 3.224_671_290_700_398e-1, 2.445_134_137_142_996, 3.754_408_661_907_416];
    let poly = |c: &[f64], x: f64| c.iter().fold(0.0, |sum, k| sum * x + k);
    if p < 0.024_25 {
        let q = (-2.0 * p.ln()).sqrt();
        return poly(&C, q) / (poly(&D, q) * q + 1.0);
    }
    if p > 1.0 - 0.024_25 {
        return -normal(1.0 - p);
    }
    let q = p - 0.5;
    let r = q * q;
    poly(&A, r) * q / (poly(&B, r) * r + 1.0)
}
