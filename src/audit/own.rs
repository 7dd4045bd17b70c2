//! Folders and files of this user alone: made, checked and replaced without ever following a link.
//!
//! Every folder is opened from the one above it, so what is checked is what is used: a link that is planted between
//! the check and the use leads nowhere.

use std::fs;
use std::fs::File;
use std::io;
use std::io::Read as _;
use std::io::Write as _;
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt as _;
use std::path::Component;
use std::path::Path;
use std::path::PathBuf;

use rustix::fs::AtFlags;
use rustix::fs::FileType;
use rustix::fs::Mode;
use rustix::fs::OFlags;
use rustix::fs::Stat;
use rustix::io::Errno;

/// Opens a folder and nothing else, and no link to one.
const FOLDER: OFlags = OFlags::DIRECTORY
    .union(OFlags::NOFOLLOW)
    .union(OFlags::CLOEXEC)
    .union(OFlags::RDONLY);
/// Opens a file and no link to one.
const FILE_ITSELF: OFlags = OFlags::RDONLY
    .union(OFlags::NOFOLLOW)
    .union(OFlags::CLOEXEC);
/// The mode of a folder of ours.
const PRIVATE: Mode = Mode::RWXU;
/// The mode of a file of ours.
const FILE: Mode = Mode::RUSR.union(Mode::WUSR);

/// Why a folder is not used; nothing was written there.
#[derive(Debug, thiserror::Error)]
#[error("{path} {why}: nothing is written there; {next}", path = path.display())]
pub struct NotOurs {
    /// The folder or file.
    pub path: PathBuf,
    /// What is wrong with it, beginning with a verb.
    pub why: String,
    /// What to do about it.
    pub next: &'static str,
}

/// What to do when a folder is somebody else's.
const ANOTHER: &str = "give your own folder with --state";

/// A folder of this user alone, held open.
#[derive(Debug)]
pub struct OwnFolder {
    path: PathBuf,
    folder: OwnedFd,
}

