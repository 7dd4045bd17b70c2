//! Entering an EKS cluster: a token that is a request to AWS STS, signed here and sent by the cluster.
//!
//! The cluster's authenticator sends the request in the token to STS and takes whoever STS names. No program is started
//! for it and nothing is sent from here. `sigv4` signs, `credentials` finds the keys; where they are those of a role that
//! a token file stands for, `oidc::sts` fetches them.

mod credentials;
mod sigv4;

use super::error::AuthError;
use crate::config::Eks;
use crate::config::Secret;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::SignedDuration;
use jiff::Timestamp;
use sigv4::Presigned;

pub use credentials::Credentials;
pub use credentials::Keys;
pub use credentials::Role;
pub use credentials::Surroundings;
pub use credentials::find;

/// What every such token begins with.
const PREFIX: &str = "k8s-aws-v1.";
/// The header that ties a token to one cluster; the authenticator adds it before it sends the request.
const CLUSTER_HEADER: &str = "x-k8s-aws-id";
/// How long STS takes the request after it was signed, in seconds, as the query says. The authenticator allows 15 min
/// from the signing whatever stands here, which is where [`GOOD`] is from.
const EXPIRES_S: u32 = 60;
/// The version of STS' interface; there is no other.
pub(super) const VERSION: &str = "2011-06-15";
/// How the regions of a partition begin, and its domain, where it is not the usual one.
const DOMAINS: [(&str, &str); 6] = [
    ("cn-", "amazonaws.com.cn"),
    ("eusc-", "amazonaws.eu"),
    ("us-iso-", "c2s.ic.gov"),
    ("us-isob-", "sc2s.sgov.gov"),
    ("us-isof-", "csp.hci.ic.gov"),
    ("eu-isoe-", "cloud.adc-e.uk"),
];
/// How long a token is used: a minute less than the authenticator's fifteen.
pub const GOOD: SignedDuration = SignedDuration::from_mins(14);

/// Why there is no token. None of these carries a key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EksError {
    /// Nowhere are keys to be found.
    #[error(
        "there are no AWS keys here: neither AWS_ACCESS_KEY_ID nor profile {profile} in {places}; \
         put short-lived ones into the environment (aws configure export-credentials --format env)"
    )]
    NoKeys {
        /// The profile that was looked for.
        profile: String,
        /// The files that were read.
        places: String,
    },
    /// A profile asks for something that is not done here.
    #[error(
        "profile {profile} has {key}, which is not followed ({why}); put short-lived keys into the \
         environment (aws configure export-credentials --format env)"
    )]
    Refused {
        /// The profile.
        profile: String,
        /// The key of the file.
        key: String,
        /// Why not.
        why: &'static str,
    },
    /// Only half of a pair of keys is there.
    #[error("{place} has only one of access key and secret key; it needs both")]
    Half {
        /// Where.
        place: String,
    },
    /// A role and the file of its token belong together.
    #[error("{place} names only one of role and token file; it needs both")]
    HalfRole {
        /// Where.
        place: String,
    },
    /// The file of a role's token holds none.
    #[error("{path}: {why}; whatever writes the token there has to write it anew")]
    TokenFile {
        /// The file.
        path: String,
        /// What is wrong with it.
        why: String,
    },
    /// A role's token would be sent to a server that nobody vouches for.
    #[error(
        "the keys of role {role} are asked of {host}, and eks has no ca to trust it by; add ca = \"...\" to eks \
         (a system's bundle is often /etc/ssl/certs/ca-certificates.crt)"
    )]
    NoAuthority {
        /// The role.
        role: String,
        /// The host of STS.
        host: String,
    },
    /// STS gave no keys.
    #[error("no keys for role {role}: {why}")]
    Role {
        /// The role.
        role: String,
        /// What STS said, or why it could not be asked.
        why: AuthError,
    },
    /// The clock shows a time that AWS has no form for.
    #[error("this clock shows no time that can be signed; set the clock")]
    Clock,
}

/// A token for a cluster, signed now; good for [`GOOD`], or as long as the keys are.
///
/// # Errors
/// When the clock shows no time that can be signed.
pub fn token(eks: &Eks, keys: &Credentials, now: Timestamp) -> Result<Secret, EksError> {
    let url = request(eks, keys, now).ok_or(EksError::Clock)?;
    let coded = URL_SAFE_NO_PAD.encode(url);
    Ok(Secret::new(&format!("{PREFIX}{coded}")))
}

