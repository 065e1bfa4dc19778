//! Some of a stack's functions: by name, by `--filter`, by `--regex`.

use super::{Stack, StackFunction};

/// Which functions.
#[derive(Clone, Debug, Default)]
pub struct Select {
    /// Names; none means all.
    pub names: Vec<String>,
    /// `--filter`, where `*` stands for anything.
    pub filter: Option<String>,
    /// `--regex`, searched anywhere in the name.
    pub regex: Option<String>,
}

/// Nothing could be chosen, and why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SelectError {
    /// Both at once, in faas-cli's words.
    #[error("pass in a regex or a filter, not both")]
    Both,
    /// Not a regular expression.
    #[error("--regex: {0}")]
    BadRegex(String),
    /// Nothing matches.
    #[error("no functions matching --filter/--regex were found in the YAML file")]
    NoMatch,
    /// A name that the stack does not have.
    #[error("{0}")]
    NoSuchName(String),
}

impl Stack {
    /// The functions that were asked for, in the order of the file.
    ///
    /// # Errors
    /// Contradictions, and names or patterns that fit nothing.
    pub fn select(&self, select: &Select) -> Result<Vec<&StackFunction>, SelectError> {
        let fits: Box<dyn Fn(&str) -> bool> = match (&select.filter, &select.regex) {
            (Some(_), Some(_)) => return Err(SelectError::Both),
            (Some(filter), None) => Box::new(move |name| wildcard(filter, name)),
            (None, Some(regex)) => {
                let regex = regex::Regex::new(regex).map_err(|e| {
                    SelectError::BadRegex(e.to_string().lines().last().unwrap_or("").to_owned())
                })?;
                Box::new(move |name| regex.is_match(name))
            }
            (None, None) => Box::new(|_| true),
        };
        for name in &select.names {
            if !self.functions.iter().any(|f| f.spec.name == *name) {
                let names = self.functions.iter().map(|f| f.spec.name.as_str());
                let what = crate::mistake::unknown("function", name, names);
                return Err(SelectError::NoSuchName(format!("{}: {what}", self.name())));
            }
        }
        let chosen: Vec<&StackFunction> = self
            .functions
            .iter()
            .filter(|f| select.names.is_empty() || select.names.contains(&f.spec.name))
            .filter(|f| fits(&f.spec.name))
            .collect();
        if chosen.is_empty() && !self.functions.is_empty() { Err(SelectError::NoMatch) } else { Ok(chosen) }
    }
}

/// Whether `name` fits a pattern in which `*` stands for any text.
fn wildcard(pattern: &str, name: &str) -> bool {
    let Some((head, tail)) = pattern.split_once('*') else { return pattern == name };
    let Some(rest) = name.strip_prefix(head) else { return false };
    let mut starts = rest.char_indices().map(|(n, _)| n).chain([rest.len()]);
    starts.any(|n| wildcard(tail, &rest[n..]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::function::FunctionSpec;

    fn stack(names: &[&str]) -> Stack {
        let functions = names.iter().map(|name| StackFunction {
            spec: FunctionSpec::new(name, "i"),
            lang: None,
            handler: None,
            build_args: Default::default(),
            build_options: Vec::new(),
            skip_build: false,
            copy: Vec::new(),
            project: Default::default(),
        });
        Stack {
            paths: vec!["stack.yml".into()],
            gateway: None,
            functions: functions.collect(),
            notes: Vec::new(),
        }
    }

    #[test]
    fn functions_are_chosen_by_name_and_pattern() {
        let stack = stack(&["mltest", "mltest-dev", "knn"]);
        let of = |names: &[&str], filter: Option<&str>, regex: Option<&str>| {
            let names = names.iter().map(|n| (*n).to_owned()).collect();
            let select = Select { names, filter: filter.map(Into::into), regex: regex.map(Into::into) };
            stack.select(&select).map(|f| f.iter().map(|f| f.spec.name.clone()).collect::<Vec<_>>().join(" "))
        };
        assert_eq!(of(&[], None, None).unwrap(), "mltest mltest-dev knn");
        assert_eq!(of(&["knn", "mltest"], None, None).unwrap(), "mltest knn");
        assert_eq!(of(&[], Some("ml*"), None).unwrap(), "mltest mltest-dev");
        assert_eq!(of(&[], Some("*-d*v"), None).unwrap(), "mltest-dev");
        assert_eq!(of(&[], Some("knn"), None).unwrap(), "knn");
        assert_eq!(of(&[], None, Some("n$")).unwrap(), "knn");
        assert_eq!(of(&[], Some("a"), Some("b")), Err(SelectError::Both));
        assert_eq!(of(&[], Some("zz*"), None), Err(SelectError::NoMatch));
        assert!(matches!(of(&[], None, Some("(")), Err(SelectError::BadRegex(_))));
        let error = of(&["mltset"], None, None).unwrap_err().to_string();
        assert!(error.contains("did you mean `mltest`"), "{error}");
    }
}
