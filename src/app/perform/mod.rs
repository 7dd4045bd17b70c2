//! Effects become deeds. The only place that changes the world: entry first, then the request, then its outcome.
//!
//! One file per noun: `connect` (clusters), `sign_in` (an issuer), `acting` (by whom), `browser` (its page), `renew`, `keeper` and `give_back` (what came of it), `actors` (who stands behind an entry), `attendance` (whether anybody is there), `run` (entries, readings, requests of a run), `rights` (what we may, and a Secret's keys), `install` (roles and policies),
//! `names` (what a run asks about many objects), `keep` (the last known board), `program` (the one program that may be started), `weigh` (what a connection carries), `tools` (what they share). Each deed is a task; its end comes back as an event.

mod acting;
pub mod actors;
pub mod attendance;
mod aws;
mod browser;
mod connect;
mod give_back;
pub mod install;
pub mod keep;
pub mod keeper;
mod names;
mod openshift;
pub mod program;
mod renew;
mod rights;
mod run;
mod sealed;
mod sign_in;
pub mod tools;
mod weigh;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use self::acting::Acting;
use self::install::Installer;
use self::sign_in::Ask;
use self::sign_in::How;
use self::tools::Tools;
use super::turn::Turn;
use crate::audit::Draft;
use crate::audit::Kind;
use crate::auth::Audience;
use crate::auth::oidc::Anew;
use crate::auth::sign_in::Event as Step;
use crate::config::ClusterName;
use crate::sources::cluster::Link;
use crate::sources::level::Level;
use crate::state::State;
use crate::state::effect::Effect;
use crate::state::event::What;
use crate::text::SafeText;

/// How long an ending program waits for a renewal that is under way.
const LAST_RENEWAL: Duration = Duration::from_millis(700);

/// Where things are kept.
#[derive(Clone, Debug)]
pub struct Folders {
    /// The log.
    pub log: PathBuf,
    /// The last known board.
    pub last_known: PathBuf,
}

/// One connection to one cluster.
#[derive(Debug)]
struct Connection {
    generation: u64,
    link: Arc<Link>,
    task: JoinHandle<()>,
}

/// One sign-in under way, or kept fresh.
#[derive(Debug)]
struct SigningIn {
    asks: mpsc::Sender<Ask>,
    acting: Acting,
    task: JoinHandle<()>,
}

/// Carries out effects.
#[derive(Debug)]
pub struct Perform {
    tools: Tools,
    folders: Folders,
    connections: BTreeMap<ClusterName, Connection>,
    generation: u64,
    sign_ins: BTreeMap<Audience, SigningIn>,
}

impl Perform {
    /// Nothing is connected yet.
    pub fn new(tools: Tools, folders: Folders) -> Perform {
        Perform {
            tools,
            folders,
            connections: BTreeMap::new(),
            generation: 0,
            sign_ins: BTreeMap::new(),
        }
    }

    /// Begins one deed and returns at once.
    pub fn perform(&mut self, effect: Effect, state: &State) -> Turn {
        match effect {
            Effect::Connect(clusters) => self.connect(&clusters, state),
            Effect::Disconnect(clusters) => self.disconnect(&clusters),
            Effect::SignIn(audience) => self.sign_in(audience, How::Ask, state),
            Effect::SignInByPaste(audience) => self.sign_in(audience, How::Paste, state),
            Effect::ProveAnew(audience) => self.sign_in(audience, How::Prove, state),
            Effect::TakeUp(audience) => self.take_up(audience, state),
            Effect::Leave(audiences) => self.leave(audiences),
            Effect::Redirect { audience, address } => self.ask(&audience, Ask::Address(address)),
            Effect::CancelSignIn(audience) => drop(self.give_up(&audience)),
            Effect::AnswerSignIn {
                audience, person, ..
            } => self.ask(&audience, Ask::Answer(person)),
            Effect::SignOut(audience) => self.sign_out(vec![audience], None),
            Effect::Open { opened } => drop(spawn(run::open(self.tools.clone(), *opened))),
            Effect::Carry {
                run,
                commands,
                generation,
                digest,
            } => {
                let link = self.link(&run.cluster, generation);
                let wanted = run::Wanted {
                    run: *run,
                    generation,
                    digest,
                };
                drop(spawn(run::carry(
                    self.tools.clone(),
                    link,
                    wanted,
                    commands,
                )));
            }
            Effect::AskRights {
                cluster,
                generation,
                questions,
                namespace,
                places,
            } => {
                if let Some(link) = self.link(&cluster, generation) {
                    let asked = (questions, namespace, places);
                    drop(spawn(rights::ask(self.tools.clone(), link, cluster, asked)));
                }
            }
            Effect::SecretKeys { which, generation } => {
                let link = self.link(&which.cluster, generation);
                drop(spawn(rights::keys(self.tools.clone(), link, which)));
            }
            Effect::VerifyLog => drop(spawn(verify(self.tools.clone(), self.folders.log.clone()))),
            Effect::TryLog => {
                let desk = self.tools.desk.clone();
                drop(spawn(async move { desk.try_again().await }));
            }
            // The last known board is a convenience: a disk that is full must not end the night's work.
            Effect::SaveLastKnown => drop(keep::save(&self.folders.last_known, state)),
            Effect::Redraw => return Turn::Redraw,
            Effect::Quit => return Turn::End,
        }
        Turn::On
    }

