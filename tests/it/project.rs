//! OpenFaaS projects as they are: stack files, templates, languages, on both providers.

use crate::cluster::{Cluster, faasim, until};
use crate::engine;
use crate::provider::docker::base;
use std::path::Path;
use std::process::Output;
use tempfile::TempDir;

const HEAD: &str = "version: 1.0\nprovider: { name: openfaas }\nfunctions:\n";

fn project(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        write(folder.path(), name, text);
    }
    folder
}

fn write(folder: &Path, name: &str, text: &str) {
    let path = folder.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// A project as faas-cli makes one, with a template of its own: an index that imports `function.handler`.
fn with_template(dockerfile: &str, fprocess: &str) -> Vec<(&'static str, String)> {
    vec![
        (
            "stack.yml",
            format!(
                "{HEAD}  hello:\n    lang: classic\n    handler: ./hello\n    image: faasim-test/${{IMAGE_NAME:-hello}}:latest\n    \
                 environment: {{ GREETING: \"${{GREETING:-Hello}}\", PLACE: here }}\n    environment_file: [ env.yml ]\n    \
                 x-owner: somebody\nconfiguration:\n  copy: [ ./common ]\n"
            ),
        ),
        ("env.yml", "environment: { PLACE: there }\n".into()),
        ("template/classic/template.yml", format!("language: classic\nfprocess: {fprocess}\n")),
        ("template/classic/Dockerfile", dockerfile.into()),
        ("hello/__init__.py", String::new()),
    ]
}

fn made(files: Vec<(&'static str, String)>, more: &[(&'static str, &str)]) -> TempDir {
    let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (*name, text.as_str())).collect();
    project(&[&files[..], more].concat())
}

#[test]
fn a_project_with_its_own_template_runs_as_processes() {
    let files = with_template(
        "FROM python:3\nENV fprocess=\"python3 index.py\"\nENV FROM_IMAGE=yes\n",
        "python3 index.py",
    );
    let folder = made(
        files,
        &[
            (
                "template/classic/index.py",
                "import sys\nfrom function import handler\nprint(handler.handle(sys.stdin.read()))\n",
            ),
            ("template/classic/function/handler.py", "raise SystemExit('this is an example')\n"),
            (
                "hello/handler.py",
                "import os\nfrom .common import words\ndef handle(req):\n    e = os.environ\n    return f\"{e['GREETING']} {req} {e['PLACE']} {e['FROM_IMAGE']} {words.WORD}\"\n",
            ),
            ("common/__init__.py", ""),
            ("common/words.py", "WORD = 'shared'\n"),
        ],
    );
    let checked = faasim(folder.path()).args(["check", "stack.yml"]).output().unwrap();
    let words = said(&checked);
    assert!(
        checked.status.success()
            && words.contains("stack.yml:10:5: function `hello`: the key `x-owner` means nothing here"),
        "{words}"
    );
    let cluster = Cluster::up_in(folder, "process", &[]);
    assert_eq!(cluster.replies("hello", "you"), "Hello you there yes shared");
}

#[test]
fn every_language_that_is_carried_works_at_once_as_processes() {
    let folder = tempfile::tempdir().unwrap();
    let languages = ["python3", "python3-debian", "node", "bash", "rust"];
    for (n, lang) in languages.iter().enumerate() {
        let name = format!("f-{lang}");
        let more: &[&str] = if n == 0 { &[] } else { &["--append", "stack.yaml"] };
        let new = faasim(folder.path())
            .args(["new", &name, "--lang", lang, "--quiet"])
            .args(more)
            .output()
            .unwrap();
        assert!(new.status.success() && new.stdout.is_empty(), "{lang}: {}", said(&new));
    }
    // Cargo keeps what it needs below the real home.
    let cluster = Cluster::up_in(folder, "process", &[]);
    for lang in languages {
        let name = format!("f-{lang}");
        assert_eq!(cluster.replies(&name, "this"), "Hello! You sent: this", "{lang}");
    }
}

