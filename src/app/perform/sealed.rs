//! A copy of a program that nobody can change any more, this process neither: what is hashed is what is run.
//!
//! The file itself may be written to between the hashing and the start, by whoever owns it or a folder above it. So its
//! bytes are copied into memory that the kernel seals, the sealed bytes are hashed, and those are started.

use std::fs::File;
use std::io;
use std::io::Read;
use std::io::Seek;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use rustix::fs::MemfdFlags;
use rustix::fs::OFlags;
use rustix::fs::SealFlags;
use sha2::Digest;
use sha2::Sha256;

use crate::text::hex;

/// The largest program that is copied, in bytes.
const LARGEST: u64 = 512 << 20;
/// How the file of a script begins.
const SCRIPT: &[u8] = b"#!";

/// A sealed copy of a program whose bytes have that SHA-256, in 64 hex digits. It is closed where it is started.
///
/// # Errors
/// Why it is not started, in words. A script is refused, because it is its interpreter that would be started, and of
/// that no hash is listed.
pub(super) fn sealed(path: &Path, sha256: &str) -> Result<File, String> {
    let opened = opened(path);
    let mut file = opened.map_err(|error| format!("it cannot be opened ({error}); not started"))?;
    let about = file
        .metadata()
        .map_err(|error| format!("it cannot be looked at ({error}); not started"))?;
    if !about.is_file() {
        return Err("it is no plain file; not started".to_owned());
    }
    let copied = copied(&mut file);
    let mut copy = copied.map_err(|error| format!("it cannot be copied ({error}); not started"))?;
    let hashed = hashed(&mut copy);
    let (hash, script) =
        hashed.map_err(|error| format!("its copy cannot be read ({error}); not started"))?;
    if hash != sha256 {
        return Err(
            "it is not the program that policy lists, its sha256 differs; not started".to_owned(),
        );
    }
    if script {
        return Err(
            "it is a script, and its interpreter is not what policy lists; list a program"
                .to_owned(),
        );
    }
    Ok(copy)
}

/// Opens without waiting for a writer at the other end of a named pipe.
fn opened(path: &Path) -> io::Result<File> {
    let at_once = i32::try_from(OFlags::NONBLOCK.bits()).unwrap_or_default();
    let mut options = File::options();
    options.read(true).custom_flags(at_once).open(path)
}

/// The bytes of a file in memory that can neither be written nor resized any more.
fn copied(file: &mut File) -> io::Result<File> {
    let plain = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
    // Kernels before 6.3 do not know the flag by which later ones may have to be asked for memory that can be run.
    let memory = rustix::fs::memfd_create("program", plain | MemfdFlags::EXEC)
        .or_else(|_| rustix::fs::memfd_create("program", plain))?;
    let mut copy = File::from(memory);
    let bytes = io::copy(&mut file.take(LARGEST + 1), &mut copy)?;
    if bytes > LARGEST {
        return Err(io::Error::other("it is larger than 512 MiB"));
    }
    copy.flush()?;
    let seals = SealFlags::WRITE | SealFlags::GROW | SealFlags::SHRINK | SealFlags::SEAL;
    rustix::fs::fcntl_add_seals(&copy, seals)?;
    Ok(copy)
}

/// SHA-256 of a file from its beginning as 64 hex digits, and whether it begins as a script does.
fn hashed(file: &mut File) -> io::Result<(String, bool)> {
    file.rewind()?;
    let mut hasher = Sha256::new();
    let mut block = vec![0; 1 << 20];
    let (mut first, mut script) = (true, false);
    loop {
        let read = file.read(&mut block)?;
        let bytes = block.get(..read).unwrap_or_default();
        if bytes.is_empty() {
            return Ok((hex(&hasher.finalize()), script));
        }
        if first {
            script = bytes.starts_with(SCRIPT);
            first = false;
        }
        hasher.update(bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_hashed_can_be_changed_by_nobody() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("program");
        std::fs::write(&path, "the listed bytes").unwrap();
        let sha256 = hex(&Sha256::digest("the listed bytes"));
        let mut copy = sealed(&path, &sha256).unwrap();
        std::fs::write(&path, "other bytes").unwrap();
        copy.rewind().unwrap();
        assert!(copy.write(b"x").is_err(), "not by whoever holds it");
        assert!(copy.set_len(0).is_err());
        copy.rewind().unwrap();
        let mut text = String::new();
        copy.read_to_string(&mut text).unwrap();
        assert_eq!(
            text, "the listed bytes",
            "nor through the file it came from"
        );
        let why = sealed(&path, &sha256).unwrap_err();
        assert!(why.contains("its sha256 differs"), "{why}");
    }

    #[test]
    fn a_script_is_refused_because_another_program_would_run_it() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("program");
        std::fs::write(&path, "#!/bin/sh\necho\n").unwrap();
        let why = sealed(&path, &hex(&Sha256::digest("#!/bin/sh\necho\n"))).unwrap_err();
        assert!(why.starts_with("it is a script"), "{why}");
        let why = sealed(temp.path(), "").unwrap_err();
        assert!(why.starts_with("it is no plain file"), "{why}");
    }
}
