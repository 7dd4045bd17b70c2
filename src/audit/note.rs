//! Signed notes (C2SP `signed-note`): a text, an empty line, and lines of who signed it.
//!
//! The form is that of other transparency logs, so their tools read our checkpoints and their witnesses sign them. A
//! signature line is `— NAME BASE64`, where the bytes are four that tell the key, then the signature. A reader passes
//! over lines of keys that it does not know.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::signature::ED25519;
use ring::signature::Ed25519KeyPair;
use ring::signature::KeyPair as _;
use ring::signature::UnparsedPublicKey;
use sha2::Digest as _;
use sha2::Sha256;
use zeroize::Zeroizing;

/// What a signature line begins with: an em dash and a space.
const DASH: &str = "\u{2014} ";
/// The number of an Ed25519 signature over the text itself.
const PLAIN: u8 = 0x01;
/// The number of a witness's Ed25519 signature over time and text (C2SP `tlog-cosignature`, version 1).
const COSIGNED: u8 = 0x04;
/// How many signature lines a note may have; another reader's limit is the same.
const MOST: usize = 100;
/// How long a note may be, in bytes.
const LONGEST: usize = 1 << 20;

/// Why a note or a key cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// It has not the form of a signed note.
    #[error("this is no signed note: {0}")]
    Form(&'static str),
    /// A key has not the form `NAME+ID+KEY`.
    #[error("this is no key of a note: {0}")]
    Key(&'static str),
    /// No line of the key that was asked for stands below the note.
    #[error("{0} did not sign it")]
    Unsigned(String),
    /// A line of that key is there and is not its signature of this text.
    #[error("the signature of {0} does not fit: text or signature was altered")]
    Forged(String),
}

/// A text with signatures below it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// The text, its last newline included.
    pub text: String,
    /// Who signed it, as the lines say.
    pub signatures: Vec<Signature>,
}

/// One signature line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    /// The name of the key.
    pub name: String,
    /// Four bytes that tell keys of one name apart.
    pub id: [u8; 4],
    /// The signature, as its kind has it.
    pub bytes: Vec<u8>,
}

impl Note {
    /// Reads a note.
    ///
    /// # Errors
    /// [`NoteError::Form`] where it is none.
    pub fn parse(text: &str) -> Result<Self, NoteError> {
        if text.len() > LONGEST {
            return Err(NoteError::Form("it is longer than 1 MiB"));
        }
        if text.chars().any(|one| one < ' ' && one != '\n') {
            return Err(NoteError::Form("it holds a control character"));
        }
        let Some(end) = text.rfind("\n\n") else {
            return Err(NoteError::Form("no empty line stands before signatures"));
        };
        let (text, below) = (&text[..=end], &text[end + 2..]);
        let Some(lines) = below.strip_suffix('\n') else {
            return Err(NoteError::Form("its last line has no end"));
        };
        let signatures = lines
            .split('\n')
            .map(Signature::parse)
            .collect::<Result<Vec<_>, _>>()?;
        if signatures.len() > MOST {
            return Err(NoteError::Form("it has more than 100 signatures"));
        }
        Ok(Self {
            text: text.to_owned(),
            signatures,
        })
    }

    /// Gives the signature of a key.
    ///
    /// # Errors
    /// [`NoteError::Unsigned`] where there is none, [`NoteError::Forged`] where it is not this key's of this text.
    pub fn signed_by(&self, key: &Key) -> Result<&Signature, NoteError> {
        let mut own = self
            .signatures
            .iter()
            .filter(|one| one.name == key.name && one.id == key.id);
        let one = own
            .next()
            .ok_or_else(|| NoteError::Unsigned(key.name.clone()))?;
        // Two lines of one key: at most one is what it says, and which is read must not depend on the order.
        if own.any(|other| other != one) || !key.fits(&self.text, &one.bytes) {
            return Err(NoteError::Forged(key.name.clone()));
        }
        Ok(one)
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text)?;
        for one in &self.signatures {
            writeln!(f, "{one}")?;
        }
        Ok(())
    }
}

