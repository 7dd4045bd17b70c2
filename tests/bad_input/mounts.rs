//! State folders on real mounts: a file system that a program serves, one that is full, one that may only be read. Each in
//! a namespace of its own, which only root may make; elsewhere there is nothing to test with.

use std::process::Command;

use crate::bench;
use crate::bench::Bench;
use crate::bench::Said;

const RESTORE: [&str; 10] = [
    "run",
    "restore-namespace",
    "--param",
    "cluster=sth-prod",
    "--param",
    "namespace=billing",
    "--param",
    "ticket=INC-1",
    "--param",
    "reason=lost",
];

/// True where this test may mount something, with these programs.
fn possible(programs: &[&str]) -> bool {
    let asked: Vec<String> = programs
        .iter()
        .map(|one| format!("command -v {one}"))
        .collect();
    let asked = format!("unshare -m true && {}", asked.join(" && "));
    let tried = Command::new("/bin/sh").args(["-c", &asked]).output();
    tried.expect("a shell").status.success()
}

/// Runs a verb where `mount` put another file system over the state folder, which goes when the verb ends.
fn mounted(bench: &Bench, mount: &str, verb: &[&str]) -> Said {
    let state = bench.state();
    std::fs::create_dir_all(&state).expect("a folder to mount on");
    let verb = bench.command(verb);
    let mut command = Command::new("/bin/sh");
    let script = format!(
        "S={}; {mount}; \"$@\"; code=$?; cd /; umount -l \"$S\"; exit $code",
        state.display()
    );
    let inside = [
        "-c",
        "exec unshare -m --propagation private /bin/sh -ec \"$@\"",
        "sh",
        &script,
        "sh",
    ];
    command
        .env("HOME", bench.home())
        .args(inside)
        .arg(verb.get_program())
        .args(verb.get_args());
    bench::said(&mut command)
}

/// Reading goes on, and the reason why nothing else does is said with what to do, by a status and by a run.
fn only_reads(bench: &Bench, mount: &str, words: &[&str]) {
    let status = mounted(bench, mount, &["status"]);
    assert!(status.out.contains("3 live"), "{status:?}");
    assert!(status.out.contains("LOG STOPPED, read only"), "{status:?}");
    let run = mounted(bench, mount, &RESTORE);
    assert_eq!(run.code, 2, "{run:?}");
    assert!(run.out.contains("nothing can be run"), "{run:?}");
    for word in words {
        assert!(status.out.contains(word), "{word}: {status:?}");
        assert!(run.out.contains(word), "{word}: {run:?}");
    }
    bench.nothing_sent();
}

#[test]
fn on_a_file_system_of_another_machine_the_console_reads_only_and_names_the_folder_to_use() {
    if !possible(&["bindfs"]) {
        return;
    }
    let bench = Bench::start();
    let behind = bench.home().join("behind");
    std::fs::create_dir(&behind).expect("a folder");
    let serve = |kind: &str| format!("bindfs {kind} {} \"$S\"", behind.display());
    let words = [
        "network file system (sshfs)",
        "crashcart --state /",
        "on a disk of this host",
    ];
    only_reads(&bench, &serve("-o subtype=sshfs -p 0700"), &words);
    let words = ["network file system (fuse)", "crashcart --state /"];
    only_reads(&bench, &serve("-p 0700"), &words);
    let mut left = std::fs::read_dir(behind.join("demo")).expect("a state folder");
    let left = left.next().expect("an estate").expect("readable").path();
    let log = std::fs::read_dir(left.join("log")).map_or(0, Iterator::count);
    assert_eq!(log, 0, "nothing of a log is begun there");
    // A program that dies leaves its mount behind, and every path below it fails.
    let gone = format!(
        "{} & P=$!; until grep -q \" $S \" /proc/self/mountinfo; do :; done; kill -9 $P",
        serve("-f -o subtype=sshfs")
    );
    let said = mounted(&bench, &gone, &["status"]);
    let words = ["state cannot be made or opened", "not connected", "--state"];
    said.one_sentence(69, &words);
}

#[test]
fn on_a_disk_that_is_full_or_may_only_be_read_the_console_reads_only_and_says_why() {
    if !possible(&[]) {
        return;
    }
    let bench = Bench::start();
    let disk = "mount -t tmpfs -o mode=700";
    let full = format!(
        "{disk},size=8k none \"$S\"; head -c 9000 /dev/zero >\"$S/much\" 2>/dev/null || true"
    );
    only_reads(
        &bench,
        &full,
        &["No space left on device", "free space there"],
    );
    let begun = format!("{disk} none \"$S\"; \"$@\" >/dev/null; mount -o remount,ro \"$S\"");
    only_reads(&bench, &begun, &["Read-only file system", "start anew"]);
    let plain = mounted(&bench, &format!("{disk},noexec none \"$S\""), &["status"]);
    assert!(
        plain.out.contains("3 live") && !plain.out.contains("LOG STOPPED"),
        "{plain:?}"
    );
}
