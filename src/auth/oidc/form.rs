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

#[cfg(test)]
mod tests {
    use super::encode;

    #[test]
    fn forms_are_encoded() {
        let form = [("scope", "openid groups"), ("x", "a&b=c+ü/~")];
        assert_eq!(
            encode(&form),
            "scope=openid%20groups&x=a%26b%3Dc%2B%C3%BC%2F~"
        );
    }
}
