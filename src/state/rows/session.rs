//! Rows of the session: sign-ins, and what each cluster lets this person do.

use crate::auth::audience::Audience;
use crate::config::Cluster;
use crate::config::ClusterName;
use crate::state::State;
use crate::text::SafeText;

/// Identities of the sign-ins, in order: the first cluster that each serves.
pub fn sign_ins(state: &State) -> Vec<String> {
    let all = state.sign_ins.audiences().iter();
    all.filter_map(|one| first(state, one)).collect()
}

/// The sign-in of that identity.
pub fn audience<'s>(state: &'s State, mark: &str) -> Option<&'s Audience> {
    let mut all = state.sign_ins.audiences().iter();
    all.find(|one| first(state, one).as_deref() == Some(mark))
}

fn first(state: &State, audience: &Audience) -> Option<String> {
    let clusters = audience.clusters(&state.config);
    clusters.first().map(|one| one.name.to_string())
}

/// True for a cluster that one signs in to, where nobody is signed in and nothing else opens it.
pub fn needs_sign_in(state: &State, cluster: &str) -> bool {
    let found = state.config.cluster(&ClusterName::from(cluster));
    found
        .is_some_and(|one| Audience::of(one, &state.config).is_some() && !state.has_credential(one))
}

/// What the token and the server call a person, where that is not the same: `(token, server)`.
pub fn disagreement(state: &State, cluster: &Cluster) -> Option<(SafeText, SafeText)> {
    let token = &state.session_on(&cluster.name)?.person.login;
    let world = state.world.cluster(&cluster.name)?;
    let server = world.greeting()?.user.as_ref()?;
    (server != token).then(|| (token.clone(), server.clone()))
}
