//! The layer that turns any image into a pod's: this binary as its watchdog, with the libraries it is linked to.
//!
//! All of it is under `/faasim` and started through its own loader, so that it runs on an empty image, on one of
//! another C library, and on an older one.

use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Where the layer is in an image.
const ROOT: &str = "faasim";

/// The watchdog's files.
#[derive(Clone, Debug)]
pub(super) struct Layer {
    exe: PathBuf,
    libraries: Vec<PathBuf>,
    /// The library that loads the others; none for a binary that needs none.
    loader: Option<String>,
    /// Names these very files: the beginning of a SHA-256.
    pub(super) hash: String,
}

impl Layer {
    /// Finds what `exe` needs. Reads all of it: slow for a large binary.
    ///
    /// # Errors
    /// A file cannot be read.
    pub(super) fn of(exe: &Path) -> io::Result<Self> {
        let libraries = libraries(exe)?;
        let loader = libraries
            .iter()
            .filter_map(|path| path.file_name()?.to_str())
            .find(|name| name.starts_with("ld-"))
            .map(str::to_owned);
        let mut digest = Sha256::new();
        for path in [exe].into_iter().chain(libraries.iter().map(PathBuf::as_path)) {
            digest_file(&mut digest, path)?;
        }
        let hash = digest.finalize().iter().take(6).map(|byte| format!("{byte:02x}")).collect();
        Ok(Layer { exe: exe.to_owned(), libraries, loader, hash })
    }

    /// The words that start the binary in the image.
    pub(super) fn start(&self) -> Vec<String> {
        let exe = format!("/{ROOT}/faasim");
        match &self.loader {
            Some(loader) => {
                let lib = format!("/{ROOT}/lib");
                vec![format!("{lib}/{loader}"), "--library-path".into(), lib, exe]
            }
            None => vec![exe],
        }
    }

    /// Puts the files into a folder, under `faasim/`.
    pub(super) fn copy_to(&self, folder: &Path) -> io::Result<()> {
        let root = folder.join(ROOT);
        std::fs::create_dir_all(root.join("lib"))?;
        link(&self.exe, &root.join("faasim"))?;
        for path in &self.libraries {
            link(&path.canonicalize()?, &root.join("lib").join(path.file_name().unwrap_or_default()))?;
        }
        Ok(())
    }

    /// Writes the files into a tar, under `faasim/`.
    pub(super) fn write(&self, tar: &mut tar::Builder<impl Write>) -> io::Result<()> {
        append(tar, &self.exe, &format!("{ROOT}/faasim"))?;
        for path in &self.libraries {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            append(tar, path, &format!("{ROOT}/lib/{name}"))?;
        }
        Ok(())
    }
}

/// The same file twice costs no space; across file systems it is copied.
fn link(from: &Path, to: &Path) -> io::Result<()> {
    std::fs::hard_link(from, to).or_else(|_| std::fs::copy(from, to).map(drop))
}

/// Adds what is in a file to a digest.
pub(super) fn digest_file(digest: &mut Sha256, path: &Path) -> io::Result<()> {
    let mut file = File::open(path)?;
    let mut buffer = vec![0; 1 << 16];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(()),
            n => digest.update(&buffer[..n]),
        }
    }
}

fn append(tar: &mut tar::Builder<impl Write>, from: &Path, to: &str) -> io::Result<()> {
    let mut file = File::open(from)?;
    let mut header = tar::Header::new_gnu();
    header.set_size(file.metadata()?.len());
    header.set_mode(0o755);
    header.set_cksum();
    tar.append_data(&mut header, to, &mut file)
}

/// The libraries that `exe` is loaded with, as its loader lists them: what `ldd` prints.
fn libraries(exe: &Path) -> io::Result<Vec<PathBuf>> {
    // A binary without a loader does not know this variable; it prints its version, which names no library.
    let listed = Command::new(exe)
        .arg("--version")
        .env("LD_TRACE_LOADED_OBJECTS", "1")
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()?;
    Ok(listed_libraries(&String::from_utf8_lossy(&listed.stdout)))
}

/// Paths in lines like `libm.so.6 => /lib/libm.so.6 (0x…)` and `/lib64/ld-linux-x86-64.so.2 (0x…)`.
fn listed_libraries(text: &str) -> Vec<PathBuf> {
    text.lines()
        .filter_map(|line| {
            let line = line.rsplit("=>").next()?.trim();
            let (path, address) = line.rsplit_once(" (")?;
            (path.starts_with('/') && address.starts_with("0x")).then(|| PathBuf::from(path))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libraries_are_read_as_the_loader_lists_them() {
        let text = "\tlinux-vdso.so.1 (0x00007ffd)\n\tlibm.so.6 => /lib/x86_64-linux-gnu/libm.so.6 (0x00007f)\n\
                    \t/lib64/ld-linux-x86-64.so.2 (0x00007f1)\n";
        let found = listed_libraries(text);
        let expected = ["/lib/x86_64-linux-gnu/libm.so.6", "/lib64/ld-linux-x86-64.so.2"];
        assert_eq!(found, expected.map(PathBuf::from));
        assert!(listed_libraries("faasim 0.1.0\n").is_empty());
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn the_layer_of_a_program_holds_its_loader() {
        let layer = Layer::of(Path::new("/bin/sh")).unwrap();
        assert_eq!(layer.hash.len(), 12);
        assert_eq!(layer.start().last().unwrap(), "/faasim/faasim");
        let mut tar = tar::Builder::new(Vec::new());
        layer.write(&mut tar).unwrap();
        assert!(tar.into_inner().unwrap().len() > 10_000);
    }
}
