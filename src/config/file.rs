//! Reading a file of ours: bounded, plain, and not to be written by others.

use super::ConfigError;
use std::fs::File;
use std::fs::Metadata;
use std::fs::OpenOptions;
use std::io;
use std::io::Read as _;
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

/// The most a configuration, policy, kubeconfig, certificate or token file may hold, in bytes.
const LARGEST: u64 = 4 * 1024 * 1024;

/// The bytes of a plain file, and what the file system says about that same file.
///
/// A named pipe is not waited for, and nothing longer than 4 MiB is read.
pub(super) fn read(path: &Path, advice: &str) -> Result<(Vec<u8>, Metadata), ConfigError> {
    let fail = |error: io::Error| {
        let reason = reason(&error);
        ConfigError::file(path, format!("it cannot be read: {reason}; {advice}"))
    };
    let file = open(path).map_err(fail)?;
    let about = file.metadata().map_err(fail)?;
    if !about.is_file() {
        return Err(ConfigError::file(
            path,
            format!("it is no plain file; {advice}"),
        ));
    }
    let mut bytes = Vec::new();
    file.take(LARGEST + 1)
        .read_to_end(&mut bytes)
        .map_err(fail)?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > LARGEST {
        let sentence = format!("it is larger than 4 MiB, which no such file is; {advice}");
        return Err(ConfigError::file(path, sentence));
    }
    Ok((bytes, about))
}

/// The text of a file that nobody but its owner and root may write.
pub(super) fn read_own(path: &Path, advice: &str) -> Result<String, ConfigError> {
    read_own_open(path, advice).map(|(text, _)| text)
}

/// The same, and whether users other than its owner may read it.
pub(super) fn read_own_open(path: &Path, advice: &str) -> Result<(String, bool), ConfigError> {
    let (bytes, about) = read(path, advice)?;
    let me = rustix::process::geteuid().as_raw();
    let my_group = rustix::process::getegid().as_raw();
    if let Some(sentence) = written_by_others(&Standing::of(&about), me, my_group) {
        return Err(ConfigError::file(path, sentence));
    }
    Ok((text(path, bytes)?, open_to_others(&about)))
}

/// Whether users other than a file's owner may read it; a group that is the user's alone does not count.
pub(super) fn open_to_others(about: &Metadata) -> bool {
    let standing = Standing::of(about);
    let me = rustix::process::geteuid().as_raw();
    let own_group = of_one(standing.group, me, rustix::process::getegid().as_raw());
    standing.mode & 0o004 != 0 || (standing.mode & 0o040 != 0 && !own_group)
}

/// Bytes as UTF-8, or the line where they are not.
pub(super) fn text(path: &Path, bytes: Vec<u8>) -> Result<String, ConfigError> {
    String::from_utf8(bytes).map_err(|error| {
        let good = error.utf8_error().valid_up_to();
        ConfigError::Line {
            file: path.to_path_buf(),
            line: line_of(error.as_bytes(), good),
            sentence: "this is not UTF-8; save the file as UTF-8".to_owned(),
        }
    })
}

/// The line, counted from 1, of a byte offset.
pub(super) fn line_of(bytes: &[u8], offset: usize) -> usize {
    let before = bytes.get(..offset).unwrap_or(bytes);
    before.split(|byte| *byte == b'\n').count()
}

/// Owner, group and permission bits of a file.
#[derive(Clone, Copy, Debug)]
pub(super) struct Standing {
    /// The user id of its owner.
    pub(super) owner: u32,
    /// Its group id.
    pub(super) group: u32,
    /// Its permission bits.
    pub(super) mode: u32,
}

impl Standing {
    /// What the file system says.
    pub(super) fn of(about: &Metadata) -> Self {
        Self {
            owner: about.uid(),
            group: about.gid(),
            mode: about.mode() & 0o7777,
        }
    }
}

/// Why a file may not be trusted by this user, if so: someone else could have written it. A group
/// that is the user's alone may write, because many systems give every user such a group.
fn written_by_others(standing: &Standing, me: u32, my_group: u32) -> Option<String> {
    if standing.owner != me && standing.owner != 0 {
        let owner = standing.owner;
        return Some(format!(
            "it belongs to another user (uid {owner}), who could change it; make a copy of your own"
        ));
    }
    let group_writes = standing.mode & 0o020 != 0 && !of_one(standing.group, me, my_group);
    if standing.mode & 0o002 != 0 || group_writes {
        let mode = standing.mode;
        return Some(format!(
            "others may write to it (mode {mode:03o}); check what it says, then chmod go-w"
        ));
    }
    None
}

/// Whether a group is the user's alone: the first group, with the user's own number. One with another number may be one
/// that many share.
fn of_one(group: u32, me: u32, my_group: u32) -> bool {
    group == my_group && my_group == me
}

/// Opens for reading without waiting for a writer at the other end of a named pipe.
fn open(path: &Path) -> io::Result<File> {
    let nonblocking = i32::try_from(rustix::fs::OFlags::NONBLOCK.bits()).unwrap_or_default();
    OpenOptions::new()
        .read(true)
        .custom_flags(nonblocking)
        .open(path)
}

/// The reason of a failed read in plain words.
fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "there is no such file".to_owned(),
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        io::ErrorKind::IsADirectory => "it is a folder".to_owned(),
        kind => kind.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::Standing;
    use super::line_of;
    use super::written_by_others;

    #[test]
    fn who_may_write_decides() {
        let judge = |owner, group, mode| {
            let standing = Standing { owner, group, mode };
            written_by_others(&standing, 1000, 1000).is_none()
        };
        assert!(judge(1000, 1000, 0o644));
        assert!(judge(1000, 1000, 0o664), "a group of one's own");
        assert!(judge(0, 0, 0o644), "root's");
        assert!(!judge(1000, 200, 0o664), "a shared group");
        assert!(!judge(1000, 1000, 0o646), "the world");
        assert!(!judge(1001, 1000, 0o644), "another user's");
        let standing = Standing {
            owner: 1000,
            group: 100,
            mode: 0o664,
        };
        let shared = written_by_others(&standing, 1000, 100);
        assert!(shared.is_some(), "a first group that many may share");
    }

    #[test]
    fn lines_are_counted_from_one() {
        assert_eq!(line_of(b"", 0), 1);
        assert_eq!(line_of(b"a\nb\nc", 0), 1);
        assert_eq!(line_of(b"a\nb\nc", 2), 2);
        assert_eq!(line_of(b"a\nb\nc", 99), 3);
    }
}
