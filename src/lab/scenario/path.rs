//! How a value of a scenario is named, and changed: `platform.cores`, `function.0.model.cpu`,
//! `trace.labels."com.openfaas.scale.max"`.

/// The keys of a path. What follows `settings` is one key, whose name has a dot.
pub(super) fn keys(path: &str) -> Vec<String> {
    let mut keys: Vec<String> = Vec::new();
    let mut rest = path;
    while !rest.is_empty() {
        let (key, after) = if keys.last().is_some_and(|k| k == "settings") {
            (rest.trim_matches('"'), "")
        } else if let Some((key, after)) = rest.strip_prefix('"').and_then(|r| r.split_once('"')) {
            (key, after.trim_start_matches('.'))
        } else {
            rest.split_once('.').unwrap_or((rest, ""))
        };
        keys.push(key.to_owned());
        rest = after;
    }
    keys
}

/// Sets the value at a path; tables on the way are made if they are not there.
pub(in crate::lab) fn set(table: &mut toml::Table, path: &str, value: toml::Value) -> Result<(), String> {
    let keys = keys(path);
    let Some((last, way)) = keys.split_last() else { return Err("a path is empty".into()) };
    let mut root = toml::Value::Table(std::mem::take(table));
    let mut at = &mut root;
    let put = || {
        for key in way {
            at = step_into(at, key, path)?;
        }
        match at {
            toml::Value::Table(inner) => {
                inner.insert(last.clone(), value);
                Ok(())
            }
            toml::Value::Array(_) => {
                *step_into(at, last, path)? = value;
                Ok(())
            }
            _ => Err(format!("`{path}`: what stands before `{last}` is a value, it has no keys")),
        }
    };
    let done = put();
    if let toml::Value::Table(whole) = root {
        *table = whole;
    }
    done
}

fn step_into<'a>(at: &'a mut toml::Value, key: &str, path: &str) -> Result<&'a mut toml::Value, String> {
    match at {
        toml::Value::Table(inner) => {
            Ok(inner.entry(key).or_insert_with(|| toml::Value::Table(toml::Table::new())))
        }
        toml::Value::Array(items) => {
            let n = items.len();
            let item = key.parse::<usize>().ok().and_then(|i| items.get_mut(i));
            item.ok_or_else(|| match n {
                0 => format!("`{path}`: there is none to change at `{key}`"),
                _ => format!("`{path}`: write a number from 0 to {} instead of `{key}`", n - 1),
            })
        }
        _ => Err(format!("`{path}`: what stands before `{key}` is a value, it has no keys")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_keys() {
        assert_eq!(keys("function.0.model.cpu"), ["function", "0", "model", "cpu"]);
        assert_eq!(keys("platform.settings.hpa.tolerance"), ["platform", "settings", "hpa.tolerance"]);
        assert_eq!(keys("trace.labels.\"a.b\".c"), ["trace", "labels", "a.b", "c"]);
    }

    #[test]
    fn a_value_is_set_where_it_belongs() {
        let mut table: toml::Table = toml::from_str("a = [{ b = 1 }]").unwrap();
        set(&mut table, "a.0.b", toml::Value::Integer(2)).unwrap();
        set(&mut table, "c.d", toml::Value::Integer(3)).unwrap();
        assert_eq!(table, toml::from_str("a = [{ b = 2 }]\nc = { d = 3 }").unwrap());
        let why = set(&mut table, "a.7.b", toml::Value::Integer(2)).unwrap_err();
        assert_eq!(why, "`a.7.b`: write a number from 0 to 0 instead of `7`");
        assert!(set(&mut table, "c.d.e", toml::Value::Integer(2)).unwrap_err().contains("has no keys"));
    }
}
