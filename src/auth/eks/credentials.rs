//! Where AWS keys are found: the environment, then one profile of the two shared files; or a role and the file of the
//! token that stands for it. Nothing else is followed: no program is started and no metadata service is asked.

use super::EksError;
use crate::config::Secret;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::path::PathBuf;

/// The most that is read of a shared file, in bytes.
const LARGEST: u64 = 1024 * 1024;
/// The most that STS takes as a token, in bytes.
const LONGEST: u64 = 20_000;
/// What a profile may ask for that is not done here, and why.
const NOT_FOLLOWED: [(&str, &str); 6] = [
    ("credential_process", "it starts a program"),
    ("sso_session", "its keys have to be fetched first"),
    ("sso_start_url", "its keys have to be fetched first"),
    ("role_arn", "the role has to be assumed first"),
    ("source_profile", "the role has to be assumed first"),
    ("credential_source", "it asks a service of the host"),
];

/// A pair of keys.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// Names the pair; it is no secret.
    pub access_key: String,
    /// What is signed with.
    pub secret_key: Secret,
    /// Comes with short-lived keys.
    pub session_token: Option<Secret>,
}

/// A role that somebody takes who holds a token of an issuer that the role trusts.
#[derive(Clone, Debug)]
pub struct Role {
    /// Its name at AWS.
    pub arn: String,
    /// What the session is called in AWS' own logs.
    pub session: String,
    /// The token.
    pub token: Secret,
}

/// What a token is signed with.
#[derive(Clone, Debug)]
pub enum Keys {
    /// Keys that are there.
    Own(Credentials),
    /// Keys that STS gives for a token.
    Role(Role),
}

/// What a process knows of where it runs.
pub struct Surroundings<'a> {
    /// A variable of the environment.
    pub variable: &'a dyn Fn(&str) -> Option<String>,
    /// The person's home folder.
    pub home: Option<PathBuf>,
}

impl Surroundings<'_> {
    fn said(&self, name: &str) -> Option<String> {
        (self.variable)(name).filter(|value| !value.is_empty())
    }

    /// A shared file: as a variable names it, else below the home folder.
    fn file(&self, variable: &str, name: &str) -> PathBuf {
        match self.said(variable) {
            Some(path) => PathBuf::from(path),
            None => self
                .home
                .clone()
                .unwrap_or_default()
                .join(".aws")
                .join(name),
        }
    }
}

type Section = BTreeMap<String, String>;

/// Finds what a token is signed with. A profile that the configuration names comes before the environment.
///
/// # Errors
/// When there are no keys, or the profile asks for what is not done here.
pub fn find(profile: Option<&str>, around: &Surroundings<'_>) -> Result<Keys, EksError> {
    if profile.is_none() {
        let keys = pair(
            around.said("AWS_ACCESS_KEY_ID"),
            around.said("AWS_SECRET_ACCESS_KEY"),
            around.said("AWS_SESSION_TOKEN").as_deref(),
            "the environment",
        )?;
        if let Some(keys) = keys {
            return Ok(Keys::Own(keys));
        }
        let role = role(around, &|_, name| around.said(name), "the environment")?;
        if let Some(role) = role {
            return Ok(Keys::Role(role));
        }
    }
    let profile = profile.map(str::to_owned);
    let profile = profile.or_else(|| around.said("AWS_PROFILE"));
    let profile = profile.unwrap_or_else(|| "default".to_owned());
    let files = [
        (
            around.file("AWS_SHARED_CREDENTIALS_FILE", "credentials"),
            profile.clone(),
        ),
        (
            around.file("AWS_CONFIG_FILE", "config"),
            match profile.as_str() {
                "default" => profile.clone(),
                other => format!("profile {other}"),
            },
        ),
    ];
    let mut asked = None;
    for (path, title) in &files {
        let section = section(path, title);
        let place = format!("profile {profile} in {}", path.display());
        if let Some(keys) = of_profile(&section, around, &place)? {
            return Ok(keys);
        }
        let found = NOT_FOLLOWED
            .iter()
            .find(|(key, _)| section.contains_key(*key));
        asked = asked.or(found);
    }
    if let Some((key, why)) = asked {
        return Err(EksError::Refused {
            profile,
            key: (*key).to_owned(),
            why,
        });
    }
    let places: Vec<String> = files
        .iter()
        .map(|(path, _)| path.display().to_string())
        .collect();
    Err(EksError::NoKeys {
        profile,
        places: places.join(" or "),
    })
}

