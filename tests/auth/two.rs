//! An estate of two issuers: each sign-in serves its own clusters, and no token crosses.

use crashcart::app::engine::Engine;
use crashcart::app::perform::Folders;
use crashcart::app::start::Start;
use crashcart::app::start::start;
use crashcart::audit::Entry;
use crashcart::audit::Kind;
use crashcart::audit::read;
use crashcart::auth::Audience;
use crashcart::auth::SignIn;
use crashcart::config;
use crashcart::config::ClusterName;
use crashcart::runbook::library::Library;
use crashcart::sim::Estate;
use crashcart::sim::Options;
use crashcart::state::State;
use crashcart::state::action::Action;
use crashcart::state::nav::Screen;
use crashcart::state::prompt::Prompt;
use crashcart::view::lines;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

/// How long anything here may take on a busy machine.
const LIMIT: Duration = Duration::from_secs(30);

/// A console on an estate whose lab-1 takes the tokens of a second issuer.
struct Night {
    estate: Estate,
    engine: Engine,
    home: tempfile::TempDir,
}

impl Night {
    /// Starts both; `change` may change what stands in the estate's folder before the console reads it.
    async fn start(change: impl FnOnce(&Path)) -> Night {
        let home = tempfile::tempdir().unwrap();
        let options = Options {
            seed: 7,
            apart: vec!["lab-1".to_owned()],
            ..Options::default()
        };
        let estate = Estate::start(options).await.unwrap();
        let folder = home.path().join("estate");
        estate.write_to(&folder).unwrap();
        change(&folder);
        let config = config::load(&folder.join("crashcart.toml"), None).unwrap();
        let folders = Folders {
            log: home.path().join("log"),
            last_known: home.path().join("last-known.json"),
        };
        let engine = start(&Start {
            config,
            folders,
            simulated: true,
            as_person: None,
            ask: true,
            library: Library::built_in(),
        });
        Night {
            estate,
            engine: engine.unwrap(),
            home,
        }
    }

    fn audience(&self, place: usize) -> Audience {
        self.engine.state.sign_ins.audiences()[place].clone()
    }

    /// Waits for the code that is asked for, and answers it as this person.
    async fn answer(&mut self, name: &str) {
        let offered = |state: &State| matches!(state.prompt, Some(Prompt::WhoAnswers { .. }));
        assert!(self.engine.until(LIMIT, offered).await, "a code is shown");
        while let Some(Prompt::WhoAnswers { people, at }) = &self.engine.state.prompt {
            if people[*at] == name {
                break;
            }
            self.engine.act(Action::Field(true), true);
        }
        self.engine.act(Action::Accept, true);
    }

    async fn signed_in(&mut self, place: usize) {
        let audience = self.audience(place);
        let done = |state: &State| state.sign_ins.session(&audience).is_some();
        assert!(self.engine.until(LIMIT, done).await, "{audience:?}");
    }

    async fn greeted(&mut self, names: &[&str]) {
        let done = |state: &State| names.iter().all(|name| user(state, name).is_some());
        assert!(self.engine.until(LIMIT, done).await, "{names:?} answer");
    }

    /// What a cluster was asked: each asker and the answer's code.
    fn asked(&self, name: &str) -> Vec<(String, u64)> {
        let entries = self.estate.cluster(name).unwrap().audit.entries();
        let pair = |entry: &serde_json::Value| {
            let user = entry["user"]["username"].as_str().unwrap_or("nobody");
            let code = entry["responseStatus"]["code"].as_u64().unwrap_or(0);
            (user.to_owned(), code)
        };
        entries.iter().map(pair).collect()
    }

    fn folder(&self) -> PathBuf {
        self.home.path().join("log")
    }

    fn entries(&self) -> Vec<Entry> {
        let rows = read::rows(&self.folder(), 1, u64::MAX).unwrap();
        rows.into_iter().filter_map(|row| row.entry).collect()
    }
}

