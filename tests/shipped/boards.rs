//! Scenarios, seen by crashcart: which finding leads when the console opens, and how many rows NEEDS YOU has.

use std::time::Duration;

use crashcart::app::perform::Folders;
use crashcart::app::start::Start;
use crashcart::app::start::start;
use crashcart::auth::Person;
use crashcart::config;
use crashcart::config::Secret;
use crashcart::runbook::library::Library;
use crashcart::sim::Estate;
use crashcart::sim::Options;
use crashcart::sim::scenario::BUILT_IN;
use crashcart::sim::scenario::Scenario;
use crashcart::sources::fact::Watch;
use crashcart::sources::finding::Finding;
use crashcart::state::State;
use futures_util::future::join_all;

/// How long an estate may take to show itself.
const LIMIT: Duration = Duration::from_secs(60);

/// What is promised and not yet kept: the scenario, `first` or `rows`, and why.
const OPEN: &[(&str, &str, &str)] = &[
    (
        "backup-store-locked-out",
        "first",
        "a store does not yet stand above the namespaces that have no point because of it",
    ),
    (
        "backup-store-locked-out",
        "rows",
        "the namespaces of a store that refuses are not yet drawn together",
    ),
    (
        "half-silent-cluster",
        "first",
        "watches that hang are noticed after two minutes, and this test does not wait for them",
    ),
    (
        "region-lost",
        "first",
        "a store does not yet stand above the namespaces that have no point because of it",
    ),
    (
        "region-lost",
        "rows",
        "the namespaces of a store that refuses are not yet drawn together",
    ),
    (
        "registry-down",
        "rows",
        "workloads and alerts of one registry that does not answer are not yet drawn together",
    ),
];

/// True when every watch of every cluster has said something final, or its cluster cannot be reached.
fn settled(state: &State) -> bool {
    state.config.clusters.iter().all(|cluster| {
        state.world.cluster(&cluster.name).is_some_and(|world| {
            world.unreachable()
                || Watch::ALL
                    .iter()
                    .all(|watch| world.watch(*watch).has_answered())
        })
    })
}

/// The findings that crashcart shows when the console opens on a scenario.
async fn findings(scenario: &Scenario) -> Vec<Finding> {
    let home = tempfile::tempdir().unwrap();
    let estate = Estate::start(Options {
        seed: 7,
        scenario: Some(scenario.clone()),
        ..Options::default()
    })
    .await
    .unwrap();
    let folder = home.path().join("estate");
    estate.write_to(&folder).unwrap();
    let config = config::load(&folder.join("crashcart.toml"), None).unwrap();
    let erik = estate.people().find("erik").unwrap();
    let person = Person {
        issuer: config.identities[0].issuer.clone(),
        subject: erik.subject.clone(),
        login: erik.user.as_str().into(),
        groups: vec!["sre-viewers".into()],
    };
    let mut engine = start(&Start {
        config,
        folders: Folders {
            log: home.path().join("log"),
            last_known: home.path().join("last-known.json"),
        },
        simulated: true,
        as_person: Some((person, Secret::new(&erik.token))),
        ask: false,
        library: Library::built_in(),
    })
    .unwrap();
    engine.until(LIMIT, settled).await;
    engine.state.board.findings.clone()
}

/// What of a scenario's promise is not kept, as pairs of its name and the part.
fn broken(scenario: &Scenario, findings: &[Finding]) -> Vec<&'static str> {
    let mut broken = Vec::new();
    let leads = match (&scenario.first, findings.first()) {
        (None, first) => first.is_none(),
        (Some(_), None) => false,
        (Some(wanted), Some(first)) => {
            let words = format!("{} {}", first.object, first.sentence);
            first.kind.0 == wanted.kind
                && (wanted.cluster.is_empty() || first.cluster.as_str() == wanted.cluster)
                && words.contains(&wanted.says)
        }
    };
    if !leads {
        broken.push("first");
    }
    if findings.len() > scenario.rows {
        broken.push("rows");
    }
    broken
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_promised_finding_leads_and_the_board_stays_short() {
    let mut wrong = String::new();
    let all = BUILT_IN.iter().map(|(name, _)| async move {
        let scenario = Scenario::load(name, None).unwrap();
        let findings = findings(&scenario).await;
        (name, scenario, findings)
    });
    for (name, scenario, findings) in join_all(all).await {
        let broken = broken(&scenario, &findings);
        let open: Vec<&str> = OPEN
            .iter()
            .filter(|(of, ..)| of == name)
            .map(|(_, part, _)| *part)
            .collect();
        if broken != open {
            wrong.push_str(&format!(
                "{name}: not kept {broken:?}, known as open {open:?}\n"
            ));
            for finding in &findings {
                let (level, cluster) = (finding.level, &finding.cluster);
                let (kind, sentence) = (finding.kind.0, &finding.sentence);
                wrong.push_str(&format!("  {level:?} {kind} {cluster} {sentence}\n"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}
