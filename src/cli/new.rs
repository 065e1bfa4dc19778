//! `faasim new`: a function to begin with.

use super::failure::{Failure, Outcome};
use super::templates;
use crate::cluster::function::is_dns_label;
use std::fs;
use std::path::{Path, PathBuf};

/// Make a new function: a folder with a handler, and its place in a stack file
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  faasim new hello --lang python3\n  faasim new shout --lang bash --append stack.yaml\n  faasim new --list"
)]
pub struct Args {
    /// The function's name, and that of its folder
    #[arg(required_unless_present = "list")]
    name: Option<String>,
    /// What it is written in; `--list` names all
    #[arg(long, value_name = "LANG", required_unless_present = "list")]
    lang: Option<String>,
    /// What the image's name begins with, such as a user's name
    #[arg(long, short, value_name = "PREFIX")]
    prefix: Option<String>,
    /// Add it to this stack file [default: a new stack.yaml]
    #[arg(long, short, value_name = "FILE")]
    append: Option<PathBuf>,
    /// The handler's folder [default: the function's name]
    #[arg(long, value_name = "DIR")]
    handler: Option<PathBuf>,
    /// Print nothing when it goes well
    #[arg(long, short)]
    quiet: bool,
    /// Name the languages
    #[arg(long)]
    list: bool,
}

/// Makes it.
///
/// # Errors
/// The name or language is unknown, or something is there already.
pub fn run(args: Args) -> Outcome {
    if args.list {
        templates::languages().iter().for_each(|lang| println!("{lang}"));
        return Ok(());
    }
    let (name, lang) = (args.name.unwrap_or_default(), args.lang.unwrap_or_default());
    if !is_dns_label(&name) {
        return Err(Failure::used(format_args!(
            "a function cannot be called `{name}`: use at most 63 of a-z, 0-9 and `-`, beginning and ending with \
             a letter or digit"
        )));
    }
    let template = templates::find(Path::new("."), &lang).map_err(Failure::used)?;
    let folder = args.handler.unwrap_or_else(|| PathBuf::from(&name));
    let shown = folder.display();
    if folder.exists() {
        return Err(Failure::failed(format_args!(
            "there is a folder {shown} already: choose another name, or another folder with `--handler`"
        )));
    }
    if folder.is_absolute() {
        return Err(Failure::used(format_args!("--handler: {shown} is not below this folder")));
    }
    let (stack, begun) = match &args.append {
        Some(file) => {
            let text = fs::read_to_string(file)
                .map_err(|e| Failure::failed(format_args!("{}: {e}", file.display())))?;
            (file.clone(), text)
        }
        None => {
            if let Some(there) = ["stack.yaml", "stack.yml"].iter().find(|f| Path::new(f).exists()) {
                return Err(Failure::failed(format_args!(
                    "there is a {there} already: add to it with `--append {there}`"
                )));
            }
            let head =
                "version: 1.0\nprovider:\n  name: openfaas\n  gateway: http://127.0.0.1:8080\n\nfunctions:\n";
            (PathBuf::from("stack.yaml"), head.to_owned())
        }
    };
    if begun.lines().any(|line| line.trim_end() == format!("  {name}:")) {
        return Err(Failure::failed(format_args!("{} has a function {name} already", stack.display())));
    }
    let files = match &template.folder {
        None => templates::files(&lang),
        Some(own) => own_files(&own.join(&template.handler_folder)).map_err(Failure::failed)?,
    };
    let written = files.iter().try_for_each(|(file, content)| write(&folder.join(file), content));
    written.map_err(|e| Failure::failed(format_args!("{shown}: {e}")))?;

    let prefix = args.prefix.map_or_else(String::new, |p| format!("{}/", p.trim_end_matches('/')));
    let mut entry =
        format!("  {name}:\n    lang: {lang}\n    handler: ./{shown}\n    image: {prefix}{name}:latest\n");
    if let Some(process) = &template.fprocess {
        entry.push_str(&format!("    fprocess: {process}\n"));
    }
    let text = format!("{}\n{entry}", begun.trim_end());
    fs::write(&stack, text).map_err(|e| Failure::failed(format_args!("{}: {e}", stack.display())))?;
    if !Path::new(".gitignore").exists() {
        let _ = fs::write(".gitignore", "template\nbuild\n.secrets\n");
    }
    if args.quiet {
        return Ok(());
    }
    println!("Function created in folder: {shown}");
    println!("Stack file written: {}", stack.display());
    if let Some(welcome) = template.welcome {
        println!("\n{welcome}");
    }
    println!(
        "Next: `faasim deploy -f {0}` where a cluster runs, `faasim up -f {0}` where none does; `faasim build` makes an image of it.",
        stack.display()
    );
    Ok(())
}

fn own_files(folder: &Path) -> Result<Vec<(String, Vec<u8>)>, String> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(inner) = folders.pop() {
        let entries = fs::read_dir(&inner).map_err(|e| format!("{}: {e}", inner.display()))?;
        for path in entries.flatten().map(|entry| entry.path()) {
            if path.is_dir() {
                folders.push(path);
            } else if let Ok(name) = path.strip_prefix(folder) {
                let content = fs::read(&path).map_err(|e| format!("{}: {e}", path.display()))?;
                files.push((name.display().to_string(), content));
            }
        }
    }
    Ok(files)
}

pub(super) fn write(path: &Path, content: &[u8]) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    fs::write(path, content)?;
    if content.starts_with(b"#!") {
        fs::set_permissions(path, fs::Permissions::from_mode(0o755))?;
    }
    Ok(())
}
