//! What `up --watch` looks at: the stack file, and the files of each handler folder.

use super::stack::Stack;
use crate::cluster::function::FunctionSpec;
use crate::live::provider::context::Context;
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

/// Reads the stack files anew.
type Read = Box<dyn Fn() -> Result<Stack, String> + Send + Sync>;

/// What was seen last.
pub struct Watch {
    read: Read,
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
    pub fn new(stack: Stack, read: impl Fn() -> Result<Stack, String> + Send + Sync + 'static) -> Watch {
        let seen = stack.specs().into_iter().map(|s| (key(&s), (s.clone(), content(&s)))).collect();
        Watch { file: marks(&stack.paths), read: Box::new(read), stack, seen }
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
        let file = marks(&self.stack.paths);
        if file != self.file {
            self.file = file;
            self.stack = (self.read)()?;
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

/// Names what a function is made of, by names, sizes and times.
fn content(spec: &FunctionSpec) -> u64 {
    let Some(context) = Context::of(spec) else { return 0 };
    let mut hasher = DefaultHasher::new();
    for (name, path) in context.files().unwrap_or_default() {
        if name.iter().any(|part| SKIPPED.iter().any(|skipped| part == *skipped)) {
            continue;
        }
        path.hash(&mut hasher);
        mark(&path).hash(&mut hasher);
    }
    hasher.finish()
}

fn marks(paths: &[PathBuf]) -> u64 {
    let mut hasher = DefaultHasher::new();
    paths.iter().for_each(|path| mark(path).hash(&mut hasher));
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
    use crate::cli::stack;

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
        let read = {
            let file = stack_file.clone();
            move || stack::read(&file).map_err(|mistakes| mistakes.to_string())
        };
        let mut watch = Watch::new(read().unwrap(), read);
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