/// The request that STS is to be sent, signed.
fn request(eks: &Eks, keys: &Credentials, now: Timestamp) -> Option<String> {
    Presigned {
        host: &host(&eks.region),
        path: "/",
        query: &[("Action", "GetCallerIdentity"), ("Version", VERSION)],
        headers: &[(CLUSTER_HEADER, &eks.cluster)],
        payload: sigv4::EMPTY,
        region: &eks.region,
        service: "sts",
        expires_s: EXPIRES_S,
    }
    .sign(keys, now)
}

/// The host of STS in a region, by the domains of AWS' partitions.
pub(super) fn host(region: &str) -> String {
    let domain = DOMAINS.iter().find(|(begin, _)| region.starts_with(begin));
    let domain = domain.map_or("amazonaws.com", |(_, domain)| domain);
    format!("sts.{region}.{domain}")
}

#[cfg(test)]
mod tests {
    use super::Credentials;
    use super::EksError;
    use super::Keys;
    use super::Surroundings;
    use super::find;
    use super::host;
    use super::request;
    use super::token;
    use crate::config::Eks;
    use crate::config::Secret;
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use jiff::Timestamp;
    use serde_json::Value;
    use std::collections::BTreeMap;
    use std::path::Path;

    fn eks() -> Eks {
        Eks {
            cluster: "aws-prod".to_owned(),
            region: "eu-north-1".to_owned(),
            profile: None,
            ca: None,
            sts: None,
        }
    }

    fn found(variables: &[(&str, &str)], home: &Path) -> Result<String, EksError> {
        let variables: BTreeMap<_, _> = variables.iter().copied().collect();
        let variable = |name: &str| variables.get(name).map(ToString::to_string);
        let around = Surroundings {
            variable: &variable,
            home: Some(home.to_path_buf()),
        };
        let now: Timestamp = "2026-08-15T04:53:00Z".parse().unwrap();
        match find(None, &around)? {
            Keys::Own(keys) => token(&eks(), &keys, now).map(|token| token.expose().to_owned()),
            Keys::Role(role) => Ok(format!(
                "{} as {} with {:?}",
                role.arn, role.session, role.token
            )),
        }
    }

    fn opened(token: &str) -> String {
        let coded = token.strip_prefix("k8s-aws-v1.").unwrap();
        String::from_utf8(URL_SAFE_NO_PAD.decode(coded).unwrap()).unwrap()
    }

    #[test]
    fn a_token_is_the_request_that_the_authenticator_sends_to_sts() {
        let home = tempfile::tempdir().unwrap();
        let keys = [
            ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
            ("AWS_SECRET_ACCESS_KEY", "canary/secret"),
            ("AWS_SESSION_TOKEN", "a+b/c="),
        ];
        let token = found(&keys, home.path()).unwrap();
        let url = opened(&token);
        let (signed, signature) = url.split_once("&X-Amz-Signature=").unwrap();
        assert_eq!(
            signed,
            "https://sts.eu-north-1.amazonaws.com/?Action=GetCallerIdentity&Version=2011-06-15\
             &X-Amz-Algorithm=AWS4-HMAC-SHA256\
             &X-Amz-Credential=AKIDEXAMPLE%2F20260815%2Feu-north-1%2Fsts%2Faws4_request\
             &X-Amz-Date=20260815T045300Z&X-Amz-Expires=60\
             &X-Amz-Security-Token=a%2Bb%2Fc%3D&X-Amz-SignedHeaders=host%3Bx-k8s-aws-id"
        );
        assert_eq!(signature.len(), 64);
        assert!(!url.contains("canary"));
    }