/// What one section of a shared file gives.
fn of_profile(
    section: &Section,
    around: &Surroundings<'_>,
    place: &str,
) -> Result<Option<Keys>, EksError> {
    let value = |key: &str| section.get(key).cloned();
    let keys = pair(
        value("aws_access_key_id"),
        value("aws_secret_access_key"),
        value("aws_session_token").as_deref(),
        place,
    )?;
    // A role without a token file is taken by other keys, which is not followed.
    if keys.is_some() || !section.contains_key("web_identity_token_file") {
        return Ok(keys.map(Keys::Own));
    }
    let role = role(around, &|key, _| value(key), place)?;
    Ok(role.map(Keys::Role))
}

/// A role and the token of its file, by the keys of a profile and the variables of the same meaning.
fn role(
    around: &Surroundings<'_>,
    said: &dyn Fn(&str, &str) -> Option<String>,
    place: &str,
) -> Result<Option<Role>, EksError> {
    let file = said("web_identity_token_file", "AWS_WEB_IDENTITY_TOKEN_FILE");
    let (file, arn) = match (file, said("role_arn", "AWS_ROLE_ARN")) {
        (Some(file), Some(arn)) => (file, arn),
        (None, None) => return Ok(None),
        _ => {
            return Err(EksError::HalfRole {
                place: place.to_owned(),
            });
        }
    };
    let wrong = |why: &str| EksError::TokenFile {
        path: file.clone(),
        why: why.to_owned(),
    };
    let path = Path::new(&file);
    let small = fs::metadata(path).is_ok_and(|it| it.is_file() && it.len() <= LONGEST);
    let text = if small {
        fs::read_to_string(path).ok()
    } else {
        None
    };
    let text = text.ok_or_else(|| wrong("it cannot be read, or is no file of at most 20 kB"))?;
    let token = text.trim();
    if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(wrong("it holds no token"));
    }
    let session = said("role_session_name", "AWS_ROLE_SESSION_NAME");
    let session = session.or_else(|| around.said("AWS_ROLE_SESSION_NAME"));
    Ok(Some(Role {
        arn,
        session: session.unwrap_or_else(|| "crashcart".to_owned()),
        token: Secret::new(token),
    }))
}

fn pair(
    access: Option<String>,
    secret: Option<String>,
    session: Option<&str>,
    place: &str,
) -> Result<Option<Credentials>, EksError> {
    match (access, secret) {
        (Some(access_key), Some(secret)) => Ok(Some(Credentials {
            access_key,
            secret_key: Secret::new(&secret),
            session_token: session.map(Secret::new),
        })),
        (None, None) => Ok(None),
        _ => Err(EksError::Half {
            place: place.to_owned(),
        }),
    }
}

/// One section of a shared file; empty where the file or the section is not there.
fn section(path: &Path, title: &str) -> Section {
    let small = fs::metadata(path).is_ok_and(|it| it.is_file() && it.len() <= LARGEST);
    let text = if small {
        fs::read_to_string(path)
    } else {
        Ok(String::new())
    };
    let (mut inside, mut section) = (false, Section::new());
    for line in text.unwrap_or_default().lines() {
        let plain = line.trim();
        if plain.starts_with('#') || plain.starts_with(';') || line.starts_with([' ', '\t']) {
            // A comment, or a part of a nested value, which no key is.
            continue;
        }
        if let Some(name) = plain
            .strip_prefix('[')
            .and_then(|rest| rest.split(']').next())
        {
            inside = name.split_whitespace().eq(title.split_whitespace());
        } else if let Some((key, value)) = plain.split_once('=').filter(|_| inside) {
            section.insert(key.trim().to_ascii_lowercase(), value.trim().to_owned());
        }
    }
    section
}