/// A wheel, made by hand: pip needs no index for it.
fn wheel(folder: &Path, version: &str) {
    let script = "import sys, zipfile\nv = sys.argv[1]\nz = zipfile.ZipFile(sys.argv[2], 'w')\nd = f'tiny-{v}.dist-info'\nz.writestr('tiny.py', f'VERSION = {v!r}\\n')\nz.writestr(f'{d}/METADATA', f'Metadata-Version: 2.1\\nName: tiny\\nVersion: {v}\\n')\nz.writestr(f'{d}/WHEEL', 'Wheel-Version: 1.0\\nGenerator: t\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n')\nz.writestr(f'{d}/RECORD', '')\nz.close()\n";
    let file = folder.join(format!("tiny-{version}-py3-none-any.whl"));
    let ran =
        std::process::Command::new("python3").args(["-c", script, version]).arg(&file).output().unwrap();
    assert!(ran.status.success(), "{}", said(&ran));
}

#[test]
fn python_packages_are_installed_once_per_change() {
    let folder = project(&[
        ("stack.yml", &format!("{HEAD}  hello: {{ lang: python3, handler: ./hello, image: hello }}\n")),
        ("hello/index.py", "import os, tiny\nprint(tiny.VERSION, os.environ['VIRTUAL_ENV'])\n"),
    ]);
    for version in ["1.0", "2.0"] {
        wheel(folder.path(), version);
    }
    let list = |folder: &Path, version: &str| {
        let wheel = folder.join(format!("tiny-{version}-py3-none-any.whl"));
        write(folder, "hello/requirements.txt", &format!("# packages\n{}\n", wheel.display()));
    };
    list(folder.path(), "1.0");
    let mut cluster = Cluster::up_in(folder, "process", &[]);
    let first = cluster.replies("hello", "");
    assert!(first.starts_with("1.0 ") && first.contains("/workshop/hello.openfaas-fn/python-"), "{first}");
    // The same list: nothing is installed again, even by another faasim with other pods.
    let at = |said: &str| {
        std::fs::metadata(Path::new(said.split_once(' ').unwrap().1).join(".complete"))
            .unwrap()
            .modified()
            .unwrap()
    };
    let before = at(&first);
    cluster.interrupt();
    cluster.start_again(&[]);
    assert_eq!(at(&cluster.replies("hello", "")), before);
    // Another list: another environment.
    list(cluster.folder.path(), "2.0");
    cluster.says(&["rollout", "restart", "hello"]);
    until("the other version", || cluster.replies("hello", "").starts_with("2.0 ").then_some(()));
}

#[test]
fn what_cannot_be_installed_is_explained() {
    let folder = project(&[
        (
            "stack.yml",
            &format!(
                "{HEAD}  js: {{ lang: node, handler: ./js, image: js }}\n  py: {{ lang: python3, handler: ./py, image: py }}\n  rs: {{ lang: rust, handler: ./rs, image: rs }}\n"
            ),
        ),
        ("js/package.json", "{ \"dependencies\": { \"left-pad\": \"1.3.0\" } }"),
        ("js/index.js", ""),
        ("py/requirements.txt", "./there-is-no-such-package\n"),
        ("py/index.py", ""),
        (
            "rs/Cargo.toml",
            "[package]\nname = \"handler\"\nversion = \"0.1.0\"\nedition = \"2021\"\n[workspace]\n",
        ),
        ("rs/src/main.rs", "fn main() { no_such_function() }\n"),
        // Nobody answers there, and npm is told so.
        (".npmrc", "registry=http://127.0.0.1:9/\n"),
    ]);
    let cluster = Cluster::up_in(folder, "process", &[]);
    for (function, words) in [
        ("js", "npm could not install the packages of package.json"),
        ("py", "pip could not install the packages of requirements.txt"),
        ("rs", "cargo could not compile"),
    ] {
        until(&format!("{function} says why"), || {
            let described = cluster.says(&["describe", "pod", &pod_of(&cluster, function)?]);
            described.contains(words).then_some(())
        });
    }
    let events = cluster.says(&["get", "events"]);
    assert!(
        events.contains("put the node_modules folder into") && events.contains("no_such_function"),
        "{events}"
    );
}

