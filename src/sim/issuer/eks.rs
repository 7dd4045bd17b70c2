//! The authenticator of an EKS cluster, and the STS it asks: a token is a presigned request, and who signed it is who
//! acts.
//!
//! It checks what the real one checks before it sends anything: form, host, the parameters that may stand there, the
//! header that binds the request to this cluster, how old it is. Then the signature, as STS does; that arithmetic is
//! written here a second time on purpose, so that nobody signs and checks with the same mistake.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as B64;
use jiff::SignedDuration;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use sha2::{Digest, Sha256};

use crate::sim::clock::Clock;
use crate::sim::people::{People, Person};

use super::Claims;

/// The account of the simulated estate.
const ACCOUNT: &str = "111122223333";
/// The region of its clusters.
pub(in crate::sim) const REGION: &str = "eu-north-1";
const PREFIX: &str = "k8s-aws-v1.";
/// The most that is read of a token, in bytes.
const LONGEST: usize = 4096;
/// The most that `X-Amz-Expires` may say, and how long a token is taken after its date, in seconds.
const OLDEST: i64 = 900;
/// What may stand in the query, in lower case.
const KNOWN: [&str; 9] = [
    "action",
    "version",
    "x-amz-algorithm",
    "x-amz-credential",
    "x-amz-date",
    "x-amz-expires",
    "x-amz-security-token",
    "x-amz-signature",
    "x-amz-signedheaders",
];

/// The authenticator of one cluster.
#[derive(Clone)]
pub struct Authenticator {
    cluster: String,
    people: Arc<People>,
    clock: Clock,
}

/// Access key and secret key of a person, good in the simulated account for as long as the process lives.
pub(in crate::sim) fn keys(person: &Person) -> (String, String) {
    let name = hex(&Sha256::digest(format!("access/{}", person.token))).to_uppercase();
    let secret = hex(&Sha256::digest(format!("secret/{}", person.token)));
    (format!("AKIA{}", &name[..16]), secret[..40].to_owned())
}

/// A person's user at AWS.
fn arn(person: &Person) -> String {
    format!("arn:aws:iam::{ACCOUNT}:user/{}", person.name)
}

impl Authenticator {
    /// The authenticator of the cluster of that name.
    pub fn new(cluster: &str, people: Arc<People>, clock: Clock) -> Authenticator {
        Authenticator {
            cluster: cluster.to_owned(),
            people,
            clock,
        }
    }

    /// Who a token speaks for.
    ///
    /// # Errors
    /// A sentence that says which check failed; the API server answers 401 whatever it is.
    pub fn verify(&self, token: &str) -> Result<Claims, String> {
        let no = |why: &str| Err(format!("eks: {why}"));
        if token.len() > LONGEST {
            return no("the token is too long");
        }
        let coded = token.strip_prefix(PREFIX).ok_or("eks: no such prefix")?;
        let bytes = B64.decode(coded).map_err(|_| "eks: not base64")?;
        let url = String::from_utf8(bytes).map_err(|_| "eks: no text")?;
        let rest = url.strip_prefix("https://").ok_or("eks: not https")?;
        let (host, rest) = rest.split_once('/').ok_or("eks: no path")?;
        let hosts = [
            "sts.amazonaws.com".to_owned(),
            format!("sts.{REGION}.amazonaws.com"),
        ];
        if !hosts.iter().any(|one| one == host) {
            return no("another host than STS");
        }
        let query = rest.strip_prefix('?').ok_or("eks: another path")?;
        let mut pairs = BTreeMap::new();
        for pair in query.split('&') {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let lower = name.to_ascii_lowercase();
            if !KNOWN.contains(&lower.as_str()) {
                return no("a parameter that may not stand there");
            }
            if pairs.insert(lower, (name, value)).is_some() {
                return no("a parameter stands twice");
            }
        }
        let text = |name: &str| pairs.get(name).map_or("", |pair| pair.1);
        if !text("action").eq_ignore_ascii_case("GetCallerIdentity") {
            return no("another action");
        }
        if !text("x-amz-signedheaders")
            .split("%3B")
            .any(|name| name.eq_ignore_ascii_case("x-k8s-aws-id"))
        {
            return no("the name of the cluster is not signed");
        }
        let expires: i64 = text("x-amz-expires").parse().unwrap_or(-1);
        if !(0..=OLDEST).contains(&expires) {
            return no("X-Amz-Expires is not 0 to 900");
        }
        let date = DateTime::strptime("%Y%m%dT%H%M%SZ", text("x-amz-date"));
        let date = date.map_err(|_| "eks: no date")?;
        let date = date.to_zoned(TimeZone::UTC).map_err(|_| "eks: no date")?;
        let age = self.clock.now().duration_since(date.timestamp());
        if age > SignedDuration::from_secs(OLDEST) {
            return no("the request is older than 15 minutes");
        }
        if age < SignedDuration::from_secs(-300) {
            return no("the request is not signed yet: clocks differ by more than five minutes");
        }
        let person = self.signer(host, &pairs)?;
        Ok(Claims {
            user: person.user.clone(),
            groups: person.groups.clone(),
        })
    }

    /// Whose key signed the request, as STS says it.
    fn signer(
        &self,
        host: &str,
        pairs: &BTreeMap<String, (&str, &str)>,
    ) -> Result<&Person, String> {
        let text = |name: &str| pairs.get(name).map_or("", |pair| pair.1);
        let credential = text("x-amz-credential").replace("%2F", "/");
        let (access, scope) = credential.split_once('/').ok_or("eks: no credential")?;
        let people = self.people.all().iter();
        let mut known = people.map(|person| (person, keys(person)));
        let (person, (_, secret)) = known
            .find(|(_, keys)| keys.0 == access)
            .ok_or("sts: InvalidClientTokenId")?;
        let day = text("x-amz-date").get(..8).unwrap_or_default();
        if scope != format!("{day}/{REGION}/sts/aws4_request") {
            return Err("sts: SignatureDoesNotMatch: scope".to_owned());
        }
        let mut signed: Vec<String> = pairs
            .values()
            .filter(|(name, _)| !name.eq_ignore_ascii_case("X-Amz-Signature"))
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        signed.sort_unstable();
        let request = format!(
            "GET\n/\n{}\nhost:{host}\nx-k8s-aws-id:{}\n\nhost;x-k8s-aws-id\n{}",
            signed.join("&"),
            self.cluster,
            hex(&Sha256::digest("")),
        );
        let to_sign = format!(
            "AWS4-HMAC-SHA256\n{}\n{scope}\n{}",
            text("x-amz-date"),
            hex(&Sha256::digest(request)),
        );
        let mut key = format!("AWS4{secret}").into_bytes();
        for part in [day, REGION, "sts", "aws4_request", to_sign.as_str()] {
            key = keyed(&key, part);
        }
        if hex(&key) != text("x-amz-signature") {
            return Err(format!("sts: SignatureDoesNotMatch: {}", arn(person)));
        }
        Ok(person)
    }
}

/// HMAC-SHA256 (RFC 2104); keys here are never longer than a block.
fn keyed(key: &[u8], text: &str) -> Vec<u8> {
    let pad = |with: u8| {
        let mut block = [with; 64];
        for (byte, own) in block.iter_mut().zip(key) {
            *byte ^= own;
        }
        block
    };
    let inner = Sha256::new().chain_update(pad(0x36)).chain_update(text);
    let outer = Sha256::new().chain_update(pad(0x5c));
    outer.chain_update(inner.finalize()).finalize().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
