//! The folder of a log: who may touch it, what is in it, and how its files are opened.
//!
//! The log is evidence about its owner's acts as well, so a folder that anyone else could reach,
//! or one that a link leads to, is refused before anything is written.

use std::fs;
use std::fs::DirBuilder;
use std::fs::File;
use std::fs::Metadata;
use std::fs::OpenOptions;
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::path::PathBuf;

use crate::audit::body;
use crate::audit::disk;
use crate::audit::error::AuditError;
use crate::audit::volume;

/// Makes the folder where it is missing and refuses one that cannot be trusted.
pub(super) fn prepare(dir: &Path) -> Result<(), AuditError> {
    make(dir)?;
    check_folder(dir)?;
    check_parent(dir)?;
    check_local(dir)?;
    let bodies = dir.join(body::FOLDER);
    make(&bodies)?;
    check_folder(&bodies)
}

/// Makes a folder, 0700, with those above it; one that is there already is left as it is.
fn make(dir: &Path) -> Result<(), AuditError> {
    match fs::symlink_metadata(dir) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(dir)
            .map_err(|source| AuditError::File {
                operation: "making the folder",
                path: dir.to_owned(),
                source,
            }),
        _ => Ok(()),
    }
}

/// Refuses a folder that is a link, someone else's, or open to others.
fn check_folder(dir: &Path) -> Result<(), AuditError> {
    let meta = look(dir)?;
    if meta.is_symlink() {
        return refuse(
            dir,
            "is a symbolic link",
            "name the folder itself with --state",
        );
    }
    if !meta.is_dir() {
        return refuse(
            dir,
            "is not a folder",
            "move it away or name another folder with --state",
        );
    }
    check_owner(dir, &meta)
}

/// Refuses what belongs to someone else or lets anyone but its owner in.
fn check_owner(path: &Path, meta: &Metadata) -> Result<(), AuditError> {
    let me = rustix::process::geteuid().as_raw();
    if meta.uid() != me {
        let why = format!(
            "belongs to uid {} and crashcart runs as uid {me}",
            meta.uid()
        );
        return refuse(
            path,
            &why,
            "run as its owner or name another folder with --state",
        );
    }
    if meta.mode() & 0o077 != 0 {
        let why = format!("is open to others (mode {:04o})", meta.mode() & 0o7777);
        return refuse(
            path,
            &why,
            "take their rights away with chmod go-rwx and look who used them",
        );
    }
    Ok(())
}

/// Refuses a folder that anyone could move away from where it stands.
fn check_parent(dir: &Path) -> Result<(), AuditError> {
    let Some(parent) = dir.parent().filter(|parent| !parent.as_os_str().is_empty()) else {
        return Ok(());
    };
    let mode = fs::metadata(parent)
        .map_err(|source| reading(parent, source))?
        .mode();
    if mode & 0o002 != 0 && mode & 0o1000 == 0 {
        let why = format!("can be written by everyone (mode {:04o})", mode & 0o7777);
        return refuse(
            parent,
            &why,
            "take that right away with chmod o-w or name another folder with --state",
        );
    }
    Ok(())
}

/// Refuses a file system on another machine.
fn check_local(dir: &Path) -> Result<(), AuditError> {
    match volume::network(dir).map_err(|source| reading(dir, source))? {
        Some(system) => Err(AuditError::Remote {
            path: dir.to_owned(),
            system,
        }),
        None => Ok(()),
    }
}

/// Opens a file of the log for appending and refuses one that others could reach.
pub(super) fn open_own(path: &Path) -> Result<File, AuditError> {
    let file = OpenOptions::new()
        .read(true)
        .append(true)
        .custom_flags(disk::nofollow())
        .open(path)
        .map_err(|source| AuditError::File {
            operation: "opening",
            path: path.to_owned(),
            source,
        })?;
    let meta = file.metadata().map_err(|source| reading(path, source))?;
    if !meta.is_file() {
        return refuse(
            path,
            "is not a plain file",
            "move it away and look who put it there",
        );
    }
    if meta.nlink() != 1 {
        return refuse(
            path,
            "has a second name (hard link)",
            "remove that name and look who made it",
        );
    }
    check_owner(path, &meta)?;
    Ok(file)
}

/// Opens a file that holds a secret for reading; nothing where it is not there.
pub(super) fn open_secret(path: &Path) -> Result<Option<File>, AuditError> {
    let file = match open_plain(path) {
        Ok(file) => file,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(reading(path, source)),
    };
    let meta = file.metadata().map_err(|source| reading(path, source))?;
    check_owner(path, &meta)?;
    Ok(Some(file))
}

/// Opens a plain file to be written over in its middle, without following a link.
pub(super) fn open_over(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .read(true)
        .write(true)
        .custom_flags(disk::nofollow())
        .open(path)
}