fn pod_of(cluster: &Cluster, function: &str) -> Option<String> {
    let pods = cluster.json(&["get", "pods", "-o", "json"]);
    let pods = pods["items"].as_array()?.iter();
    let mut pods = pods.filter(|p| p["metadata"]["labels"]["faas_function"] == function);
    pods.next()?["metadata"]["name"].as_str().map(str::to_owned)
}

#[test]
fn what_changes_is_deployed_again_while_watching() {
    let one = "  one: { lang: bash, handler: ./one, image: one, fprocess: sh handler.sh }\n";
    let two = "  two: { lang: bash, handler: ./one, image: two, fprocess: sh handler.sh }\n";
    let folder = project(&[("stack.yml", &format!("{HEAD}{one}")), ("one/handler.sh", "echo first\n")]);
    let cluster = Cluster::up_in(folder, "process", &["--watch"]);
    assert_eq!(cluster.replies("one", ""), "first");
    let pods = cluster.ready_pods("one");
    let folder = cluster.folder.path();
    write(folder, "one/handler.sh", "echo another\n");
    until("new pods", || cluster.ready_pods("one").iter().any(|pod| !pods.contains(pod)).then_some(()));
    until("the other reply", || (cluster.replies("one", "") == "another").then_some(()));
    write(folder, "stack.yml", &format!("{HEAD}{one}{two}"));
    assert_eq!(cluster.replies("two", ""), "another");
    write(folder, "stack.yml", &format!("{HEAD}{two}"));
    until("it is removed", || {
        (!cluster.says(&["list", "-q"]).lines().any(|name| name == "one")).then_some(())
    });
}

#[test]
fn several_stack_files_and_some_of_their_functions() {
    let stack =
        |name: &str| format!("{HEAD}  {name}: {{ image: faasim/base, fprocess: faasim function echo }}\n");
    let folder =
        project(&[("a.yml", &stack("apple")), ("b.yml", &stack("banana")), ("c.yml", &stack("apple"))]);
    let run = |words: &[&str]| faasim(folder.path()).args(words).output().unwrap();
    for (words, code, text) in [
        (
            &["build", "-f", "a.yml", "--filter", "a*", "--regex", "a"][..],
            2,
            "pass in a regex or a filter, not both",
        ),
        (
            &["build", "-f", "a.yml", "--filter", "z*"],
            2,
            "no functions matching --filter/--regex were found in the YAML file",
        ),
        (
            &["build", "-f", "a.yml", "-f", "c.yml"],
            1,
            "c.yml: function `apple` is in another of the files too",
        ),
        (&["build", "-f", "a.yml", "-f", "b.yml", "--regex", "an"], 0, "banana: nothing to build"),
    ] {
        let done = run(words);
        assert_eq!(done.status.code(), Some(code), "{words:?}: {}", said(&done));
        assert!(said(&done).contains(text), "{words:?}: {}", said(&done));
        assert!(code != 0 || !said(&done).contains("apple"), "{}", said(&done));
    }
    let cluster = Cluster::up_in(folder, "process", &["-f", "a.yml", "-f", "b.yml", "--filter", "*an*"]);
    assert_eq!(cluster.says(&["list", "-q"]), "banana\n");
}

