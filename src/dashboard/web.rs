//! The portal: what a person watches in a browser.
//!
//! The page is plain HTML, CSS and ES modules, carried in this binary: a browser that shows it asks nobody but
//! the gateway. It draws [`picture::Picture`]s, which come once a second. Who may ask for them, and how
//! a wish gets to the cluster, is the gateway's business.

pub mod picture;

/// One file of the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct File {
    /// Its name below `/ui/`; empty for the page itself.
    pub name: &'static str,
    /// Its `Content-Type`.
    pub kind: &'static str,
    /// What is in it.
    pub text: &'static str,
}

macro_rules! files {
    ($($name:literal $file:literal $kind:literal),* $(,)?) => {
        &[$(File { name: $name, kind: $kind, text: include_str!(concat!("web/page/", $file)) }),*]
    };
}

/// Every file of the page.
pub const FILES: &[File] = files![
    "" "index.html" "text/html; charset=utf-8",
    "style.css" "style.css" "text/css; charset=utf-8",
    "icon.svg" "icon.svg" "image/svg+xml",
    "main.js" "main.js" "text/javascript; charset=utf-8",
    "dom.js" "dom.js" "text/javascript; charset=utf-8",
    "words.js" "words.js" "text/javascript; charset=utf-8",
    "api.js" "api.js" "text/javascript; charset=utf-8",
    "past.js" "past.js" "text/javascript; charset=utf-8",
    "chart.js" "chart.js" "text/javascript; charset=utf-8",
    "list.js" "list.js" "text/javascript; charset=utf-8",
    "function.js" "function.js" "text/javascript; charset=utf-8",
    "invoke.js" "invoke.js" "text/javascript; charset=utf-8",
    "live.js" "live.js" "text/javascript; charset=utf-8",
    "pods.js" "pods.js" "text/javascript; charset=utf-8",
    "logs.js" "logs.js" "text/javascript; charset=utf-8",
    "why.js" "why.js" "text/javascript; charset=utf-8",
    "scale.js" "scale.js" "text/javascript; charset=utf-8",
    "deploy.js" "deploy.js" "text/javascript; charset=utf-8",
    "login.js" "login.js" "text/javascript; charset=utf-8",
    "keys.js" "keys.js" "text/javascript; charset=utf-8",
    "async.js" "async.js" "text/javascript; charset=utf-8",
    "secrets.js" "secrets.js" "text/javascript; charset=utf-8",
    "cluster.js" "cluster.js" "text/javascript; charset=utf-8",
    "experiments.js" "experiments.js" "text/javascript; charset=utf-8",
    "run.js" "run.js" "text/javascript; charset=utf-8",
];

/// What the browser is told to allow: this page's own files and the gateway, nothing inline, and no frame
/// around it, in which another page could steer a person's clicks.
pub const POLICY: &str =
    "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'";

/// The file of that name below `/ui/`.
pub fn file(name: &str) -> Option<&'static File> {
    FILES.iter().find(|f| f.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_that_the_page_asks_for_is_carried() {
        let mut asked = 0;
        for file in FILES {
            for quote in ["src=\"", "href=\"", "from \"./"] {
                for rest in file.text.split(quote).skip(1) {
                    let name = rest.split('"').next().unwrap_or_default();
                    if name.starts_with('#') {
                        continue;
                    }
                    asked += 1;
                    assert!(super::file(name).is_some(), "{} asks for `{name}`", file.name);
                }
            }
        }
        assert!(asked > FILES.len(), "{asked}");
    }

    #[test]
    fn every_function_that_ships_can_be_started_from() {
        let deploy = super::file("deploy.js").unwrap().text;
        for name in crate::functions::names() {
            assert!(deploy.contains(&format!(" {name}: \"")), "{name}");
        }
    }

    #[test]
    fn the_page_names_no_other_machine() {
        for file in FILES {
            let text = file.text.replace("http://www.w3.org/2000/svg", "");
            for far in ["http://", "https://", "//cdn", "@import", "url("] {
                assert!(!text.contains(far), "{} has `{far}`", file.name);
            }
        }
    }

    #[test]
    fn nothing_is_written_into_the_page_as_markup() {
        for file in FILES {
            for way in ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("] {
                assert!(!file.text.contains(way), "{} uses {way}", file.name);
            }
        }
    }
}
