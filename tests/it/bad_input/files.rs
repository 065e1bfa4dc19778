//! Stack files, labels, manifests, settings and journals.

use super::{Case, each_is_told_once};

/// A name, what stands below `functions:`, and words of the error.
const STACKS: &[(&str, &str, &str)] = &[
    ("a key that is misspelt", "  a: { image: x, imagee: x }", ":4:18: … did you mean `image`"),
    ("no image", "  a: { fprocess: cat }", ":4:3: … needs an `image`"),
    ("a function that cannot be named so", "  A_b: { image: x }", ":4:3: … at most 63 of a-z"),
    ("the same function twice", "  a: { image: x }\n  a: { image: y }", ":5:3: … remove one of them"),
    ("an image with a space", "  a: { image: x y }", ":4:15: … holds a space"),
    (
        "a handler that is not there",
        "  a: { image: x, handler: ./nowhere, lang: python3 }",
        ":4:27: … there is no folder",
    ),
    (
        "variables in a file that is not there",
        "  a: { image: x, environment_file: [ nope.env ] }",
        ":4:38: … cannot read … nope.env",
    ),
    (
        "a variable that is a list",
        "  a: { image: x, environment: { a: [1] } }",
        ":4:36: … must be a single value, and is a list",
    ),
    (
        "a variable that must be set and is not",
        "  a: { image: x, environment: { K: \"${NOPE?}\" } }",
        ":4:37: … `${NOPE}`: it is not set",
    ),
    ("a CPU request in words", "  a: { image: x, requests: { cpu: lots } }", ":4:35: … requests.cpu: `lots`"),
    (
        "a memory limit without such a unit",
        "  a: { image: x, limits: { memory: 1Zi } }",
        ":4:36: … write `128Mi`",
    ),
    (
        "a request above its limit",
        "  a: { image: x, requests: { cpu: 2 }, limits: { cpu: 1 } }",
        ":4:18: … must not be more than limits.cpu",
    ),
    (
        "the label scale.min in words",
        "  a: { image: x, labels: { com.openfaas.scale.min: many } }",
        ":4: … com.openfaas.scale.min is `many`: write a whole number",
    ),
    (
        "the label scale.min above scale.max",
        "  a: { image: x, labels: { com.openfaas.scale.min: 5, com.openfaas.scale.max: 2 } }",
        ":4: … write at most com.openfaas.scale.max, which is 2",
    ),
    (
        "the label scale.type without such a type",
        "  a: { image: x, labels: { com.openfaas.scale.type: magic } }",
        ":4: … write rps, capacity, cpu",
    ),
    (
        "the label scale.target below zero",
        "  a: { image: x, labels: { com.openfaas.scale.target: -5 } }",
        ":4: … write a number above 0",
    ),
    (
        "the label scale.zero-duration in words",
        "  a: { image: x, labels: { com.openfaas.scale.zero-duration: soon } }",
        ":4: … write a duration above 0 such as 90s",
    ),
];

/// Whole files: a name, the file's name, its text, and words of the error.
const FILES: &[(&str, &str, &str, &str)] = &[
    ("an empty stack file", "stack.yml", "", "there is nothing in it"),
    ("a stack file that is a list", "stack.yml", "- a\n", "is a mapping"),
    ("a stack file with tabs", "stack.yml", "functions:\n\ta:\n", "stack.yml:2:1: … indent with spaces"),
    ("a stack file that breaks off", "stack.yml", "functions: [\n", "this is not YAML"),
    (
        "a stack file of another version",
        "stack.yml",
        "version: 3.7\nprovider: { name: openfaas }\nfunctions: { a: { image: x } }\n",
        "stack.yml:1:10: … write `1.0`",
    ),
    (
        "a stack file of another provider",
        "stack.yml",
        "version: 1.0\nprovider: { name: docker }\nfunctions: { a: { image: x } }\n",
        "stack.yml:2:19: … write `openfaas`",
    ),
    (
        "a stack file without functions",
        "stack.yml",
        "version: 1.0\nprovider: { name: openfaas }\n",
        "name at least one function",
    ),
    (
        "settings that are not TOML",
        "faasim.toml",
        "[hpa]\nsync-period = \"15s\n",
        "faasim.toml:2: … not TOML",
    ),
    (
        "an unknown setting",
        "faasim.toml",
        "[hpa]\nsync-perod = \"15s\"\n",
        ":2:1: … did you mean `sync-period`",
    ),
    ("a section that is a number", "faasim.toml", "hpa = 3\n", "faasim.toml:1:1: … write `[hpa]`"),
    ("a setting of no duration", "faasim.toml", "[hpa]\nsync-period = \"x\"\n", ":2:15: … write a duration"),
    (
        "a manifest of something else",
        "pod.yaml",
        "apiVersion: v1\nkind: Pod\nmetadata: { name: a }\n",
        "pod.yaml:2:7: … write `HorizontalPodAutoscaler`",
    ),
];