    #[test]
    fn keys_come_from_the_environment_then_from_the_profile_and_no_program_is_started() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join(".aws");
        std::fs::create_dir(&folder).unwrap();
        let none = found(&[], home.path()).unwrap_err();
        assert!(matches!(none, EksError::NoKeys { .. }), "{none}");
        let text = "# keys\n[default]\naws_access_key_id = AKIDFILE\n\
                    aws_secret_access_key=canary\n\n[half]\naws_access_key_id = X\n";
        std::fs::write(folder.join("credentials"), text).unwrap();
        let marker = home.path().join("ran");
        let run = format!(
            "[profile runs]\ncredential_process = touch {}\n[profile sso]\nsso_session = one\n\
             [profile role]\nrole_arn = arn:aws:iam::1:role/x\n[profile keys]\n\
             aws_access_key_id = AKIDCONFIG\naws_secret_access_key = canary\n",
            marker.display()
        );
        std::fs::write(folder.join("config"), run).unwrap();
        let by = |profile: &str| found(&[("AWS_PROFILE", profile)], home.path());
        assert!(opened(&found(&[], home.path()).unwrap()).contains("=AKIDFILE%2F"));
        assert!(opened(&by("keys").unwrap()).contains("=AKIDCONFIG%2F"));
        for (profile, key) in [
            ("runs", "credential_process"),
            ("sso", "sso_session"),
            ("role", "role_arn"),
        ] {
            let error = by(profile).unwrap_err().to_string();
            assert!(error.contains(key), "{error}");
            assert!(error.contains("export-credentials"), "{error}");
        }
        assert!(!marker.exists());
        assert!(matches!(by("half"), Err(EksError::Half { .. })));
        let half = found(&[("AWS_ACCESS_KEY_ID", "x")], home.path());
        assert!(matches!(half, Err(EksError::Half { .. })));
    }

    #[test]
    fn a_role_and_its_token_file_are_found_where_the_aws_tools_find_them() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("token");
        let (path, role) = (file.to_str().unwrap(), "arn:aws:iam::1:role/x");
        let by = [
            ("AWS_WEB_IDENTITY_TOKEN_FILE", path),
            ("AWS_ROLE_ARN", role),
        ];
        let none = found(&by, home.path()).unwrap_err();
        assert!(matches!(none, EksError::TokenFile { .. }), "{none}");
        std::fs::write(&file, "canary.jwt\n").unwrap();
        let whole = found(&by, home.path()).unwrap();
        assert!(
            whole.starts_with("arn:aws:iam::1:role/x as crashcart with "),
            "{whole}"
        );
        assert!(!whole.contains("canary"), "{whole}");
        let named = [by[0], by[1], ("AWS_ROLE_SESSION_NAME", "night")];
        assert!(found(&named, home.path()).unwrap().contains(" as night "));
        for half in by {
            let error = found(&[half], home.path()).unwrap_err();
            assert!(matches!(error, EksError::HalfRole { .. }), "{error}");
        }
        let keys = [
            by[0],
            by[1],
            ("AWS_ACCESS_KEY_ID", "AKID"),
            ("AWS_SECRET_ACCESS_KEY", "s"),
        ];
        assert!(
            found(&keys, home.path())
                .unwrap()
                .starts_with("k8s-aws-v1."),
            "keys first"
        );
        let folder = home.path().join(".aws");
        std::fs::create_dir(&folder).unwrap();
        let text = format!("[profile ci]\nrole_arn = {role}\nweb_identity_token_file = {path}\n");
        std::fs::write(folder.join("config"), text).unwrap();
        let profile = found(&[("AWS_PROFILE", "ci")], home.path()).unwrap();
        assert!(profile.starts_with(role), "{profile}");
        std::fs::write(&file, "two words").unwrap();
        let odd = found(&by, home.path()).unwrap_err().to_string();
        assert!(odd.contains("no token") && !odd.contains("words"), "{odd}");
    }

    /// What botocore makes of the same keys at the same time; `fixtures/presign.py` recorded it.
    #[test]
    fn botocore_signs_the_same_and_asks_the_same_hosts() {
        let recorded: Value =
            serde_json::from_str(include_str!("fixtures/presigned.json")).unwrap();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        for case in recorded["cases"].as_array().unwrap() {
            let asked = Eks {
                cluster: text(&case["cluster"]),
                region: text(&case["region"]),
                ..eks()
            };
            let keys = Credentials {
                access_key: text(&case["access"]),
                secret_key: Secret::new(&text(&case["secret"])),
                session_token: case["token"].as_str().map(Secret::new),
            };
            let url = request(&asked, &keys, text(&case["time"]).parse().unwrap()).unwrap();
            let parts = |url: &str| {
                let (place, query) = url.split_once('?').unwrap();
                let mut pairs: Vec<String> = query.split('&').map(str::to_owned).collect();
                pairs.sort_unstable();
                (place.to_owned(), pairs)
            };
            assert_eq!(parts(&url), parts(&text(&case["url"])), "{}", case["name"]);
        }
        for (region, known) in recorded["hosts"].as_object().unwrap() {
            assert_eq!(host(region), *known);
        }
    }

    #[test]
    fn keys_do_not_show() {
        let keys = Credentials {
            access_key: "AKID".to_owned(),
            secret_key: Secret::new("canary"),
            session_token: Some(Secret::new("canary")),
        };
        assert!(!format!("{keys:?}").contains("canary"));
    }
}
