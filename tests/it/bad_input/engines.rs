//! Docker engines that are missing, refuse, keep silent, or go away, and images that are not there.

use super::{up_fails, without_privilege};
use crate::cluster::Cluster;
use crate::engine;
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

/// `up --provider docker` with an engine at a socket of the folder.
fn up_with(folder: &Path, socket: &str, words: &str) {
    let host = format!("unix://{}", folder.join(socket).display());
    up_fails(
        folder,
        |command| {
            command.args(["--provider", "docker"]).env("DOCKER_HOST", host);
        },
        words,
    );
}

/// An engine that answers every request with these bytes, or keeps silent when there are none.
fn fake(folder: &Path, name: &str, reply: &'static str) {
    let listener = UnixListener::bind(folder.join(name)).unwrap();
    // It ends with the tests.
    std::thread::spawn(move || {
        let mut kept = Vec::new();
        for mut stream in listener.incoming().flatten() {
            if !reply.is_empty() {
                let _ = stream.read(&mut [0; 4096]);
                let _ = stream.write_all(reply.as_bytes());
            }
            kept.push(stream);
        }
    });
}

#[test]
fn an_engine_that_cannot_be_used_is_told_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    drop(UnixListener::bind(path.join("dead.sock")).unwrap());
    fake(path, "silent.sock", "");
    fake(path, "broken.sock", "HTTP/1.1 500 Oh\r\nContent-Length: 15\r\n\r\n{\"message\":\"x\"}");
    fake(path, "other.sock", "220 mail.example ESMTP\r\n");
    fake(path, "closed.sock", "");
    std::fs::set_permissions(path.join("closed.sock"), PermissionsExt::from_mode(0o000)).unwrap();
    up_with(path, "missing.sock", "no Docker engine at … missing.sock … install and start Docker");
    up_with(path, "dead.sock", "dead.sock … does not run: start it");
    up_with(path, "silent.sock", "silent.sock … has not answered for 5 s: restart it");
    up_with(path, "broken.sock", "broken.sock … cannot be used … docker version");
    up_with(path, "other.sock", "other.sock … cannot be used … docker version");
    for (host, words) in [
        ("nonsense", "DOCKER_HOST is `nonsense` … unix:///var/run/docker.sock"),
        ("tcp://127.0.0.1:1", "tcp://127.0.0.1:1 does not run: start it"),
    ] {
        up_fails(
            path,
            |command| {
                command.args(["--provider", "docker"]).env("DOCKER_HOST", host);
            },
            words,
        );
    }
    let host = format!("unix://{}", path.join("closed.sock").display());
    up_fails(
        path,
        |command| {
            *command = without_privilege(path);
            command.args(["up", "--no-tui", "--port", "0", "--provider", "docker"]).env("DOCKER_HOST", &host);
        },
        "closed.sock … permission denied … usermod -aG docker",
    );
}

#[test]
fn without_an_engine_pods_are_processes_and_it_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let stack = "version: 1.0\nprovider: { name: openfaas }\nfunctions:\n  echo: { image: faasim/base, fprocess: cat }\n";
    std::fs::write(folder.path().join("stack.yml"), stack).unwrap();
    std::fs::write(folder.path().join("faasim.toml"), "").unwrap();
    let cluster = Cluster::up_where(folder, "auto", &[("DOCKER_HOST", "unix:///nowhere/docker.sock")], &[]);
    let said = cluster.until_it_says("(process pods");
    let note = "pods run as processes of this machine, not as containers: there is no Docker engine at unix:///nowhere";
    assert!(said.contains(note), "{said}");
    assert_eq!(cluster.says(&["invoke", "echo", "-d", "x"]), "x");
}

/// A way to the real engine that can be cut.
struct Line {
    socket: PathBuf,
    streams: Arc<Mutex<Option<Vec<UnixStream>>>>,
}

impl Line {
    fn open(folder: &Path) -> Line {
        let line = Line { socket: folder.join("line.sock"), streams: Arc::new(Mutex::new(Some(Vec::new()))) };
        line.listen();
        line
    }

    fn listen(&self) {
        let (listener, streams) = (UnixListener::bind(&self.socket).unwrap(), self.streams.clone());
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let engine = UnixStream::connect("/var/run/docker.sock").unwrap();
                let mut streams = streams.lock().unwrap();
                // The one connection that ends the listening.
                let Some(streams) = streams.as_mut() else { return };
                for (mut from, mut to) in [(&client, &engine), (&engine, &client)]
                    .map(|(from, to)| (from.try_clone().unwrap(), to.try_clone().unwrap()))
                {
                    std::thread::spawn(move || {
                        let _ = std::io::copy(&mut from, &mut to);
                        let _ = to.shutdown(std::net::Shutdown::Write);
                    });
                }
                streams.extend([client, engine]);
            }
        });
    }

    fn cut(&self) {
        for stream in self.streams.lock().unwrap().take().into_iter().flatten() {
            let _ = stream.shutdown(std::net::Shutdown::Both);
        }
        let _ = UnixStream::connect(&self.socket);
        std::fs::remove_file(&self.socket).unwrap();
    }

    fn mend(&self) {
        *self.streams.lock().unwrap() = Some(Vec::new());
        self.listen();
    }
}

#[test]
fn an_engine_that_goes_away_is_told_once_and_its_pods_go_on() {
    if !engine::wanted() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let stack = "version: 1.0\nprovider: { name: openfaas }\nfunctions:\n  echo: { image: faasim/base, fprocess: faasim function echo }\n";
    std::fs::write(folder.path().join("stack.yml"), stack).unwrap();
    let line = Line::open(folder.path());
    let host = format!("unix://{}", line.socket.display());
    let mut cluster = Cluster::up_where(folder, "docker", &[("DOCKER_HOST", &host)], &[]);
    cluster.says(&["scale", "echo", "--replicas", "2"]);
    let before = cluster.until_ready("echo", 2);
    line.cut();
    let said = cluster.until_it_says("does not answer any more");
    assert!(said.contains("pods that run go on"), "{said}");
    assert_eq!(cluster.says(&["invoke", "echo", "-d", "still"]), "still");
    line.mend();
    cluster.until_it_says("answers again");
    assert_eq!(cluster.until_ready("echo", 2), before);
    cluster.says(&["scale", "echo", "--replicas", "1"]);
    cluster.until_ready("echo", 1);
    assert_eq!(cluster.interrupt(), Some(0));
    let said = cluster.until_it_says("stopped: no pod is left");
    assert_eq!(said.matches("does not answer any more").count(), 1, "{said}");
    assert_eq!(cluster.left(), [""; 0]);
}

#[test]
fn an_image_that_is_not_there_is_told_where_the_cluster_runs_and_by_describe() {
    if !engine::wanted() {
        return;
    }
    let cluster = Cluster::up_on("docker", "  absent: { image: 127.0.0.1:9/no/such:image }\n", &[]);
    // At its deployment, or as a warning where the engine takes longer to say so.
    let said = cluster.until_it_says("Failed to pull image \"127.0.0.1:9/no/such:image\"");
    assert!(said.contains("cannot run: absent: ") || said.contains("warning: pod/absent-"), "{said}");
    let pods = cluster.json(&["get", "pods", "-o", "json"]);
    let pod = pods["items"][0]["metadata"]["name"].as_str().unwrap();
    let described = cluster.says(&["describe", "pod", pod]);
    assert!(described.contains("ErrImagePull") || described.contains("ImagePullBackOff"), "{described}");
}