/// Whom a cluster takes us for.
fn user(state: &State, name: &str) -> Option<String> {
    let world = state.world.cluster(&ClusterName::from(name))?;
    Some(world.greeting()?.user.as_ref()?.to_string())
}

#[tokio::test]
async fn each_sign_in_serves_its_own_clusters_and_no_token_crosses() {
    let mut night = Night::start(|_| {}).await;
    night.answer("alice").await;
    night.signed_in(0).await;
    night.greeted(&["sth-prod", "aws-prod"]).await;

    let state = &night.engine.state;
    assert_eq!(state.nav.screen, Screen::SignIn, "the next one is offered");
    assert_eq!(state.sign_ins.shown(), Some(&night.audience(1)));
    assert_eq!(night.asked("lab-1"), [], "nothing is sent to it yet");
    let findings = lines::findings_text(state, &state.board);
    assert!(
        findings.contains("lab-1 is not read: not signed in"),
        "{findings}"
    );

    night.engine.act(Action::CodeNew, true);
    night.answer("bob").await;
    night.signed_in(1).await;
    night.greeted(&["lab-1"]).await;
    let state = &night.engine.state;
    assert_eq!(state.nav.screen, Screen::Board, "nothing is missing");
    assert_eq!(user(state, "sth-prod").unwrap(), "alice@meridian.test");
    assert_eq!(user(state, "lab-1").unwrap(), "bob@apart.test");
    for (name, login) in [
        ("sth-prod", "alice@meridian.test"),
        ("aws-prod", "alice@meridian.test"),
        ("lab-1", "bob@apart.test"),
    ] {
        let strangers: Vec<_> = night.asked(name).into_iter().collect();
        assert!(!strangers.is_empty());
        for (asker, code) in strangers {
            assert_eq!((asker.as_str(), code == 401), (login, false), "{name}");
        }
    }
}

#[tokio::test]
async fn an_entry_names_the_person_as_its_cluster_knows_them_and_a_session_entry_names_all() {
    let mut night = Night::start(|_| {}).await;
    night.answer("alice").await;
    night.signed_in(0).await;
    night.engine.act(Action::CodeNew, true);
    night.answer("bob").await;
    night.signed_in(1).await;
    night.greeted(&["sth-prod", "aws-prod", "lab-1"]).await;
    let settled = |state: &State| state.board.clusters.iter().all(|(_, fresh)| fresh.counts());
    assert!(night.engine.until(LIMIT, settled).await);

    let engine = &mut night.engine;
    for cluster in ["sth-prod", "lab-1"] {
        engine.state.open_run = None;
        engine.act(Action::RunBook("restore-namespace".to_owned()), true);
        let namespace = if cluster == "lab-1" {
            "cohort"
        } else {
            "billing"
        };
        for value in [cluster, namespace, "", "INC-4411", "objects are lost"] {
            engine.act(Action::EraseLeft, true);
            for character in value.chars() {
                engine.act(Action::Type(character), true);
            }
            engine.act(Action::Accept, true);
        }
        let opened = |state: &State| {
            state
                .run()
                .is_some_and(|run| run.cluster.as_str() == cluster)
        };
        let done = engine.until(LIMIT, opened).await;
        assert!(
            done,
            "{cluster}: {:?} {:?}",
            engine.state.message, engine.state.prompt
        );
    }
    let told = night.entries();
    let opened: Vec<_> = (told.iter().filter(|entry| entry.kind == Kind::RunOpened))
        .map(|entry| (entry.actor.login.clone(), entry.actor.kube_user.clone()))
        .collect();
    let both = |login: &str| (Some(login.into()), Some(login.into()));
    assert_eq!(
        opened,
        [both("alice@meridian.test"), both("bob@apart.test")]
    );
    let last = told
        .iter()
        .rfind(|entry| entry.kind == Kind::SessionSignedIn);
    let login = last.unwrap().actor.login.clone().unwrap();
    for name in ["alice@meridian.test", "bob@apart.test"] {
        assert!(login.as_str().contains(name), "{login}");
    }
}

