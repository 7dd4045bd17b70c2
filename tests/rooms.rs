//! The architecture, held: which room may import which, the budgets, and the few files that may be async, spawn
//! tasks or read the clock.

#![expect(
    clippy::expect_used,
    reason = "a test that cannot read the code panics"
)]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::path::PathBuf;

/// A room and the rooms it may import. `src/lib.rs` shows the same table.
const ROOMS: &[(&str, &[&str])] = &[
    ("text", &[]),
    ("config", &["text"]),
    ("auth", &["config", "text"]),
    ("audit", &["auth", "text"]),
    ("sources", &["config", "auth", "audit", "text"]),
    ("runbook", &["sources", "audit", "auth", "config", "text"]),
    (
        "state",
        &["runbook", "sources", "audit", "auth", "config", "text"],
    ),
    ("keys", &["state", "text"]),
    (
        "view",
        &[
            "keys", "state", "runbook", "sources", "audit", "auth", "config", "text",
        ],
    ),
    (
        "app",
        &[
            "view", "keys", "state", "runbook", "sources", "audit", "auth", "config", "text",
        ],
    ),
    ("sim", &["config", "text"]),
    (
        "cli",
        &[
            "app", "sim", "view", "keys", "state", "runbook", "sources", "audit", "auth", "config",
            "text",
        ],
    ),
];

/// Files that may name kube, HTTP or tokio outside `app/`, `sim/` and `cli/`.
const ASYNC_NAMES: &[&str] = &["watch.rs", "cluster.rs", "apply.rs", "oidc.rs", "store.rs"];
/// Folders beside an async file of the same name that hold its parts.
const ASYNC_FOLDERS: &[&str] = &["sources/cluster/", "sources/apply/", "auth/oidc/"];
/// Slim kinds implement kube's `Resource`, which is a pure trait; they name nothing else of it.
const KUBE_TRAITS: &[&str] = &["sources/kinds/"];
/// Where tasks and threads are started.
const SPAWNING: &[&str] = &["app/", "sim/"];
/// Where the clock is read.
const CLOCKS: &[&str] = &["app/clock.rs", "sim/clock.rs"];

const FILE_LINES: usize = 400;
const MEDIAN_LINES: usize = 165;

struct Source {
    path: String,
    room: String,
    text: String,
}

/// Every file below `src/`, with its `#[cfg(test)]` part cut off and its comments blanked.
fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    collect(&root, &mut files);
    files
        .into_iter()
        .map(|file| {
            let path = file
                .strip_prefix(&root)
                .expect("below src")
                .to_string_lossy()
                .replace('\\', "/");
            let room = path
                .split('/')
                .next()
                .expect("a first part")
                .trim_end_matches(".rs")
                .to_owned();
            let text = fs::read_to_string(&file).expect("readable source");
            Source {
                path,
                room,
                text: without_comments(without_tests(&text)),
            }
        })
        .collect()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    let mut entries: Vec<_> = fs::read_dir(folder)
        .expect("readable folder")
        .map(|entry| entry.expect("entry").path())
        .collect();
    entries.sort();
    for entry in entries {
        if entry.is_dir() {
            // Tests that fill a folder of their own beside the code are no part of the house.
            if entry.file_name().is_none_or(|name| name != "tests") {
                collect(&entry, files);
            }
        } else if entry.extension().is_some_and(|extension| extension == "rs")
            && entry.file_name().is_none_or(|name| name != "tests.rs")
        {
            files.push(entry);
        }
    }
}

fn without_tests(text: &str) -> &str {
    text.find("\n#[cfg(test)]\nmod tests {")
        .map_or(text, |at| &text[..=at])
}

fn without_comments(text: &str) -> String {
    let blank = |line: &str| {
        if line.trim_start().starts_with("//") {
            String::new()
        } else {
            line.to_owned()
        }
    };
    text.lines().map(blank).collect::<Vec<_>>().join("\n")
}

/// Rooms that a file names by `crate::room`, with the line.
fn imports(source: &Source) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (number, line) in source.text.lines().enumerate() {
        let mut rest = line;
        while let Some(at) = rest.find("crate::") {
            rest = &rest[at + "crate::".len()..];
            let room: String = rest
                .chars()
                .take_while(|c| c.is_alphanumeric() || *c == '_' || *c == '{')
                .collect();
            found.push((number + 1, room));
        }
    }
    found
}

fn complain(what: &str, broken: &[String]) {
    assert!(broken.is_empty(), "{what}:\n  {}", broken.join("\n  "));
}

#[test]
fn a_room_imports_only_the_rooms_of_its_row() {
    let table: BTreeMap<_, _> = ROOMS.iter().copied().collect();
    let mut broken = Vec::new();
    for source in sources() {
        let Some(allowed) = table.get(source.room.as_str()) else {
            if !matches!(source.room.as_str(), "lib" | "main") {
                broken.push(format!("{} stands in no room", source.path));
            }
            continue;
        };
        for (line, room) in imports(&source) {
            if room != source.room && !allowed.contains(&room.as_str()) {
                broken.push(format!("{}:{line} opens the door to `{room}`", source.path));
            }
        }
    }
    complain("closed doors", &broken);
}

#[test]
fn the_table_of_rooms_stands_in_lib_rs() {
    let lib = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lib.rs"))
        .expect("src/lib.rs");
    let missing: Vec<_> = ROOMS
        .iter()
        .filter(|(room, _)| {
            !lib.contains(&format!("//! | [`{room}`]"))
                || !lib.contains(&format!("pub mod {room};"))
        })
        .map(|(room, _)| (*room).to_owned())
        .collect();
    complain("rooms that lib.rs does not show", &missing);
}

