//! Every screen of the night at four sizes, against its golden files.

use std::sync::Arc;

use crashcart::config::Policy;
use crashcart::runbook::run::RunStatus;
use crashcart::runbook::run::StepStatus;
use crashcart::sources::seen::Freshness;
use crashcart::state::LastKnown;
use crashcart::state::State;
use crashcart::state::Stopped;
use crashcart::state::effect::Shown;
use crashcart::state::nav::Screen;
use crashcart::state::prompt::Field;
use crashcart::state::prompt::Line;
use crashcart::state::prompt::Prompt;
use crashcart::view::theme::Theme;

use crate::estate;
use crate::golden;

const SIZES: [(u16, u16); 4] = [(60, 20), (80, 24), (120, 40), (200, 60)];

fn check(name: &str, state: &State) {
    let probe = golden::probe();
    for size in SIZES {
        let buffer = golden::frame(state, &probe, size);
        let text = golden::text(&buffer).join("\n");
        let roles = golden::roles(&buffer, &probe).join("\n");
        let (width, height) = size;
        golden::check(
            &format!("{name}-{width}x{height}.txt"),
            &format!("{text}\n{}\n{roles}\n", "~".repeat(usize::from(width))),
        );
    }
}

/// Every screen there is, by the name of its golden files.
pub(crate) fn all() -> Vec<(&'static str, State)> {
    let on = |screen| {
        let mut state = estate::night();
        state.nav.screen = screen;
        state.nav.back = vec![Screen::Board];
        state
    };
    let mut states = vec![("board", estate::night())];
    for (name, screen) in [
        ("zone", Screen::Zone),
        ("backups", Screen::Backups),
        ("drift", Screen::Drift),
        ("alerts", Screen::Alerts),
        ("runbooks", Screen::Runbooks),
        ("runs", Screen::Runs),
        ("log", Screen::Log),
        ("session", Screen::Session),
        ("help", Screen::Help),
    ] {
        let mut state = on(screen);
        state.nav.zone = Some("clinical".into());
        states.push((name, state));
    }
    if let Some((_, session)) = states.iter_mut().find(|(name, _)| *name == "session") {
        estate::rights(session);
        let mut cluster = session.clone();
        cluster.nav.screen = Screen::Cluster;
        cluster.nav.back = vec![Screen::Board, Screen::Session];
        cluster
            .nav
            .marks
            .insert(Screen::Cluster, "sth-prod".to_owned());
        let mut leaving = session.clone();
        let audience = leaving.sign_ins.shown().cloned().unwrap();
        let anew = false;
        leaving.prompt = Some(Prompt::SignOut { audience, anew });
        let mut anew = session.clone();
        anew.nav.panes.insert(Screen::Session, 1);
        states.extend([
            ("cluster", cluster),
            ("sign-out", leaving),
            ("session-who", anew),
        ]);
    }
    let mut finding = on(Screen::Finding);
    let id = finding.board.findings[1].id();
    finding.nav.marks.insert(Screen::Finding, id);
    states.push(("finding", finding));
    let mut book = on(Screen::Book);
    book.nav.book = Some("restore-namespace".to_owned());
    states.push(("book", book));
    let mut palette = estate::night();
    palette.prompt = Some(Prompt::Palette {
        line: Line::of("re"),
        at: None,
    });
    states.push(("palette", palette));
    let mut filter = estate::night();
    "sth".clone_into(&mut filter.nav.filter);
    filter.prompt = Some(Prompt::Filter(Line::of("sth")));
    states.push(("filter", filter));
    states.push(("run", estate::running()));
    let mut plan = estate::running();
    plan.nav.screen = Screen::Plan;
    plan.nav.marks.insert(Screen::Plan, "8".to_owned());
    states.push(("plan", plan));
    states.push(("typed-name", typed_name()));
    states.push(("in-doubt", in_doubt()));
    let mut reason = estate::running();
    reason.prompt = Some(Prompt::Reason {
        abort: true,
        line: Line::of("wrong namespace"),
    });
    states.push(("abort", reason));
    let mut runs = estate::running();
    runs.nav.screen = Screen::Runs;
    let mut ended = estate::run();
    "c2110000".clone_into(&mut ended.id);
    ended.status = RunStatus::Completed;
    runs.runs.push(ended);
    states.push(("runs-two", runs));
    states.push(("fill", fill()));
    states.push(("stopped", stopped()));
    states.push(("stale", stale()));
    states.push(("sign-in", sign_in()));
    let mut page = sign_in();
    estate::signs_in(&mut page, estate::page(false));
    page.prompt = Some(Prompt::Redirect(Line::of(
        "http://127.0.0.1:18250/callback?state=x&code=unseen",
    )));
    states.push(("sign-in-paste", page));
    let mut page = sign_in();
    estate::signs_in(&mut page, estate::page(true));
    states.push(("sign-in-loopback", page));
    let mut who = sign_in();
    let people = ["alice", "bob", "carol"].map(str::to_owned).to_vec();
    who.prompt = Some(Prompt::WhoAnswers { people, at: 1 });
    who.here.simulated = true;
    states.push(("who-answers", who));
    states
}

