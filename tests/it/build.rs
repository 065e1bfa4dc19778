//! `faasim new` and `faasim build`: from nothing to a function that answers.

use std::path::Path;
use std::process::{Command, Output};

fn faasim(folder: &Path, words: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_faasim"));
    command.current_dir(folder).args(words).env_remove("OPENFAAS_URL").output().unwrap()
}

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[test]
fn each_language_makes_a_function_that_check_accepts_and_a_dockerfile() {
    let folder = tempfile::tempdir().unwrap();
    let languages = text(&faasim(folder.path(), &["new", "--list"]));
    let languages: Vec<&str> = languages.lines().collect();
    assert_eq!(languages, ["bash", "dockerfile", "node", "python3", "python3-debian", "rust"]);
    for lang in languages {
        let folder = tempfile::tempdir().unwrap();
        let made = faasim(folder.path(), &["new", "hello", "--lang", lang, "--prefix", "me"]);
        assert!(made.status.success(), "{lang}: {}", text(&made));
        let checked = faasim(folder.path(), &["check", "stack.yaml"]);
        assert!(checked.status.success(), "{lang}: {}", text(&checked));
        let wrapped = faasim(folder.path(), &["build", "--shrinkwrap"]);
        assert!(
            text(&wrapped).contains("hello shrink-wrapped to build/hello/ (image me/hello:latest)"),
            "{lang}: {}",
            text(&wrapped)
        );
        let shown = std::fs::read_to_string(folder.path().join("build/hello/Dockerfile")).unwrap();
        assert!(shown.contains("FROM ") && shown.contains("\nCOPY faasim /faasim\n"), "{lang}: {shown}");
        assert!(
            shown.contains("ENV fprocess=") && folder.path().join("build/hello/faasim/faasim").is_file(),
            "{lang}: {shown}"
        );
        // A second one must not overwrite it.
        let again = faasim(folder.path(), &["new", "other", "--lang", lang]);
        assert!(!again.status.success() && text(&again).contains("--append stack.yaml"), "{}", text(&again));
        let more = faasim(folder.path(), &["new", "other", "--lang", lang, "--append", "stack.yaml"]);
        assert!(more.status.success(), "{}", text(&more));
        let checked = faasim(folder.path(), &["check", "stack.yaml"]);
        assert!(checked.status.success(), "{lang}: {}", text(&checked));
    }
}

#[test]
fn python_s_and_the_shell_s_first_function_answer() {
    for (lang, program, file) in [("python3", "python3", "index.py"), ("bash", "sh", "handler.sh")] {
        let folder = tempfile::tempdir().unwrap();
        assert!(faasim(folder.path(), &["new", "hello", "--lang", lang]).status.success());
        let input = folder.path().join("input");
        std::fs::write(&input, "world").unwrap();
        let mut command = Command::new(program);
        command.arg(file).current_dir(folder.path().join("hello"));
        let ran = command.stdin(std::fs::File::open(input).unwrap()).output().unwrap();
        assert!(text(&ran).contains("Hello! You sent: world"), "{lang}: {}", text(&ran));
    }
}

#[test]
fn an_unknown_language_is_told_which_there_are() {
    let folder = tempfile::tempdir().unwrap();
    let made = faasim(folder.path(), &["new", "hello", "--lang", "cobol"]);
    assert!(!made.status.success());
    let said = text(&made);
    assert!(said.contains("no template for lang `cobol`") && said.contains("python3-debian"), "{said}");
    assert!(!folder.path().join("hello").exists());
}
