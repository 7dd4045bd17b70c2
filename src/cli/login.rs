//! `login` and `whoami`: sign in by device code in lines, and say who each cluster takes you for.

use std::io::Write;
use std::path::Path;
use std::time::Duration;

use anyhow::Context;
use anyhow::bail;
use anyhow::ensure;

use crate::app::engine::Engine;
use crate::auth::Person;
use crate::auth::SignIn;
use crate::config::Config;
use crate::config::KubeconfigUser;
use crate::config::Secret;
use crate::config::kubeconfig;
use crate::state::State;
use crate::text::SafeText;

/// How long a person has to answer on the issuer's page; the issuer's own limit is usually shorter.
const ANSWER: Duration = Duration::from_secs(900);
/// How long clusters have to say who they take us for.
const GREET: Duration = Duration::from_secs(15);

/// Signs in and says who the clusters take you for. Tokens are kept in memory only, so this checks the way in.
pub(super) async fn login(engine: Engine, out: &mut dyn Write) -> anyhow::Result<u8> {
    let engine = signed_in(engine, out).await?;
    whoami(engine, out).await
}

/// Waits until somebody is signed in; shows the address and the code where one must be typed.
pub(super) async fn signed_in(mut engine: Engine, out: &mut dyn Write) -> anyhow::Result<Engine> {
    if engine.state.config.identities.is_empty() || engine.state.person.is_some() {
        return Ok(engine);
    }
    engine
        .until(GREET, |state| {
            state.person.is_some() || !matches!(state.sign_in, SignIn::Idle | SignIn::Asking { .. })
        })
        .await;
    if let SignIn::Waiting { device, .. } = &engine.state.sign_in {
        writeln!(out, "Open      {}", device.verification_uri)?;
        writeln!(out, "Type      {}", device.user_code)?;
        writeln!(
            out,
            "Before you allow it, check the page: address {}, client {}.",
            device.issuer_host, device.client_id
        )?;
        out.flush()?;
        engine
            .until(ANSWER, |state| {
                state.person.is_some() || matches!(state.sign_in, SignIn::Ended { .. })
            })
            .await;
    }
    match &engine.state.sign_in {
        SignIn::Ended { sentence } => bail!("{sentence}"),
        SignIn::SignedIn(session) => writeln!(out, "Signed in as {}.", session.person.login)?,
        _ => bail!("the issuer did not answer in time; crashcart doctor looks at it"),
    }
    Ok(engine)
}

/// Says who each cluster takes you for.
pub(super) async fn whoami(mut engine: Engine, out: &mut dyn Write) -> anyhow::Result<u8> {
    engine.until(GREET, greeted).await;
    let state = engine.end(Duration::ZERO).await;
    let mut known = false;
    if state.here.simulated {
        writeln!(out, "DEMO: this estate is simulated.")?;
    }
    for cluster in &state.config.clusters {
        let world = state.world.cluster(&cluster.name);
        let greeting = world.and_then(|world| world.greeting());
        let words = match (greeting.and_then(|greeting| greeting.user.as_ref()), world) {
            (Some(user), _) => {
                known = true;
                let groups: Vec<&str> = greeting
                    .map(|one| one.groups.iter().map(SafeText::as_str).collect())
                    .unwrap_or_default();
                format!("{user}  groups {}", groups.join(" "))
            }
            (None, Some(world)) => format!("? {}", world.reach().words()),
            (None, None) => "? not asked: nobody is signed in (crashcart login)".to_owned(),
        };
        writeln!(out, "{:<16} {words}", cluster.name.as_str())?;
    }
    Ok(if known { 0 } else { 3 })
}

fn greeted(state: &State) -> bool {
    state.config.clusters.iter().all(|cluster| {
        state
            .world
            .cluster(&cluster.name)
            .is_some_and(|world| world.greeting().is_some() || world.unreachable())
    })
}

/// In a simulated estate: a person and their token, from the kubeconfig that the simulator wrote beside the configuration.
pub(super) fn simulated_person(
    config: &Config,
    file: &Path,
    name: &str,
    simulated: bool,
) -> anyhow::Result<(Person, Secret)> {
    ensure!(
        simulated,
        "--as is for simulated estates only; this one is not: sign in"
    );
    ensure!(
        name.chars().all(|c| c.is_ascii_alphanumeric()),
        "--as takes a name such as alice"
    );
    let folder = file.parent().context("the configuration has no folder")?;
    let path = folder.join(format!("{name}.kubeconfig"));
    ensure!(
        path.exists(),
        "there is no {name} in this simulated estate: {} is missing",
        path.display()
    );
    let access = kubeconfig::read(&path)?.access(None)?;
    let KubeconfigUser::Token(token) = access.user else {
        bail!("{} holds no token", path.display())
    };
    let issuer = config
        .identities
        .first()
        .map(|identity| identity.issuer.clone())
        .unwrap_or_default();
    let login = SafeText::new(&format!("{name}@meridian.test"));
    Ok((
        Person {
            issuer,
            subject: login.to_string(),
            login,
            groups: groups(name),
        },
        token,
    ))
}

/// Groups for the header's role word; the clusters decide what each may do.
fn groups(name: &str) -> Vec<SafeText> {
    let group = match name {
        "erik" => "sre-viewers",
        _ => "sre-operators",
    };
    vec![SafeText::new(group)]
}
