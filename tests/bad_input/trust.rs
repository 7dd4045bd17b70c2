//! A cluster that was built anew: both fingerprints are shown, and a typed name and a reason accept it, once, on record.

use std::io::Write;
use std::process::Stdio;

use crate::bench;
use crate::bench::Bench;
use crate::bench::Said;

/// `trust` with these lines typed.
fn trust(bench: &Bench, cluster: &str, typed: &str) -> Said {
    let mut command = bench.command(&["trust", cluster]);
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    let mut input = child.stdin.take().expect("its input");
    // A verb that refuses at once does not read.
    drop(input.write_all(typed.as_bytes()));
    drop(input);
    let output = child.wait_with_output().expect("it ends");
    Said {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

fn text(bench: &Bench) -> String {
    std::fs::read_to_string(bench.config()).expect("a configuration")
}

/// The fingerprint of a cluster.
fn pinned(text: &str, cluster: &str) -> String {
    let (_, rest) = text
        .split_once(&format!("name = \"{cluster}\"\nsite"))
        .expect("the cluster");
    let (_, rest) = rest.split_once("fingerprint = \"").expect("its pin");
    rest.split_once('"').expect("its end").0.to_owned()
}

/// Pins a cluster to what another estate's cluster of that name was, and to another uid: it was built anew since. Policy
/// asks for one person.
fn rebuilt(bench: &Bench, cluster: &str) -> String {
    bench.one_person();
    let mut before = Bench::start();
    before.end();
    let old = pinned(&text(&before), cluster);
    let end = if old.ends_with('0') { "1" } else { "0" };
    let old = format!("{}{end}", &old[..old.len() - 1]);
    bench.edit(|text| text.replace(&pinned(text, cluster), &old));
    old
}

#[test]
fn a_rebuilt_cluster_is_accepted_by_its_name_and_a_reason_and_that_is_recorded() {
    let bench = Bench::start();
    let good = text(&bench);
    let new = pinned(&good, "lab-1");
    let old = rebuilt(&bench, "lab-1");
    let said = bench.ask(&["status"]);
    assert!(said.out.contains("lab-1 shows another CA key"), "{said:?}");
    assert!(said.out.contains("crashcart trust lab-1"), "{said:?}");
    let said = trust(&bench, "lab-1", "lab-1\nlab-1\nbuilt anew, ticket INC-7\n");
    assert_eq!(said.code, 0, "{said:?}");
    let parts = |print: &str| -> [String; 2] {
        let print = print.trim_start_matches("sha256:");
        let (key, uid) = print.split_once('/').expect("both parts");
        [key.to_owned(), uid.to_owned()]
    };
    for part in parts(&old).iter().chain(&parts(&new)) {
        assert!(said.out.contains(part), "{part}: {said:?}");
    }
    assert_eq!(text(&bench), good, "that value alone was changed");
    let log = bench.ask(&["log", "show", "--kind", "config.trusted"]);
    assert!(log.out.contains("built anew, ticket INC-7"), "{log:?}");
    assert!(log.out.contains("alice"), "{log:?}");
    assert_eq!(bench.ask(&["log", "verify"]).code, 0);
    let said = bench.ask(&["status"]);
    assert!(said.out.contains("3 live"), "{said:?}");
    let said = trust(&bench, "lab-1", "");
    assert_eq!(said.code, 0, "{said:?}");
    assert!(said.out.contains("nothing is to be accepted"), "{said:?}");
    bench.nothing_sent();
}

#[test]
fn another_name_no_reason_or_no_answer_changes_nothing_and_sends_no_credential() {
    let bench = Bench::start();
    rebuilt(&bench, "lab-1");
    let before = text(&bench);
    for typed in ["", "lab\n", "sth-prod\nsth-prod\nx\n"] {
        let said = trust(&bench, "lab-1", typed);
        assert_eq!(said.code, 2, "{said:?}");
        assert!(said.out.contains("nothing was changed"), "{said:?}");
        for entry in bench.requests("lab-1") {
            let who = entry["user"]["username"].as_str().unwrap_or_default();
            assert!(
                !who.contains("alice"),
                "before the key was accepted: {entry}"
            );
        }
    }
    for typed in ["lab-1\n", "lab-1\nlab\nx\n", "lab-1\nlab-1\n\n"] {
        let said = trust(&bench, "lab-1", typed);
        assert_eq!(said.code, 2, "{said:?}");
    }
    assert_eq!(text(&bench), before);
    let log = bench.ask(&["log", "show", "--kind", "config.trusted"]);
    assert!(!log.out.contains("lab-1"), "{log:?}");
}

#[test]
fn where_two_people_are_needed_or_nobody_vouches_it_is_refused_in_words() {
    let bench = Bench::start();
    let before = text(&bench);
    let said = trust(&bench, "sth-prod", "sth-prod\nsth-prod\nx\n");
    assert_eq!(said.code, 2, "{said:?}");
    assert!(said.out.contains("needs 2 people to accept"), "{said:?}");
    let said = trust(&bench, "lab-1", "lab-1\nlab-1\nx\n");
    assert_eq!(said.code, 2, "{said:?}");
    let words = "all of lab-1, with what stands there in no zone, needs 2 people to accept";
    assert!(said.out.contains(words), "{said:?}");
    let said = trust(&bench, "lab-9", "");
    said.one_sentence(69, &["no cluster is called lab-9", "lab-1"]);
    bench.one_person();
    let other = Bench::start();
    let ca = |bench: &Bench| bench.home().join("estate/lab-1.crt");
    std::fs::copy(ca(&other), ca(&bench)).expect("copied");
    let said = trust(&bench, "lab-1", "lab-1\nlab-1\nx\n");
    said.one_sentence(69, &["no authority in", "lab-1.crt signed", "put it there"]);
    assert_eq!(text(&bench), before);
    bench.nothing_sent();
}

#[test]
fn piped_answers_accept_nothing_in_an_estate_that_is_not_simulated() {
    let bench = Bench::start();
    rebuilt(&bench, "lab-1");
    std::fs::remove_file(bench.home().join("estate/policy.toml")).expect("a policy");
    // A uid that the simulator never gives.
    bench.edit(|text| {
        let print = pinned(text, "lab-1");
        let (key, _) = print.split_once('/').expect("both parts");
        text.replace(
            &print,
            &format!("{key}/{}", "5f1c0b1e-7a52-4f0e-9a36-0d6c4a9f6b11"),
        )
    });
    let before = text(&bench);
    let said = trust(&bench, "lab-1", "lab-1\nlab-1\nx\n");
    said.one_sentence(69, &["typed at a terminal", "only in a simulated estate"]);
    assert_eq!(text(&bench), before);
}

#[test]
fn two_clusters_with_one_uid_take_no_change_until_the_copy_is_named() {
    let bench = Bench::start();
    // A fourth cluster: what `aws-prod` would be if it had been restored from the etcd of `sth-prod`.
    let uid = |text: &str, name: &str| {
        let print = pinned(text, name);
        print.split_once('/').expect("both parts").1.to_owned()
    };
    bench.edit(|text| {
        let print = pinned(text, "aws-prod");
        let twin = print.replace(&uid(text, "aws-prod"), &uid(text, "sth-prod"));
        text.replace(&print, &twin).replace(
            "name = \"aws-prod\"\nsite",
            "name = \"aws-prod\"\ncopy_of = \"sth-prod\"\nsite",
        )
    });
    let told = bench.ask(&["doctor"]);
    assert!(
        !told.out.contains("kube-system uid of"),
        "told apart: {told:?}"
    );
    bench.edit(|text| text.replace("copy_of = \"sth-prod\"\n", ""));
    // While aws-prod is asked it answers with its own uid; pinned alone it counts when it is not reached.
    bench.edit(|text| {
        let (before, rest) = text
            .split_once("name = \"aws-prod\"\nsite")
            .expect("the cluster");
        let (line, rest) = rest.split_once("server = \"").expect("its address");
        let (_, rest) = rest.split_once('"').expect("its end");
        format!("{before}name = \"aws-prod\"\nsite{line}server = \"https://127.0.0.1:9\"{rest}")
    });
    let said = bench.ask(&["doctor"]);
    assert!(
        said.out.contains("it has the kube-system uid of aws-prod"),
        "{said:?}"
    );
    let said = bench.ask(&["findings"]);
    assert!(
        said.out
            .contains("have one kube-system uid; changes are off on both"),
        "{said:?}"
    );
    let run = bench.restore();
    assert_eq!(run.code, 2, "{run:?}");
    assert!(run.out.contains("have one kube-system uid"), "{run:?}");
    bench.nothing_sent();
}

#[test]
fn a_configuration_that_may_not_be_written_is_said_and_recorded() {
    let bench = Bench::start();
    rebuilt(&bench, "lab-1");
    let second = bench.home().join("second");
    std::fs::hard_link(bench.config(), &second).expect("a second name");
    let before = text(&bench);
    let said = trust(&bench, "lab-1", "lab-1\nlab-1\nbuilt anew\n");
    assert_eq!(said.code, 69, "{said:?}");
    assert!(
        said.err.contains("second name") && said.err.contains("was not changed"),
        "{said:?}"
    );
    assert_eq!(text(&bench), before);
    assert_eq!(bench::said(&mut bench.command(&["log", "verify"])).code, 0);
}
