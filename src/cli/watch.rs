//! What `up --watch` looks at: the stack file, and the files of each handler folder.

use super::stack;
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
    seen: BTreeMap<String, (FunctionSpec, u64)>,
}

impl Watch {
    /// Begins with what is being deployed.
    pub fn new(path: PathBuf, specs: &[FunctionSpec]) -> Watch {
        let seen = specs.iter().map(|s| (s.name.clone(), (s.clone(), content(s)))).collect();
        Watch { file: mark(&path), path, seen }
    }

    /// Waits for a change and gives the functions that are to be deployed again.
    ///
    /// # Errors
    /// The stack file has mistakes now; they are said once.
    pub async fn changed(&mut self) -> Result<Vec<FunctionSpec>, String> {
        loop {
            tokio::time::sleep(EVERY).await;
            let found = self.look()?;
            if !found.is_empty() {
                return Ok(found);
            }
        }
    }

    fn look(&mut self) -> Result<Vec<FunctionSpec>, String> {
        let file = mark(&self.path);
        let specs: Vec<FunctionSpec> = if file == self.file {
            self.seen.values().map(|(spec, _)| spec.clone()).collect()
        } else {
            self.file = file;
            stack::read(&self.path).map_err(|mistakes| mistakes.to_string())?.specs()
        };
        let mut changed = Vec::new();
        for spec in specs {
            let now = content(&spec);
            let before = self.seen.insert(spec.name.clone(), (spec.clone(), now));
            if before.as_ref().is_some_and(|(old, content)| *old == spec && *content == now) {
                continue;
            }
            let mut spec = spec;
            if before.is_some_and(|(_, content)| content != now) {
                spec.annotations.insert(CONTENT.into(), format!("{now:016x}"));
            }
            changed.push(spec);
        }
        Ok(changed)
    }
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
        let specs = stack::read(&stack_file).unwrap().specs();
        let mut watch = Watch::new(stack_file.clone(), &specs);
        let mut names = || watch.look().unwrap().into_iter().map(|s| s.name).collect::<Vec<_>>();
        assert_eq!(names(), Vec::<String>::new());
        std::fs::write(folder.path().join("a/h"), "22").unwrap();
        assert_eq!(names(), ["a"]);
        assert_eq!(names(), Vec::<String>::new());
        write("other");
        assert_eq!(names(), ["b"]);
        std::fs::write(&stack_file, "nonsense: [").unwrap();
        assert!(watch.look().is_err());
        assert!(watch.look().unwrap().is_empty(), "a mistake is said once");
    }
}