/// Opens the file that processes lock, making it where it is missing.
pub(super) fn open_lock(dir: &Path) -> Result<File, AuditError> {
    let path = dir.join("lock");
    let made = OpenOptions::new()
        .append(true)
        .create(true)
        .mode(0o600)
        .custom_flags(disk::nofollow())
        .open(&path);
    made.map_err(|source| AuditError::File {
        operation: "opening",
        path: path.clone(),
        source,
    })?;
    open_own(&path)
}

/// Opens a plain file for reading, whoever owns it, without following a link.
pub(super) fn open_plain(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(disk::nofollow())
        .open(path)?;
    if file.metadata()?.is_file() {
        Ok(file)
    } else {
        Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "not a plain file",
        ))
    }
}

/// Names a segment by the number of its first entry.
pub(super) fn segment(dir: &Path, first: u64) -> PathBuf {
    dir.join(format!("log-{first:012}.jsonl"))
}

/// Lists the segments by the number of their first entry, in order.
pub(super) fn segments(dir: &Path) -> io::Result<Vec<u64>> {
    let mut found = Vec::new();
    for item in fs::read_dir(dir)? {
        let name = item?.file_name();
        let number = name.to_str().and_then(|name| {
            name.strip_prefix("log-")?
                .strip_suffix(".jsonl")?
                .parse()
                .ok()
        });
        found.extend(
            number.filter(|first| segment(dir, *first).file_name() == Some(name.as_os_str())),
        );
    }
    found.sort_unstable();
    Ok(found)
}

/// Reads what the system knows of a path, without following a link.
fn look(path: &Path) -> Result<Metadata, AuditError> {
    fs::symlink_metadata(path).map_err(|source| reading(path, source))
}

/// Words a failure to read.
pub(super) fn reading(path: &Path, source: io::Error) -> AuditError {
    AuditError::Read {
        path: path.to_owned(),
        source,
    }
}

/// Words a failure to work with a file.
pub(super) fn failed(operation: &'static str, path: &Path, source: io::Error) -> AuditError {
    AuditError::File {
        operation,
        path: path.to_owned(),
        source,
    }
}

/// Words a refusal.
fn refuse<T>(path: &Path, why: &str, next: &'static str) -> Result<T, AuditError> {
    Err(AuditError::Unsafe {
        path: path.to_owned(),
        why: why.to_owned(),
        next,
    })
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn said(result: Result<(), AuditError>) -> String {
        result.unwrap_err().to_string()
    }

    #[test]
    fn a_new_folder_is_ours_alone() {
        let temp = tempfile::tempdir().unwrap();
        let dir = temp.path().join("estate/log");
        prepare(&dir).unwrap();
        prepare(&dir).unwrap();
        assert_eq!(fs::metadata(&dir).unwrap().mode() & 0o7777, 0o700);
    }

    #[test]
    fn a_link_an_open_folder_a_file_and_an_open_parent_are_refused() {
        let temp = tempfile::tempdir().unwrap();
        let dir = temp.path().join("log");
        prepare(&dir).unwrap();

        let link = temp.path().join("link");
        std::os::unix::fs::symlink(&dir, &link).unwrap();
        assert!(said(prepare(&link)).contains("is a symbolic link; name the folder itself"));

        fs::set_permissions(&dir, Permissions::from_mode(0o777)).unwrap();
        assert!(
            said(prepare(&dir)).contains("is open to others (mode 0777); take their rights away")
        );
        fs::set_permissions(&dir, Permissions::from_mode(0o700)).unwrap();

        let file = temp.path().join("file");
        fs::write(&file, "").unwrap();
        assert!(said(prepare(&file)).contains("is not a folder"));

        fs::set_permissions(temp.path(), Permissions::from_mode(0o777)).unwrap();
        assert!(said(prepare(&dir)).contains("can be written by everyone (mode 0777)"));
    }

    #[test]
    fn another_owner_is_refused() {
        let meta = fs::metadata("/proc/self/../1").unwrap();
        if meta.uid() != rustix::process::geteuid().as_raw() {
            assert!(
                check_owner(Path::new("/x"), &meta)
                    .unwrap_err()
                    .to_string()
                    .contains("belongs to uid 0")
            );
            return;
        }
        // As root every plain folder is ours: give one away.
        let temp = tempfile::tempdir().unwrap();
        std::os::unix::fs::chown(temp.path(), Some(4242), None).unwrap();
        assert!(said(check_folder(temp.path())).contains("belongs to uid 4242"));
    }

    #[test]
    fn a_hard_link_and_a_planted_link_are_refused() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("log-000000000001.jsonl");
        disk::Disk::create(&disk::Local, &path).unwrap();
        open_own(&path).unwrap();
        fs::hard_link(&path, temp.path().join("second")).unwrap();
        assert!(
            open_own(&path)
                .unwrap_err()
                .to_string()
                .contains("has a second name")
        );
        let link = temp.path().join("planted");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        assert!(matches!(
            open_own(&link),
            Err(AuditError::File {
                operation: "opening",
                ..
            })
        ));
    }
}
