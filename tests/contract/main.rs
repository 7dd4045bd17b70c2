//! The contract of an API server: the same requests at two servers, compared field by field.
//!
//! `exchanges/*.toml` are the requests. `recorded/*.json` is what a real kube-apiserver said, and
//! every run compares the simulated server with it. With `CRASHCART_REAL=1` a real one is started
//! (docs/testbed.md) and the recording is compared with what it says now; with `UPDATE_GOLDEN=1`
//! besides, it is written anew. A difference fails, or stands with its reason in
//! `differences.toml`; an entry there that nothing needs fails too.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test fails by panicking, and the testbed is a program to start"
)]

mod compare;
mod count;
mod kubectl;
mod normal;
mod own;
mod play;
mod recorded;
mod schemas;
mod servers;
mod story;
mod wire;

use crate::compare::Difference;
use crate::compare::Table;
use crate::play::Answers;
use crate::servers::Bed;
use crate::servers::Bench;
use crate::story::Story;

fn told(differences: &[Difference]) -> String {
    let lines: Vec<String> = differences.iter().map(ToString::to_string).collect();
    lines.join("\n")
}

/// All that a real server said, of every story.
fn recording(stories: &[Story]) -> Answers {
    stories.iter().flat_map(recorded::read).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_simulator_answers_as_the_real_server_did() {
    let bench = Bench::start().await;
    let server = bench.server();
    let stories = story::all();
    let mut answers = Answers::new();
    for story in &stories {
        answers.extend(play::story(&server, story).await);
    }
    let differences = compare::answers(&recording(&stories), &answers);
    let table = Table::read();
    let (left, unused) = table.judge(differences);
    assert!(
        left.is_empty() && unused.is_empty(),
        "{} differences from the recording of a real server (other: the simulator):\n{}\nentries of differences.toml that nothing needs: {unused:#?}",
        left.len(),
        told(&left)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_recording_is_what_a_real_server_says() {
    let Some(bed) = Bed::wanted() else { return };
    let server = bed.server();
    let version = server.send("GET /version", "alice", &[], None).await;
    let version: serde_json::Value = serde_json::from_slice(&version.body).unwrap();
    let write = std::env::var_os("UPDATE_GOLDEN").is_some_and(|update| update == "1");
    let stories = story::all();
    let mut answers = Answers::new();
    for story in &stories {
        let told = play::story(&server, story).await;
        if write {
            recorded::write(story, version["gitVersion"].as_str().unwrap(), &told);
        }
        answers.extend(told);
    }
    let differences = compare::answers(&answers, &recording(&stories));
    assert!(
        differences.is_empty(),
        "{} differences from what was recorded (other: the recording; UPDATE_GOLDEN=1 writes it anew):\n{}",
        differences.len(),
        told(&differences)
    );
    let schemas = schemas::differences(&server).await;
    assert!(schemas.is_empty(), "{}", schemas.join("\n"));
    let other = kubectl::differences(&bed, &stories).await;
    assert!(other.is_empty(), "{}", other.join("\n"));
}