#[test]
fn carried_templates_can_be_put_into_a_project() {
    let folder = tempfile::tempdir().unwrap();
    let run = |words: &[&str]| faasim(folder.path()).args(words).output().unwrap();
    assert!(said(&run(&["template", "list"])).contains("python3-debian\n"));
    let pulled = run(&["template", "pull", "bash", "rust"]);
    assert!(pulled.status.success(), "{}", said(&pulled));
    assert!(folder.path().join("template/rust/function/Cargo.toml").is_file());
    assert!(said(&run(&["template", "pull", "bash"])).contains("is there already"));
    let elsewhere = run(&["template", "pull", "https://github.com/openfaas/templates"]);
    assert!(
        elsewhere.status.code() == Some(2) && said(&elsewhere).contains("clone it with git"),
        "{}",
        said(&elsewhere)
    );
    // What was put there is used: a function made of it runs with the handler in its place.
    write(folder.path(), "template/bash/extra.sh", "# of the template\n");
    assert!(run(&["new", "hello", "--lang", "bash"]).status.success());
    assert!(run(&["build", "--shrinkwrap"]).status.success());
    for file in ["Dockerfile", "extra.sh", "function/handler.sh", "faasim/faasim"] {
        assert!(folder.path().join("build/hello").join(file).is_file(), "{file}");
    }
}

#[test]
fn the_functions_that_are_carried_are_a_store() {
    let cluster = Cluster::up("  echo: { image: faasim/base, fprocess: faasim function echo }\n", &[]);
    let listed = cluster.says(&["store", "list"]);
    assert!(listed.contains("mltest      Trains a small network on the ionosphere data"), "{listed}");
    assert!(cluster.says(&["store", "deploy", "shout"]).contains("Deployed. 202 Accepted."));
    assert_eq!(cluster.replies("shout", "loud"), "LOUD");
    let unknown = cluster.run(&["store", "deploy", "figlet"]);
    assert_eq!(unknown.status.code(), Some(2), "{}", said(&unknown));
}

