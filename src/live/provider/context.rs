//! The files that a function is made of: its template's, its handler's, and what the project adds to them. An image is
//! built from them, and a process runs in a folder of them.

use crate::cluster::function::{COPY_ANNOTATION, FunctionSpec, HANDLER_ANNOTATION, TEMPLATE_ANNOTATION};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

/// What of a template is about building and not of the function.
const ABOUT: [&str; 4] = ["Dockerfile", "Dockerfile.template", "template.yml", "template.yaml"];

/// Where the files are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Context {
    /// A project's own template folder.
    pub template: Option<PathBuf>,
    /// The handler's folder.
    pub handler: PathBuf,
    /// Where the handler's files go; none: to the top.
    pub place: Option<String>,
    /// Files and folders of the project that go beside the handler's: where they are, and below what name.
    pub copy: Vec<(PathBuf, String)>,
}

impl Context {
    /// What the annotations of a deployed function say; none when it has no handler.
    pub fn of(spec: &FunctionSpec) -> Option<Context> {
        let handler = PathBuf::from(spec.annotations.get(HANDLER_ANNOTATION)?);
        let template = spec.annotations.get(TEMPLATE_ANNOTATION).map(PathBuf::from);
        let place =
            template.as_deref().map(|folder| handler_folder(folder).unwrap_or_else(|| "function".into()));
        let copied = spec.annotations.get(COPY_ANNOTATION).and_then(|all| all.rsplit_once(':'));
        let copy = copied.map(|(project, names)| {
            names.split(',').map(|name| (Path::new(project).join(name), name.to_owned())).collect()
        });
        Some(Context { template, handler, place, copy: copy.unwrap_or_default() })
    }

    /// The handler's folder is all there is to it.
    pub fn is_plain(&self) -> bool {
        self.template.is_none() && self.copy.is_empty()
    }

    /// Every file by its name below the context's top, and where it is now.
    ///
    /// # Errors
    /// A folder cannot be read.
    pub fn files(&self) -> io::Result<BTreeMap<PathBuf, PathBuf>> {
        let mut all = BTreeMap::new();
        let place = PathBuf::from(self.place.as_deref().unwrap_or(""));
        if let Some(template) = &self.template {
            // What lies where the handler goes is an example.
            collect(template, Path::new(""), &mut all, &|name| {
                ABOUT.iter().any(|about| Path::new(about) == name) || (self.place.is_some() && name == place)
            })?;
        }
        let cargo = self.handler.join("Cargo.toml").is_file();
        collect(&self.handler, &place, &mut all, &|name| {
            // As faas-cli leaves out its own folders; what cargo made here are gigabytes that are made anew.
            ["build", "template"].iter().any(|own| Path::new(own) == name)
                || (self.place.is_none() && name == Path::new("Dockerfile"))
                || (cargo && name == Path::new("target"))
        })?;
        for (path, name) in &self.copy {
            let to = place.join(name);
            if path.is_dir() {
                collect(path, &to, &mut all, &|_| false)?;
            } else {
                all.insert(to, path.clone());
            }
        }
        Ok(all)
    }