/// The step that cannot be stopped once sent asks for the namespace.
fn typed_name() -> State {
    let mut state = estate::running();
    let run = &mut state.runs[0];
    for step in &mut run.steps[5..7] {
        step.status = StepStatus::Done;
        step.evidence = "done".into();
        step.at = Some(estate::at("04:53:40"));
    }
    run.steps[7].status = StepStatus::Now;
    state.prompt = Some(Prompt::Name {
        want: "emr".to_owned(),
        line: Line::of("em"),
        refused: None,
        shown: Shown::default(),
    });
    state
}

/// A run that was found at the start with a request that nobody saw answered.
fn in_doubt() -> State {
    let mut state = typed_name();
    state.prompt = None;
    let run = &mut state.runs[0];
    run.steps[7].status = StepStatus::InDoubt;
    run.steps[7].evidence = "sent 04:53:20Z, no answer was seen".into();
    run.status = RunStatus::Interrupted;
    state
}

fn fill() -> State {
    let mut state = estate::night();
    state.nav.screen = Screen::Fill;
    state.nav.book = Some("restore-namespace".to_owned());
    state.nav.treating = Some(state.board.findings[0].id());
    let field = |name: &str, value: &str, from: &str, bad| Field {
        name: name.to_owned(),
        line: Line::of(value),
        from: from.to_owned(),
        bad,
        required: true,
    };
    let fields = vec![
        field(
            "cluster",
            "aws-prod",
            "from the finding; is c07a91e2",
            false,
        ),
        field(
            "namespace",
            "emr",
            "from the finding; 77 objects now",
            false,
        ),
        field(
            "backup",
            "hourly-emr-20260814234200",
            "newest restorable, 5h12 old",
            false,
        ),
        field("ticket", "", "missing: like INC-4411", true),
        field("reason", "", "missing: one sentence, no patients", true),
    ];
    state.prompt = Some(Prompt::Fill {
        book: "restore-namespace".to_owned(),
        fields,
        at: 3,
    });
    state
}

fn stopped() -> State {
    let mut state = estate::running();
    state.nav.screen = Screen::Stopped;
    state.log.stopped = Some(Stopped {
        what: "Entry 1 327 could not be written: no space left on device.".into(),
        place: "jump-1, /var/lib/crashcart/log, 0 of 20Gi free.".into(),
        next: vec![
            "Free space on jump-1, from another terminal: df -h /var/lib".into(),
            "Press R. The console writes a test entry and goes on by itself.".into(),
        ],
        since: estate::moment("04:53:00"),
        damaged: false,
    });
    state
}

fn sign_in() -> State {
    let mut state = estate::night();
    state.nav.screen = Screen::SignIn;
    state.nav.back = vec![Screen::Board];
    state.person = None;
    estate::signs_in(&mut state, estate::device());
    state
}

/// A start without a network: everything is history.
pub(crate) fn stale() -> State {
    let mut state = estate::night();
    let board = std::mem::take(&mut state.board);
    state.board = board.clone();
    state.board.findings.clear();
    for row in state
        .board
        .zones
        .iter_mut()
        .flat_map(|zone| &mut zone.clusters)
    {
        row.freshness = Freshness::Never;
    }
    for cluster in &mut state.board.clusters {
        cluster.1 = Freshness::Never;
    }
    state.last_known = LastKnown {
        saved: Some(estate::at("04:40:00")),
        board,
    };
    state
}

#[test]
fn every_screen_looks_as_it_did() {
    for (name, state) in all() {
        check(name, &state);
    }
}

#[test]
fn ascii_draws_nothing_but_ascii() {
    let theme = Theme::built_in("mono").unwrap().in_ascii(true);
    for (name, state) in all() {
        for size in SIZES {
            for line in golden::text(&golden::frame(&state, &theme, size)) {
                assert!(line.is_ascii(), "{name}: {line}");
            }
        }
    }
}

#[test]
fn what_is_history_never_wears_the_role_of_ok() {
    let probe = golden::probe();
    let buffer = golden::frame(&stale(), &probe, (80, 24));
    let (text, roles) = (golden::text(&buffer), golden::roles(&buffer, &probe));
    assert!(text.iter().any(|line| line.contains("? was OK")));
    assert!(!roles.iter().any(|line| line.contains('O')), "{roles:#?}");
}

#[test]
fn every_screen_says_that_policy_is_the_persons_own_and_nothing_gives_way_to_it() {
    let probe = golden::probe();
    for (name, state) in all() {
        let mut own = state.clone();
        Arc::make_mut(&mut own.config).policy = Policy::own();
        for size in SIZES {
            let lines = |state| golden::text(&golden::frame(state, &probe, size));
            let (before, after) = (lines(&state), lines(&own));
            assert!(
                after[2].ends_with("─ policy: self ─"),
                "{name}: {}",
                after[2]
            );
            for (line, (one, other)) in before.iter().zip(&after).enumerate() {
                // A card's rule says it too, and the session names the policy.
                let says = other.contains("policy: self") || other.contains("policy   self");
                assert!(one == other || says, "{name} line {line}: {one}\n{other}");
                let mut parts = one.split(['─', '═']).map(str::trim);
                let words = parts.find(|part| !part.is_empty());
                let kept = line == 2 || name.starts_with("session") || name == "sign-out";
                assert!(
                    kept || other.contains(words.unwrap_or_default()),
                    "{name}: {other}"
                );
            }
        }
    }
}