/// Removes an image, whatever becomes of the test.
struct Image(&'static str);

impl Drop for Image {
    fn drop(&mut self) {
        let _ = std::process::Command::new("docker").args(["rmi", "-f", self.0]).output();
    }
}

#[test]
fn a_project_with_its_own_template_is_built_and_runs_as_containers() {
    if !engine::wanted() {
        return;
    }
    base();
    let _image = Image("faasim-test/of-a-template:latest");
    let dockerfile = "FROM faasim-test/busybox:latest\nARG ADDITIONAL_PACKAGE\nWORKDIR /home/app\nCOPY . .\nRUN echo \"packages: $ADDITIONAL_PACKAGE\" > packages\n{{ watchdog }}\nENV FROM_IMAGE=yes\nENV fprocess=\"sh index.sh\"\n";
    let mut files =
        with_template(dockerfile, "sh index.sh\nbuild_options:\n  - name: dev\n    packages: [ make, gcc ]");
    files[0].1 = files[0].1.replace(
        "    x-owner",
        "    build_options: [ dev ]\n    build_args: { ADDITIONAL_PACKAGE: curl }\n    x-owner",
    );
    files[0].1 = files[0].1.replace("${IMAGE_NAME:-hello}", "of-a-template");
    let folder = made(
        files,
        &[
            ("template/classic/index.sh", "cat packages; . ./function/handler.sh\n"),
            (
                "hello/handler.sh",
                ". ./function/common/words.sh; echo $GREETING $(cat) $PLACE $FROM_IMAGE $WORD\n",
            ),
            ("common/words.sh", "WORD=shared\n"),
        ],
    );
    let mut cluster = Cluster::up_in(folder, "docker", &["--watch"]);
    assert_eq!(cluster.replies("hello", "you"), "packages: curl gcc make\nHello you there yes shared");
    // Built again, and deployed, when the handler changes.
    write(cluster.folder.path(), "hello/handler.sh", "echo changed\n");
    until("the other reply", || cluster.replies("hello", "you").ends_with("changed").then_some(()));
    cluster.interrupt();
}

#[test]
fn a_build_shows_its_progress_and_the_step_that_fails() {
    if !engine::wanted() {
        return;
    }
    base();
    let _images = [Image("faasim-test/good:latest"), Image("faasim-test/bad:latest")];
    let folder = project(&[
        (
            "stack.yml",
            &format!(
                "{HEAD}  good: {{ lang: bash, handler: ./good, image: faasim-test/good }}\n  bad: {{ lang: dockerfile, handler: ./bad, image: faasim-test/bad }}\n  gone: {{ lang: bash, handler: ./good, image: faasim-test/gone }}\n"
            ),
        ),
        ("good/handler.sh", "echo good\n"),
        ("bad/Dockerfile", "FROM faasim-test/busybox:latest\nRUN echo before && test -e /nowhere\n"),
    ]);
    let run = |words: &[&str]| faasim(folder.path()).arg("build").args(words).output().unwrap();
    let good = run(&["good", "--build-arg", "BASE=faasim-test/busybox:latest", "--no-cache"]);
    let words = said(&good);
    assert!(
        good.status.success()
            && words.contains("Step 1/")
            && words.contains("Built faasim-test/good:latest."),
        "{words}"
    );
    let bad = run(&["good", "bad", "--build-arg", "BASE=faasim-test/busybox:latest", "--parallel", "2"]);
    let words = said(&bad);
    assert!(
        bad.status.code() == Some(1)
            && words.contains("bad: before")
            && words.contains("Built faasim-test/good:latest."),
        "{words}"
    );
    assert!(
        words
            .contains("faasim-test/bad:latest was not built: Step 2/3 : RUN echo before && test -e /nowhere"),
        "{words}"
    );
    let gone = run(&["gone", "--build-arg", "BASE=faasim-test/no-such-base:1", "--quiet"]);
    let words = said(&gone);
    assert!(
        words.contains("its base image `faasim-test/no-such-base:1` (FROM) is not on this machine")
            && words.contains("docker load"),
        "{words}"
    );
    assert!(!words.contains("Step "), "{words}");
}

/// E10: an image of this machine runs with no registry; one that is not here says so, in Kubernetes' words.
#[test]
fn images_are_pulled_by_policy_and_local_ones_are_found() {
    if !engine::wanted() {
        return;
    }
    let image = base();
    let server = "fprocess: httpd -f -p 8080 -h /bin";
    let stack = format!(
        "{HEAD}  local: {{ image: faasim/base, fprocess: faasim function echo, imagePullPolicy: Never }}\n  \
         never: {{ image: 'faasim-test/nowhere:1', {server}, imagePullPolicy: Never }}\n  \
         annotated: {{ image: '{image}', {server}, annotations: {{ faasim.dev/image-pull-policy: Always }} }}\n  \
         absent: {{ image: '127.0.0.1:9/nowhere:1', {server} }}\n"
    );
    let folder = project(&[("stack.yml", &stack)]);
    let cluster = Cluster::up_in(
        folder,
        "docker",
        &["--set", "pods.backoff-initial=200ms", "--set", "pods.backoff-max=1s"],
    );
    assert_eq!(cluster.replies("local", "here"), "here");
    for (function, reason, event) in [
        ("never", "ErrImageNeverPull", "is not present with pull policy of Never: build it here"),
        ("annotated", "ImagePullBackOff", "Failed to pull image"),
        ("absent", "ImagePullBackOff", "Back-off pulling image \"127.0.0.1:9/nowhere:1\""),
    ] {
        until(&format!("{function} says {reason}"), || {
            let listed = cluster.says(&["get", "pods"]);
            listed
                .lines()
                .any(|line| line.starts_with(&format!("{function}-")) && line.contains(reason))
                .then_some(())
        });
        // While it is tried again it says so, for a moment.
        until(&format!("{function} is described with its reason"), || {
            let described = cluster.says(&["describe", "pod", &pod_of(&cluster, function)?]);
            (described.contains(event) && described.contains(reason)).then_some(())
        });
    }
}

#[test]
fn the_pull_policy_is_a_setting_too() {
    if !engine::wanted() {
        return;
    }
    let stack = format!("{HEAD}  absent: {{ image: '127.0.0.1:9/nowhere:1', fprocess: cat }}\n");
    let folder = project(&[("stack.yml", &stack)]);
    let cluster = Cluster::up_in(folder, "docker", &["--set", "pods.image-pull-policy=Never"]);
    until("it says so", || cluster.says(&["get", "pods"]).contains("ErrImageNeverPull").then_some(()));
}