    /// Names the files and what is in them.
    ///
    /// # Errors
    /// One cannot be read.
    pub fn hash(&self) -> io::Result<String> {
        use std::os::unix::fs::PermissionsExt;
        let mut digest = Sha256::new();
        for (name, path) in self.files()? {
            let content = std::fs::read(&path)?;
            digest.update(name.as_os_str().as_encoded_bytes());
            digest.update((content.len() as u64).to_le_bytes());
            digest.update(std::fs::metadata(&path)?.permissions().mode().to_le_bytes());
            digest.update(content);
        }
        Ok(digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
    }

    /// Writes them all into a folder.
    ///
    /// # Errors
    /// One cannot be read or written.
    pub fn copy_to(&self, folder: &Path) -> io::Result<()> {
        for (name, path) in self.files()? {
            let to = folder.join(name);
            if let Some(parent) = to.parent() {
                std::fs::create_dir_all(parent)?;
            }
            std::fs::copy(path, to)?;
        }
        Ok(())
    }

    /// The variables that the template's Dockerfile gives the function: which kind of watchdog it wants, and where its
    /// server listens. Those that speak of the image's own folders are left out.
    pub fn variables(&self) -> Vec<(String, String)> {
        let Some(template) = &self.template else { return Vec::new() };
        let text = std::fs::read_to_string(template.join("Dockerfile"))
            .or_else(|_| std::fs::read_to_string(template.join("Dockerfile.template")));
        let mut all = text.map(|text| variables(&text)).unwrap_or_default();
        all.retain(|(name, value)| {
            !["PATH", "HOME", "USER"].contains(&name.as_str()) && !value.contains(['$', '{'])
        });
        all
    }
}

/// `handler_folder` of a template.
fn handler_folder(template: &Path) -> Option<String> {
    #[derive(serde::Deserialize)]
    struct Yaml {
        handler_folder: Option<String>,
    }
    let text = std::fs::read_to_string(template.join("template.yml")).ok()?;
    let yaml: Yaml = serde_norway::from_str(&text).ok()?;
    yaml.handler_folder.filter(|folder| !folder.is_empty())
}

fn collect(
    from: &Path,
    to: &Path,
    all: &mut BTreeMap<PathBuf, PathBuf>,
    skipped: &dyn Fn(&Path) -> bool,
) -> io::Result<()> {
    let at = |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", from.display()));
    for entry in std::fs::read_dir(from).map_err(at)? {
        let entry = entry?;
        let name = PathBuf::from(entry.file_name());
        if skipped(&name) || name == Path::new("__pycache__") || name == Path::new(".git") {
            continue;
        }
        // Links are followed: what they lead to is wanted, wherever it is.
        let path = entry.path();
        if path.is_dir() {
            collect(&path, &to.join(&name), all, &|_| false)?;
        } else if path.is_file() {
            all.insert(to.join(&name), path);
        }
    }
    Ok(())
}

/// What `ENV` says in the last stage of a Dockerfile: `ENV name=value other="of two words"` and `ENV name value`.
fn variables(dockerfile: &str) -> Vec<(String, String)> {
    let mut all = Vec::new();
    let joined = dockerfile.replace("\\\n", " ");
    for line in joined.lines() {
        let line = line.trim();
        let (word, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        if word.eq_ignore_ascii_case("FROM") {
            all.clear();
        }
        if !word.eq_ignore_ascii_case("ENV") {
            continue;
        }
        let rest = rest.trim();
        let first = rest.split(char::is_whitespace).next().unwrap_or_default();
        if first.contains('=') {
            all.extend(pairs(rest));
        } else if let Some((name, value)) = rest.split_once(char::is_whitespace) {
            all.push((name.to_owned(), value.trim().trim_matches('"').to_owned()));
        }
    }
    all
}

fn pairs(text: &str) -> Vec<(String, String)> {
    let mut words: Vec<String> = vec![String::new()];
    let mut quote = None;
    for letter in text.chars() {
        match (letter, quote) {
            ('"' | '\'', None) => quote = Some(letter),
            (_, Some(open)) if letter == open => quote = None,
            (_, None) if letter.is_whitespace() => words.push(String::new()),
            _ => words.last_mut().into_iter().for_each(|word| word.push(letter)),
        }
    }
    let pair = |word: String| word.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()));
    words.into_iter().filter_map(pair).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_project_s_template_holds_the_handler_in_its_folder() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        for (name, text) in [
            ("template/py/template.yml", "language: py\nfprocess: python3 index.py\nhandler_folder: inner\n"),
            (
                "template/py/Dockerfile",
                "FROM a AS x\nENV gone=1\nFROM b\nENV mode=\"http\" upstream_url='http://127.0.0.1:5000' \\\n  a=b\nENV fprocess python3 index.py\nENV PATH=/x:$PATH\n",
            ),
            ("template/py/index.py", "template's"),
            ("template/py/inner/handler.py", "an example"),
            ("hello/handler.py", "the handler's"),
            ("hello/sub/data", "x"),
            ("hello/template/no", "not built in"),
            ("common/lib.py", "shared"),
        ] {
            write(name, text);
        }
        let mut spec = FunctionSpec::new("hello", "hello");
        let path = |name: &str| folder.path().join(name).display().to_string();
        for (key, value) in [
            (HANDLER_ANNOTATION, path("hello")),
            (TEMPLATE_ANNOTATION, path("template/py")),
            (COPY_ANNOTATION, format!("{}:common", folder.path().display())),
        ] {
            spec.annotations.insert(key.into(), value);
        }
        let context = Context::of(&spec).unwrap();
        let names: Vec<String> = context.files().unwrap().keys().map(|p| p.display().to_string()).collect();
        assert_eq!(names, ["index.py", "inner/common/lib.py", "inner/handler.py", "inner/sub/data"]);
        let before = context.hash().unwrap();
        write("common/lib.py", "shared, changed");
        assert_ne!(context.hash().unwrap(), before);
        let to = folder.path().join("made");
        context.copy_to(&to).unwrap();
        assert_eq!(std::fs::read_to_string(to.join("inner/handler.py")).unwrap(), "the handler's");
        let variables = context.variables();
        let seen: Vec<_> = variables.iter().map(|(k, v)| format!("{k}={v}")).collect();
        assert_eq!(
            seen,
            ["mode=http", "upstream_url=http://127.0.0.1:5000", "a=b", "fprocess=python3 index.py"]
        );
    }

    #[test]
    fn without_a_template_the_handler_is_at_the_top() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("h.sh"), "x").unwrap();
        std::fs::write(folder.path().join("Dockerfile"), "x").unwrap();
        let context = Context { handler: folder.path().to_owned(), ..Context::default() };
        assert!(context.is_plain());
        assert_eq!(context.files().unwrap().into_keys().collect::<Vec<_>>(), [PathBuf::from("h.sh")]);
        assert!(context.variables().is_empty());
    }
}
