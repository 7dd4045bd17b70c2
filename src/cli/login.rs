//! `login`: sign in, in lines.

use std::io::Write;
use std::path::Path;
use std::time::Duration;

use anyhow::Context;
use anyhow::bail;
use anyhow::ensure;

use super::passphrase::Quiet;
use crate::app::engine::Engine;
use crate::app::input;
use crate::auth::Audience;
use crate::auth::Person;
use crate::auth::SignIn;
use crate::auth::redirect;
use crate::config::ClusterName;
use crate::config::Config;
use crate::config::KubeconfigUser;
use crate::config::Secret;
use crate::config::kubeconfig;
use crate::state::State;
use crate::state::action::Action;
use crate::state::nav::Screen;
use crate::text::SafeText;

/// How long a person has to answer on the issuer's page; the issuer's own limit is usually shorter.
const ANSWER: Duration = Duration::from_secs(900);
/// How long clusters have to say who they take us for.
const GREET: Duration = Duration::from_secs(15);
/// How long a sign-in that is kept from before has to be taken up, or given back: longer than its issuer, its store and
/// another console that renews it are waited for.
pub(super) const KEPT: Duration = Duration::from_secs(40);

/// Somebody pressed Ctrl-C.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("given up; a sign-in that was under way has ended, and signs nobody in any more")]
pub(super) struct GivenUp;

/// Signs in (to one identity of the configuration, or to each that a cluster needs) and says who the clusters take
/// you for. What is kept the next start takes up; what is not (a store in memory, a cluster's own OAuth server) is given
/// back at the end: there this checks the way in.
pub(super) async fn login(
    engine: Engine,
    identity: Option<&str>,
    paste: bool,
    out: &mut dyn Write,
) -> anyhow::Result<u8> {
    let wanted = wanted(&engine.state, identity)?;
    let mut engine = signed_in_by(engine, &wanted, paste, out).await?;
    let code = super::whoami::say(&mut engine, out).await?;
    for audience in unkept(&engine.state) {
        let (words, _) = super::logout::leave(&mut engine, &audience).await;
        let name = audience.name(&engine.state.config);
        writeln!(out, "{name}: not kept beyond this command, so {words}")?;
        out.flush()?;
    }
    engine.end(Duration::ZERO).await;
    Ok(code)
}

/// The sign-ins that end with this process: what they were given would be good at their issuer for hours, and nobody
/// could give it back.
fn unkept(state: &State) -> Vec<Audience> {
    let memory = !state.config.tokens.store.outlives();
    let all = state.sign_ins.sessions().map(|(audience, _)| audience);
    let unkept = all.filter(|one| memory || one.openshift(&state.config).is_some());
    unkept.cloned().collect()
}

/// The sign-ins that a person named, by identity or by identity and audience; all when none is named.
pub(super) fn wanted(state: &State, identity: Option<&str>) -> anyhow::Result<Vec<Audience>> {
    let all = state.sign_ins.audiences();
    let Some(name) = identity else {
        return Ok(all.to_vec());
    };
    let named = |one: &&Audience| one.identity == name || one.name(&state.config) == name;
    let found: Vec<Audience> = all.iter().filter(named).cloned().collect();
    let names: Vec<String> = all.iter().map(|one| one.name(&state.config)).collect();
    ensure!(
        !found.is_empty(),
        "no cluster takes a sign-in of {name}; there are: {}",
        names.join(", ")
    );
    Ok(found)
}

/// Waits until what is kept from before was taken up, or is known not to be there.
pub(super) async fn taken_up(engine: &mut Engine) {
    engine
        .until(KEPT, |state| !state.sign_ins.is_looking())
        .await;
}

/// The sign-ins that a run on this cluster needs: its own; all where the cluster is not said.
pub(super) fn needed(state: &State, cluster: Option<&str>) -> Vec<Audience> {
    let cluster = cluster.and_then(|name| state.config.cluster(&ClusterName::from(name)));
    match cluster {
        Some(cluster) => Audience::of(cluster, &state.config).into_iter().collect(),
        None => state.sign_ins.audiences().to_vec(),
    }
}

