//! What every store must do, and what an encrypted one must not show.

use super::Endpoints;
use super::Kept;
use super::Live;
use super::Slot;
use super::Store;
use super::sealed::Key;
use crate::config::Secret;
use crate::config::TokenSettings;
use crate::config::TokenStore;
use jiff::Timestamp;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

/// As little work as a passphrase can ask for: these are guessed by nobody.
const QUICK: Option<u8> = Some(1);

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_786_766_400 + second).unwrap()
}

fn kept(token: &str) -> Kept {
    Kept {
        refresh: Some(Secret::new(token)),
        subject: Some("s-1".to_owned()),
        until: at(600),
        shift_ends: at(9_000),
        live: None,
    }
}

fn settings(store: TokenStore) -> TokenSettings {
    TokenSettings {
        store,
        ..TokenSettings::default()
    }
}

fn by(folder: &Path, passphrase: &str) -> Result<Key, String> {
    let key = Key::by_passphrase(folder, &Secret::new(passphrase), QUICK);
    key.map_err(|error| error.to_string())
}

fn sealed(folder: &Path) -> Store {
    let key = by(folder, "canary horse").unwrap();
    Store::open(&settings(TokenStore::EncryptedFile), folder, Some(key)).unwrap()
}

#[test]
fn memory_keeps_nothing() {
    let store = Store::open(&TokenSettings::default(), Path::new("/nowhere"), None).unwrap();
    let slot = Slot("a".to_owned());
    store.keep(&slot, &kept("canary"), at(0)).unwrap();
    assert!(store.read(&slot, at(0)).unwrap().is_none());
    assert!(!store.outlives());
}

#[test]
fn an_encrypted_file_gives_back_what_was_kept_until_its_end_and_shows_nothing() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("tokens");
    let slot = Slot("a".to_owned());
    let store = sealed(&folder);
    assert!(store.read(&slot, at(0)).unwrap().is_none());
    store.keep(&slot, &kept("canary-1"), at(0)).unwrap();
    store.keep(&slot, &kept("canary-2"), at(1)).unwrap();

    let store = sealed(&folder);
    let found = store.read(&slot, at(2)).unwrap().expect("kept");
    assert_eq!(found.refresh.as_ref().unwrap().expose(), "canary-2");
    assert_eq!((found.until, found.shift_ends), (at(600), at(9_000)));
    assert!(store.read(&slot, at(600)).unwrap().is_none(), "it ended");
    assert!(!format!("{store:?} {found:?}").contains("canary"));

    let mut files = 0;
    for entry in std::fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        let shows = bytes.windows(6).any(|part| part == b"canary");
        let key = bytes.windows(14).any(|part| part == b"AGE-SECRET-KEY");
        assert!(!shows && !key, "{}", path.display());
        let mode = path.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{}", path.display());
        files += 1;
    }
    assert_eq!(files, 2, "the key and the token, and nothing half done");

    store.forget(&slot).unwrap();
    store.forget(&slot).unwrap();
    assert!(store.read(&slot, at(2)).unwrap().is_none());
}

#[test]
fn a_wrong_passphrase_or_key_opens_nothing_and_says_what_to_do() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("tokens");
    by(&folder, "canary horse").unwrap();
    let words = by(&folder, "canary cow").unwrap_err();
    assert!(words.contains("does not open"), "{words}");
    assert!(!words.contains("canary"), "{words}");
    assert_eq!(by(&folder, "").unwrap_err(), "no passphrase was typed");

    let (one, other) = (
        age::x25519::Identity::generate(),
        age::x25519::Identity::generate(),
    );
    let text = |identity: &age::x25519::Identity| {
        Secret::new(age::secrecy::ExposeSecret::expose_secret(
            &identity.to_string(),
        ))
    };
    let recipient = one.to_public().to_string();
    assert!(Key::typed(&recipient, &text(&one)).is_ok());
    let words = Key::typed(&recipient, &text(&other)).unwrap_err();
    assert!(words.to_string().contains("another recipient"), "{words}");
    let words = Key::typed(&recipient, &Secret::new("hunter2")).unwrap_err();
    assert!(words.to_string().contains("no AGE-SECRET-KEY-1"), "{words}");
    assert!(!words.to_string().contains("hunter2"), "{words}");
}

#[test]
fn a_file_cut_or_changed_anywhere_is_no_token() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("tokens");
    let slot = Slot("a".to_owned());
    let store = sealed(&folder);
    store.keep(&slot, &kept("canary"), at(0)).unwrap();
    let path = folder.join("a.age");
    let whole = std::fs::read(&path).unwrap();
    for at_byte in (0..whole.len()).step_by(7) {
        let mut bytes = whole.clone();
        bytes[at_byte] ^= 1;
        std::fs::write(&path, &bytes).unwrap();
        assert!(store.read(&slot, at(0)).unwrap().is_none(), "{at_byte}");
        std::fs::write(&path, &whole[..at_byte]).unwrap();
        assert!(store.read(&slot, at(0)).unwrap().is_none(), "{at_byte}");
    }
}

