//! The night that every journey begins in: a simulated estate, folded by the real engine, alice signed in.
//!
//! Made once for all journeys: the board, a run that shows its plan, and the same run before its restore.

use std::sync::OnceLock;
use std::time::Duration;

use crashcart::app::engine::Engine;
use crashcart::app::perform::Folders;
use crashcart::app::start::Start;
use crashcart::app::start::start;
use crashcart::auth::Person;
use crashcart::config;
use crashcart::config::Secret;
use crashcart::runbook::library::Library;
use crashcart::sim::Estate;
use crashcart::sim::Options;
use crashcart::sources::fact::Watch;
use crashcart::state::State;
use crashcart::state::action::Action;
use crashcart::state::event::What;
use crashcart::state::prompt::Prompt;

/// How long the simulated world may take for one thing.
const LIMIT: Duration = Duration::from_secs(30);

/// States to begin from.
pub(crate) struct Night {
    pub(crate) board: State,
    pub(crate) plan: State,
    pub(crate) restore: State,
}

/// The board, everything live.
pub(crate) fn board() -> State {
    night().board.clone()
}

/// A run on billing that shows its plan; nothing was sent.
pub(crate) fn plan() -> State {
    night().plan.clone()
}

/// The same run before its restore is sent.
pub(crate) fn restore() -> State {
    night().restore.clone()
}

fn night() -> &'static Night {
    static NIGHT: OnceLock<Night> = OnceLock::new();
    NIGHT.get_or_init(|| {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        runtime.block_on(fold())
    })
}

async fn fold() -> Night {
    let home = tempfile::tempdir().expect("a folder");
    let estate = Estate::start(Options {
        seed: 7,
        ..Options::default()
    })
    .await
    .expect("an estate");
    let folder = home.path().join("estate");
    estate.write_to(&folder).expect("written");
    let config = config::load(&folder.join("crashcart.toml"), None).expect("a configuration");
    let alice = estate.people().find("alice").expect("alice");
    let person = Person {
        issuer: config.identities[0].issuer.clone(),
        subject: alice.subject.clone(),
        login: alice.user.as_str().into(),
        groups: vec!["sre-operators".into()],
    };
    let mut engine = start(&Start {
        config,
        library: Library::built_in(),
        folders: Folders {
            log: home.path().join("log"),
            last_known: home.path().join("last-known.json"),
        },
        simulated: true,
        as_person: Some((person, Secret::new(&alice.token))),
        ask: false,
    })
    .expect("a console");
    assert!(engine.until(LIMIT, settled).await, "the world answers");
    engine.state.message = None;
    let board = engine.state.clone();
    let plan = to_the_plan(&mut engine).await;
    let restore = to_the_restore(&mut engine).await;
    Night {
        board,
        plan,
        restore,
    }
}

fn settled(state: &State) -> bool {
    let clusters = &state.config.clusters;
    clusters.iter().all(|cluster| {
        let world = state.world.cluster(&cluster.name);
        world.is_some_and(|world| {
            Watch::ALL
                .iter()
                .all(|watch| world.watch(*watch).has_answered())
        })
    })
}

async fn to_the_plan(engine: &mut Engine) -> State {
    engine.act(Action::RunBook("restore-namespace".to_owned()), true);
    for value in ["sth-prod", "billing", "", "INC-4411", "objects are lost"] {
        assert!(matches!(engine.state.prompt, Some(Prompt::Fill { .. })));
        engine.act(Action::EraseLeft, true);
        for character in value.chars() {
            engine.act(Action::Type(character), true);
        }
        engine.act(Action::Accept, true);
    }
    let planned = engine.until(LIMIT, |state| {
        state.busy.is_none() && state.run().is_some_and(|run| run.plan.is_some())
    });
    assert!(planned.await, "it is planned");
    engine.state.clone()
}

async fn to_the_restore(engine: &mut Engine) -> State {
    press(engine, Some(Action::RunDo), None).await;
    press(engine, Some(Action::RunDo), Some("billing")).await;
    press(engine, Some(Action::RunSkip), Some("not needed here")).await;
    let ready = engine.until(LIMIT, |state| {
        let quiet = state.busy.is_none() && !state.reading;
        quiet && state.card().is_some_and(|card| card.sends)
    });
    assert!(ready.await, "the restore is shown");
    engine.state.clone()
}

/// Does what the pane shows, once it was shown long enough.
async fn press(engine: &mut Engine, action: Option<Action>, text: Option<&str>) {
    engine
        .until(LIMIT, |state| {
            state.busy.is_none() && state.card().is_some_and(|card| !card.enter.is_empty())
        })
        .await;
    if let Some(card) = engine.state.card_id() {
        engine.happen(What::Drawn { card: Some(card) });
        let shown = engine.state.now.mono_ms;
        engine
            .until(LIMIT, |state| state.now.mono_ms >= shown + 320)
            .await;
    }
    let before = engine.state.revision;
    engine.act(action.expect("an action"), true);
    if let Some(text) = text {
        for character in text.chars() {
            engine.act(Action::Type(character), true);
        }
        engine.act(Action::Accept, true);
    }
    engine
        .until(LIMIT, |state| {
            state.revision > before && state.busy.is_none()
        })
        .await;
}
