//! Secrets: metadata only, but for one recorded view that keeps the names of the keys and drops the values.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crashcart::config::ClusterName;
use crashcart::sim::store::resources;
use crashcart::sources::op::Op;
use crashcart::sources::rights::held::May;
use crashcart::sources::rights::held::question;
use crashcart::sources::secret::SecretRef;
use crashcart::state::action::Action;
use crashcart::state::nav::Screen;
use crashcart::view::draw::draw;
use crashcart::view::theme::Theme;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use serde_json::Value;
use serde_json::json;

use crate::night::Night;
use crate::night::SICK;
use crate::night::play;
use crate::night::play_without_a_log;

const CANARY: &str = "canary-of-a-patient-7f3a";

/// A Secret whose value nobody may ever see.
fn planted(night: &Night) -> SecretRef {
    let value = STANDARD.encode(CANARY);
    let applied = json!({"data": {"password": value}}).to_string();
    let secret = json!({
        "metadata": {"name": "db", "annotations": {"kubectl.kubernetes.io/last-applied-configuration": applied}},
        "type": "Opaque", "data": {"password": value, "user": STANDARD.encode("emr")},
    });
    let store = &night.served(SICK).cluster.store;
    let at = Some("emr");
    store.create(&resources::SECRETS, at, secret).unwrap();
    SecretRef {
        cluster: ClusterName::from(SICK),
        namespace: "emr".to_owned(),
        name: "db".to_owned(),
    }
}

/// How often a Secret was read with all that is in it.
fn reads(night: &Night) -> usize {
    let read = |line: &&Value| {
        line["objectRef"]["resource"] == "secrets"
            && line["verb"] == "get"
            && line["stage"] == "ResponseComplete"
    };
    night
        .served(SICK)
        .audit
        .entries()
        .iter()
        .filter(read)
        .count()
}

/// Every byte below a folder.
fn bytes(folder: &Path) -> Vec<u8> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all.extend(bytes(&path));
        } else {
            all.extend(std::fs::read(path).unwrap());
        }
    }
    all
}

/// The screen as text.
fn screen(night: &Night) -> String {
    let theme = Theme::load("mono", None, true).unwrap();
    let area = Rect::new(0, 0, 80, 24);
    let mut buffer = Buffer::empty(area);
    let _drawn = draw(&night.engine.state, &theme, area, &mut buffer);
    let line = |cells: &[ratatui::buffer::Cell]| {
        cells
            .iter()
            .map(ratatui::buffer::Cell::symbol)
            .collect::<String>()
    };
    let lines: Vec<String> = buffer.content.chunks(80).map(line).collect();
    lines.join("\n")
}

#[test]
fn at_id_23_a_value_of_a_secret_comes_in_one_recorded_view_only_and_is_dropped_there() {
    play(async |mut night: Night| {
        let which = planted(&night);
        // All that the console asks by itself, with the rights of the palette and of the session.
        night.engine.act(Action::Go(Screen::Session), true);
        night.pass(90, |_, _| ()).await;
        assert_eq!(reads(&night), 0, "nobody asked for a Secret");

        night
            .engine
            .act(Action::SecretKeys(Some(which.clone())), true);
        night
            .meanwhile("the names of the keys", |night| {
                night.engine.state.secret.is_some()
            })
            .await;
        assert_eq!(reads(&night), 1);
        let log = String::from_utf8_lossy(&bytes(&night.home().join("log"))).into_owned();
        assert_eq!(log.matches("\"view.sensitive\"").count(), 1);

        let shown = screen(&night);
        for word in [
            "emr/db on aws-prod",
            "password",
            "24 bytes",
            "user",
            "3 bytes",
        ] {
            assert!(shown.contains(word), "{word}: {shown}");
        }
        let memory = format!("{:?}", night.engine.state);
        let value = STANDARD.encode(CANARY);
        let everything = bytes(night.home());
        let everything = String::from_utf8_lossy(&everything);
        for secret in [CANARY, &value] {
            assert!(!memory.contains(secret) && !shown.contains(secret));
            assert!(!everything.contains(secret), "on disk");
        }
    });
}

#[test]
fn what_cannot_be_recorded_is_not_read() {
    play_without_a_log(async |mut night: Night| {
        let which = planted(&night);
        night.engine.act(Action::SecretKeys(Some(which)), true);
        let refused = |night: &Night| {
            let said = night.engine.state.message.as_ref();
            said.is_some_and(|said| said.as_str().contains("Not recorded, so not asked"))
        };
        night.meanwhile("the refusal", refused).await;
        assert_eq!(reads(&night), 0);
        assert!(night.engine.state.secret.is_none());
    });
}

#[test]
fn rights_are_asked_while_somebody_looks_and_known_with_the_binding() {
    play(async |mut night: Night| {
        let reviews = |night: &Night| {
            let audit = night.served(SICK).audit.entries();
            let review = |line: &&Value| {
                let kind = line["objectRef"]["resource"].as_str().unwrap_or_default();
                ["selfsubjectaccessreviews", "selfsubjectrulesreviews"].contains(&kind)
            };
            audit.iter().filter(review).count()
        };
        night.pass(5, |_, _| ()).await;
        assert_eq!(reviews(&night), 0, "a start asks nothing");
        night.engine.act(Action::Go(Screen::Runbooks), true);
        night
            .until(20, "rights", |night| night.world(SICK).held().is_some())
            .await;
        let asked = reviews(&night);
        assert!((5..=8).contains(&asked), "{asked}");
        let op = Op::StatusRequest {
            velero: "velero".to_owned(),
            name: "alive".to_owned(),
        };
        let now = night.engine.state.now;
        let May::Yes(via) = night.world(SICK).may(&question(&op), now) else {
            panic!("an operator may ask Velero");
        };
        assert_eq!(
            via.as_str(),
            "ClusterRoleBinding crashcart-operator to Group sre-operators"
        );
        night.pass(60, |_, _| ()).await;
        assert_eq!(reviews(&night), asked, "not asked again for a while");
    });
}