    /// Ends a sign-in, also in the middle of a request: no answer is waited for any more, and with its task go its
    /// tokens. What is connected by it is closed by the state, which knows of it.
    fn give_up(&mut self, audience: &Audience) -> Option<JoinHandle<()>> {
        let given_up = self.sign_ins.remove(audience)?;
        given_up.task.abort();
        Some(given_up.task)
    }

    /// The connection of that generation to a cluster, while it stands.
    fn link(&self, cluster: &ClusterName, generation: u64) -> Option<Arc<Link>> {
        let here = self.connections.get(cluster);
        let here = here.filter(|one| one.generation == generation);
        here.map(|one| Arc::clone(&one.link))
    }

    /// What installs roles and policies on a cluster, while it is connected.
    pub fn installer(&self, cluster: &ClusterName) -> Option<Installer> {
        let link = Arc::clone(&self.connections.get(cluster)?.link);
        Some(Installer::new(self.tools.clone(), link))
    }

    /// Ends every task. What was being sent has been waited for before.
    pub async fn end(mut self) {
        openshift::all_given_back(&self.tools.config, &mut self.sign_ins).await;
        drop(
            self.tools
                .desk
                .append(self.tools.draft(Kind::SessionClosed), None)
                .await,
        );
        for connection in std::mem::take(&mut self.connections).into_values() {
            connection.task.abort();
        }
        for sign_in in std::mem::take(&mut self.sign_ins).into_values() {
            sign_in.task.abort();
        }
        self.tools.keeper.rested(LAST_RENEWAL).await;
    }

    /// Somebody sits here, at so many milliseconds after boot.
    pub fn touch(&self, mono_ms: u64) {
        self.tools.attendance.touch(mono_ms);
    }

    /// Somebody pressed a key; nothing where nobody is watched for.
    pub fn touched(&self, mono_ms: u64) {
        if self.tools.attendance.is_watched() {
            self.touch(mono_ms);
        }
    }

    /// Records that the session began; a log that cannot take it says so by itself.
    pub fn record_session(&self, kind: Kind) {
        let (desk, draft) = (self.tools.desk.clone(), self.tools.draft(kind));
        drop(spawn(async move { drop(desk.append(draft, None).await) }));
    }

    fn connect(&mut self, clusters: &[ClusterName], state: &State) {
        for name in clusters {
            let Some(cluster) = self.tools.config.cluster(name).cloned() else {
                continue;
            };
            if let Some(old) = self.connections.remove(name) {
                old.task.abort();
            }
            self.generation += 1;
            let generation = self.generation;
            let by_fallback = state.fallbacks.contains(name);
            let link = match connect::open(&self.tools, &cluster, generation, by_fallback) {
                Ok(link) => Arc::new(link),
                Err(fact) => {
                    spawn(connect::refused(
                        self.tools.clone(),
                        name.clone(),
                        generation,
                        fact,
                    ));
                    continue;
                }
            };
            let task = spawn(connect::attended(
                self.tools.clone(),
                Arc::clone(&link),
                link.token().clone(),
                generation,
            ));
            self.connections.insert(
                name.clone(),
                Connection {
                    generation,
                    link,
                    task,
                },
            );
        }
    }

    fn disconnect(&mut self, clusters: &[ClusterName]) {
        for old in clusters
            .iter()
            .filter_map(|one| self.connections.remove(one))
        {
            old.link.close();
            old.task.abort();
        }
    }

    /// The console was left alone: recorded first, then the tokens go and with them every connection.
    fn leave(&mut self, audiences: Vec<Audience>) {
        for connection in std::mem::take(&mut self.connections).into_values() {
            connection.link.close();
            connection.task.abort();
        }
        let draft = self.tools.draft(Kind::SessionIdle);
        // Whatever a disk or an issuer holds up: nobody asks with these tokens from here on.
        let slots = audiences
            .iter()
            .filter_map(|one| self.tools.tokens.get(one));
        slots.for_each(|slot| slot.set(None));
        self.sign_out(audiences, Some(draft));
    }

