//! Every fault against an issuer, at each thing it is asked: the cluster of the other issuer stays live, the sign-in
//! says in one sentence what is wrong, goes on by itself where nothing was lost, and spends no token twice.

use std::time::Duration;

use crashcart::app::clock::Clock;
use crashcart::app::engine::Engine;
use crashcart::app::perform::Folders;
use crashcart::app::start::Start;
use crashcart::app::start::start_by;
use crashcart::auth::Audience;
use crashcart::auth::SignIn;
use crashcart::config;
use crashcart::config::ClusterName;
use crashcart::runbook::library::Library;
use crashcart::sim::Estate;
use crashcart::sim::Options;
use crashcart::sources::seen::Freshness;
use crashcart::state::action::Action;
use crashcart::state::event::What;
use crashcart::state::nav::Screen;
use crashcart::state::prompt::Prompt;
use tokio::runtime::Handle;

/// How far time moves at once.
const STEP: Duration = Duration::from_millis(500);
/// How often everything that is ready gets its turn between two steps.
const TURNS: usize = 60;
/// The cluster of the issuer that is in trouble, and that of the other one.
const SICK: &str = "lab-1";
const WELL: &str = "aws-prod";
/// What a token lives in the simulated estate, in seconds.
const LIFE_S: u32 = 300;

/// Two issuers, two clusters, and a console in which alice is signed in to the well one.
struct Night {
    estate: Estate,
    engine: Engine,
    _home: tempfile::TempDir,
}

/// Plays a night on one thread whose timers are held.
fn play(night: impl AsyncFnOnce(Night)) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(async {
        let mut begun = Night::begin().await;
        begun.answer("alice").await;
        begun.until(30, "signed in", |n| n.is_in(0)).await;
        let live = |n: &Night| n.freshness(WELL) == Some(Freshness::Live);
        begun.until(30, "seen", live).await;
        night(begun).await;
    });
}

impl Night {
    async fn begin() -> Night {
        let home = tempfile::tempdir().unwrap();
        let options = Options {
            seed: 7,
            only: vec![SICK.to_owned(), WELL.to_owned()],
            apart: vec![SICK.to_owned()],
            ..Options::default()
        };
        let estate = Estate::start(options).await.unwrap();
        let folder = home.path().join("estate");
        estate.write_to(&folder).unwrap();
        let start = Start {
            library: Library::built_in(),
            config: config::load(&folder.join("crashcart.toml"), None).unwrap(),
            folders: Folders {
                log: home.path().join("log"),
                last_known: home.path().join("last-known.json"),
            },
            simulated: true,
            as_person: None,
            ask: true,
        };
        let engine = start_by(&start, Clock::as_timers_go()).unwrap();
        Night {
            estate,
            engine,
            _home: home,
        }
    }

    async fn step(&mut self) {
        tokio::time::advance(STEP).await;
        for _ in 0..TURNS {
            tokio::task::yield_now().await;
        }
        let now = self.engine.deadline(Duration::ZERO);
        self.engine.turn(now).await;
        self.engine.happen(What::Tick);
        self.engine.settle();
    }

    async fn pass(&mut self, seconds: u32) {
        for _ in 0..seconds * 2 {
            self.step().await;
            assert!(self.is_in(0), "the other sign-in stands");
            let fresh = self.freshness(WELL);
            assert_eq!(fresh, Some(Freshness::Live), "the other cluster");
        }
    }

    async fn until(&mut self, limit: u32, what: &str, done: impl Fn(&Night) -> bool) {
        for _ in 0..limit * 2 {
            if done(self) {
                return;
            }
            self.step().await;
        }
        panic!("{what}: not within {limit} s: {:?}", self.sick());
    }

    /// Answers the code on screen as this person.
    async fn answer(&mut self, name: &str) {
        let offered = |n: &Night| matches!(n.engine.state.prompt, Some(Prompt::WhoAnswers { .. }));
        self.until(30, "a code is shown", offered).await;
        while let Some(Prompt::WhoAnswers { people, at }) = &self.engine.state.prompt {
            if people[*at] == name {
                break;
            }
            self.engine.act(Action::Field(true), true);
        }
        self.engine.act(Action::Accept, true);
    }

    fn audience(&self, place: usize) -> &Audience {
        &self.engine.state.sign_ins.audiences()[place]
    }

    fn is_in(&self, place: usize) -> bool {
        let audience = self.audience(place);
        self.engine.state.sign_ins.session(audience).is_some()
    }

    /// How the sign-in at the sick issuer stands.
    fn sick(&self) -> &SignIn {
        self.engine.state.sign_ins.of(self.audience(1))
    }