#[test]
fn no_file_climbs_out_of_its_room_by_super() {
    let climbs = |source: &Source| {
        let depth = source.path.matches('/').count();
        let ladder = "super::".repeat(depth + usize::from(!source.path.ends_with("mod.rs")));
        (depth > 0 && source.text.contains(&ladder)).then(|| source.path.clone())
    };
    complain(
        "files that leave their room by super::",
        &sources().iter().filter_map(climbs).collect::<Vec<_>>(),
    );
}

#[test]
fn only_the_known_files_are_async() {
    let named = [
        "kube::",
        "tokio::",
        "hyper",
        "async fn",
        "axum::",
        "http::Request",
    ];
    let mut broken = Vec::new();
    for source in sources() {
        if matches!(source.room.as_str(), "app" | "sim" | "cli") {
            continue;
        }
        let file = source.path.rsplit('/').next().unwrap_or_default();
        let known = ASYNC_NAMES.contains(&file)
            || ASYNC_FOLDERS
                .iter()
                .any(|folder| source.path.starts_with(folder));
        let traits = KUBE_TRAITS
            .iter()
            .any(|folder| source.path.starts_with(folder));
        for word in named {
            if source.text.contains(word) && !known && !(traits && word == "kube::") {
                broken.push(format!("{} names `{word}`", source.path));
            }
        }
    }
    complain("async outside the known files", &broken);
}

#[test]
fn no_pure_file_imports_an_async_one() {
    let doors = [
        "sources::cluster::",
        "sources::apply::",
        "sources::watch::",
        "auth::oidc::",
        "super::cluster::",
        "super::apply::",
    ];
    let mut broken = Vec::new();
    for source in sources() {
        let file = source.path.rsplit('/').next().unwrap_or_default();
        let may = matches!(source.room.as_str(), "app" | "cli" | "sim")
            || ASYNC_NAMES.contains(&file)
            || ASYNC_FOLDERS
                .iter()
                .any(|folder| source.path.starts_with(folder));
        for door in doors {
            if !may && source.text.contains(door) {
                broken.push(format!("{} imports {door}", source.path));
            }
        }
    }
    complain("pure files that import async ones", &broken);
}

#[test]
fn tasks_start_and_clocks_are_read_in_few_places() {
    let mut broken = Vec::new();
    for source in sources() {
        let spawns = [
            "tokio::spawn(",
            "thread::spawn(",
            "thread::Builder",
            "spawn_blocking(",
        ];
        for word in spawns {
            if source.text.contains(word)
                && !SPAWNING.iter().any(|place| source.path.starts_with(place))
            {
                broken.push(format!("{} starts a task: {word}", source.path));
            }
        }
        for word in ["Instant::now(", "SystemTime::now(", "Timestamp::now("] {
            if source.text.contains(word) && !CLOCKS.contains(&source.path.as_str()) {
                broken.push(format!("{} reads the clock: {word}", source.path));
            }
        }
    }
    complain("tasks and clocks", &broken);
}

#[test]
fn only_update_changes_the_state_and_only_perform_changes_the_world() {
    let mut broken = Vec::new();
    for source in sources() {
        if source.room == "sim" {
            // The simulated servers keep and change a state of their own, behind HTTP.
            continue;
        }
        if source.text.contains("&mut State") && source.room != "state" {
            let loop_file = source.path.starts_with("app/") && !source.text.contains("&mut State,");
            if !loop_file {
                broken.push(format!("{} takes &mut State", source.path));
            }
        }
        let applies = source.text.contains("apply::apply(");
        if applies && !source.path.starts_with("app/perform") {
            broken.push(format!("{} applies a change", source.path));
        }
    }
    complain("one way", &broken);
}

#[test]
fn colours_are_named_in_the_theme_only() {
    let named = |source: &Source| {
        let colour = source
            .text
            .replace("qrcode::Color::", "")
            .contains("Color::")
            && !source.path.starts_with("view/theme")
            && source.path != "app/out.rs"
            && source.path != "view/svg.rs";
        colour.then(|| source.path.clone())
    };
    complain(
        "colours outside the theme",
        &sources().iter().filter_map(named).collect::<Vec<_>>(),
    );
}

#[test]
fn files_stay_within_their_budget_and_open_with_a_sign() {
    let mut broken = Vec::new();
    let mut lengths = Vec::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for source in sources() {
        let lines = source.text.lines().count();
        lengths.push(lines);
        if lines > FILE_LINES {
            broken.push(format!(
                "{} has {lines} lines, {FILE_LINES} are the budget",
                source.path
            ));
        }
        let whole = fs::read_to_string(root.join(&source.path)).expect("readable source");
        if !whole.starts_with("//!") {
            broken.push(format!("{} does not open with //!", source.path));
        }
        if source.text.contains("Rc<RefCell")
            || source.text.contains("macro_rules!")
            || source.text.contains("static mut")
        {
            broken.push(format!(
                "{} holds a macro, a global or Rc<RefCell>",
                source.path
            ));
        }
        for name in ["Manager", "Helper"] {
            if source.text.contains(&format!("struct {name}"))
                || source.text.contains(&format!("{name} {{"))
            {
                broken.push(format!("{} names a {name}", source.path));
            }
        }
    }
    lengths.sort_unstable();
    let median = lengths[lengths.len() / 2];
    if median > MEDIAN_LINES {
        broken.push(format!(
            "the median file has {median} lines, {MEDIAN_LINES} are the budget"
        ));
    }
    complain("budgets", &broken);
}
