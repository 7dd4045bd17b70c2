//! Checkpoints (C2SP `tlog-checkpoint`): how many entries a log had and the root of its tree, signed.
//!
//! Three lines: the log's id, the number, the root in base64. Whoever keeps one can tell for ever whether the log he is
//! shown later is the same log, grown, or another one.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::audit::leaf::Leaf;
use crate::audit::note::Key;
use crate::audit::note::Note;
use crate::audit::note::NoteError;
use crate::audit::note::Signer;

/// How many entries a log had, and the root of its tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// The id of the log.
    pub origin: String,
    /// How many entries.
    pub size: u64,
    /// The root over them.
    pub root: Leaf,
    /// Further lines, which we never write and keep as they are.
    pub extensions: Vec<String>,
}

impl Checkpoint {
    /// States a log's size and root.
    pub fn new(origin: &str, size: u64, root: Leaf) -> Self {
        Self {
            origin: origin.to_owned(),
            size,
            root,
            extensions: Vec::new(),
        }
    }

    /// Reads the text of a checkpoint, without its signatures.
    ///
    /// # Errors
    /// [`NoteError::Form`] where it is none.
    pub fn parse(text: &str) -> Result<Self, NoteError> {
        const WHAT: NoteError =
            NoteError::Form("its text is not origin, size and root, a line each");
        let mut lines = text.strip_suffix('\n').ok_or(WHAT)?.split('\n');
        let (Some(origin), Some(size), Some(root)) = (lines.next(), lines.next(), lines.next())
        else {
            return Err(WHAT);
        };
        let decimal = size.bytes().all(|digit| digit.is_ascii_digit());
        let plain = size == "0" || !size.starts_with('0');
        let size = size.parse().ok().filter(|_| decimal && plain).ok_or(WHAT)?;
        let root = STANDARD.decode(root).map_err(|_| WHAT)?;
        let root = <[u8; 32]>::try_from(root).map_err(|_| WHAT)?;
        let extensions: Vec<String> = lines.map(str::to_owned).collect();
        if origin.is_empty() || extensions.iter().any(String::is_empty) {
            return Err(WHAT);
        }
        Ok(Self {
            origin: origin.to_owned(),
            size,
            root: Leaf::from_bytes(root),
            extensions,
        })
    }

    /// Signs it: the note that is kept and given away.
    pub fn sign(&self, signer: &Signer) -> Note {
        let text = self.to_string();
        let signature = signer.sign(&text, 0);
        Note {
            text,
            signatures: vec![signature],
        }
    }

    /// Reads a note that must be a checkpoint of this log, signed by its key.
    ///
    /// # Errors
    /// [`NoteError`] where it is none, is not signed by the key, or is another log's.
    pub fn open(note: &Note, origin: &str, key: &Key) -> Result<Self, NoteError> {
        note.signed_by(key)?;
        let checkpoint = Self::parse(&note.text)?;
        if checkpoint.origin != origin {
            return Err(NoteError::Form("it is the checkpoint of another log"));
        }
        Ok(checkpoint)
    }
}

impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let root = STANDARD.encode(self.root.as_bytes());
        writeln!(f, "{}\n{}\n{root}", self.origin, self.size)?;
        for line in &self.extensions {
            writeln!(f, "{line}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use zeroize::Zeroizing;

    use super::*;

    #[test]
    fn a_checkpoint_is_three_lines_and_reads_back() {
        let checkpoint = Checkpoint::new("bastion-1/6f0c", 21_475, Leaf::of(b"root"));
        let text = checkpoint.to_string();
        assert_eq!(text.lines().count(), 3);
        assert!(text.starts_with("bastion-1/6f0c\n21475\n"));
        assert_eq!(Checkpoint::parse(&text), Ok(checkpoint.clone()));
        let more = format!("{text}ext 1\n");
        let read = Checkpoint::parse(&more).unwrap();
        assert_eq!(read.extensions, ["ext 1"]);
        assert_eq!(read.to_string(), more);
    }

    #[test]
    fn what_is_no_checkpoint_is_refused() {
        let good = Checkpoint::new("o", 7, Leaf::of(b"root")).to_string();
        let root = good.lines().last().unwrap().to_owned();
        for bad in [
            good.trim_end().to_owned(),
            good.replace("\n7\n", "\n07\n"),
            good.replace("\n7\n", "\n+7\n"),
            good.replace("\n7\n", "\n\n"),
            good.replace("\n7\n", "\n18446744073709551616\n"),
            good.replace("o\n", "\n"),
            good.replace(&root, &root[4..]),
            format!("{good}\n"),
            "o\n7\n".to_owned(),
        ] {
            assert!(Checkpoint::parse(&bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn only_the_log_of_that_id_and_key_is_believed() {
        let signer = Signer::text("o", Zeroizing::new([1; 32])).unwrap();
        let other = Signer::text("o", Zeroizing::new([2; 32])).unwrap();
        let checkpoint = Checkpoint::new("o", 7, Leaf::of(b"root"));
        let note = checkpoint.sign(&signer);
        assert_eq!(Checkpoint::open(&note, "o", signer.key()), Ok(checkpoint));
        assert!(matches!(
            Checkpoint::open(&note, "o", other.key()),
            Err(NoteError::Unsigned(_))
        ));
        assert_eq!(
            Checkpoint::open(&note, "p", signer.key())
                .unwrap_err()
                .to_string(),
            "this is no signed note: it is the checkpoint of another log"
        );
    }
}
