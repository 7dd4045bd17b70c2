//! AWS Signature Version 4 in the query of a GET: four rounds of HMAC over a request in one fixed form.
//!
//! Written here because it is all that is needed of the AWS crates: theirs bring a second HTTP vocabulary, a second
//! SHA-2 and some twenty more crates for these two pages.

use super::credentials::Credentials;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use sha2::Digest as _;
use sha2::Sha256;
use std::fmt::Write as _;

/// SHA-256 of no body.
pub(super) const EMPTY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
const ALGORITHM: &str = "AWS4-HMAC-SHA256";
/// The block of SHA-256, in bytes.
const BLOCK: usize = 64;

/// A GET before it is signed.
pub(super) struct Presigned<'a> {
    /// The server's name.
    pub(super) host: &'a str,
    /// Its path, encoded.
    pub(super) path: &'a str,
    /// Its own parameters, not encoded.
    pub(super) query: &'a [(&'a str, &'a str)],
    /// Headers that are signed beside `host`, lower case.
    pub(super) headers: &'a [(&'a str, &'a str)],
    /// SHA-256 of the body, hex, or the word for a body that is not signed.
    pub(super) payload: &'a str,
    /// Such as `eu-north-1`.
    pub(super) region: &'a str,
    /// Such as `sts`.
    pub(super) service: &'a str,
    /// How long the server takes it, in seconds.
    pub(super) expires_s: u32,
}

impl Presigned<'_> {
    /// The whole address with its signature; `None` for a time beyond what the form holds.
    pub(super) fn sign(&self, keys: &Credentials, now: Timestamp) -> Option<String> {
        let at = now.to_zoned(TimeZone::UTC);
        let year = u16::try_from(at.year()).ok()?;
        let day = format!("{year:04}{:02}{:02}", at.month(), at.day());
        let time = format!(
            "{day}T{:02}{:02}{:02}Z",
            at.hour(),
            at.minute(),
            at.second()
        );
        let scope = format!("{day}/{}/{}/aws4_request", self.region, self.service);

        let mut headers = vec![("host", self.host)];
        headers.extend(self.headers);
        headers.sort_unstable();
        let query = self.query(keys, &scope, &time, &names(&headers));
        let canonical = canonical("GET", self.path, &query, &headers, self.payload);
        let text = format!(
            "{ALGORITHM}\n{time}\n{scope}\n{}",
            hex(&Sha256::digest(canonical))
        );
        let key = signing_key(keys.secret_key.expose(), &day, self.region, self.service);
        let signature = hex(&hmac(&key, text.as_bytes()));
        Some(format!(
            "https://{}{}?{query}&X-Amz-Signature={signature}",
            self.host, self.path
        ))
    }

    /// The parameters with those of the signature, encoded, in the order of their names.
    fn query(&self, keys: &Credentials, scope: &str, time: &str, names: &str) -> String {
        let credential = format!("{}/{scope}", keys.access_key);
        let expires = self.expires_s.to_string();
        let mut query = self.query.to_vec();
        query.extend([
            ("X-Amz-Algorithm", ALGORITHM),
            ("X-Amz-Credential", &credential),
            ("X-Amz-Date", time),
            ("X-Amz-Expires", &expires),
            ("X-Amz-SignedHeaders", names),
        ]);
        if let Some(token) = &keys.session_token {
            query.push(("X-Amz-Security-Token", token.expose()));
        }
        ordered(&query)
    }
}

/// Parameters, encoded, in the order of their names and then their values.
fn ordered(query: &[(&str, &str)]) -> String {
    let encode = |(name, value): &(&str, &str)| (encoded(name), encoded(value));
    let mut query: Vec<(String, String)> = query.iter().map(encode).collect();
    query.sort_unstable();
    let pairs: Vec<String> = query
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    pairs.join("&")
}

/// The names of headers that are in order, as they are signed.
fn names(headers: &[(&str, &str)]) -> String {
    let names: Vec<&str> = headers.iter().map(|(name, _)| *name).collect();
    names.join(";")
}

/// A request in the one form that is signed: path and query encoded, headers in lower case and in order.
fn canonical(
    method: &str,
    path: &str,
    query: &str,
    headers: &[(&str, &str)],
    payload: &str,
) -> String {
    let lines = headers
        .iter()
        .fold(String::new(), |mut lines, (name, value)| {
            // Space around a value does not count, and much of it within counts as one.
            let value: Vec<&str> = value.split_whitespace().collect();
            // Writing to a String cannot fail.
            let _ = writeln!(lines, "{name}:{}", value.join(" "));
            lines
        });
    let names = names(headers);
    format!("{method}\n{path}\n{query}\n{lines}\n{names}\n{payload}")
}

/// The key of one day, region and service.
fn signing_key(secret: &str, day: &str, region: &str, service: &str) -> [u8; 32] {
    let first = hmac(format!("AWS4{secret}").as_bytes(), day.as_bytes());
    let parts = [region, service, "aws4_request"];
    parts
        .iter()
        .fold(first, |key, part| hmac(&key, part.as_bytes()))
}

