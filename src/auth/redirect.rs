//! The address that a browser ends on after a sign-in: what it says, and whether it belongs to the sign-in that waits.
//!
//! It comes from outside (pasted, or asked of a listener), so nothing in it counts before its place, its `state` and
//! its issuer were compared with what was asked.

use crate::config::Secret;
use crate::text::SafeText;
use std::collections::BTreeMap;

/// The most that is read of an address, in bytes.
pub const LONGEST: usize = 4096;

/// What an address must say to belong to a sign-in.
#[derive(Clone, Debug)]
pub struct Expected {
    /// Where the browser was told to go: scheme, host, port and path.
    pub redirect: String,
    /// The text that was sent along and must come back as it is.
    pub state: Secret,
    /// The issuer's URL, which `iss` must repeat (RFC 9207); `None` where the issuer is none of `OpenID` Connect.
    pub issuer: Option<String>,
    /// Whether the issuer said that `iss` always comes.
    pub iss_needed: bool,
}

/// What an address that belongs to the sign-in says.
#[derive(Clone, Debug)]
pub enum Came {
    /// The code that tokens are given for.
    Code(Secret),
    /// A refusal: its code and its words.
    Refused {
        /// Such as `access_denied`.
        code: String,
        /// The issuer's words; the code again where there are none.
        words: String,
    },
}

/// Why an address does not belong to the sign-in that waits. None of them carries what was pasted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Odd {
    /// It is longer than any such address.
    #[error(
        "That is longer than 4 096 characters, so it was not read: copy the address line alone."
    )]
    TooLong,
    /// It does not begin with the place that the browser was sent to.
    #[error(
        "That is not the address that the browser ends on: it begins with http://127.0.0.1 and has \
         code= in it. Copy the whole line."
    )]
    OtherPlace,
    /// It is of the right place and says neither a code nor a refusal.
    #[error("That address has no code in it: copy the whole line, to its end.")]
    NoCode,
    /// One of its parts stands twice.
    #[error("That address says a thing twice, so nothing of it was used: sign in anew (n).")]
    Twice,
    /// Its state is another one.
    #[error(
        "That address belongs to another sign-in (state), so nothing of it was used: open the \
         address shown here."
    )]
    OtherState,
    /// It names another issuer, or none where it must.
    #[error(
        "That address came from another issuer (iss), so nothing of it was used: check issuer of \
         the identity, then n."
    )]
    OtherIssuer,
}

/// Reads an address. Blanks, line ends and quotes around it are dropped: a terminal puts them in when it copies.
///
/// # Errors
/// Why it does not belong to the sign-in that waits; nothing of it may be used then.
pub fn read(text: &str, expected: &Expected) -> Result<Came, Odd> {
    let text: String = text.chars().filter(|c| !dropped(*c)).collect();
    if text.len() > LONGEST {
        return Err(Odd::TooLong);
    }
    let (place, query) = text.split_once('?').ok_or(Odd::OtherPlace)?;
    if place != expected.redirect {
        return Err(Odd::OtherPlace);
    }
    let query = query.split('#').next().unwrap_or_default();
    let said = fields(query).ok_or(Odd::Twice)?;
    if !said.contains_key("code") && !said.contains_key("error") {
        return Err(Odd::NoCode);
    }
    // The state is compared first: without it, not even a refusal is this sign-in's.
    let state = said.get("state").map_or("", String::as_str);
    if !same(state, expected.state.expose()) {
        return Err(Odd::OtherState);
    }
    if let Some(issuer) = &expected.issuer {
        match said.get("iss") {
            Some(found) if found != issuer => return Err(Odd::OtherIssuer),
            None if expected.iss_needed => return Err(Odd::OtherIssuer),
            _ => {}
        }
    }
    if let Some(code) = said.get("error") {
        let words = said.get("error_description").unwrap_or(code);
        return Ok(Came::Refused {
            code: code.clone(),
            words: words.clone(),
        });
    }
    match said.get("code") {
        Some(code) if !code.is_empty() => Ok(Came::Code(Secret::new(code))),
        _ => Err(Odd::NoCode),
    }
}

/// What of a pasted address may be shown: its place, and how much more there is. The code in it stays unseen.
pub fn shown(text: &str) -> SafeText {
    let place = text.split(['?', '#']).next().unwrap_or_default();
    let place: String = place.chars().take(60).collect();
    let more = text.chars().count() - place.chars().count();
    SafeText::new(&match more {
        0 => place,
        more => format!("{place} and {more} characters more"),
    })
}

fn dropped(c: char) -> bool {
    c.is_whitespace() || c.is_control() || matches!(c, '"' | '\'' | '<' | '>' | '`')
}

/// Compares without telling by its pace how much was right.
fn same(one: &str, other: &str) -> bool {
    let differ = one
        .bytes()
        .zip(other.bytes())
        .fold(0, |d, (a, b)| d | (a ^ b));
    !other.is_empty() && one.len() == other.len() && differ == 0
}