/// Signs in to each audience in turn, unless somebody acts there already.
pub(super) async fn signed_in(
    engine: Engine,
    wanted: &[Audience],
    out: &mut dyn Write,
) -> anyhow::Result<Engine> {
    signed_in_by(engine, wanted, false, out).await
}

/// The same by the pasted way, if so. Where it comes to nothing, or Ctrl-C is pressed, whatever is under way ends and so
/// does the session in the log.
async fn signed_in_by(
    mut engine: Engine,
    wanted: &[Audience],
    paste: bool,
    out: &mut dyn Write,
) -> anyhow::Result<Engine> {
    let done = tokio::select! {
        biased;
        pressed = tokio::signal::ctrl_c() => pressed.map_err(Into::into).and(Err(GivenUp.into())),
        done = each(&mut engine, wanted, paste, out) => done,
    };
    if let Err(error) = done {
        engine.end(Duration::ZERO).await;
        return Err(error);
    }
    Ok(engine)
}

async fn each(
    engine: &mut Engine,
    wanted: &[Audience],
    paste: bool,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    for audience in wanted {
        let clusters = audience.clusters(&engine.state.config);
        if clusters.iter().any(|one| !engine.state.has_credential(one)) {
            one(engine, audience, paste, out).await?;
        }
    }
    Ok(())
}

/// Waits until somebody is signed in to an audience; shows what must be opened, and takes what must be pasted.
async fn one(
    engine: &mut Engine,
    audience: &Audience,
    paste: bool,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    if paste {
        engine.act(Action::Go(Screen::SignIn), true);
        engine.state.sign_ins.show(audience);
        engine.act(Action::CodePaste, true);
    } else {
        engine.act(Action::SignInTo(audience.clone()), true);
    }
    let asked = |state: &State| {
        let stands = state.sign_ins.of(audience);
        !matches!(stands, SignIn::Idle | SignIn::Asking { .. })
    };
    engine.until(GREET, asked).await;
    match engine.state.sign_ins.of(audience).clone() {
        SignIn::Waiting { device, .. } => {
            writeln!(out, "Open      {}", device.verification_uri)?;
            writeln!(out, "Type      {}", device.user_code)?;
            check(
                engine,
                audience,
                &device.issuer_host,
                &device.client_id,
                out,
            )?;
            engine
                .until(ANSWER, |state| answered(state, audience))
                .await;
        }
        SignIn::Browser { page, .. } => {
            // One line, however long: a terminal that wraps it copies it whole.
            writeln!(out, "Open      {}", page.address)?;
            check(engine, audience, &page.issuer_host, &page.client_id, out)?;
            if page.listens {
                engine
                    .until(ANSWER, |state| answered(state, audience))
                    .await;
            } else {
                pasted(engine, audience, out).await?;
            }
        }
        _ => {}
    }
    let name = audience.name(&engine.state.config);
    match engine.state.sign_ins.of(audience) {
        SignIn::Ended { sentence } => bail!("{}", without_keys(sentence.as_str())),
        SignIn::SignedIn(session) => {
            writeln!(out, "Signed in as {} ({name}).", session.person.login)?;
        }
        _ => bail!("the issuer of {name} did not answer in time; crashcart doctor looks at it"),
    }
    Ok(())
}

/// What a sentence of the console's says of its keys, and what there is instead on a command line.
const KEYS: [(&str, &str); 8] = [
    (" Esc goes on without.", ""),
    ("press p for the pasted way", "use crashcart login --paste"),
    ("press n, or", "use crashcart login, or"),
    (
        "Press n for a new one",
        "crashcart login asks for a new one",
    ),
    ("n tries again", "crashcart login tries again"),
    ("n signs in again", "crashcart login signs in again"),
    ("n begins anew", "crashcart login begins anew"),
    ("Press p to paste a redirect", "Use crashcart login --paste"),
];