#[test]
fn without_what_opens_it_the_encrypted_file_is_not_used() {
    let error = Store::open(&settings(TokenStore::EncryptedFile), Path::new("/x"), None);
    assert!(error.unwrap_err().to_string().contains("nobody typed"));
}

/// The same with a live token of so many letters.
fn live(token: &str, letters: usize) -> Kept {
    Kept {
        live: Some(Live {
            id: Secret::new(&"x".repeat(letters)),
            key: r#"{"kty":"EC"}"#.to_owned(),
            endpoints: Endpoints {
                token: "https://id.test/token".to_owned(),
                revocation: None,
                keys: "https://id.test/certs".to_owned(),
            },
        }),
        ..kept(token)
    }
}

#[test]
fn a_live_token_comes_back_whole_with_what_proves_it() {
    let home = tempfile::tempdir().unwrap();
    let (store, slot) = (sealed(&home.path().join("tokens")), Slot("a".to_owned()));
    let given = live("canary \"1\"", 900);
    store.keep(&slot, &given, at(0)).unwrap();
    let found = store.read(&slot, at(1)).unwrap().unwrap();
    assert_eq!(found.refresh.unwrap().expose(), "canary \"1\"");
    assert_eq!(found.subject.as_deref(), Some("s-1"));
    let (found, given) = (found.live.unwrap(), given.live.unwrap());
    assert_eq!(found.id.expose(), given.id.expose());
    assert_eq!((found.key, found.endpoints), (given.key, given.endpoints));

    // One that nothing renews is kept as well, and one that holds nothing is none.
    let mut alone = live("", 900);
    alone.refresh = None;
    store.keep(&slot, &alone, at(0)).unwrap();
    let found = store.read(&slot, at(1)).unwrap().unwrap();
    assert!(found.refresh.is_none() && found.live.is_some());
    store.put(&slot, &alone.lean().text(), 600).unwrap();
    assert!(store.read(&slot, at(1)).unwrap().is_none());
}

#[test]
fn an_entry_of_the_form_before_is_read_still() {
    let home = tempfile::tempdir().unwrap();
    let (store, slot) = (sealed(&home.path().join("tokens")), Slot("a".to_owned()));
    let before = format!("{} {} canary 1", at(600).as_second(), at(9_000).as_second());
    store.put(&slot, &Secret::new(&before), 600).unwrap();
    let found = store.read(&slot, at(1)).unwrap().unwrap();
    assert_eq!(found.refresh.unwrap().expose(), "canary 1");
    assert_eq!((found.until, found.shift_ends), (at(600), at(9_000)));
    assert!(found.subject.is_none() && found.live.is_none());
    for odd in [
        "",
        "2",
        "2 ",
        "2 {}",
        "x y z",
        "1 2",
        "1 2 ",
        "2 {\"until\":1}",
        "3 {}",
    ] {
        store.put(&slot, &Secret::new(odd), 600).unwrap();
        assert!(store.read(&slot, at(1)).unwrap().is_none(), "{odd}");
    }
}

#[test]
fn what_there_is_no_room_for_is_kept_without_its_live_token() {
    let home = tempfile::tempdir().unwrap();
    let (store, slot) = (sealed(&home.path().join("tokens")), Slot("a".to_owned()));
    store.keep(&slot, &live("canary", 40_000), at(0)).unwrap();
    let found = store.read(&slot, at(1)).unwrap().unwrap();
    assert!(found.live.is_none());
    assert_eq!(found.refresh.unwrap().expose(), "canary");
    let mut alone = live("", 40_000);
    alone.refresh = None;
    store.keep(&slot, &alone, at(0)).unwrap();
    assert!(
        store.read(&slot, at(1)).unwrap().is_none(),
        "nor what was there before"
    );
}

#[test]
fn a_store_that_takes_nothing_does_not_keep_what_was_there_before() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("tokens");
    let (store, slot) = (sealed(&folder), Slot("a".to_owned()));
    store.keep(&slot, &kept("spent"), at(0)).unwrap();
    // What would be written aside cannot be: a folder has its name.
    std::fs::create_dir(folder.join(format!("a.{}.new", std::process::id()))).unwrap();
    assert!(store.keep(&slot, &kept("canary"), at(0)).is_err());
    assert!(store.read(&slot, at(1)).unwrap().is_none());
}