/// The parts of a query, percent-decoded; `None` when one stands twice. A part that cannot be decoded is left out.
fn fields(query: &str) -> Option<BTreeMap<String, String>> {
    let mut fields = BTreeMap::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let (Some(name), Some(value)) = (decoded(name), decoded(value)) else {
            continue;
        };
        if fields.insert(name, value).is_some() {
            return None;
        }
    }
    Some(fields)
}

fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let mut digit = || char::from(rest.next()?).to_digit(16);
                let (high, low) = (digit()?, digit()?);
                u8::try_from(high * 16 + low).ok()?
            }
            other => other,
        });
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::Came;
    use super::Expected;
    use super::Odd;
    use super::read;
    use super::shown;
    use crate::config::Secret;
    use proptest::prelude::proptest;

    const PLACE: &str = "http://127.0.0.1:18250/callback";
    const ISSUER: &str = "https://id.test/realms/one";
    const ISS: &str = "iss=https%3A%2F%2Fid.test%2Frealms%2Fone";

    fn expected() -> Expected {
        Expected {
            redirect: PLACE.to_owned(),
            state: Secret::new("s-t.a_te"),
            issuer: Some(ISSUER.to_owned()),
            iss_needed: true,
        }
    }

    fn code(text: &str) -> Result<String, Odd> {
        match read(text, &expected())? {
            Came::Code(code) => Ok(code.expose().to_owned()),
            Came::Refused { code, words } => Ok(format!("refused {code}: {words}")),
        }
    }

    #[test]
    fn a_whole_address_gives_its_code_however_it_was_copied() {
        let whole = format!("{PLACE}?session_state=x&{ISS}&state=s-t.a_te&code=c%2B1.2");
        for text in [
            whole.clone(),
            format!("  {whole}\n"),
            format!("\"{whole}\""),
            format!("{}\r\n{}", &whole[..80], &whole[80..]),
            format!("{whole}#fragment"),
        ] {
            assert_eq!(code(&text).as_deref(), Ok("c+1.2"), "{text}");
        }
    }

    #[test]
    fn what_does_not_belong_to_the_sign_in_is_told_apart() {
        let cases = [
            ("", Odd::OtherPlace),
            (
                "https://id.test/login?code=c&state=s-t.a_te",
                Odd::OtherPlace,
            ),
            (
                "http://127.0.0.1:18251/callback?code=c&state=s-t.a_te",
                Odd::OtherPlace,
            ),
            ("http://127.0.0.1:18250/callback", Odd::OtherPlace),
            (
                "http://127.0.0.1:18250/callback?state=s-t.a_te",
                Odd::NoCode,
            ),
            ("http://127.0.0.1:18250/callback?code=c", Odd::OtherState),
            (
                "http://127.0.0.1:18250/callback?code=c&state=",
                Odd::OtherState,
            ),
            (
                "http://127.0.0.1:18250/callback?code=c&state=s-t.a_tE",
                Odd::OtherState,
            ),
            (
                "http://127.0.0.1:18250/callback?error=access_denied",
                Odd::OtherState,
            ),
            (
                "http://127.0.0.1:18250/callback?code=c&state=s-t.a_te",
                Odd::OtherIssuer,
            ),
            (
                "http://127.0.0.1:18250/callback?code=c&state=s-t.a_te&iss=https://evil.test",
                Odd::OtherIssuer,
            ),
            (
                "http://127.0.0.1:18250/callback?code=c&code=d&state=s-t.a_te",
                Odd::Twice,
            ),
        ];
        for (text, odd) in cases {
            assert_eq!(code(text), Err(odd), "{text}");
        }
        assert_eq!(code(&"x".repeat(5000)), Err(Odd::TooLong));
        let sentences: Vec<String> = cases.iter().map(|(_, odd)| odd.to_string()).collect();
        assert!(sentences.iter().all(|one| one.ends_with('.')));
    }

    #[test]
    fn a_refusal_is_this_sign_ins_only_with_its_state() {
        let text =
            format!("{PLACE}?error=access_denied&error_description=no+way&state=s-t.a_te&{ISS}");
        assert_eq!(code(&text).as_deref(), Ok("refused access_denied: no way"));
    }

    #[test]
    fn the_code_of_a_pasted_address_stays_unseen() {
        let said = shown("http://127.0.0.1:18250/callback?code=canary&state=x");
        assert_eq!(
            said,
            "http://127.0.0.1:18250/callback and 20 characters more"
        );
        assert_eq!(shown("canary"), "canary");
    }

    proptest! {
        #[test]
        fn nothing_that_is_pasted_does_harm(text in "\\PC{0,300}") {
            let _ = read(&text, &expected());
            let _ = read(&format!("{PLACE}?{text}"), &expected());
            let _ = shown(&text);
        }
    }
}
