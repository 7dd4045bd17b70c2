//! Clusters that do not answer, or are not who they were: `?` in time, nothing sent.

use std::net::TcpListener;
use std::time::Duration;
use std::time::Instant;

use crate::bench::Bench;

/// Replaces the address of a cluster.
fn elsewhere(text: &str, cluster: &str, url: &str) -> String {
    let (before, rest) = text
        .split_once(&format!("name = \"{cluster}\""))
        .expect("the cluster");
    let (line, after) = rest.split_once("server = \"").expect("its address");
    let (_, after) = after.split_once('"').expect("its end");
    format!("{before}name = \"{cluster}\"{line}server = \"{url}\"{after}")
}

fn now() -> Instant {
    Instant::now()
}

#[test]
fn a_cluster_that_refuses_or_says_nothing_is_unknown_in_time_and_the_rest_is_judged() {
    let bench = Bench::start();
    // Nobody listens there any more.
    let closed = TcpListener::bind("127.0.0.1:0").expect("a port");
    let closed_url = format!("https://{}", closed.local_addr().expect("an address"));
    drop(closed);
    // Connections are taken, and nobody speaks.
    let dumb = TcpListener::bind("127.0.0.1:0").expect("a port");
    let dumb_url = format!("https://{}", dumb.local_addr().expect("an address"));
    bench.edit(|text| elsewhere(text, "lab-1", &closed_url));
    bench.edit(|text| elsewhere(text, "aws-prod", &dumb_url));
    let begun = now();
    let said = bench.ask(&["status", "-o", "json", "--wait", "2s"]);
    assert!(
        begun.elapsed() < Duration::from_secs(8),
        "{:?}",
        begun.elapsed()
    );
    let board: serde_json::Value = serde_json::from_str(&said.out).expect("JSON");
    let zone = |name: &str| {
        let zones = board["zones"].as_array().expect("zones");
        zones
            .iter()
            .find(|zone| zone["name"] == name)
            .expect("the zone")
            .clone()
    };
    assert_eq!(zone("research")["level"], "?", "{said:?}");
    let clinical = zone("clinical");
    let clusters = clinical["clusters"].as_array().expect("clusters");
    let aws = clusters
        .iter()
        .find(|one| one["name"] == "aws-prod")
        .expect("aws-prod");
    assert_eq!(aws["level"], "?", "{aws}");
    assert!(
        !said
            .out
            .contains("\"OK\",\n              \"freshness\": \"never\""),
        "{said:?}"
    );
    assert_eq!(
        zone("administrative")["level"],
        "CRIT",
        "the rest is judged"
    );
    bench.nothing_sent();
}

#[test]
fn an_estate_of_which_nothing_answers_is_unknown_and_ends_with_3() {
    let mut bench = Bench::start();
    bench.ask(&["status"]);
    bench.end();
    let begun = now();
    let said = bench.ask(&["status"]);
    assert!(
        begun.elapsed() < Duration::from_secs(8),
        "{:?}",
        begun.elapsed()
    );
    assert_eq!(said.code, 3, "{said:?}");
    assert!(said.out.contains("3 of 3"), "{said:?}");
    assert!(said.out.contains("connection refused"), "{said:?}");
    assert!(
        !said.out.contains("OK  "),
        "what is not known is never shown as well: {said:?}"
    );
}

#[test]
fn a_changed_ca_key_sends_nothing_at_all() {
    let bench = Bench::start();
    bench.edit(|text| {
        let (before, rest) = text
            .split_once("name = \"sth-prod\"\nsite")
            .expect("the cluster");
        let (line, rest) = rest.split_once("sha256:").expect("its pin");
        let flipped = if rest.starts_with('0') { "1" } else { "0" };
        format!(
            "{before}name = \"sth-prod\"\nsite{line}sha256:{flipped}{}",
            &rest[1..]
        )
    });
    let said = bench.ask(&["status", "--wait", "5s"]);
    assert!(
        said.out
            .contains("sth-prod shows another CA key; nothing is sent to it"),
        "{said:?}"
    );
    assert!(said.out.contains("expected "), "{said:?}");
    assert!(said.out.contains("crashcart trust sth-prod"), "{said:?}");
    let run = bench.restore();
    assert_eq!(run.code, 2, "{run:?}");
    assert!(run.out.contains("sth-prod"), "{run:?}");
    assert_eq!(bench.requests("sth-prod"), Vec::<serde_json::Value>::new());
    bench.nothing_sent();
}

#[test]
fn a_changed_uid_turns_changes_off_and_reading_goes_on() {
    let bench = Bench::start();
    bench.edit(|text| {
        let (before, rest) = text
            .split_once("name = \"sth-prod\"\nsite")
            .expect("the cluster");
        let (line, rest) = rest.split_once('/').expect("https:/");
        let (more, rest) = rest.split_once("fingerprint = \"").expect("its pin");
        let (hash, uid) = rest.split_once('/').expect("hash/uid");
        let flipped = if uid.starts_with('0') { "1" } else { "0" };
        format!(
            "{before}name = \"sth-prod\"\nsite{line}/{more}fingerprint = \"{hash}/{flipped}{}",
            &uid[1..]
        )
    });
    let said = bench.ask(&["status"]);
    assert!(said.out.contains("3 live"), "reading goes on: {said:?}");
    assert!(said.out.contains("sth-prod"), "{said:?}");
    let run = bench.restore();
    assert_eq!(run.code, 2, "{run:?}");
    assert_eq!(run.out.lines().count(), 1, "{run:?}");
    assert!(
        run.out
            .contains("sth-prod is not the cluster of the configuration"),
        "{run:?}"
    );
    bench.nothing_sent();
}