impl Signature {
    /// Reads one line, its newline not included.
    ///
    /// # Errors
    /// [`NoteError::Form`] where it is none.
    pub fn parse(line: &str) -> Result<Self, NoteError> {
        const WHAT: NoteError = NoteError::Form("a line below the text is no signature");
        let (name, rest) = line
            .strip_prefix(DASH)
            .and_then(|rest| rest.split_once(' '))
            .ok_or(WHAT)?;
        let bytes = STANDARD.decode(rest).map_err(|_| WHAT)?;
        match bytes.split_first_chunk::<4>() {
            Some((id, bytes)) if is_name(name) && !bytes.is_empty() => Ok(Self {
                name: name.to_owned(),
                id: *id,
                bytes: bytes.to_vec(),
            }),
            _ => Err(WHAT),
        }
    }
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = [&self.id[..], &self.bytes].concat();
        write!(f, "{DASH}{} {}", self.name, STANDARD.encode(bytes))
    }
}

/// What a key signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Manner {
    /// The text of the note: the log's own key.
    Text,
    /// A time and the text: a witness, which says when it saw it.
    Cosignature,
}

/// The public half of a key: who may have signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    name: String,
    id: [u8; 4],
    manner: Manner,
    bytes: [u8; 32],
}

impl Key {
    /// Reads `NAME+ID+KEY`, the form in which keys of notes are given away.
    ///
    /// # Errors
    /// [`NoteError::Key`] where it is none, its id is not its own, or its kind is not Ed25519.
    pub fn parse(text: &str) -> Result<Self, NoteError> {
        let mut parts = text.trim().splitn(3, '+');
        let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(NoteError::Key("it is not NAME+ID+KEY"));
        };
        let bytes = STANDARD
            .decode(key)
            .map_err(|_| NoteError::Key("its last part is not base64"))?;
        let (manner, bytes) = match bytes.split_first() {
            Some((&PLAIN, bytes)) => (Manner::Text, bytes),
            Some((&COSIGNED, bytes)) => (Manner::Cosignature, bytes),
            _ => {
                return Err(NoteError::Key(
                    "it is neither an Ed25519 key nor that of a witness",
                ));
            }
        };
        let bytes = <[u8; 32]>::try_from(bytes)
            .map_err(|_| NoteError::Key("an Ed25519 key has 32 bytes"))?;
        if !is_name(name) {
            return Err(NoteError::Key("its name is empty or holds a blank"));
        }
        let key = Self::new(name, manner, bytes);
        if id != hex(key.id) {
            return Err(NoteError::Key("its id is not that of name and key"));
        }
        Ok(key)
    }

    fn new(name: &str, manner: Manner, bytes: [u8; 32]) -> Self {
        let mut hash = Sha256::new();
        hash.update(name);
        hash.update([b'\n', manner.number()]);
        hash.update(bytes);
        let hash: [u8; 32] = hash.finalize().into();
        Self {
            name: name.to_owned(),
            id: [hash[0], hash[1], hash[2], hash[3]],
            manner,
            bytes,
        }
    }

    /// The name of the key.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Tells whether bytes are this key's signature of a text.
    fn fits(&self, text: &str, bytes: &[u8]) -> bool {
        let key = UnparsedPublicKey::new(&ED25519, self.bytes);
        match self.manner {
            Manner::Text => key.verify(text.as_bytes(), bytes).is_ok(),
            Manner::Cosignature => bytes.split_first_chunk::<8>().is_some_and(|(time, bytes)| {
                let said = cosigned(u64::from_be_bytes(*time), text);
                key.verify(said.as_bytes(), bytes).is_ok()
            }),
        }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = [&[self.manner.number()][..], &self.bytes].concat();
        write!(
            f,
            "{}+{}+{}",
            self.name,
            hex(self.id),
            STANDARD.encode(bytes)
        )
    }
}

impl Manner {
    fn number(self) -> u8 {
        match self {
            Self::Text => PLAIN,
            Self::Cosignature => COSIGNED,
        }
    }
}

/// A key that signs. Its secret half is wiped when it is let go.
pub struct Signer {
    public: Key,
    seed: Zeroizing<[u8; 32]>,
    pair: Ed25519KeyPair,
}

impl Signer {
    /// Makes a key that signs texts, from 32 random bytes.
    ///
    /// # Errors
    /// [`NoteError::Key`] where the name cannot be one.
    pub fn text(name: &str, seed: Zeroizing<[u8; 32]>) -> Result<Self, NoteError> {
        Self::new(name, Manner::Text, seed)
    }

    /// Makes the key of a witness, which signs a time with each text.
    ///
    /// # Errors
    /// As [`Signer::text`].
    pub fn witness(name: &str, seed: Zeroizing<[u8; 32]>) -> Result<Self, NoteError> {
        Self::new(name, Manner::Cosignature, seed)
    }

