//! The corpus, and the judge: what must be nowhere in anything that is shown, printed or kept.

use serde::Deserialize;

/// The corpus as it stands in its file.
#[derive(Deserialize)]
pub(crate) struct Corpus {
    pub(crate) text: Vec<Text>,
    pub(crate) bytes: Vec<Bytes>,
    pub(crate) json: Vec<Json>,
}

/// A text that Unicode can write.
#[derive(Deserialize)]
#[expect(
    clippy::struct_field_names,
    reason = "the names are those of the data file"
)]
pub(crate) struct Text {
    pub(crate) name: String,
    text: String,
    #[serde(default)]
    times: Option<usize>,
    pub(crate) shows: String,
}

/// Bytes that are no text.
#[derive(Deserialize)]
pub(crate) struct Bytes {
    pub(crate) name: String,
    hex: String,
}

/// A JSON document of one text.
#[derive(Deserialize)]
pub(crate) struct Json {
    pub(crate) name: String,
    pub(crate) json: String,
}

impl Corpus {
    /// Reads the file.
    pub(crate) fn read() -> Corpus {
        let corpus: Corpus = toml::from_str(include_str!("corpus.toml")).unwrap();
        assert!(corpus.text.len() > 80, "{}", corpus.text.len());
        corpus
    }
}

impl Text {
    /// The whole text.
    pub(crate) fn whole(&self) -> String {
        self.text.repeat(self.times.unwrap_or(1))
    }

    /// The text at a length that can be put into hundreds of fields at once: still longer than what is kept of one.
    pub(crate) fn fit(&self) -> String {
        let most = 6000 / self.text.len().max(1) + 1;
        self.text.repeat(self.times.unwrap_or(1).min(most))
    }
}

impl Bytes {
    /// The bytes.
    pub(crate) fn whole(&self) -> Vec<u8> {
        let digits = |at| u8::from_str_radix(&self.hex[at..at + 2], 16).unwrap();
        (0..self.hex.len()).step_by(2).map(digits).collect()
    }
}

/// True for a character that a terminal obeys, that draws nothing, or that turns the writing round. This list is
/// written from the standards (ECMA-48, Unicode's `Bidi_Control` and `Default_Ignorable_Code_Point`), not from the code.
pub(crate) fn is_hostile(c: char) -> bool {
    c.is_control()
        || matches!(u32::from(c),
            0xad | 0x34f | 0x61c | 0x115f | 0x1160 | 0x17b4 | 0x17b5 | 0x180b..=0x180f | 0x200b..=0x200f
            | 0x2028..=0x202e | 0x2060..=0x206f | 0x3164 | 0xe000..=0xf8ff | 0xfe00..=0xfe0f | 0xfeff | 0xffa0
            | 0xff9e | 0xff9f | 0xfff0..=0xfffb | 0x1bca0..=0x1bca3 | 0x1d173..=0x1d17a | 0x1f1e6..=0x1f1ff
            | 0x1f3fb..=0x1f3ff | 0xe0000..=0x0010_ffff)
}

/// Nothing hostile stands in a text; line ends may.
pub(crate) fn harmless(text: &str, what: &str) {
    let found = text
        .char_indices()
        .find(|(_, c)| *c != '\n' && is_hostile(*c));
    if let Some((at, c)) = found {
        let from = (0..=at.saturating_sub(60)).rfind(|at| text.is_char_boundary(*at));
        let near: String = text[from.unwrap_or(0)..].chars().take(120).collect();
        panic!("{what}: U+{:04X} in {near:?}", u32::from(c));
    }
}

/// The same of what was printed, as bytes: it is text, and harmless.
pub(crate) fn harmless_bytes(bytes: &[u8], what: &str) {
    match std::str::from_utf8(bytes) {
        Ok(text) => harmless(text, what),
        Err(error) => panic!("{what}: {error} in {:?}", String::from_utf8_lossy(bytes)),
    }
}
