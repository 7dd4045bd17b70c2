//! The life of a sign-in, outside: whichever way it ends, nobody acts by its tokens afterwards.

use crate::browser::knock;
use crate::night::Browser;
use crashcart::app::clock::Clock;
use crashcart::app::desk::Desk;
use crashcart::app::perform::Folders;
use crashcart::app::perform::Perform;
use crashcart::app::perform::actors::Actors;
use crashcart::app::perform::attendance::Attendance;
use crashcart::app::perform::keeper::Keeper;
use crashcart::app::perform::tools;
use crashcart::app::perform::tools::Tools;
use crashcart::audit::Actor;
use crashcart::auth::Audience;
use crashcart::auth::GivenBack;
use crashcart::auth::oidc;
use crashcart::auth::sign_in::Event as Step;
use crashcart::config;
use crashcart::config::ClusterAuth;
use crashcart::config::Config;
use crashcart::config::Eks;
use crashcart::config::Flow;
use crashcart::runbook::library::Library;
use crashcart::sim::Estate;
use crashcart::sim::Options;
use crashcart::sim::issuer::Entrance;
use crashcart::sources::cluster::Link;
use crashcart::sources::cluster::TokenSlot;
use crashcart::sources::fact::Fact;
use crashcart::state::State;
use crashcart::state::effect::Effect;
use crashcart::state::event::Event;
use crashcart::state::event::What;
use crashcart::state::nav::Nav;
use crashcart::state::presence::Away;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;

/// How long anything here may take on a busy machine.
const LIMIT: Duration = Duration::from_secs(30);

/// The hands alone, on one simulated cluster and its issuer: this test is the loop.
struct Hands {
    estate: Estate,
    perform: Perform,
    tools: Tools,
    state: State,
    events: mpsc::Receiver<Event>,
    _home: tempfile::TempDir,
}

impl Hands {
    async fn start() -> Hands {
        Hands::start_with(|_| {}).await
    }

    /// As `start`, with something of the configuration changed.
    async fn start_with(change: impl FnOnce(&mut Config)) -> Hands {
        Hands::of(Options::default(), change).await
    }

    /// As `start_with`, with whatever else is said of the cluster.
    async fn of(options: Options, change: impl FnOnce(&mut Config)) -> Hands {
        let home = tempfile::tempdir().unwrap();
        let options = Options {
            seed: 7,
            only: vec!["lab-1".to_owned()],
            bare: true,
            ..options
        };
        let estate = Estate::start(options).await.unwrap();
        let folder = home.path().join("estate");
        estate.write_to(&folder).unwrap();
        let mut config = config::load(&folder.join("crashcart.toml"), None).unwrap();
        change(&mut config);
        let config = Arc::new(config);
        let clock = Clock::start();
        let (sender, events) = mpsc::channel(1024);
        let log = home.path().join("log");
        let tools = Tools {
            events: sender,
            clock: clock.clone(),
            desk: Desk::shut("no log here".into()),
            config: Arc::clone(&config),
            tokens: tools::slots(&config),
            actors: Actors::new(Actor::default()),
            attendance: Attendance::default(),
            keeper: Keeper::new(&config, &log, None),
        };
        let folders = Folders {
            log,
            last_known: home.path().join("last-known.json"),
        };
        let library = Arc::new(Library::built_in());
        Hands {
            estate,
            perform: Perform::new(tools.clone(), folders),
            state: State::new(config, library, clock.now()),
            tools,
            events,
            _home: home,
        }
    }

    fn audience(&self) -> Audience {
        Audience::all(&self.tools.config)[0].clone()
    }

    fn slot(&self) -> &TokenSlot {
        &self.tools.tokens[&self.audience()]
    }

    fn perform(&mut self, effect: Effect) {
        self.perform.perform(effect, &self.state);
    }

    /// Waits for a step of the sign-in.
    async fn step(&mut self, wanted: impl Fn(&Step) -> bool) -> Step {
        let found = async {
            loop {
                let event = self.events.recv().await.unwrap();
                if let What::SignIn { step, .. } = event.what
                    && wanted(&step)
                {
                    return step;
                }
            }
        };
        tokio::time::timeout(LIMIT, found).await.unwrap()
    }

