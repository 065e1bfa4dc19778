//! `faasim template`: the languages that this program carries, as folders that can be changed.

use super::failure::{Failure, Outcome};
use super::templates;
use std::path::PathBuf;

/// List the languages' templates, or put them into a project to be changed
///
/// The templates are carried by this program: no network is needed. A project's own `template/LANG` is used instead of the
/// carried one, by faasim and by faas-cli.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  faasim template list\n  faasim template pull python3\n  faasim template pull --overwrite"
)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand)]
enum What {
    /// Name the languages
    #[command(visible_alias = "ls")]
    List,
    /// Write templates to ./template/LANG
    Pull {
        /// The languages [default: all]
        langs: Vec<String>,
        /// Replace what is there
        #[arg(long)]
        overwrite: bool,
        /// Where `template/` is written [default: the working folder]
        #[arg(long, value_name = "DIR", default_value = ".", hide_default_value = true)]
        dir: PathBuf,
    },
}

/// Lists or writes them.
///
/// # Errors
/// There is no such template, or it cannot be written.
pub fn run(args: Args) -> Outcome {
    let (langs, overwrite, dir) = match args.what {
        What::List => {
            templates::languages().iter().for_each(|lang| println!("{lang}"));
            return Ok(());
        }
        What::Pull { langs, overwrite, dir } => (langs, overwrite, dir),
    };
    let all = templates::languages();
    if let Some(url) = langs.iter().find(|lang| lang.contains("://") || lang.contains('/')) {
        return Err(Failure::used(format_args!(
            "`{url}` is not carried by this program, and faasim fetches nothing: clone it with git, and put its template/ folder here"
        )));
    }
    if let Some(unknown) = langs.iter().find(|lang| !all.contains(lang)) {
        let names = all.iter().map(String::as_str);
        return Err(Failure::used(crate::mistake::unknown("template", unknown, names)));
    }
    for lang in if langs.is_empty() { all } else { langs } {
        let folder = dir.join("template").join(&lang);
        if folder.exists() && !overwrite {
            println!("{} is there already (`--overwrite` replaces it)", folder.display());
            continue;
        }
        let fails = |e: std::io::Error| Failure::failed(format_args!("{}: {e}", folder.display()));
        if folder.exists() {
            std::fs::remove_dir_all(&folder).map_err(fails)?;
        }
        for (name, content) in templates::whole(&lang) {
            super::new::write(&folder.join(name), &content).map_err(fails)?;
        }
        println!("{lang}: {}", folder.display());
    }
    Ok(())
}
