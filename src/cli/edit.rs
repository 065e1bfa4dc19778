//! `faasim edit`: an autoscaler or a function in an editor.

use super::failure::{Failure, Outcome};
use super::resource::{self, Kind};
use super::{Global, manifest, with_client};
use crate::cluster::command::Command;
use crate::cluster::function::{FunctionName, FunctionSpec};
use std::io::Write;
use std::path::Path;

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
            let edited = in_editor(&shown)?;
            if edited == shown || edited == before || edited.trim().is_empty() {
                println!("Edit cancelled, no changes made.");
                return if said.is_some() { Err(Failure::Said(1)) } else { Ok(()) };
            }
            text = edited
                .lines()
                .filter(|line| !line.starts_with('#'))
                .map(|line| format!("{line}\n"))
                .collect();
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
    let path = std::env::temp_dir().join(format!("faasim-edit-{}.yaml", uuid::Uuid::new_v4().simple()));
    let fails = |e: std::io::Error| Failure::failed(format_args!("cannot edit {}: {e}", path.display()));
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).open(&path).map_err(fails)?;
    file.write_all(text.as_bytes()).map_err(fails)?;
    drop(file);
    let edited = open(&editor, &path).and_then(|()| std::fs::read_to_string(&path).map_err(fails));
    let _ = std::fs::remove_file(&path);
    edited
}

fn open(editor: &str, path: &Path) -> Outcome {
    let mut words = editor.split_whitespace();
    let program = words.next().unwrap_or("vi");
    let ended = std::process::Command::new(program).args(words).arg(path).status();
    match ended {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(Failure::failed(format_args!(
            "the editor `{editor}` ended with {status}: nothing was changed"
        ))),
        Err(e) => Err(Failure::failed(format_args!(
            "the editor `{editor}` cannot be started: {e}; set EDITOR to one that is there"
        ))),
    }
}
