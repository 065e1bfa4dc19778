//! What `up --watch` looks at: the stack file, and the files of each handler folder.

use super::stack::{self, Stack};
use crate::cluster::function::{FunctionSpec, HANDLER_ANNOTATION};
use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Between two looks.
const EVERY: Duration = Duration::from_millis(500);
/// Says what a handler held when it was deployed, so that a change of it is a change of the function.
const CONTENT: &str = "faasim.dev/content";
/// Folders that tools fill by themselves.
const SKIPPED: [&str; 6] = ["node_modules", "__pycache__", "target", ".git", ".venv", "build"];

/// What was seen last.
#[derive(Debug)]
pub struct Watch {
    path: PathBuf,
    file: u64,
    stack: Stack,
    seen: BTreeMap<String, (FunctionSpec, u64)>,
}

/// What is to be done about a change.
#[derive(Debug)]
pub struct Change {
    /// The stack file as it is now, with only the functions that are to be deployed again.
    pub stack: Stack,
    /// Functions that are no longer in it.
    pub removed: Vec<FunctionSpec>,
}

impl Watch {
    /// Begins with what is being deployed.
    pub fn new(stack: Stack) -> Watch {
        let seen = stack.specs().into_iter().map(|s| (key(&s), (s.clone(), content(&s)))).collect();
        Watch { file: mark(&stack.path), path: stack.path.clone(), stack, seen }
    }

    /// Waits for a change.
    ///
    /// # Errors
    /// The stack file has mistakes now; they are said once.
    pub async fn changed(&mut self) -> Result<Change, String> {
        loop {
            tokio::time::sleep(EVERY).await;
            let change = self.look()?;
            if !change.stack.functions.is_empty() || !change.removed.is_empty() {
                return Ok(change);
            }
        }
    }

    fn look(&mut self) -> Result<Change, String> {
        let file = mark(&self.path);
        if file != self.file {
            self.file = file;
            self.stack = stack::read(&self.path).map_err(|mistakes| mistakes.to_string())?;
        }
        let mut stack = self.stack.clone();
        let mut before = std::mem::take(&mut self.seen);
        stack.functions.retain_mut(|function| {
            let spec = &mut function.spec;
            let now = content(spec);
            let old = before.remove(&key(spec));
            self.seen.insert(key(spec), (spec.clone(), now));
            match old {
                Some((old, content)) if content == now => old != *spec,
                Some(_) => {
                    spec.annotations.insert(CONTENT.into(), format!("{now:016x}"));
                    true
                }
                None => true,
            }
        });
        let removed = before.into_values().map(|(spec, _)| spec).collect();
        Ok(Change { stack, removed })
    }
}

/// What tells a function from others.
fn key(spec: &FunctionSpec) -> String {
    format!("{}.{}", spec.name, spec.namespace)
}

/// Names what a function's folder holds, by names, sizes and times.
fn content(spec: &FunctionSpec) -> u64 {
    let Some(folder) = spec.annotations.get(HANDLER_ANNOTATION) else { return 0 };
    let mut hasher = DefaultHasher::new();
    let mut folders = vec![PathBuf::from(folder)];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = std::fs::read_dir(&folder) else { continue };
        let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
        paths.sort();
        for path in paths {
            let skipped = path.file_name().and_then(|n| n.to_str()).is_some_and(|n| SKIPPED.contains(&n));
            if path.is_dir() {
                if !skipped {
                    folders.push(path);
                }
            } else {
                path.hash(&mut hasher);
                mark(&path).hash(&mut hasher);
            }
        }
    }
    hasher.finish()
}

fn mark(path: &Path) -> u64 {
    let mut hasher = DefaultHasher::new();
    if let Ok(about) = std::fs::metadata(path) {
        about.len().hash(&mut hasher);
        about.modified().ok().hash(&mut hasher);
    }
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_handler_or_key_is_deployed_again_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let stack_file = folder.path().join("stack.yml");
        let write = |label: &str| {
            let text = format!(
                "provider: {{ name: openfaas }}\nfunctions:\n  a: {{ handler: ./a, fprocess: cat }}\n  \
                 b: {{ image: i, fprocess: cat, labels: {{ l: {label} }} }}\n"
            );
            std::fs::write(&stack_file, text).unwrap();
        };
        std::fs::create_dir(folder.path().join("a")).unwrap();
        std::fs::write(folder.path().join("a/h"), "1").unwrap();
        write("one");
        let mut watch = Watch::new(stack::read(&stack_file).unwrap());
        let mut names = || {
            let change = watch.look().unwrap();
            assert!(change.removed.is_empty());
            change.stack.functions.into_iter().map(|f| f.spec.name).collect::<Vec<_>>()
        };
        assert_eq!(names(), Vec::<String>::new());
        std::fs::write(folder.path().join("a/h"), "22").unwrap();
        assert_eq!(names(), ["a"]);
        assert_eq!(names(), Vec::<String>::new());
        write("other");
        assert_eq!(names(), ["b"]);
        std::fs::write(&stack_file, "nonsense: [").unwrap();
        assert!(watch.look().is_err());
        let change = watch.look().unwrap();
        assert!(change.stack.functions.is_empty() && change.removed.is_empty(), "a mistake is said once");
        let text = "provider: { name: openfaas }\nfunctions:\n  a: { handler: ./a, fprocess: cat }\n";
        std::fs::write(&stack_file, text).unwrap();
        let change = watch.look().unwrap();
        assert!(change.stack.functions.is_empty());
        assert_eq!(change.removed.iter().map(|s| &*s.name).collect::<Vec<_>>(), ["b"]);
        assert!(watch.look().unwrap().removed.is_empty(), "it is removed once");
    }
}