/// A sentence of the sign-in screen for somebody who has no keys to press.
fn without_keys(sentence: &str) -> String {
    let mut words = sentence.to_owned();
    for (key, verb) in KEYS {
        words = words.replace(key, verb);
    }
    // Only at the end: an issuer's own words may hold it too.
    let bare = words.trim_end_matches('.');
    if let Some(before) = bare.strip_suffix("then n") {
        let stop = words.get(bare.len()..).unwrap_or_default();
        return format!("{before}then crashcart login{stop}");
    }
    words
}

fn answered(state: &State, audience: &Audience) -> bool {
    let stands = state.sign_ins.of(audience);
    matches!(stands, SignIn::SignedIn(_) | SignIn::Ended { .. })
}

/// What the sign-in serves, and what the page must show.
fn check(
    engine: &Engine,
    audience: &Audience,
    host: &SafeText,
    client: &SafeText,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    let clusters = audience.clusters(&engine.state.config).into_iter();
    let names: Vec<&str> = clusters.map(|one| one.name.as_str()).collect();
    writeln!(out, "Serves    {}", names.join(" "))?;
    writeln!(
        out,
        "Before you allow it, check the page: address {host}, client {client}."
    )?;
    out.flush()?;
    Ok(())
}

/// Takes lines until one of them is the address that this sign-in waits for, or it ends.
async fn pasted(
    engine: &mut Engine,
    audience: &Audience,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    // The code in it is good once, and is nobody else's all the same.
    let _unseen = Quiet::lines()?;
    writeln!(
        out,
        "The browser then says that 127.0.0.1 cannot be reached: so it should be. Paste its whole address line here (not shown):"
    )?;
    out.flush()?;
    loop {
        let Some(line) = input::line().await? else {
            bail!("standard input ended before the address was pasted: sign in anew");
        };
        if line.is_empty() {
            continue;
        }
        if too_long(&line) {
            writeln!(out, "{}", redirect::Odd::TooLong)?;
            out.flush()?;
            continue;
        }
        writeln!(out, "Pasted    {} characters", line.chars().count())?;
        out.flush()?;
        engine.act(Action::Paste(line), false);
        engine.act(Action::Accept, true);
        let over = |state: &State| {
            let stands = state.sign_ins.of(audience);
            matches!(
                stands,
                SignIn::Browser {
                    notice: Some(_),
                    redeeming: false,
                    ..
                }
            ) || answered(state, audience)
        };
        engine.until(GREET, over).await;
        match engine.state.sign_ins.of(audience) {
            SignIn::Browser {
                notice: Some(notice),
                ..
            } => writeln!(out, "{notice}")?,
            _ => return Ok(()),
        }
        out.flush()?;
    }
}

/// Whether a line is more than is read of an address: the sign-in would not hear of it.
fn too_long(line: &str) -> bool {
    line.split_whitespace().map(str::len).sum::<usize>() > redirect::LONGEST
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
    let access = kubeconfig::read(&path)?.access(None, &[])?;
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

#[cfg(test)]
mod tests {
    use super::without_keys;

    #[test]
    fn a_command_line_is_told_of_no_key() {
        for (said, told) in [
            (
                "You pressed No there. n tries again.",
                "You pressed No there. crashcart login tries again.",
            ),
            (
                "The code ended at 04:54Z. Press n for a new one.",
                "The code ended at 04:54Z. crashcart login asks for a new one.",
            ),
            (
                "id.test does not answer: connection refused. Esc goes on without.",
                "id.test does not answer: connection refused.",
            ),
            (
                "id.test refused: then none. Ask whoever keeps it what that asks for, then n.",
                "id.test refused: then none. Ask whoever keeps it what that asks for, then crashcart login.",
            ),
        ] {
            assert_eq!(without_keys(said), told);
        }
    }
}