    /// Gives tokens back; where nobody is signed in, what is kept from before. Each end is said when all of it is over,
    /// however that came. What is to be recorded `before` is.
    fn sign_out(&mut self, audiences: Vec<Audience>, before: Option<Draft>) {
        let leaving: Vec<_> = audiences
            .into_iter()
            .map(|one| (self.sign_ins.remove(&one), one))
            .map(|(sign_in, one)| (sign_in.filter(|one| !one.task.is_finished()), one))
            .collect();
        for (sign_in, _) in &leaving {
            // It may be at a renewal, and would answer only then.
            sign_in.iter().for_each(|one| one.acting.leave());
        }
        let tools = self.tools.clone();
        // Only a key asks for that: what else is kept may be somebody else's.
        let kept_too = before.is_none();
        drop(spawn(async move {
            if let Some(draft) = before {
                drop(tools.desk.append(draft, None).await);
            }
            for (sign_in, _) in &leaving {
                if let Some(sign_in) = sign_in {
                    // One that ends by itself meanwhile has no tokens any more.
                    drop(sign_in.asks.send(Ask::SignOut).await);
                }
            }
            for (sign_in, audience) in leaving {
                match sign_in {
                    Some(sign_in) => drop(sign_in.task.await),
                    None if kept_too => give_back::give_back(&tools, &audience).await,
                    None => {}
                }
                let step = Step::SignedOut;
                tools.tell(What::SignIn { audience, step }).await;
            }
        }));
    }

    fn sign_in(&mut self, audience: Audience, how: How, state: &State) {
        let Some(identity) = audience.asked(&self.tools.config) else {
            return;
        };
        // Whichever way somebody comes back to a console that was left: what a browser remembers is not enough.
        let since = state.presence.away.as_ref().map(|away| away.since.wall);
        let anew = (how == How::Prove || since.is_some()).then_some(Anew { since });
        let before = self.give_up(&audience);
        let (asks, waiting) = mpsc::channel(4);
        let (tools, to) = (self.tools.clone(), audience.clone());
        let acting = Acting::new(tools.tokens.get(&to).cloned().unwrap_or_default());
        let with = (how, anew, acting.clone());
        let task = spawn(async move {
            if let Some(before) = before {
                // It is over when it has cleared its slot; what comes into that from then on stays.
                drop(before.await);
            }
            sign_in::sign_in(tools, to, identity, waiting, with).await;
        });
        let begun = SigningIn { asks, acting, task };
        self.sign_ins.insert(audience, begun);
    }

    /// Takes up what is kept, unless somebody is signing in there already.
    fn take_up(&mut self, audience: Audience, state: &State) {
        let begun = self.sign_ins.get(&audience);
        if begun.is_none_or(|one| one.task.is_finished()) {
            self.sign_in(audience, How::TakeUp, state);
        }
    }

    fn ask(&self, audience: &Audience, ask: Ask) {
        if let Some(sign_in) = self.sign_ins.get(audience) {
            // A sign-in that has ended answers nobody; the screen shows that it ended.
            drop(sign_in.asks.try_send(ask));
        }
    }
}

fn spawn(deed: impl Future<Output = ()> + Send + 'static) -> JoinHandle<()> {
    spawn_with(deed)
}

/// Starts a task of this room that gives something back.
#[expect(clippy::disallowed_methods, reason = "tasks are started in app")]
fn spawn_with<T: Send + 'static>(deed: impl Future<Output = T> + Send + 'static) -> JoinHandle<T> {
    tokio::spawn(deed)
}

/// Verifies the log from disk, on a thread that may block.
async fn verify(tools: Tools, folder: PathBuf) {
    let report = tokio::task::spawn_blocking(move || crate::audit::verify(&folder)).await;
    let sentences = match report {
        Ok(report) => report
            .lines
            .iter()
            .map(|line| (level(line.level), SafeText::new(&line.sentence)))
            .collect(),
        Err(_) => vec![(
            Level::Unknown,
            SafeText::new("the verification did not end; press v again"),
        )],
    };
    tools.tell(What::Verified(sentences)).await;
}

fn level(word: &str) -> Level {
    let known = [Level::Ok, Level::Warn, Level::Crit, Level::Absent];
    known
        .into_iter()
        .find(|level| level.word() == word)
        .unwrap_or(Level::Unknown)
}