#[tokio::test]
async fn a_wrong_authority_on_one_issuer_leaves_the_other_working() {
    let swap = |folder: &Path| {
        // The other issuer's authority is trusted for the other issuer only.
        std::fs::copy(folder.join("issuer.crt"), folder.join("apart-issuer.crt")).unwrap();
    };
    let mut night = Night::start(swap).await;
    night.answer("alice").await;
    night.signed_in(0).await;
    night.engine.act(Action::CodeNew, true);
    let apart = night.audience(1);
    let ended = |state: &State| matches!(state.sign_ins.of(&apart), SignIn::Ended { .. });
    assert!(night.engine.until(LIMIT, ended).await);
    let SignIn::Ended { sentence } = night.engine.state.sign_ins.of(&apart) else {
        panic!("it has not ended");
    };
    let sentence = sentence.as_str();
    assert!(sentence.contains("could not prove who it is"), "{sentence}");
    night.greeted(&["sth-prod", "aws-prod"]).await;
    assert_eq!(night.asked("lab-1"), []);
}

#[tokio::test]
async fn one_sign_in_ends_and_the_other_goes_on() {
    let mut night = Night::start(|_| {}).await;
    night.answer("alice").await;
    night.signed_in(0).await;
    night.engine.act(Action::CodeNew, true);
    night.answer("bob").await;
    night.signed_in(1).await;
    night.greeted(&["sth-prod", "lab-1"]).await;

    let engine = &mut night.engine;
    engine.act(Action::Go(Screen::Session), true);
    engine.act(Action::End(true), true);
    engine.act(Action::SignOut, true);
    let lab = ClusterName::from("lab-1");
    let ended = |state: &State| state.person_on(&lab).is_none();
    assert!(engine.until(LIMIT, ended).await, "signed out of lab-1");
    let state = &engine.state;
    let sth = state.person_on(&ClusterName::from("sth-prod")).unwrap();
    assert_eq!(sth.login, "alice@meridian.test");
    let findings = lines::findings_text(state, &state.board);
    assert!(
        findings.contains("lab-1 is not read: not signed in"),
        "{findings}"
    );
    engine.act(Action::Refresh, true);
    night.greeted(&["sth-prod", "aws-prod"]).await;
    let nobody = night
        .asked("lab-1")
        .into_iter()
        .find(|(asker, _)| asker == "nobody");
    assert_eq!(nobody, None, "it is not asked without a token");
}

#[tokio::test]
async fn an_issuer_that_is_down_leaves_a_cluster_to_its_fallback_and_the_rest_unread() {
    let down = |folder: &Path| {
        let path = folder.join("crashcart.toml");
        let text = std::fs::read_to_string(&path).unwrap();
        let first = text.find("issuer = \"https://127.0.0.1:").unwrap();
        let end = first + text[first..].find('\n').unwrap();
        let text = format!(
            "{}issuer = \"https://127.0.0.1:1\"{}",
            &text[..first],
            &text[end..]
        );
        let fallback = "fallback = { kubeconfig = \"erik.kubeconfig\", context = \"sth-prod\" }";
        let named = "[[cluster]]\nname = \"sth-prod\"\n";
        assert!(text.contains(named));
        std::fs::write(&path, text.replace(named, &format!("{named}{fallback}\n"))).unwrap();
    };
    let mut night = Night::start(down).await;
    night.greeted(&["sth-prod"]).await;
    let state = &night.engine.state;
    let sth = ClusterName::from("sth-prod");
    assert!(state.fallbacks.contains(&sth));
    assert_eq!(user(state, "sth-prod").unwrap(), "erik@meridian.test");
    assert!(
        state.person_on(&sth).is_none(),
        "nobody has proved who they are"
    );
    assert_eq!(night.asked("aws-prod"), [], "what names none is not asked");
    let engine = &mut night.engine;
    engine.act(Action::RunBook("restore-namespace".to_owned()), true);
    assert!(engine.state.prompt.is_none(), "no form opens");
    assert!(engine.state.run().is_none());
}