impl OwnFolder {
    /// Makes or opens `root` and the folders below it, one in the other; those that are made are 0700.
    ///
    /// `root` and all but the last may be readable by others; nobody else may write to any of them, and the last is
    /// this user's alone. A folder above `root` may be anybody's whom this user must trust anyway: root's, or a sticky one.
    ///
    /// # Errors
    /// What cannot be trusted, made or opened.
    pub fn make(root: &Path, below: &[&str]) -> Result<Self, NotOurs> {
        let root = std::path::absolute(root).map_err(|error| fails(root, &error))?;
        let (above, missing) = existing(&root)?;
        out_of_reach(&above)?;
        let flags = FOLDER.difference(OFlags::NOFOLLOW);
        let mut folder = rustix::fs::open(&above, flags, Mode::empty())
            .map_err(|error| fails(&above, &error.into()))?;
        let mut path = above;
        let names = missing
            .iter()
            .map(String::as_str)
            .chain(below.iter().copied());
        let names: Vec<&str> = names.collect();
        for (number, name) in names.iter().enumerate() {
            path.push(name);
            folder = enter(&folder, name, &path)?;
            let stat = rustix::fs::fstat(&folder).map_err(|error| fails(&path, &error.into()))?;
            let last = number + 1 == names.len();
            if number + 1 >= missing.len() || missing.is_empty() {
                judge(&path, &stat, last)?;
            }
        }
        Ok(Self { path, folder })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Refuses what somebody planted in it or in a folder of it: a link, a second name of a file, a pipe, or anything
    /// of another user. A folder that is not there holds nothing.
    ///
    /// # Errors
    /// The first thing that is not ours.
    pub fn refuse_planted(&self, within: Option<&str>) -> Result<(), NotOurs> {
        let (path, folder) = match within {
            None => (self.path.clone(), rustix::io::dup(&self.folder)),
            Some(name) => {
                let opened = rustix::fs::openat(&self.folder, name, FOLDER, Mode::empty());
                (self.path.join(name), opened)
            }
        };
        let folder = match folder {
            Ok(folder) => folder,
            Err(Errno::NOENT) => return Ok(()),
            Err(error) => return Err(fails(&path, &error.into())),
        };
        let entries =
            rustix::fs::Dir::read_from(&folder).map_err(|error| fails(&path, &error.into()))?;
        for entry in entries {
            let entry = entry.map_err(|error| fails(&path, &error.into()))?;
            let name = entry.file_name();
            if matches!(name.to_bytes(), b"." | b"..") {
                continue;
            }
            let here = path.join(name.to_string_lossy().as_ref());
            match rustix::fs::statat(&folder, name, AtFlags::SYMLINK_NOFOLLOW) {
                Ok(stat) => planted(&here, &stat)?,
                // It went meanwhile: another console replaces its files.
                Err(Errno::NOENT) => {}
                Err(error) => return Err(fails(&here, &error.into())),
            }
        }
        Ok(())
    }

    /// Puts a file in the place of another, whole or not at all: written beside it, kept, renamed, and the name kept.
    ///
    /// # Errors
    /// When it cannot be written; what stood there stays.
    pub fn replace(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let next = format!("{name}.next");
        let flags =
            OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let made = match rustix::fs::openat(&self.folder, &next, flags, FILE) {
            Err(Errno::EXIST) => {
                // What a crash left, or what was planted: the name goes, and whatever it led to stays as it is.
                rustix::fs::unlinkat(&self.folder, &next, AtFlags::empty())?;
                rustix::fs::openat(&self.folder, &next, flags, FILE)?
            }
            made => made?,
        };
        let mut file = File::from(made);
        let written = file.write_all(bytes).and_then(|()| file.sync_all());
        let renamed = written.and_then(|()| {
            Ok(rustix::fs::renameat(
                &self.folder,
                &next,
                &self.folder,
                name,
            )?)
        });
        if renamed.is_err() {
            // The name is free again for the next try; the first error is the one to tell.
            let _ = rustix::fs::unlinkat(&self.folder, &next, AtFlags::empty());
            return renamed;
        }
        Ok(rustix::fs::fsync(&self.folder)?)
    }
}

/// Opens the folder of that path, which is there already, without following a link at its end.
///
/// # Errors
/// When it is not there, is no folder, or is not this user's alone.
pub fn open(path: &Path) -> Result<OwnFolder, NotOurs> {
    let folder =
        rustix::fs::open(path, FOLDER, Mode::empty()).map_err(|error| no_folder(path, error))?;
    let stat = rustix::fs::fstat(&folder).map_err(|error| fails(path, &error.into()))?;
    judge(path, &stat, true)?;
    Ok(OwnFolder {
        path: path.to_path_buf(),
        folder,
    })
}

/// Puts a file in the place of another of this user's own, in a folder that others may read but not write to; it keeps
/// its mode.
///
/// # Errors
/// When the folder or the file is not ours, or it cannot be written; what stood there stays.
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let path = std::path::absolute(path)?;
    let (Some(above), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(io::Error::other("it has no folder"));
    };
    let above = fs::canonicalize(above)?;
    let folder = rustix::fs::open(&above, FOLDER, Mode::empty())?;
    let stat = rustix::fs::fstat(&folder)?;
    judge(&above, &stat, false).map_err(io::Error::other)?;
    let stat = rustix::fs::statat(&folder, name, AtFlags::SYMLINK_NOFOLLOW)?;
    planted(&path, &stat).map_err(io::Error::other)?;
    let folder = OwnFolder {
        path: above,
        folder,
    };
    folder.replace(&name.to_string_lossy(), bytes)?;
    let file = rustix::fs::openat(&folder.folder, name, FILE_ITSELF, Mode::empty())?;
    Ok(rustix::fs::fchmod(
        &file,
        Mode::from_raw_mode(stat.st_mode & 0o777),
    )?)
}

/// The bytes of a file of this user's own, if it is one: plain, with one name, and not longer than that. Nothing waits
/// for a pipe and no link is followed.
pub fn read(path: &Path, most: u64) -> Option<Vec<u8>> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = File::from(rustix::fs::open(path, flags, Mode::empty()).ok()?);
    let about = file.metadata().ok()?;
    let ours = about.uid() == me() && about.nlink() == 1;
    if !about.is_file() || !ours || about.len() > most {
        return None;
    }
    let mut bytes = Vec::new();
    file.take(most).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