    /// The sentence with which it stopped or waits; empty when all is well.
    fn sentence(&self) -> String {
        match self.sick() {
            SignIn::Ended { sentence } => sentence.to_string(),
            SignIn::Waiting {
                notice: Some(notice),
                ..
            } => notice.to_string(),
            _ => String::new(),
        }
    }

    /// The code that the sick issuer's sign-in shows.
    fn code(&self) -> Option<String> {
        match self.sick() {
            SignIn::Waiting { device, .. } => Some(device.user_code.to_string()),
            _ => None,
        }
    }

    fn freshness(&self, name: &str) -> Option<Freshness> {
        let world = self.engine.state.world.cluster(&ClusterName::from(name))?;
        Some(world.freshness(self.engine.state.now))
    }

    fn fault(&self, words: &str) {
        let words = format!("cluster=apart {words}");
        self.estate.faults().add(words.parse().unwrap());
    }

    /// The grants that the sick issuer was asked for, and what came of each.
    fn asked(&self, grant: &str) -> Vec<String> {
        let issuer = self.estate.issuer_of_identity("apart").unwrap();
        let all = issuer.asked().into_iter();
        let these = all.filter(|(asked, _)| asked.ends_with(grant));
        these.map(|(_, words)| words).collect()
    }

    /// Asks for a code of the sick issuer.
    fn ask(&mut self) {
        if self.engine.state.prompt.is_some() {
            self.engine.act(Action::Back, true);
        }
        let audience = self.audience(1).clone();
        self.engine.act(Action::SignInTo(audience), true);
    }

    async fn sign_out(&mut self) {
        self.engine.act(Action::Go(Screen::Session), true);
        self.engine.act(Action::End(true), true);
        self.engine.act(Action::SignOut, true);
        self.engine.act(Action::Accept, true);
        self.until(30, "signed out", |n| !n.is_in(1)).await;
    }

    async fn sign_in(&mut self) {
        self.ask();
        self.answer("bob").await;
        self.until(60, "signed in", |n| n.is_in(1)).await;
        let live = |n: &Night| n.freshness(SICK) == Some(Freshness::Live);
        self.until(60, "read", live).await;
    }

    fn load(&self) -> (usize, usize) {
        let tasks = Handle::current().metrics().num_alive_tasks();
        (self.estate.faults().connections("apart"), tasks)
    }
}

/// One sentence: it says who, ends once, and has no control characters.
fn is_a_sentence(night: &Night, words: &str, about: &str) {
    let host = night.audience(1).host(&night.engine.state.config);
    assert!(
        words.contains(&host) || words.contains("ended"),
        "{about}: {words}"
    );
    assert!(words.ends_with('.'), "{about}: {words}");
    assert!(!words.chars().any(char::is_control), "{about}: {words}");
    assert!(words.len() < 240, "{about}: {words}");
}

/// What hinders every answer, in a way that a later one may come.
const HINDERS: &[&str] = &[
    "stall bytes=0",
    "stall",
    "cut",
    "reset",
    "dead",
    "429",
    "500",
    "503",
    "outage",
    "late-answer",
];
/// What makes an answer that cannot be believed, or no answer that will do.
const FALSE: &[&str] = &["wrong-certificate", "expired-certificate", "401", "html"];
/// What an answer gets through in spite of.
const HARMLESS: &[&str] = &["latency by=800ms", "jitter by=1s", "skew by=-2h"];

#[test]
fn an_issuer_in_trouble_before_a_code_is_shown() {
    play(async |mut night| {
        night.sign_in().await;
        let calm = night.load();
        night.sign_out().await;
        for kind in ["openid-configuration", "certs", "device"] {
            for fault in HINDERS.iter().chain(FALSE) {
                let below = ["stall bytes=0", "reset", "dead", "outage"].contains(fault)
                    || fault.ends_with("certificate");
                // What happens below a request knows nothing of its kind.
                if below && kind != "openid-configuration" {
                    continue;
                }
                let about = format!("{fault} at {kind}");
                if below {
                    night.fault(&format!("fault={fault}"));
                } else {
                    night.fault(&format!("fault={fault} kind={kind}"));
                }
                night.pass(1).await;
                night.ask();
                night.pass(1).await;
                let ended = |n: &Night| matches!(n.sick(), SignIn::Ended { .. });
                night.until(40, &about, ended).await;
                is_a_sentence(&night, &night.sentence(), &about);
                night.pass(20).await;
                assert!(!night.is_in(1), "{about}");
                night.estate.faults().clear();
                night.pass(1).await;
            }
        }
        for fault in HARMLESS {
            let before = night.code();
            night.fault(&format!("fault={fault}"));
            night.ask();
            let shown = |n: &Night| n.code().is_some_and(|code| Some(code) != before);
            night.until(40, fault, shown).await;
            night.estate.faults().clear();
        }
        night.sign_in().await;
        night.pass(120).await;
        let after = night.load();
        assert!(
            after.0 <= calm.0 + 2 && after.1 <= calm.1 + 8,
            "{calm:?} {after:?}"
        );
    });
}

