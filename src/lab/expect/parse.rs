//! Reading a line.

use super::{Expectation, Filter, OF_SERIES, OF_TIMES, Of, Op, SERIES, TIMES, TOTALS, Value, What};
use crate::cluster::go_duration;
use crate::mistake::unknown;

pub(in crate::lab) fn tokens(text: &str) -> Vec<String> {
    let spaced: String = text
        .replace("->", " ")
        .chars()
        .map(|c| match c {
            '(' | ')' => format!(" {c} "),
            ',' | '→' => " ".into(),
            c => c.to_string(),
        })
        .collect();
    let mut all = Vec::new();
    for word in spaced.split_whitespace() {
        // Operators may stand without spaces: `status=408`, `p95<2s`.
        let mut rest = word;
        while let Some(at) = rest.find(['<', '>', '=', '!']) {
            if at > 0 {
                all.push(rest[..at].to_owned());
            }
            let end = rest[at..].find(|c| !['<', '>', '=', '!'].contains(&c)).map_or(rest.len(), |n| at + n);
            all.push(rest[at..end].to_owned());
            rest = &rest[end..];
        }
        if !rest.is_empty() {
            all.push(rest.to_owned());
        }
    }
    all
}

pub(in crate::lab) fn op(text: &str) -> Result<Op, String> {
    Ok(match text {
        "==" | "=" => Op::Equal,
        "!=" => Op::Not,
        "<" => Op::Less,
        "<=" => Op::AtMost,
        ">" => Op::More,
        ">=" => Op::AtLeast,
        other => return Err(format!("`{other}` is no comparison: write ==, !=, <, <=, > or >=")),
    })
}

fn seconds(text: &str) -> Result<f64, String> {
    let parsed = go_duration::parse(text).map(|d| d.as_secs_f64()).or_else(|| text.parse().ok());
    parsed.ok_or_else(|| format!("`{text}` is no time: write 45s or 1m30s"))
}

/// A number; a time in seconds where times are meant; thousandths of a core as `583m` where CPU is.
fn number(text: &str, times: bool, cpu: bool) -> Result<f64, String> {
    if let Ok(number) = text.parse::<f64>() {
        return Ok(number);
    }
    if let Some(percent) = text.strip_suffix('%').and_then(|n| n.parse::<f64>().ok()) {
        return Ok(percent / 100.0);
    }
    if cpu && let Some(milli) = text.strip_suffix('m').and_then(|n| n.parse::<f64>().ok()) {
        return Ok(milli / 1000.0);
    }
    if times {
        return seconds(text);
    }
    Err(format!("`{text}` is no number"))
}

/// A value of a series: memory as `128Mi`, CPU as `583m`.
fn of_series(name: &str, text: &str) -> Result<f64, String> {
    if name.starts_with("memory")
        && let Ok(bytes) = text.parse::<crate::cluster::quantity::Bytes>()
    {
        return Ok(bytes.0 as f64);
    }
    number(text, false, name.starts_with("cpu"))
}

fn series(name: &str) -> Result<String, String> {
    if SERIES.contains(&name) { Ok(name.into()) } else { Err(unknown("series", name, SERIES)) }
}

/// `of F`, `in PHASE`, `cold`, `warm`, `status = N`, or the bare name of a function or phase.
fn filter(words: &[String]) -> Result<Filter, String> {
    let mut filter = Filter::default();
    let mut words = words.iter().map(String::as_str);
    while let Some(word) = words.next() {
        match word {
            "of" => filter.function = Some(words.next().ok_or("a function follows `of`")?.into()),
            "in" => filter.phase = Some(words.next().ok_or("a phase follows `in`")?.into()),
            "cold" => filter.cold = Some(true),
            "warm" => filter.cold = Some(false),
            "failed" => filter.failed = Some(true),
            "good" => filter.failed = Some(false),
            "status" => {
                let (sign, code) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
                if !["=", "=="].contains(&sign) {
                    return Err("write `status = 200`".into());
                }
                filter.status = Some(code.parse().map_err(|_| format!("`{code}` is no status"))?);
            }
            sign if op(sign).is_ok() => {
                return Err(format!(
                    "`{sign}` is one comparison too many: write for instance `replicas at 45s == 2`"
                ));
            }
            name => filter.words.push(name.into()),
        }
    }
    Ok(filter)
}

