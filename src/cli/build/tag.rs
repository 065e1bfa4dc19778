//! `--tag`: image names that say what they were built from.

use std::path::Path;
use std::process::Command;

/// What an image's tag says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Tag {
    /// What the stack file says, or `latest`
    #[default]
    Latest,
    /// Git's commit behind it
    Sha,
    /// Git's branch and commit behind it
    Branch,
    /// What `git describe` says behind it
    Describe,
    /// Of the function's files, instead of it
    Digest,
}

/// The image's name with its tag. `digest` is that of the function's files.
///
/// # Errors
/// The folder is not in a Git repository, and the tag needs one.
pub fn tagged(
    image: &str,
    tag: Tag,
    folder: &Path,
    digest: impl FnOnce() -> Result<String, String>,
) -> Result<String, String> {
    let last = image.rsplit('/').next().unwrap_or_default();
    let named = match last.contains([':', '@']) {
        true => image.to_owned(),
        false => format!("{image}:latest"),
    };
    Ok(match tag {
        Tag::Latest => named,
        Tag::Sha => format!("{named}-{}", git(folder, &["rev-parse", "--short", "HEAD"])?),
        Tag::Branch => {
            let branch = git(folder, &["rev-parse", "--abbrev-ref", "HEAD"])?.replace('/', "-");
            format!("{named}-{branch}-{}", git(folder, &["rev-parse", "--short", "HEAD"])?)
        }
        Tag::Describe => format!("{named}-{}", git(folder, &["describe", "--tags", "--always"])?),
        Tag::Digest => {
            let name = named.rsplit_once(':').map_or(named.as_str(), |(name, _)| name);
            format!("{name}:{}", digest()?)
        }
    })
}

fn git(folder: &Path, words: &[&str]) -> Result<String, String> {
    let ran = Command::new("git").arg("-C").arg(folder).args(words).output();
    let ran = ran.map_err(|e| format!("--tag: git cannot be run: {e}"))?;
    let said = String::from_utf8_lossy(&ran.stdout).trim().to_owned();
    if !ran.status.success() || said.is_empty() {
        return Err(format!(
            "--tag: {} is not in a Git repository with a commit; use `--tag latest` or `--tag digest`",
            folder.display()
        ));
    }
    Ok(said)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_goes_behind_the_one_that_is_there() {
        let folder = tempfile::tempdir().unwrap();
        let of = |image: &str, tag| tagged(image, tag, folder.path(), || Ok("abc".into()));
        assert_eq!(of("me/f", Tag::Latest).unwrap(), "me/f:latest");
        assert_eq!(of("host:5000/me/f", Tag::Digest).unwrap(), "host:5000/me/f:abc");
        assert_eq!(of("me/f:1", Tag::Digest).unwrap(), "me/f:abc");
        assert!(of("me/f", Tag::Sha).unwrap_err().contains("not in a Git repository"));
        let git = |words: &[&str]| {
            let done = Command::new("git").arg("-C").arg(folder.path()).args(words).output().unwrap();
            assert!(done.status.success(), "{words:?}: {}", String::from_utf8_lossy(&done.stderr));
        };
        git(&["init", "-q", "-b", "feature/x"]);
        git(&["-c", "user.name=n", "-c", "user.email=e", "commit", "-q", "--allow-empty", "-m", "m"]);
        let sha = of("me/f:1", Tag::Sha).unwrap();
        assert!(sha.starts_with("me/f:1-") && sha.len() > "me/f:1-".len(), "{sha}");
        assert!(of("me/f", Tag::Branch).unwrap().starts_with("me/f:latest-feature-x-"));
        assert_eq!(of("me/f:1", Tag::Describe).unwrap(), sha, "there is no tag to describe it by");
    }
}