/// The deepest folder above a path that is there, by its true name, and the names below it that are not or not yet known.
fn existing(root: &Path) -> Result<(PathBuf, Vec<String>), NotOurs> {
    let mut missing = Vec::new();
    let mut above = root;
    loop {
        let Some(parent) = above.parent() else {
            return Ok((PathBuf::from("/"), missing));
        };
        let Some(Component::Normal(name)) = above.components().next_back() else {
            // A path that ends in `..` has no name of its own: it is taken by what it leads to.
            let above = fs::canonicalize(above).map_err(|error| fails(above, &error))?;
            return Ok((above, missing));
        };
        let Some(name) = name.to_str() else {
            let error = io::Error::other("its name is not UTF-8");
            return Err(fails(above, &error));
        };
        missing.insert(0, name.to_owned());
        match fs::canonicalize(parent) {
            Ok(found) => return Ok((found, missing)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => above = parent,
            Err(error) => return Err(fails(parent, &error)),
        }
    }
}

/// Refuses a path above ours in which anybody could put another folder in the place of ours.
fn out_of_reach(above: &Path) -> Result<(), NotOurs> {
    for folder in above.ancestors() {
        let about = fs::metadata(folder).map_err(|error| fails(folder, &error))?;
        // The top cannot be moved; in a container it may seem to be nobody's.
        let top = folder.parent().is_none();
        if about.uid() != me() && about.uid() != 0 && !top {
            let why = format!(
                "belongs to uid {}, who could move what is in it",
                about.uid()
            );
            return refuse(folder, why, ANOTHER);
        }
        let sticky = about.mode() & 0o1000 != 0;
        let group = rustix::process::getegid().as_raw();
        if about.mode() & others(about.gid(), (me(), group)) != 0 && !sticky {
            let why = format!("can be written by others (mode {:o})", about.mode() & 0o777);
            return refuse(
                folder,
                why,
                "run chmod 700 on it or give another with --state",
            );
        }
    }
    Ok(())
}

/// The bits of a mode by which others than us may write into a folder of this group. Many systems give every user a group
/// of one, with the number of the user: that group may write wherever its user may. A user's first group with another
/// number may be one that many share.
fn others(of: u32, (user, group): (u32, u32)) -> u32 {
    let ours = of == group && group == user;
    if ours || of == 0 { 0o002 } else { 0o022 }
}

/// Opens one folder in another, making it 0700 where it is missing.
fn enter(above: &OwnedFd, name: &str, path: &Path) -> Result<OwnedFd, NotOurs> {
    match rustix::fs::mkdirat(above, name, PRIVATE) {
        Ok(()) | Err(Errno::EXIST) => {}
        Err(error) => return Err(fails(path, &error.into())),
    }
    rustix::fs::openat(above, name, FOLDER, Mode::empty()).map_err(|error| no_folder(path, error))
}

fn no_folder(path: &Path, error: Errno) -> NotOurs {
    let (why, next) = match error {
        Errno::LOOP | Errno::MLINK => ("is a symbolic link", "name the folder itself with --state"),
        // The kernel says so of a link to a folder, too, when only a folder was asked for.
        Errno::NOTDIR if fs::symlink_metadata(path).is_ok_and(|found| found.is_symlink()) => {
            ("is a symbolic link", "name the folder itself with --state")
        }
        Errno::NOTDIR => (
            "cannot be made, a file is in the way",
            "give another with --state",
        ),
        error => return fails(path, &error.into()),
    };
    NotOurs {
        path: path.to_path_buf(),
        why: why.to_owned(),
        next,
    }
}

/// Refuses a folder of somebody else, or one that others may write to; the last one may not even be read by them.
fn judge(path: &Path, stat: &Stat, last: bool) -> Result<(), NotOurs> {
    let owner = stat.st_uid;
    if owner != me() && (last || owner != 0) {
        let why = format!("belongs to uid {owner}, and this is uid {}", me());
        return refuse(path, why, ANOTHER);
    }
    let mode = stat.st_mode & 0o7777;
    let others = if last { 0o077 } else { 0o022 };
    let sticky = !last && mode & 0o1000 != 0;
    if mode & others != 0 && !sticky {
        let can = if last { "read or written" } else { "written" };
        let why = format!("can be {can} by others (mode {:o})", mode & 0o777);
        return refuse(path, why, "run chmod 700 on it");
    }
    Ok(())
}

/// Refuses what can only have been put there by somebody else, or to lead a write elsewhere.
fn planted(path: &Path, stat: &Stat) -> Result<(), NotOurs> {
    let next = "look who put it there and take it away";
    let kind = FileType::from_raw_mode(stat.st_mode);
    let why = match kind {
        FileType::RegularFile if stat.st_nlink > 1 => "has a second name (hard link)",
        FileType::RegularFile | FileType::Directory => {
            if stat.st_uid == me() {
                return Ok(());
            }
            let why = format!("belongs to uid {}, and this is uid {}", stat.st_uid, me());
            return refuse(path, why, next);
        }
        FileType::Symlink => "is a symbolic link",
        FileType::Fifo => "is a pipe",
        _ => "is no file of ours",
    };
    refuse(path, why.to_owned(), next)
}

fn me() -> u32 {
    rustix::process::geteuid().as_raw()
}

fn refuse(path: &Path, why: String, next: &'static str) -> Result<(), NotOurs> {
    Err(NotOurs {
        path: path.to_path_buf(),
        why,
        next,
    })
}

fn fails(path: &Path, error: &io::Error) -> NotOurs {
    NotOurs {
        path: path.to_path_buf(),
        why: format!("cannot be made or opened ({error})"),
        next: "give another with --state",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;
    use std::os::unix::fs::symlink;

    fn said<T: std::fmt::Debug>(result: Result<T, NotOurs>) -> String {
        result.unwrap_err().to_string()
    }

    fn mode(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn what_is_made_is_ours_alone_at_every_depth() {
        let temp = tempfile::tempdir().unwrap();
        let root = temp.path().join("a/b/state");
        let folder = OwnFolder::make(&root, &["demo", "id"]).unwrap();
        assert_eq!(folder.path(), root.canonicalize().unwrap().join("demo/id"));
        for made in [
            "a",
            "a/b",
            "a/b/state",
            "a/b/state/demo",
            "a/b/state/demo/id",
        ] {
            let mode = fs::metadata(temp.path().join(made)).unwrap().mode();
            assert_eq!(mode & 0o7777, 0o700, "{made}");
        }
        OwnFolder::make(&root, &["demo", "id"]).unwrap();
    }

    #[test]
    fn no_link_is_followed_on_any_folder_of_ours() {
        for planted in ["state", "state/demo", "state/demo/id"] {
            let temp = tempfile::tempdir().unwrap();
            let outside = temp.path().join("outside");
            fs::create_dir(&outside).unwrap();
            let at = temp.path().join(planted);
            fs::create_dir_all(at.parent().unwrap()).unwrap();
            symlink(&outside, &at).unwrap();
            let words = said(OwnFolder::make(&temp.path().join("state"), &["demo", "id"]));
            assert!(
                words.contains("is a symbolic link: nothing is written there"),
                "{words}"
            );
            assert!(words.contains("--state"), "{words}");
            assert_eq!(fs::read_dir(&outside).unwrap().count(), 0, "{planted}");
        }
    }

    #[test]
    fn a_link_above_ours_is_the_users_own_business() {
        let temp = tempfile::tempdir().unwrap();
        fs::create_dir(temp.path().join("disk")).unwrap();
        symlink("disk", temp.path().join("home")).unwrap();
        let folder = OwnFolder::make(&temp.path().join("home/state"), &["id"]).unwrap();
        assert!(folder.path().ends_with("disk/state/id"));
    }

    #[test]
    fn a_parent_that_everybody_may_write_is_refused_unless_it_is_sticky() {
        let temp = tempfile::tempdir().unwrap();
        let above = temp.path().join("open");
        fs::create_dir(&above).unwrap();
        mode(&above, 0o777);
        let words = said(OwnFolder::make(&above.join("state"), &["id"]));
        assert!(
            words.contains("open can be written by others (mode 777)"),
            "{words}"
        );
        assert!(!above.join("state").exists());
        mode(&above, 0o1777);
        OwnFolder::make(&above.join("state"), &["id"]).unwrap();
    }

    #[test]
    fn a_parent_that_another_group_may_write_is_refused_and_one_of_the_users_own_group_is_not() {
        let temp = tempfile::tempdir().unwrap();
        let above = temp.path().join("shared");
        fs::create_dir(&above).unwrap();
        mode(&above, 0o770);
        OwnFolder::make(&above.join("ours"), &["id"]).unwrap();
        if me() != 0 {
            return; // Only root can give a folder to a group that it is not in.
        }
        std::os::unix::fs::chown(&above, None, Some(65534)).unwrap();
        let words = said(OwnFolder::make(&above.join("state"), &["id"]));
        assert!(
            words.contains("shared can be written by others (mode 770)"),
            "{words}"
        );
        mode(&above, 0o750);
        OwnFolder::make(&above.join("state"), &["id"]).unwrap();
    }

    #[test]
    fn a_first_group_that_others_may_share_is_not_the_users_own() {
        assert_eq!(others(1000, (1000, 1000)), 0o002, "a group of one");
        assert_eq!(others(100, (1000, 100)), 0o022, "users, staff and the like");
        assert_eq!(others(1000, (1000, 100)), 0o022, "not the group we are in");
        assert_eq!(others(0, (1000, 1000)), 0o002, "root may do all anyway");
    }

    #[test]
    fn what_is_planted_in_it_is_named() {
        let temp = tempfile::tempdir().unwrap();
        let folder = OwnFolder::make(&temp.path().join("s"), &["id"]).unwrap();
        folder.refuse_planted(Some("log")).unwrap();
        fs::create_dir(folder.path().join("log")).unwrap();
        fs::write(folder.path().join("log/ours"), "").unwrap();
        folder.refuse_planted(None).unwrap();
        folder.refuse_planted(Some("log")).unwrap();
        let at = folder.path().join("log/planted");
        symlink("ours", &at).unwrap();
        assert!(said(folder.refuse_planted(Some("log"))).contains("planted is a symbolic link"));
        fs::remove_file(&at).unwrap();
        fs::hard_link(folder.path().join("log/ours"), &at).unwrap();
        assert!(said(folder.refuse_planted(Some("log"))).contains("has a second name"));
        fs::remove_file(&at).unwrap();
        rustix::fs::mknodat(rustix::fs::CWD, &at, FileType::Fifo, FILE, 0).unwrap();
        assert!(said(folder.refuse_planted(Some("log"))).contains("planted is a pipe"));
        assert_eq!(read(&at, 10), None, "and nobody waits for it");
        fs::remove_file(&at).unwrap();
        fs::remove_dir_all(folder.path().join("log")).unwrap();
        symlink("/tmp", folder.path().join("log")).unwrap();
        assert!(said(folder.refuse_planted(None)).contains("log is a symbolic link"));
    }

    #[test]
    fn a_file_is_replaced_whole_and_through_no_link() {
        let temp = tempfile::tempdir().unwrap();
        let folder = OwnFolder::make(temp.path(), &["id"]).unwrap();
        let outside = temp.path().join("outside");
        fs::write(&outside, "theirs").unwrap();
        symlink(&outside, folder.path().join("kept.next")).unwrap();
        symlink(&outside, folder.path().join("kept")).unwrap();
        folder.replace("kept", b"ours").unwrap();
        assert_eq!(fs::read(&outside).unwrap(), b"theirs");
        let kept = folder.path().join("kept");
        assert_eq!(read(&kept, 10).unwrap(), b"ours");
        assert_eq!(fs::symlink_metadata(&kept).unwrap().mode() & 0o7777, 0o600);
        assert_eq!(
            fs::read_dir(folder.path()).unwrap().count(),
            1,
            "nothing is left"
        );
        folder.replace("kept", b"again").unwrap();
        assert_eq!(read(&kept, 10).unwrap(), b"again");
        assert_eq!(read(&kept, 4), None, "longer than it may be");
        fs::create_dir(folder.path().join("full")).unwrap();
        assert!(folder.replace("full", b"x").is_err());
        assert_eq!(
            fs::read_dir(folder.path()).unwrap().count(),
            2,
            "nothing is left"
        );
    }
}