    fn new(name: &str, manner: Manner, seed: Zeroizing<[u8; 32]>) -> Result<Self, NoteError> {
        if !is_name(name) {
            return Err(NoteError::Key("its name is empty or holds a blank"));
        }
        let pair = Ed25519KeyPair::from_seed_unchecked(&seed[..])
            .map_err(|_| NoteError::Key("an Ed25519 key has 32 bytes"))?;
        let bytes = <[u8; 32]>::try_from(pair.public_key().as_ref())
            .map_err(|_| NoteError::Key("an Ed25519 key has 32 bytes"))?;
        let public = Key::new(name, manner, bytes);
        Ok(Self { public, seed, pair })
    }

    /// Reads `PRIVATE+KEY+NAME+ID+KEY`, the form in which such keys are kept in files.
    ///
    /// # Errors
    /// [`NoteError::Key`] where it is none; the sentence does not hold the key.
    pub fn parse(text: &str) -> Result<Self, NoteError> {
        let Some(rest) = text.trim().strip_prefix("PRIVATE+KEY+") else {
            return Err(NoteError::Key("it does not begin with PRIVATE+KEY+"));
        };
        let mut parts = rest.splitn(3, '+');
        let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(NoteError::Key("it is not PRIVATE+KEY+NAME+ID+KEY"));
        };
        let bytes = STANDARD.decode(key).map(Zeroizing::new);
        let bytes = bytes.map_err(|_| NoteError::Key("its last part is not base64"))?;
        let (manner, secret) = match bytes.split_first() {
            Some((&PLAIN, secret)) => (Manner::Text, secret),
            Some((&COSIGNED, secret)) => (Manner::Cosignature, secret),
            _ => {
                return Err(NoteError::Key(
                    "it is neither an Ed25519 key nor that of a witness",
                ));
            }
        };
        let mut seed = Zeroizing::new([0; 32]);
        if secret.len() != seed.len() {
            return Err(NoteError::Key("an Ed25519 key has 32 bytes"));
        }
        seed.copy_from_slice(secret);
        let signer = Self::new(name, manner, seed)?;
        if id != hex(signer.public.id) {
            return Err(NoteError::Key("its id is not that of name and key"));
        }
        Ok(signer)
    }

    /// Gives the line by which [`Signer::parse`] takes it up again.
    pub fn secret(&self) -> Zeroizing<String> {
        let Key {
            name, id, manner, ..
        } = &self.public;
        let bytes = Zeroizing::new([&[manner.number()][..], &self.seed[..]].concat());
        let key = Zeroizing::new(STANDARD.encode(&*bytes));
        Zeroizing::new(format!("PRIVATE+KEY+{name}+{}+{}", hex(*id), *key))
    }

    /// Gives the public half.
    pub fn key(&self) -> &Key {
        &self.public
    }

    /// Signs a text that ends with a newline; `seconds` since 1970 is when, and only a witness says it.
    pub fn sign(&self, text: &str, seconds: u64) -> Signature {
        let bytes = match self.public.manner {
            Manner::Text => self.pair.sign(text.as_bytes()).as_ref().to_vec(),
            Manner::Cosignature => {
                let said = cosigned(seconds, text);
                let signed = self.pair.sign(said.as_bytes());
                [&seconds.to_be_bytes()[..], signed.as_ref()].concat()
            }
        };
        Signature {
            name: self.public.name.clone(),
            id: self.public.id,
            bytes,
        }
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signer({})", self.public)
    }
}

/// What a witness signs.
fn cosigned(seconds: u64, text: &str) -> String {
    format!("cosignature/v1\ntime {seconds}\n{text}")
}

/// A name is there, and a reader can tell where it ends.
fn is_name(name: &str) -> bool {
    !name.is_empty() && !name.contains(|one: char| one.is_whitespace() || one == '+')
}

