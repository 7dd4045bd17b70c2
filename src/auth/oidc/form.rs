//! Forms and queries, percent-encoded.

use std::fmt::Write as _;

/// A form, percent-encoded.
pub(super) fn encode(form: &[(&str, &str)]) -> String {
    let mut text = String::new();
    for (name, value) in form {
        if !text.is_empty() {
            text.push('&');
        }
        push(&mut text, name);
        text.push('=');
        push(&mut text, value);
    }
    text
}

/// One name or value: everything but the unreserved letters of RFC 3986 becomes `%XX`.
fn push(text: &mut String, part: &str) {
    for byte in part.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            text.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(text, "%{byte:02X}");
        }
    }
}

/// A name or value with each `%XX` taken for its byte; what is no text then stays as it is.
pub(super) fn decoded(part: &str) -> String {
    let mut bytes = Vec::with_capacity(part.len());
    let mut rest = part.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let digits = after.get(..2).filter(|_| *first == b'%');
        let digits = digits.and_then(|two| std::str::from_utf8(two).ok());
        let coded = digits.and_then(|two| u8::from_str_radix(two, 16).ok());
        bytes.push(coded.unwrap_or(*first));
        rest = coded.and_then(|_| after.get(2..)).unwrap_or(after);
    }
    String::from_utf8(bytes).unwrap_or_else(|_| part.to_owned())
}

#[cfg(test)]
mod tests {
    use super::decoded;
    use super::encode;

    #[test]
    fn what_is_encoded_is_decoded() {
        for (coded, plain) in [
            ("p%40ss%3aword", "p@ss:word"),
            ("100%", "100%"),
            ("%zz%4", "%zz%4"),
            ("%C3%BC", "\u{fc}"),
            ("%ff", "%ff"),
        ] {
            assert_eq!(decoded(coded), plain);
        }
    }

    #[test]
    fn forms_are_encoded() {
        let form = [("scope", "openid groups"), ("x", "a&b=c+ü/~")];
        assert_eq!(
            encode(&form),
            "scope=openid%20groups&x=a%26b%3Dc%2B%C3%BC%2F~"
        );
    }
}
