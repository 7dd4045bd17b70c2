//! Which disk a folder is on: a log needs one of this host, whose locks and syncs this host answers for.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::path::PathBuf;

use rustix::fs::Access;

/// File systems whose locks and syncs another machine answers for, by the kernel's magic numbers.
const NETWORK: &[(u64, &str)] = &[
    (0x6969, "NFS"),
    (0x517b, "SMB"),
    (0xff53_4d42, "CIFS"),
    (0xfe53_4d42, "SMB"),
    (0x5346_414f, "AFS"),
    (0x6b41_4653, "AFS"),
    (0x7375_7245, "Coda"),
    (0x564c, "NCP"),
    (0x0102_1997, "9P"),
    (0x00c3_6400, "Ceph"),
    (0x0bd0_0bd0, "Lustre"),
    (0x0116_1970, "GFS2"),
    (0x7461_636f, "OCFS2"),
    (0x4750_4653, "GPFS"),
];
/// Any file system that a program serves: only its name tells which one.
const FUSE: u64 = 0x6573_5546;
/// Names of served file systems that lead to another machine.
const SERVED: &[&str] = &[
    "sshfs",
    "glusterfs",
    "s3fs",
    "ceph",
    "rclone",
    "davfs",
    "curlftpfs",
    "smbnetfs",
    "gcsfuse",
    "juicefs",
    "moosefs",
    "nfs",
];
/// File systems that a restart of this host empties (tmpfs, ramfs), or that keep nothing (proc, sysfs).
const FLEETING: &[u64] = &[0x0102_1994, 0x8584_58f6, 0x9fa0, 0x6265_6572];

/// Names the network file system that a folder, or the nearest one above it that is there, is on; `None` on a disk of
/// this host.
///
/// # Errors
/// When the file system cannot be asked.
pub fn network(path: &Path) -> io::Result<Option<String>> {
    let magic = magic(path)?;
    if let Some(name) = by_magic(magic) {
        return Ok(Some(name.to_owned()));
    }
    if magic != FUSE {
        return Ok(None);
    }
    let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    let device = fs::metadata(nearest(path))?.dev();
    let numbers = (rustix::fs::major(device), rustix::fs::minor(device));
    Ok(served(&mounts, numbers))
}

/// The first of some folders that would do for a log: on a disk of this host that outlives a restart, below a folder
/// that this user may write in. Nothing is made.
pub fn local(candidates: &[PathBuf]) -> Option<&PathBuf> {
    candidates.iter().find(|path| {
        let lasting = magic(path).is_ok_and(|magic| !FLEETING.contains(&magic));
        let here = matches!(network(path), Ok(None));
        let mine = rustix::fs::access(nearest(path), Access::WRITE_OK | Access::EXEC_OK);
        lasting && here && mine.is_ok()
    })
}

fn by_magic(magic: u64) -> Option<&'static str> {
    let known = NETWORK.iter().find(|(known, _)| *known == magic);
    known.map(|(_, name)| *name)
}

/// The magic number of the file system that a path is on, or will be.
fn magic(path: &Path) -> io::Result<u64> {
    let stat = rustix::fs::statfs(nearest(path))?;
    // Some systems widen the number with its sign.
    Ok(u64::try_from(stat.f_type).unwrap_or_default() & 0xffff_ffff)
}

/// The path itself, or the nearest folder above it that is there.
fn nearest(path: &Path) -> &Path {
    let mut above = path.ancestors();
    above.find(|one| one.exists()).unwrap_or(Path::new("/"))
}

/// The name of a served file system that leads to another machine, by the device of a path in the kernel's list of
/// mounts. One that is not known counts as one: a log there could be lost without a word.
fn served(mounts: &str, (major, minor): (u32, u32)) -> Option<String> {
    let device = format!("{major}:{minor}");
    let line = mounts
        .lines()
        .find(|line| line.split(' ').nth(2) == Some(device.as_str()));
    let Some(kind) = line.and_then(|line| line.split(" - ").nth(1)?.split(' ').next()) else {
        return Some("FUSE".to_owned());
    };
    let name = kind.strip_prefix("fuse.").unwrap_or(kind);
    let remote = SERVED.iter().any(|known| name.contains(known));
    // `fuseblk` serves a block device of this host.
    (remote || kind == "fuse").then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOUNTS: &str = "\
22 1 254:0 / / rw - ext4 /dev/vda rw\n\
30 22 0:48 / /home/o rw,nosuid shared:7 - fuse.sshfs o@host:/home rw\n\
31 22 0:49 / /usb rw - fuseblk /dev/sdb1 rw\n\
32 22 0:50 / /x rw - fuse.portal portal rw\n\
33 22 0:51 / /y rw - fuse what rw\n";

    #[test]
    fn network_file_systems_are_known() {
        assert_eq!(by_magic(0x6969), Some("NFS"));
        assert_eq!(by_magic(0xff53_4d42), Some("CIFS"));
        assert_eq!(by_magic(0x0102_1997), Some("9P"));
        assert_eq!(by_magic(0xef53), None);
    }

    #[test]
    fn a_served_file_system_is_judged_by_its_name() {
        let name = |minor| served(MOUNTS, (0, minor));
        assert_eq!(name(48).as_deref(), Some("sshfs"));
        assert_eq!(name(49), None, "a block device of this host");
        assert_eq!(name(50), None);
        assert_eq!(name(51).as_deref(), Some("fuse"), "nobody says what it is");
        assert_eq!(name(99).as_deref(), Some("FUSE"), "not in the list");
    }

    #[test]
    fn a_disk_of_this_host_is_none_of_the_network_and_a_missing_folder_is_judged_by_the_one_above()
    {
        let temp = tempfile::tempdir().unwrap();
        assert_eq!(network(temp.path()).unwrap(), None);
        assert_eq!(network(&temp.path().join("a/b/c")).unwrap(), None);
        assert!(!temp.path().join("a").exists(), "looking makes nothing");
    }

    #[test]
    fn the_first_folder_that_lasts_and_may_be_written_is_named() {
        let temp = tempfile::tempdir().unwrap();
        let good = temp.path().join("state");
        let fleeting = PathBuf::from("/dev/shm/crashcart");
        let not_ours = PathBuf::from("/proc/crashcart");
        let all = [fleeting, not_ours.clone(), good.clone()];
        assert_eq!(local(&all), Some(&good));
        assert_eq!(local(&all[..1]), None, "a restart would empty it");
        assert!(!good.exists());
    }
}