pub(super) fn parse(text: &str) -> Result<Expectation, String> {
    let all = tokens(text);
    let words: Vec<&str> = all.iter().map(String::as_str).collect();
    let done = |what: What, sign: &str, numbers: Vec<f64>, filter: Filter| {
        Ok(Expectation { text: text.into(), what, op: op(sign)?, value: Value { numbers, filter } })
    };
    match words.as_slice() {
        ["first", "time", name, rest @ ..] => {
            let within = rest.iter().position(|w| *w == "within").ok_or("`within 30s` is missing")?;
            let time = rest.get(within + 1).ok_or("a time follows `within`")?;
            let (rest, after) = match &rest[..within] {
                [rest @ .., "after", moment] => (rest, seconds(moment)?),
                rest => (rest, 0.0),
            };
            let [middle @ .., sign, value] = rest else {
                return Err("write `replicas >= 4`".into());
            };
            let name = series(name)?;
            let value = of_series(&name, value)?;
            let of: Vec<String> = middle.iter().map(|w| (*w).to_owned()).collect();
            let within = seconds(time)?;
            done(What::First { series: name, after, within }, sign, vec![value], filter(&of)?)
        }
        ["course", "of", "replicas", rest @ ..] => {
            let at = rest.iter().position(|w| op(w).is_ok()).ok_or("`== 2 4 6` is missing")?;
            let of: Vec<String> = rest[..at].iter().map(|w| (*w).to_owned()).collect();
            let sizes: Result<Vec<f64>, String> =
                rest[at + 1..].iter().map(|n| number(n, false, false)).collect();
            done(What::Course, rest[at], sizes?, filter(&of)?)
        }
        [how, "(", rest @ ..] => {
            let end = rest.iter().position(|w| *w == ")").ok_or("`)` is missing")?;
            let (inside, after) = (&rest[..end], &rest[end + 1..]);
            let [sign, value] = after else { return Err("a comparison and a value follow `)`".into()) };
            let mut inside: Vec<String> = inside.iter().map(|w| (*w).to_owned()).collect();
            let first = inside.first().cloned().unwrap_or_default();
            let of = match *how {
                "count" => Of::Count,
                "share" => Of::Share,
                how if OF_SERIES.contains(&how) && SERIES.contains(&first.as_str()) => {
                    inside.remove(0);
                    Of::Series(first)
                }
                how if OF_TIMES.contains(&how) => match TIMES.contains(&first.as_str()) {
                    true => Of::Times(inside.remove(0)),
                    false => Of::Times("latency".into()),
                },
                how => {
                    let names = OF_TIMES.into_iter().chain(["last", "count", "share"]);
                    return Err(unknown("measure", how, names));
                }
            };
            let value = match &of {
                Of::Series(name) => of_series(name, value)?,
                of => number(value, matches!(of, Of::Times(_)), false)?,
            };
            done(What::Aggregate { how: (*how).into(), of }, sign, vec![value], filter(&inside)?)
        }
        [name, rest @ .., sign, value] if TOTALS.contains(name) => {
            let of: Vec<String> = rest.iter().map(|w| (*w).to_owned()).collect();
            done(What::Total((*name).into()), sign, vec![number(value, false, false)?], filter(&of)?)
        }
        [name, middle @ .., "at", time, sign, value] => {
            let name = series(name)?;
            let of: Vec<String> = middle.iter().map(|w| (*w).to_owned()).collect();
            let value = of_series(&name, value)?;
            done(What::At { series: name, seconds: seconds(time)? }, sign, vec![value], filter(&of)?)
        }
        [name, rest @ .., sign, value] if SERIES.contains(name) && op(sign).is_ok() => {
            let of: Vec<String> = rest.iter().map(|w| (*w).to_owned()).collect();
            let value = of_series(name, value)?;
            let what = What::Aggregate { how: "last".into(), of: Of::Series((*name).into()) };
            done(what, sign, vec![value], filter(&of)?)
        }
        [name, ..] if !SERIES.contains(name) => {
            let names = SERIES.into_iter().chain(TOTALS).chain(["first", "course", "count", "p95"]);
            Err(unknown("beginning", name, names))
        }
        _ => {
            Err("write for instance `replicas at 45s == 6`, `max(replicas) <= 6` or `p95(warm) < 50ms`"
                .into())
        }
    }
}
