//! Keys of a role, asked of AWS STS with a token of an issuer that the role trusts (`AssumeRoleWithWebIdentity`).
//!
//! The request is not signed: the token is all there is, so it goes only to a server that the configuration vouches for.

use super::answer::Answer;
use super::answer::short;
use super::http::End;
use super::http::Http;
use crate::auth::eks;
use crate::auth::eks::Credentials;
use crate::auth::eks::EksError;
use crate::auth::eks::Role;
use crate::auth::error::AuthError;
use crate::config::Eks;
use crate::config::Secret;
use crate::text::SafeText;
use std::time::Duration;

/// How long the keys are good, in seconds: the shortest there is, and all that a token signed with them needs.
const GOOD_S: &str = "900";

/// Asks STS for keys of a role.
///
/// # Errors
/// When nothing vouches for STS, it does not answer, or it refuses.
pub async fn assume(eks: &Eks, role: &Role, deadline: Duration) -> Result<Credentials, EksError> {
    let own = format!("https://{}", eks::host(&eks.region));
    let address = eks.sts.as_ref().unwrap_or(&own);
    let ca = eks.ca.as_ref().ok_or_else(|| EksError::NoAuthority {
        role: role.arn.clone(),
        host: address.trim_start_matches("https://").to_owned(),
    })?;
    let end = End {
        address,
        ca,
        trust: "ca of eks",
        proxy: None,
        tls_name: None,
        client_id: "",
        place: "eks",
    };
    let asked = ask(&end, role, deadline).await;
    asked.map_err(|why| EksError::Role {
        role: role.arn.clone(),
        why,
    })
}

async fn ask(end: &End<'_>, role: &Role, deadline: Duration) -> Result<Credentials, AuthError> {
    let http = Http::to(end, deadline)?;
    let form = [
        ("Action", "AssumeRoleWithWebIdentity"),
        ("Version", eks::VERSION),
        ("RoleArn", &role.arn),
        ("RoleSessionName", &role.session),
        ("DurationSeconds", GOOD_S),
        ("WebIdentityToken", role.token.expose()),
    ];
    let url = format!("{}/", end.address.trim_end_matches('/'));
    let answer = http.post_for(&url, &form, "application/xml").await?;
    let text = answer.text();
    if answer.status != 200 {
        return Err(AuthError::Refused {
            host: http.host().to_owned(),
            reason: words(&answer, &text),
        });
    }
    let part = |name: &str| element(&text, name).ok_or_else(|| http.malformed("keys"));
    Ok(Credentials {
        access_key: part("AccessKeyId")?.to_owned(),
        secret_key: Secret::new(part("SecretAccessKey")?),
        session_token: Some(Secret::new(part("SessionToken")?)),
    })
}

/// What STS said: its code and its words.
fn words(answer: &Answer, text: &str) -> SafeText {
    match (element(text, "Code"), element(text, "Message")) {
        (Some(code), Some(message)) => short(&format!("{code}, {message}")),
        (Some(code), None) => short(code),
        _ => SafeText::new(&format!("status {}", answer.status)),
    }
}

/// What stands in the first element of that name. Keys have no letter that XML writes otherwise.
fn element<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    let (_, rest) = text.split_once(&format!("<{name}>"))?;
    let (inside, _) = rest.split_once(&format!("</{name}>"))?;
    Some(inside.trim()).filter(|inside| !inside.is_empty())
}

#[cfg(test)]
mod tests {
    use super::element;

    #[test]
    fn an_element_is_what_stands_between_its_tags() {
        let text = "<a><Code> Expired </Code><Message>x</Message><Empty></Empty></a>";
        assert_eq!(element(text, "Code"), Some("Expired"));
        assert_eq!(element(text, "Empty"), None);
        assert_eq!(element(text, "Missing"), None);
        assert_eq!(element("<Code>cut", "Code"), None);
    }
}
