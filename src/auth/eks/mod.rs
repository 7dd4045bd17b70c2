//! Entering an EKS cluster: a token that is a request to AWS STS, signed here and sent by the cluster.
//!
//! The cluster's authenticator sends the request in the token to STS and takes whoever STS names. No program is started
//! for it and nothing is sent from here. `sigv4` signs, `credentials` finds the keys.

mod credentials;
mod sigv4;

use crate::config::Eks;
use crate::config::Secret;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::SignedDuration;
use jiff::Timestamp;
use sigv4::Presigned;

pub use credentials::Credentials;
pub use credentials::Surroundings;

/// What every such token begins with.
const PREFIX: &str = "k8s-aws-v1.";
/// The header that ties a token to one cluster; the authenticator adds it before it sends the request.
const CLUSTER_HEADER: &str = "x-k8s-aws-id";
/// How long STS takes the request after it was signed, in seconds, as the query says. The authenticator allows 15 min
/// from the signing whatever stands here, which is where [`GOOD`] is from.
const EXPIRES_S: u32 = 60;
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
    /// The clock shows a time that AWS has no form for.
    #[error("this clock shows no time that can be signed; set the clock")]
    Clock,
}

/// A token for a cluster, signed now; good for [`GOOD`].
///
/// # Errors
/// When there are no keys, or the profile asks for what is not done here.
pub fn token(eks: &Eks, around: &Surroundings<'_>, now: Timestamp) -> Result<Secret, EksError> {
    let keys = credentials::find(eks.profile.as_deref(), around)?;
    let url = request(eks, &keys, now).ok_or(EksError::Clock)?;
    let coded = URL_SAFE_NO_PAD.encode(url);
    Ok(Secret::new(&format!("{PREFIX}{coded}")))
}

/// The request that STS is to be sent, signed.
fn request(eks: &Eks, keys: &Credentials, now: Timestamp) -> Option<String> {
    let domain = if eks.region.starts_with("cn-") {
        "amazonaws.com.cn"
    } else {
        "amazonaws.com"
    };
    Presigned {
        host: &format!("sts.{}.{domain}", eks.region),
        path: "/",
        query: &[("Action", "GetCallerIdentity"), ("Version", "2011-06-15")],
        headers: &[(CLUSTER_HEADER, &eks.cluster)],
        payload: sigv4::EMPTY,
        region: &eks.region,
        service: "sts",
        expires_s: EXPIRES_S,
    }
    .sign(keys, now)
}

#[cfg(test)]
mod tests {
    use super::Credentials;
    use super::EksError;
    use super::Surroundings;
    use super::token;
    use crate::config::Eks;
    use crate::config::Secret;
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use jiff::Timestamp;
    use std::collections::BTreeMap;
    use std::path::Path;

    fn eks() -> Eks {
        Eks {
            cluster: "aws-prod".to_owned(),
            region: "eu-north-1".to_owned(),
            profile: None,
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
        token(&eks(), &around, now).map(|token| token.expose().to_owned())
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
    fn keys_do_not_show() {
        let keys = Credentials {
            access_key: "AKID".to_owned(),
            secret_key: Secret::new("canary"),
            session_token: Some(Secret::new("canary")),
        };
        assert!(!format!("{keys:?}").contains("canary"));
    }
}
