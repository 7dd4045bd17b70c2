//! Who else is logged in on this host: they could take what comes to 127.0.0.1.
//!
//! Asked of what Linux keeps: a folder below `/run/user` for each person with a session, and `/run/utmp`, whose records
//! name a terminal; the terminal's owner is the person. Where neither is there nothing can be said, which is not "nobody".

use crate::text::SafeText;
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

/// The first user id of a person: below are services, and root, who can take everything anyway.
const FIRST_PERSON: u32 = 1000;
/// `nobody`, and beyond it ids that systemd lends to services.
const LAST_PERSON: u32 = 60_000;
/// A record's length in bytes (`struct utmp` of glibc).
const RECORD: usize = if cfg!(target_arch = "aarch64") {
    400
} else {
    384
};
/// The type of a record about somebody who is logged in.
const USER_PROCESS: [u8; 2] = 7_i16.to_ne_bytes();

/// What can be said about others on this host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Others {
    /// Nobody else is logged in.
    Nobody,
    /// These are.
    Some(Vec<SafeText>),
    /// It cannot be said.
    Unknown,
}

impl Others {
    /// Looks below `/run` and at the terminals of `/dev`; `own` is the user id of whoever asks.
    pub fn on_this_host(own: u32) -> Others {
        Self::below(Path::new("/run"), Path::new("/dev"), own)
    }

    fn below(run: &Path, dev: &Path, own: u32) -> Others {
        let folders = fs::read_dir(run.join("user"));
        let records = fs::read(run.join("utmp"));
        if folders.is_err() && records.is_err() {
            return Others::Unknown;
        }
        let stranger = |uid: &u32| *uid != own && (FIRST_PERSON..LAST_PERSON).contains(uid);
        let mut found = BTreeSet::new();
        let records = records.unwrap_or_default();
        let mut named = BTreeSet::new();
        for record in records
            .chunks_exact(RECORD)
            .filter(|one| one[..2] == USER_PROCESS)
        {
            let owner = fs::metadata(dev.join(text(&record[8..40]))).map(|it| it.uid());
            if let Some(uid) = owner.ok().filter(stranger) {
                named.insert(uid);
                found.insert(text(&record[44..76]));
            }
        }
        for entry in folders.into_iter().flatten().flatten() {
            let uid = entry
                .file_name()
                .to_str()
                .and_then(|name| name.parse().ok());
            if let Some(uid) = uid.filter(stranger).filter(|uid| !named.contains(uid)) {
                found.insert(format!("user {uid}"));
            }
        }
        if found.is_empty() {
            return Others::Nobody;
        }
        Others::Some(found.iter().map(|name| SafeText::new(name)).collect())
    }

    /// Why a door on 127.0.0.1 is not opened, as the beginning of a sentence; `None` where it may be.
    pub fn refusal(&self) -> Option<String> {
        match self {
            Others::Nobody => None,
            Others::Unknown => {
                Some("it cannot be said whether others are logged in here".to_owned())
            }
            Others::Some(names) => {
                let names: Vec<&str> = names.iter().take(3).map(SafeText::as_str).collect();
                Some(format!("also logged in on this host: {}", names.join(", ")))
            }
        }
    }
}

/// The text of a field that ends with a zero byte or is full.
fn text(field: &[u8]) -> String {
    let end = field.iter().position(|byte| *byte == 0);
    String::from_utf8_lossy(&field[..end.unwrap_or(field.len())]).into_owned()
}

#[cfg(test)]
mod tests {
    use super::Others;
    use super::RECORD;
    use std::fs;
    use std::os::unix::fs::MetadataExt as _;

    fn record(kind: i16, line: &str, user: &str) -> Vec<u8> {
        let mut record = vec![0; RECORD];
        record[..2].copy_from_slice(&kind.to_ne_bytes());
        record[8..8 + line.len()].copy_from_slice(line.as_bytes());
        record[44..44 + user.len()].copy_from_slice(user.as_bytes());
        record
    }

    #[test]
    fn somebody_with_a_session_is_seen_and_services_and_oneself_are_not() {
        let home = tempfile::tempdir().unwrap();
        let (run, dev) = (home.path().join("run"), home.path().join("dev"));
        let see = || Others::below(&run, &dev, 1000);
        assert_eq!(see(), Others::Unknown);
        assert!(see().refusal().is_some(), "not known is not nobody");
        fs::create_dir_all(run.join("user/1000")).unwrap();
        fs::create_dir_all(run.join("user/120")).unwrap();
        assert_eq!(see(), Others::Nobody);
        assert_eq!(see().refusal(), None);
        fs::create_dir_all(run.join("user/1001")).unwrap();
        assert_eq!(see(), Others::Some(vec!["user 1001".into()]));
    }

    #[test]
    fn a_record_counts_by_the_owner_of_its_terminal() {
        let home = tempfile::tempdir().unwrap();
        let (run, dev) = (home.path().join("run"), home.path().join("dev"));
        fs::create_dir_all(&run).unwrap();
        fs::create_dir_all(dev.join("pts")).unwrap();
        fs::write(dev.join("pts/0"), "").unwrap();
        let owner = fs::metadata(dev.join("pts/0")).unwrap().uid();
        let mut file = record(2, "~", "reboot");
        file.extend(record(7, "pts/0", "bob"));
        file.extend(record(7, "pts/9", "gone"));
        file.extend([7, 0, 1]);
        fs::write(run.join("utmp"), file).unwrap();
        assert_eq!(Others::below(&run, &dev, owner), Others::Nobody);
        let seen = Others::below(&run, &dev, owner + 1);
        if owner >= 1000 {
            assert_eq!(seen, Others::Some(vec!["bob".into()]));
        } else {
            assert_eq!(seen, Others::Nobody, "root and services do not count");
        }
    }
}