/// A name, the lines below `spec:` of an autoscaler of `echo`, and words of the error.
const AUTOSCALERS: &[(&str, &str, &str)] = &[
    ("an autoscaler without a maximum", "  minReplicas: 1", "`spec.maxReplicas` is missing"),
    ("a maximum below zero", "  maxReplicas: -1", ":6:16: … must be a whole number, and is `-1`"),
    ("a maximum in words", "  maxReplicas: three", ":6:16: … must be a whole number, and is `three`"),
    (
        "a minimum above the maximum",
        "  minReplicas: 5\n  maxReplicas: 3",
        ":7:16: … greater than or equal to minReplicas (5)",
    ),
    (
        "a metric that is not known",
        "  maxReplicas: 3\n  metrics: [{ type: Magic }]",
        ":7:21: … write `Resource`, `ContainerResource`",
    ),
    (
        "a resource that is not known",
        "  maxReplicas: 3\n  metrics: [{ type: Resource, resource: { name: gpu, target: { type: Utilization, averageUtilization: 50 } } }]",
        ":7: … write `cpu` or `memory`",
    ),
    (
        "a target without a value",
        "  maxReplicas: 3\n  metrics: [{ type: Resource, resource: { name: cpu, target: { type: Utilization } } }]",
        ":7: … averageUtilization` is missing",
    ),
    (
        "a window of more than an hour",
        "  maxReplicas: 3\n  behavior: { scaleDown: { stabilizationWindowSeconds: 4000 } }",
        ":7: … must be between 0 and 3600",
    ),
    (
        "a policy of nothing",
        "  maxReplicas: 3\n  behavior: { scaleUp: { policies: [ { type: Pods, value: 0, periodSeconds: 15 } ] } }",
        ":7: … must be greater than 0",
    ),
];

#[test]
fn each_mistake_in_a_file_is_told_once() {
    let folder = tempfile::tempdir().unwrap();
    let mut files: Vec<(&str, String, String, &str)> = Vec::new();
    for (name, file, text, words) in FILES {
        files.push((name, (*file).into(), (*text).into(), words));
    }
    for (name, below, words) in STACKS {
        let text = format!("version: 1.0\nprovider: {{ name: openfaas }}\nfunctions:\n{below}\n");
        files.push((name, "stack.yml".into(), text, words));
    }
    for (name, below, words) in AUTOSCALERS {
        let text = format!(
            "apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {{ name: echo }}\nspec:\n  \
             scaleTargetRef: {{ apiVersion: apps/v1, kind: Deployment, name: echo }}\n{below}\n"
        );
        files.push((name, "hpa.yaml".into(), text, words));
    }
    let paths: Vec<String> = files
        .iter()
        .enumerate()
        .map(|(n, (_, file, text, _))| {
            let place = folder.path().join(n.to_string());
            std::fs::create_dir(&place).unwrap();
            std::fs::write(place.join(file), text).unwrap();
            place.join(file).to_str().unwrap().to_owned()
        })
        .collect();
    let typed: Vec<[&str; 2]> = paths.iter().map(|path| ["check", path]).collect();
    let cases: Vec<Case<'_>> =
        files.iter().zip(&typed).map(|((name, .., words), typed)| (*name, &typed[..], 1, *words)).collect();
    each_is_told_once(folder.path(), &cases);
}

/// A checkpoint and inputs, as a short run writes them.
fn journal() -> Vec<String> {
    use faasim::cluster::Cluster;
    use faasim::cluster::command::Command;
    use faasim::cluster::function::FunctionSpec;
    use faasim::cluster::node::{Node, NodeId};
    use faasim::cluster::settings::Settings;
    use faasim::cluster::time::Time;
    use faasim::live::journal::{Input, Journal};

    let folder = tempfile::tempdir().unwrap();
    let node = Node { id: NodeId(0), name: "n".into(), cores: 1 };
    let mut cluster = Cluster::new(Time::from_secs(1), Settings::default(), vec![node], 1);
    let mut journal = Journal::begin(folder.path(), &cluster, u64::MAX).unwrap();
    for (second, name) in [(2, "a"), (3, "b"), (4, "c")] {
        let input = Input::Apply(Box::new(Command::Deploy(FunctionSpec::new(name, "image"))));
        journal.input(Time::from_secs(second), &input);
        input.feed(&mut cluster, Time::from_secs(second));
        while let Some(action) = cluster.poll_action() {
            journal.action(&action);
        }
        journal.done(&cluster).unwrap();
    }
    let text = std::fs::read_to_string(folder.path().join("journal.jsonl")).unwrap();
    text.lines().map(str::to_owned).collect()
}

#[test]
fn a_journal_that_is_none_or_was_changed_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let good = journal();
    let with = |line: usize, text: String| {
        let mut lines = good.clone();
        lines[line] = text;
        lines.join("\n")
    };
    let changed = good[2].replacen("\"b\"", "\"x\"", 1);
    assert_ne!(changed, good[2]);
    let journals = [
        ("an empty journal", String::new(), "there is nothing in it"),
        ("a journal of other lines", "nonsense\n".into(), ":1: this is no line of a journal"),
        ("a journal without its beginning", good[1..].join("\n"), ":1: a journal begins with a checkpoint"),
        ("a journal with half a line in its middle", with(2, good[2][..20].into()), ":3: this is no line"),
        ("a journal that was changed", with(2, changed), ":3: the actions differ from those recorded"),
    ];
    let paths = journals.each_ref().map(|(name, text, _)| {
        let path = folder.path().join(format!("{}.jsonl", name.replace(' ', "-")));
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    });
    let typed = paths.each_ref().map(|path| ["replay", path.as_str()]);
    let mut cases: Vec<Case<'_>> = Vec::new();
    for ((name, _, words), typed) in journals.iter().zip(&typed) {
        cases.push((name, typed, 1, words));
    }
    cases.push(("a journal that is not there", &["replay", "/nowhere"], 1, "cannot read /nowhere"));
    cases.push(("a journal that is a folder", &["replay", "/"], 1, "cannot read /"));
    each_is_told_once(folder.path(), &cases);
    // What was not changed replays, and a last line that was cut off is passed over.
    for text in [good.join("\n"), with(3, good[3][..20].into())] {
        let path = folder.path().join("good.jsonl");
        std::fs::write(&path, text).unwrap();
        let done = crate::cluster::faasim(folder.path()).arg("replay").arg(&path).output().unwrap();
        assert!(done.status.success(), "{done:?}");
    }
}