    /// Somebody signs in by a code.
    async fn signed_in(&mut self) {
        self.perform(Effect::SignIn(self.audience()));
        self.step(|step| matches!(step, Step::Prompt(_))).await;
        self.perform(Effect::AnswerSignIn {
            audience: self.audience(),
            person: "alice".to_owned(),
            endpoint: String::new(),
            user_code: String::new(),
        });
        self.step(|step| matches!(step, Step::SignedIn(_))).await;
        assert!(!self.slot().is_empty());
        assert!(self.tools.actors.all().login.is_some());
        let clusters = self.state.config.clusters.iter();
        let clusters = clusters.map(|one| one.name.clone()).collect();
        self.perform(Effect::Connect(clusters));
    }

    /// Waits until there is no token any more and nobody acts, and asserts that nobody was told of an end before.
    async fn emptied(&mut self) {
        let emptied = async {
            while !self.slot().is_empty() || self.tools.actors.all().login.is_some() {
                if let Ok(event) = self.events.try_recv() {
                    let ended = |step: &Step| matches!(step, Step::SignedOut);
                    assert!(
                        !matches!(&event.what, What::SignIn { step, .. } if ended(step)),
                        "the token was held until the issuer had answered"
                    );
                }
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(LIMIT, emptied).await.unwrap();
    }

    /// Waits until the sign-in is over, and says what became of its tokens.
    async fn given_back(&mut self) -> GivenBack {
        let mut became = None;
        let over = async {
            loop {
                match self.events.recv().await.unwrap().what {
                    What::GivenBack { how, .. } => became = Some(how),
                    What::SignIn {
                        step: Step::SignedOut,
                        ..
                    } => return,
                    _ => {}
                }
            }
        };
        tokio::time::timeout(LIMIT, over).await.unwrap();
        became.unwrap()
    }

    /// The address that a browser ends on which logs in as alice at the cluster's own server.
    async fn logged_in(&self, page: &str) -> String {
        let Entrance::OpenShift { oauth, ca } = &self.estate.clusters()[0].entrance else {
            panic!("no OAuth server");
        };
        let mut browser = Browser::at(oauth.url(), ca);
        let sent = browser.get(page.strip_prefix(oauth.url()).unwrap()).await;
        let form = browser.get(&sent.location).await;
        let csrf = form.text.split("name=csrf value=").nth(1).unwrap();
        let csrf = csrf.split('>').next().unwrap();
        let then = sent.sent("then");
        let filled = format!("then={then}&csrf={csrf}&username=alice&password=x");
        let back = browser.post("/login/sim", &filled).await;
        browser.get(&back.location).await.location
    }

    fn fault(&self, words: &str) {
        self.estate.faults().add(words.parse().unwrap());
    }
}

#[tokio::test]
async fn signing_out_lets_go_of_the_token_before_the_issuer_answers() {
    let mut hands = Hands::start().await;
    hands.signed_in().await;
    hands.fault("identity=sim kind=revoke fault=dead");
    hands.perform(Effect::SignOut(hands.audience()));
    hands.emptied().await;
}

#[tokio::test]
async fn nobody_acts_from_the_moment_they_sign_out_whatever_its_task_is_at() {
    for leave in [false, true] {
        let mut hands = Hands::start().await;
        hands.signed_in().await;
        let to = hands.audience();
        hands.perform(if leave {
            Effect::Leave(vec![to])
        } else {
            Effect::SignOut(to)
        });
        // Its task has not run since: it may be at a renewal.
        assert!(hands.slot().is_empty(), "{leave}");
    }
}

#[tokio::test]
async fn a_sign_in_that_is_broken_off_lets_go_of_its_token() {
    let mut hands = Hands::start().await;
    hands.signed_in().await;
    hands.perform(Effect::CancelSignIn(hands.audience()));
    hands.emptied().await;
}

#[tokio::test]
async fn a_console_that_is_left_lets_go_of_its_token_whatever_holds_up_the_issuer() {
    let mut hands = Hands::start().await;
    hands.signed_in().await;
    hands.fault("identity=sim kind=revoke fault=dead");
    hands.perform(Effect::Leave(vec![hands.audience()]));
    hands.emptied().await;
}

#[tokio::test]
async fn what_lay_in_the_slot_before_a_sign_in_stays_when_that_is_given_up() {
    let mut hands = Hands::start().await;
    hands.slot().set(Some(config::Secret::new("by --as")));
    hands.perform(Effect::SignIn(hands.audience()));
    hands.step(|step| matches!(step, Step::Prompt(_))).await;
    hands.perform(Effect::CancelSignIn(hands.audience()));
    // The next one begins when the one before is over.
    hands.perform(Effect::SignIn(hands.audience()));
    hands.step(|step| matches!(step, Step::Prompt(_))).await;
    assert!(!hands.slot().is_empty());
}

#[tokio::test]
async fn an_end_is_said_when_the_tokens_are_given_back_and_nothing_renews_by_them() {
    let mut hands = Hands::start().await;
    hands.signed_in().await;
    hands.perform(Effect::SignOut(hands.audience()));
    assert_eq!(hands.given_back().await, GivenBack::Taken);
    let identity = hands.audience().asked(&hands.tools.config).unwrap();
    let mut client = oidc::discover(&identity, oidc::DEADLINE).await.unwrap();
    let issuer = hands.estate.issuer_of_identity("sim").unwrap();
    let old = config::Secret::new(&issuer.refresh_tokens()[0]);
    let now = hands.tools.clock.now().wall;
    let refused = client.renew(&old, None, now).await.unwrap_err();
    assert!(
        refused.to_string().contains("Session not active"),
        "{refused}"
    );
    // And where nobody is signed in, it is said all the same.
    hands.perform(Effect::SignOut(hands.audience()));
    assert_eq!(hands.given_back().await, GivenBack::Nothing);
}

#[tokio::test]
async fn an_issuer_that_takes_no_tokens_back_is_said_before_the_end() {
    let mut hands = Hands::start().await;
    hands.signed_in().await;
    hands.fault("identity=sim kind=revoke fault=503");
    hands.perform(Effect::SignOut(hands.audience()));
    let how = hands.given_back().await;
    let words = "it gave status 503";
    assert!(
        matches!(&how, GivenBack::Refused { reason } if reason.as_str().contains(words)),
        "{how:?}"
    );
}

/// Nobody has pressed a key since this host booted, and the loop has not noticed.
fn alone(hands: &Hands) {
    assert!(hands.tools.clock.now().mono_ms > 120_000, "booted just now");
    hands.tools.attendance.touch(1);
}

/// The console goes blank after a second.
fn soon(config: &mut Config) {
    config.tokens.idle_s = Some(1);
}

#[tokio::test]
async fn a_token_of_openshift_is_deleted_where_nobody_is_there_and_the_loop_hangs() {
    let options = Options {
        openshift: vec!["lab-1".to_owned()],
        ..Options::default()
    };
    let mut hands = Hands::of(options, soon).await;
    alone(&hands);
    hands.perform(Effect::SignIn(hands.audience()));
    let Step::Page(page) = hands.step(|step| matches!(step, Step::Page(_))).await else {
        panic!("no page");
    };
    let address = hands.logged_in(page.address.as_str()).await;
    hands.perform(Effect::Redirect {
        audience: hands.audience(),
        address: config::Secret::new(&address),
    });
    hands.step(|step| matches!(step, Step::SignedIn(_))).await;
    assert_eq!(hands.given_back().await, GivenBack::Taken);
    assert!(hands.slot().is_empty() && hands.tools.actors.all().login.is_none());
}

#[tokio::test]
async fn a_connection_is_closed_where_nobody_is_there_and_the_loop_hangs() {
    let mut hands = Hands::start_with(soon).await;
    alone(&hands);
    let clusters = hands.state.config.clusters.iter();
    let clusters = clusters.map(|one| one.name.clone()).collect();
    hands.perform(Effect::Connect(clusters));
    let told = async {
        loop {
            if let What::Fact { fact, .. } = hands.events.recv().await.unwrap().what {
                return fact;
            }
        }
    };
    let told = tokio::time::timeout(LIMIT, told).await.unwrap();
    let Fact::Unreachable(why) = told else {
        panic!("{told:?}");
    };
    assert!(why.as_str().starts_with("left alone"), "{why}");
}

/// What somebody left a moment ago.
fn left(hands: &Hands) -> Away {
    Away {
        since: hands.tools.clock.now(),
        person: None,
        signed_in: BTreeMap::new(),
        people: BTreeMap::new(),
        nav: Nav::default(),
        leaving: false,
        put_down: None,
        proving: true,
        stranger: None,
    }
}

#[tokio::test]
async fn whichever_way_somebody_comes_back_the_page_is_told_to_ask_them_anew() {
    let mut hands = Hands::start_with(|config| {
        config.identities[0].flow = Flow::Loopback;
        config.identities[0].loopback_on_shared_host = true;
    })
    .await;
    let to = hands.audience();
    for (effect, away, anew) in [
        (Effect::SignInByPaste(to.clone()), false, false),
        (Effect::SignInByPaste(to.clone()), true, true),
        (Effect::ProveAnew(to.clone()), false, true),
        (Effect::ProveAnew(to.clone()), true, true),
    ] {
        hands.state.presence.away = away.then(|| Box::new(left(&hands)));
        hands.perform(effect);
        let Step::Page(page) = hands.step(|step| matches!(step, Step::Page(_))).await else {
            panic!("no page");
        };
        let address = page.address.as_str();
        let told = address.ends_with("&prompt=login&max_age=0");
        assert_eq!(told, anew, "{away}: {address}");
    }
}

#[tokio::test]
async fn a_token_that_is_refused_proves_nothing_about_the_server_s_own_store() {
    let mut hands = Hands::start().await;
    hands.signed_in().await;
    let cluster = &hands.tools.config.clusters[0];
    let asked = async |token: TokenSlot| Link::open(cluster, 1, token).unwrap().quorum().await;
    let unknown = TokenSlot::new(config::Secret::new("not-a-token"));
    assert_eq!(asked(unknown).await, None, "401 is no answer of its store");
    // She may read nothing in an empty cluster: that is said before the store is asked.
    assert_eq!(asked(hands.slot().clone()).await, None, "nor is 403");
    let lost = |fact: Option<Fact>| matches!(fact, Some(Fact::Quorum(Some(_))));
    hands.fault("cluster=lab-1 fault=500");
    assert!(lost(asked(hands.slot().clone()).await), "but a failure is");
}

#[tokio::test]
async fn an_address_that_was_listened_for_is_said_before_the_issuer_is_asked() {
    let mut hands = Hands::start_with(|config| {
        config.identities[0].flow = Flow::Loopback;
        config.identities[0].loopback_on_shared_host = true;
    })
    .await;
    hands.perform(Effect::SignIn(hands.audience()));
    let Step::Page(page) = hands.step(|step| matches!(step, Step::Page(_))).await else {
        panic!("no page");
    };
    let address = format!("{}?code=c&state=another", page.redirect);
    let knocks = knock("GET", &address, None);
    let came = hands.step(|step| matches!(step, Step::Redeeming | Step::Odd { .. }));
    let (status, came) = tokio::join!(knocks, came);
    assert_eq!((status, came), (400, Step::Redeeming));
    let odd = hands.step(|step| matches!(step, Step::Odd { .. })).await;
    assert!(matches!(odd, Step::Odd { .. }));
}

#[tokio::test]
async fn before_the_first_signed_token_a_cluster_is_asked_nothing_without_one() {
    let mut hands = Hands::start_with(|config| {
        config.clusters[0].auth = ClusterAuth::Eks(Eks {
            cluster: "lab-1".to_owned(),
            region: "eu-west-1".to_owned(),
            sts: None,
            ca: None,
            // There are no keys of that name, so no token is ever signed.
            profile: Some("nobody-has-this-profile".to_owned()),
        });
    })
    .await;
    let cluster = hands.tools.config.clusters[0].name.clone();
    let heard = |hands: &Hands| hands.estate.clusters()[0].audit.entries();
    let before = heard(&hands);
    hands.perform(Effect::Connect(vec![cluster.clone()]));
    hands.perform(Effect::AskRights {
        cluster,
        generation: 1,
        questions: Vec::new(),
        namespace: "default".to_owned(),
        places: Vec::new(),
    });
    let told = async {
        loop {
            let what = hands.events.recv().await.unwrap().what;
            if let What::Fact {
                fact: Fact::Rights(_),
                ..
            } = what
            {
                return;
            }
        }
    };
    tokio::time::timeout(LIMIT, told).await.unwrap();
    assert_eq!(heard(&hands), before, "nothing came there");
}
