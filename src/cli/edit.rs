//! `faasim edit`: an autoscaler or a function in an editor.

use super::failure::{Failure, Outcome};
use super::resource::{self, Kind};
use super::{Global, manifest, with_client};
use crate::cluster::command::Command;
use crate::cluster::function::{FunctionName, FunctionSpec};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// Edit an autoscaler or a function in $EDITOR
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  faasim edit hpa mltest\n  EDITOR=nano faasim edit deploy mltest")]
pub struct Args {
    /// hpa or deploy, and its name
    #[arg(required = true, value_name = "KIND NAME")]
    what: Vec<String>,
}

/// Opens it in the editor until it is right or left alone.
///
/// # Errors
/// It is not there, the editor fails, or the cluster refuses.
pub fn run(args: Args, global: &Global) -> Outcome {
    let wanted = resource::parse(&args.what)?;
    let [(kind @ (Kind::Hpa | Kind::Deployment | Kind::Function), Some(name))] = &wanted[..] else {
        return Err(Failure::used(
            "name one autoscaler or one function: `faasim edit hpa NAME` or `faasim edit deploy NAME`",
        ));
    };
    with_client(global, async |client| {
        let view = client.view().await?;
        let function = resource::function(&view.snapshot, *kind, name, global)?;
        let full = function.name();
        let before = match kind {
            Kind::Hpa => {
                let hpa = function.hpa.as_ref().ok_or_else(|| resource::not_found(*kind, name, &[]))?;
                manifest::yaml(&full, hpa)
            }
            _ => serde_norway::to_string(&*function.spec).map_err(Failure::failed)?,
        };
        let mut text = before.clone();
        let mut said: Option<String> = None;
        loop {
            let shown = said.iter().fold(text.clone(), |text, why| {
                let why: String = why.lines().map(|line| format!("# {line}\n")).collect();
                format!("# It was not accepted; change it, or leave it as it is to cancel:\n{why}#\n{text}")
            });
            let edited = in_editor(&shown).map_err(|failure| match &said {
                Some(_) => Failure::failed(format_args!("{failure}{}", kept(&text))),
                None => failure,
            })?;
            let edited: String = edited
                .lines()
                .filter(|line| !line.starts_with('#'))
                .map(|line| format!("{line}\n"))
                .collect();
            // Comments do not count: the reason above the text may have been changed along with it.
            if edited == text || edited == before || edited.trim().is_empty() {
                let Some(why) = said else {
                    println!("Edit cancelled, no changes made.");
                    return Ok(());
                };
                let why = format!("edit cancelled, no changes made; it was not accepted: {why}");
                return Err(Failure::failed(why + &kept(&text)));
            }
            text = edited;
            match command(*kind, &full, &text) {
                Ok(command) => match client.command(&command).await {
                    Ok(reply) => {
                        println!("{}/{} edited", kind.singular(), full.name);
                        reply.notes.iter().for_each(|note| eprintln!("note: {note}"));
                        return Ok(());
                    }
                    Err(failure) => said = Some(failure.to_string()),
                },
                Err(why) => said = Some(why),
            }
        }
    })
}

fn command(kind: Kind, full: &FunctionName, text: &str) -> Result<Command, String> {
    if kind == Kind::Hpa {
        let read =
            manifest::read_text("the edited manifest", text, &full.namespace).map_err(|e| e.to_string())?;
        let [manifest::Autoscaler { function, spec, .. }] =
            <[_; 1]>::try_from(read).map_err(|_| "leave one autoscaler in it".to_owned())?;
        return match function == *full {
            true => Ok(Command::Autoscale { function, spec, replace: true }),
            false => Err("the function that it scales cannot be changed".into()),
        };
    }
    let spec: FunctionSpec = serde_norway::from_str(text).map_err(|e| e.to_string())?;
    match spec.full_name() == *full {
        true => Ok(Command::Update(spec)),
        false => Err("a function's name and namespace cannot be changed".into()),
    }
}

/// What a person makes of a text.
fn in_editor(text: &str) -> Result<String, Failure> {
    let editor = ["KUBE_EDITOR", "VISUAL", "EDITOR"].iter().find_map(|name| std::env::var(name).ok());
    let editor = editor.filter(|e| !e.trim().is_empty()).unwrap_or_else(|| "vi".into());
    let path = written(text).map_err(|why| Failure::failed(format_args!("cannot edit: {why}")))?;
    let fails = |e: std::io::Error| Failure::failed(format_args!("cannot edit {}: {e}", path.display()));
    let edited = open(&editor, &path).and_then(|()| std::fs::read_to_string(&path).map_err(fails));
    let _ = std::fs::remove_file(&path);
    edited
}

/// Keeps what was refused, so that it can be corrected elsewhere; says where.
fn kept(text: &str) -> String {
    match written(text) {
        Ok(path) => format!("\nYour text is kept in {}", path.display()),
        Err(why) => format!("\nYour text is lost: {why}"),
    }
}

/// A new file of this text, for nobody else to read: a function's environment may be in it.
fn written(text: &str) -> Result<PathBuf, String> {
    let path = std::env::temp_dir().join(format!("faasim-edit-{}.yaml", uuid::Uuid::new_v4().simple()));
    let file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
    match file.and_then(|mut file| file.write_all(text.as_bytes())) {
        Ok(()) => Ok(path),
        Err(e) => Err(format!("{} cannot be written: {e}", path.display())),
    }
}

/// Opens the editor through a shell, as kubectl and git do: it may have arguments, and a path in quotes.
fn open(editor: &str, path: &Path) -> Outcome {
    let ended = std::process::Command::new("sh")
        .arg("-c")
        .arg(format!("{editor} \"$1\""))
        .arg("sh")
        .arg(path)
        .status();
    match ended {
        Ok(status) if status.success() => Ok(()),
        Ok(status) if matches!(status.code(), Some(126 | 127)) => Err(Failure::failed(format_args!(
            "the editor `{editor}` cannot be started; set EDITOR to one that is there"
        ))),
        Ok(status) => Err(Failure::failed(format_args!(
            "the editor `{editor}` ended with {status}: nothing was changed"
        ))),
        Err(e) => {
            Err(Failure::failed(format_args!("no shell can be started for the editor `{editor}`: {e}")))
        }
    }
}