/// HMAC with SHA-256 (RFC 2104).
fn hmac(key: &[u8], text: &[u8]) -> [u8; 32] {
    let mut block = [0; BLOCK];
    if key.len() > BLOCK {
        block[..32].copy_from_slice(&Sha256::digest(key));
    } else {
        block[..key.len()].copy_from_slice(key);
    }
    let pad = |with: u8| block.map(|byte| byte ^ with);
    let inner = Sha256::new()
        .chain_update(pad(0x36))
        .chain_update(text)
        .finalize();
    let outer = Sha256::new()
        .chain_update(pad(0x5c))
        .chain_update(inner)
        .finalize();
    outer.into()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Everything but the unreserved letters of RFC 3986 becomes `%XX`.
fn encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut coded, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            coded.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(coded, "%{byte:02X}");
        }
        coded
    })
}

#[cfg(test)]
mod tests {
    use super::ALGORITHM;
    use super::Credentials;
    use super::EMPTY;
    use super::Presigned;
    use super::canonical;
    use super::encoded;
    use super::hex;
    use super::hmac;
    use super::ordered;
    use super::signing_key;
    use crate::config::Secret;
    use serde::Deserialize;
    use sha2::Digest as _;
    use sha2::Sha256;

    /// The secret key of AWS' own examples, which opens nothing.
    const SECRET: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";

    /// RFC 4231, test cases 1, 2 and 6.
    #[test]
    fn hmac_is_that_of_the_rfc() {
        let cases: [(&[u8], &[u8], &str); 3] = [
            (
                &[0x0b; 20],
                b"Hi There",
                "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
            ),
            (
                b"Jefe",
                b"what do ya want for nothing?",
                "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
            ),
            (
                &[0xaa; 131],
                b"Test Using Larger Than Block-Size Key - Hash Key First",
                "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
            ),
        ];
        for (key, text, wanted) in cases {
            assert_eq!(hex(&hmac(key, text)), wanted);
        }
        assert_eq!(hex(&Sha256::digest("")), EMPTY);
    }

    /// The derived key in AWS' description of the signing process.
    #[test]
    fn the_signing_key_is_that_of_the_description() {
        let secret = SECRET.replace("MDENG/", "MDENG+");
        let key = signing_key(&secret, "20150830", "us-east-1", "iam");
        assert_eq!(
            hex(&key),
            "c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9"
        );
    }

    #[derive(Deserialize)]
    struct Vectors {
        secret_key: String,
        region: String,
        service: String,
        time: String,
        host: String,
        vector: Vec<Vector>,
    }

    #[derive(Deserialize)]
    struct Vector {
        name: String,
        method: String,
        path: String,
        #[serde(default)]
        query: Vec<(String, String)>,
        #[serde(default)]
        headers: Vec<(String, String)>,
        #[serde(default)]
        body: String,
        signature: String,
    }

    fn borrowed(pairs: &[(String, String)]) -> Vec<(&str, &str)> {
        pairs
            .iter()
            .map(|(a, b)| (a.as_str(), b.as_str()))
            .collect()
    }

    #[test]
    fn the_published_vectors_hold() {
        let all: Vectors = toml::from_str(include_str!("fixtures/sigv4.toml")).unwrap();
        let day = &all.time[..8];
        let scope = format!("{day}/{}/{}/aws4_request", all.region, all.service);
        let key = signing_key(&all.secret_key, day, &all.region, &all.service);
        for one in &all.vector {
            let mut headers = vec![("host", all.host.as_str()), ("x-amz-date", &all.time)];
            headers.extend(borrowed(&one.headers));
            headers.sort_unstable();
            let parts: Vec<String> = one.path.split('/').map(encoded).collect();
            let query = ordered(&borrowed(&one.query));
            let payload = hex(&Sha256::digest(&one.body));
            let form = canonical(&one.method, &parts.join("/"), &query, &headers, &payload);
            let hash = hex(&Sha256::digest(form));
            let text = format!("{ALGORITHM}\n{}\n{scope}\n{hash}", all.time);
            let signature = hex(&hmac(&key, text.as_bytes()));
            assert_eq!(signature, one.signature, "{}", one.name);
        }
        assert_eq!(all.vector.len(), 11);
    }

    /// The presigned GET in AWS' description of signatures in the query.
    #[test]
    fn a_signature_in_the_query_is_that_of_the_description() {
        let keys = Credentials {
            access_key: "AKIAIOSFODNN7EXAMPLE".to_owned(),
            secret_key: Secret::new(SECRET),
            session_token: None,
        };
        let request = Presigned {
            host: "examplebucket.s3.amazonaws.com",
            path: "/test.txt",
            query: &[],
            headers: &[],
            payload: "UNSIGNED-PAYLOAD",
            region: "us-east-1",
            service: "s3",
            expires_s: 86_400,
        };
        let url = request
            .sign(&keys, "2013-05-24T00:00:00Z".parse().unwrap())
            .unwrap();
        let signature = url.rsplit_once("X-Amz-Signature=").unwrap().1;
        assert_eq!(
            signature,
            "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"
        );
    }
}