fn hex(id: [u8; 4]) -> String {
    format!("{:08x}", u32::from_be_bytes(id))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example that Go's `sumdb/note` package is documented with.
    const PUBLIC: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    const SECRET: &str =
        "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
    const TEXT: &str = "If you think cryptography is the answer to your problem,\n\
        then you don't know what your problem is.\n";
    const LINE: &str = "\u{2014} PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=";

    fn witness() -> Signer {
        Signer::witness("witness.example/w1", Zeroizing::new([7; 32])).unwrap()
    }

    #[test]
    fn notes_and_keys_are_those_of_gos_note_package() {
        let key = Key::parse(PUBLIC).unwrap();
        assert_eq!(key.to_string(), PUBLIC);
        let said = format!("{TEXT}\n{LINE}\n");
        let note = Note::parse(&said).unwrap();
        assert_eq!(note.text, TEXT);
        note.signed_by(&key).unwrap();
        assert_eq!(note.to_string(), said);

        let signer = Signer::parse(SECRET).unwrap();
        assert_eq!(*signer.secret(), SECRET);
        assert_eq!(signer.key(), &key);
        assert_eq!(signer.sign(TEXT, 0).to_string(), LINE);
        assert!(!format!("{signer:?}").contains("AYEKFALV"));
    }

    #[test]
    fn every_flipped_bit_of_a_note_is_seen() {
        let said = format!("{TEXT}\n{LINE}\n");
        let key = Key::parse(PUBLIC).unwrap();
        for at in 0..said.len() {
            for bit in 0..8 {
                let mut bytes = said.clone().into_bytes();
                bytes[at] ^= 1 << bit;
                let read = String::from_utf8(bytes)
                    .map_err(|_| ())
                    .and_then(|said| Note::parse(&said).map_err(|_| ()))
                    .and_then(|note| note.signed_by(&key).map(|_| ()).map_err(|_| ()));
                assert_eq!(read, Err(()), "bit {bit} of byte {at}");
            }
        }
    }

    #[test]
    fn a_witness_signs_the_time_with_the_text() {
        let witness = witness();
        let key = Key::parse(&witness.key().to_string()).unwrap();
        let mut note = Note {
            text: TEXT.to_owned(),
            signatures: vec![witness.sign(TEXT, 1_790_000_000)],
        };
        note.signed_by(&key).unwrap();
        note.signatures[0].bytes[7] ^= 1;
        assert_eq!(
            note.signed_by(&key).unwrap_err().to_string(),
            "the signature of witness.example/w1 does not fit: text or signature was altered"
        );
        // The same 32 bytes as a log's key are another key.
        let log = Signer::text("witness.example/w1", Zeroizing::new([7; 32])).unwrap();
        assert_eq!(
            note.signed_by(log.key()).unwrap_err(),
            NoteError::Unsigned("witness.example/w1".to_owned())
        );
    }

    #[test]
    fn lines_of_unknown_keys_are_passed_over_and_two_of_one_key_are_not_believed() {
        let key = Key::parse(PUBLIC).unwrap();
        let other = witness().sign(TEXT, 1);
        let said = format!("{TEXT}\n{other}\n{LINE}\n");
        Note::parse(&said).unwrap().signed_by(&key).unwrap();
        let mut twice = Note::parse(&said).unwrap();
        let mut second = twice.signatures[1].clone();
        second.bytes[3] ^= 1;
        twice.signatures.push(second);
        assert!(matches!(twice.signed_by(&key), Err(NoteError::Forged(_))));
    }

    #[test]
    fn what_is_no_note_or_key_is_refused_in_words() {
        let said = |text: &str| Note::parse(text).unwrap_err().to_string();
        assert_eq!(
            said("text\n"),
            "this is no signed note: no empty line stands before signatures"
        );
        assert_eq!(
            said(&format!("{TEXT}\n{LINE}")),
            "this is no signed note: its last line has no end"
        );
        assert_eq!(
            said(&format!("{TEXT}\n- PeterNeumann AAAA\n")),
            "this is no signed note: a line below the text is no signature"
        );
        assert_eq!(
            said(&format!("{TEXT}\n{DASH}PeterNeumann AAAA\n")),
            "this is no signed note: a line below the text is no signature"
        );
        assert_eq!(
            said(&format!("a\tb\n\n{LINE}\n")),
            "this is no signed note: it holds a control character"
        );
        let key = |text: &str| Key::parse(text).unwrap_err().to_string();
        assert_eq!(
            key(&PUBLIC.replace("c74f", "c74e")),
            "this is no key of a note: its id is not that of name and key"
        );
        assert_eq!(
            key("Peter"),
            "this is no key of a note: it is not NAME+ID+KEY"
        );
        assert!(Signer::parse(PUBLIC).is_err());
        assert!(Signer::text("two words", Zeroizing::new([1; 32])).is_err());
    }
}
