//! The keys of `[estate]` that say how tokens are kept and how long a console may be left alone.

use super::super::ConfigError;
use super::super::keys;
use super::super::table::Table;
use super::super::tokens::TokenSettings;
use super::super::tokens::TokenStore;

/// How a recipient of an encrypted file begins.
const RECIPIENT: &str = "age1";

/// The settings of the `[estate]` section; what is not said is as usual.
pub(super) fn tokens(top: &Table<'_>) -> Result<TokenSettings, ConfigError> {
    let mut settings = TokenSettings::default();
    let Some(table) = top.table("estate", &keys::ESTATE)? else {
        return Ok(settings);
    };
    if let Some(found) = table.text("token_store")? {
        settings.store = TokenStore::from_word(found.value).ok_or_else(|| {
            let sentence = format!(
                "token_store = {:?} is none of \"memory\", \"session-keyring\", \"os-keyring\" and \
                 \"encrypted-file\"; tokens are never kept in plain text",
                found.value
            );
            table.error(found.at, sentence)
        })?;
    }
    if let Some(found) = table.text("token_recipient")? {
        if settings.store != TokenStore::EncryptedFile || !found.value.starts_with(RECIPIENT) {
            let sentence = "token_recipient goes with token_store = \"encrypted-file\" and is a recipient \
                            such as \"age1...\"; without it the files are encrypted with a passphrase";
            return Err(table.error(found.at, sentence));
        }
        settings.recipient = Some(found.value.to_owned());
    }
    if let Some(shift) = table.seconds("shift")? {
        settings.shift_s = shift;
    }
    settings.idle_s = table.seconds("idle")?;
    Ok(settings)
}
