//! `logout`: gives tokens back and says in one sentence what became of them.

use std::io::Write;
use std::time::Duration;

use super::login;
use crate::app::engine::Engine;
use crate::auth::Audience;
use crate::auth::GivenBack;
use crate::state::State;
use crate::state::action::Action;
use crate::text::SafeText;
use crate::view::lines;

/// How long what is under way may take at the end.
const LAST: Duration = Duration::from_secs(15);
/// The exit codes, where it is not 0; the worst of all sign-ins counts.
const NOT_TAKEN: u8 = 1;
const UNKNOWN: u8 = 3;

/// Signs out (of one identity, or of each), also of what is kept and was not taken up: tokens are given back to their
/// issuer and forgotten, connections closed. The exit code is 1 where an issuer did not take them back, and 3 where it is
/// not known what became of them.
pub(super) async fn logout(
    mut engine: Engine,
    identity: Option<&str>,
    out: &mut dyn Write,
) -> anyhow::Result<u8> {
    let wanted = login::wanted(&engine.state, identity)?;
    login::taken_up(&mut engine).await;
    if let Some(words) = lines::own_policy(&engine.state.config.policy) {
        writeln!(out, "{words}")?;
    }
    let mut worst = 0;
    for audience in wanted {
        let (words, code) = leave(&mut engine, &audience).await;
        writeln!(out, "{}: {words}", audience.name(&engine.state.config))?;
        worst = worst.max(code);
    }
    engine.end(LAST).await;
    Ok(worst)
}

/// Signs out of one audience; what became of it in one sentence, and the exit code that tells it.
pub(super) async fn leave(engine: &mut Engine, audience: &Audience) -> (String, u8) {
    let session = engine.state.sign_ins.session(audience);
    let who = session.map(|session| session.person.login.clone());
    engine.act(Action::SignOutOf(audience.clone()), true);
    let told = |state: &State| state.sign_ins.given_back(audience).is_some();
    engine.until(login::KEPT, told).await;
    given_back(&engine.state, audience, who.as_ref())
}

/// What became of one sign-in, in one sentence, and the exit code that tells it.
fn given_back(state: &State, audience: &Audience, who: Option<&SafeText>) -> (String, u8) {
    let host = audience.host(&state.config);
    let who = who.map_or("what was kept", SafeText::as_str);
    match (state.sign_ins.given_back(audience), &state.unkept) {
        (Some(GivenBack::Taken), _) => {
            (format!("signed out {who}; {host} took the tokens back"), 0)
        }
        (Some(GivenBack::Forgotten), _) => (
            format!(
                "signed out {who}: forgotten here; {host} takes no tokens back, so they end by themselves"
            ),
            0,
        ),
        (Some(GivenBack::Refused { reason }), _) => (
            format!(
                "? {who} is forgotten here, but not given back: {reason}; the tokens end by themselves, or whoever keeps \
                 the issuer ends them"
            ),
            NOT_TAKEN,
        ),
        (_, Some(why)) => (
            format!("? it is not known what is kept here. {why}"),
            UNKNOWN,
        ),
        (Some(GivenBack::Nothing), None) => {
            let store = state.config.tokens.store.word();
            let words = format!("nobody is signed in here (tokens are kept in {store})");
            (words, 0)
        }
        (None, None) => (
            "? the sign-out did not end in time; run it again, or have the issuer end the session"
                .to_owned(),
            UNKNOWN,
        ),
    }
}