#[test]
fn an_issuer_in_trouble_while_a_code_waits_is_asked_on_and_more_slowly() {
    play(async |mut night| {
        for fault in HINDERS {
            night.ask();
            let shown =
                |n: &Night| matches!(n.sick(), SignIn::Waiting { .. }) && n.sentence().is_empty();
            night.until(40, fault, shown).await;
            let before = night.asked("device_code").len();
            // A closed port knows nothing of what would have been asked.
            let of = if *fault == "outage" {
                ""
            } else {
                " kind=token"
            };
            night.fault(&format!("fault={fault}{of}"));
            let told = |n: &Night| !n.sentence().is_empty();
            night.until(60, fault, told).await;
            is_a_sentence(&night, &night.sentence(), fault);
            night.pass(60).await;
            let stands = night.sick();
            assert!(
                matches!(stands, SignIn::Waiting { .. }),
                "{fault}: {stands:?}"
            );
            let asked = night.asked("device_code").len() - before;
            assert!(asked <= 16, "{fault}: asked {asked} times in a minute");
            night.estate.faults().clear();
            let well = |n: &Night| n.sentence().is_empty();
            night.until(75, &format!("{fault} is over"), well).await;
        }
        night.answer("bob").await;
        night.until(75, "signed in", |n| n.is_in(1)).await;
        let done = night.asked("device_code");
        let done = done.iter().filter(|words| *words == "ok").count();
        assert_eq!(done, 1, "a code is redeemed once");
    });
}

#[test]
fn an_issuer_that_is_not_itself_while_a_code_waits_ends_the_sign_in() {
    play(async |mut night| {
        for fault in ["wrong-certificate", "401", "html"] {
            night.ask();
            let shown = |n: &Night| matches!(n.sick(), SignIn::Waiting { .. });
            night.until(40, fault, shown).await;
            if fault == "wrong-certificate" {
                // Only who comes anew sees a certificate.
                night.fault("fault=wrong-certificate");
                night.fault("fault=cut for=5s");
            } else {
                night.fault(&format!("fault={fault} kind=token"));
            }
            let ended = |n: &Night| matches!(n.sick(), SignIn::Ended { .. });
            night.until(60, fault, ended).await;
            is_a_sentence(&night, &night.sentence(), fault);
            let asked = night.asked("device_code").len();
            night.estate.faults().clear();
            night.pass(30).await;
            assert_eq!(night.asked("device_code").len(), asked, "{fault}: it ended");
        }
        night.sign_in().await;
    });
}

/// Signed in, then in trouble when the tokens are due, until their end; then calm again.
fn at_renewal(faults: &[&str], lost: bool) {
    play(async |mut night| {
        for fault in faults {
            night.sign_in().await;
            let before = night.asked("refresh_token").len();
            night.pass(LIFE_S / 2).await;
            night.fault(&format!("fault={fault} kind=token"));
            night.pass(LIFE_S / 4 + 20).await;
            assert!(night.is_in(1), "{fault} is no end of a sign-in");
            night.estate.faults().clear();
            let sent = night.asked("refresh_token").len();
            let came = |n: &Night| {
                let all = n.asked("refresh_token");
                let last = all.get(before..).and_then(<[String]>::last);
                last.is_some_and(|words| words == "ok") && n.is_in(1) || !n.is_in(1)
            };
            night.until(75, fault, came).await;
            night.pass(45).await;
            let asked = night.asked("refresh_token").split_off(before);
            let good = asked.iter().filter(|words| *words == "ok").count();
            if lost {
                // What was spent is known to be spent when it is refused, and then it is not sent any more.
                let after = before + asked.len() - sent;
                assert!(after <= 1, "{fault}: {asked:?}");
                if !night.is_in(1) {
                    is_a_sentence(&night, &night.sentence(), fault);
                }
            } else {
                assert!(night.is_in(1), "{fault}: {}", night.sentence());
                assert_eq!(good, asked.len(), "{fault}: {asked:?}");
                let fresh = night.freshness(SICK);
                assert_eq!(fresh, Some(Freshness::Live), "{fault}");
                night.sign_out().await;
            }
        }
    });
}

#[test]
fn a_renewal_that_was_never_looked_at_is_tried_again_and_spends_nothing() {
    at_renewal(
        &[
            "429",
            "500",
            "503",
            "html",
            "latency by=800ms",
            "jitter by=1s",
        ],
        false,
    );
}

#[test]
fn a_renewal_whose_answer_was_lost_is_not_sent_over_and_over() {
    at_renewal(&["cut", "late-answer", "stall"], true);
}
