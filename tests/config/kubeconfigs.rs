//! Odd kubeconfig files, each with its answer beside it: what was read, or the one sentence that refuses it.
//!
//! `NAME.kubeconfig` is one file, `NAME.merge` names several, one in each line, as `KUBECONFIG` would. What no
//! checkout can hold (a pipe, a loop of links, a mode) is made here. In `NAME.answer` a line that begins with `#` says
//! why, and, for what kubectl judges too, what kubectl 1.36 answered.

use crashcart::config::ConfigError;
use crashcart::config::KubeconfigUser;
use crashcart::config::Program;
use crashcart::config::kubeconfig;
use crashcart::config::kubeconfig::Access;
use crashcart::config::kubeconfig::Kubeconfig;
use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::path::PathBuf;
use tempfile::TempDir;

/// The fewest files there are to be.
const FEWEST: usize = 60;

/// What makes a file that no checkout can hold.
type Make = fn(&Path);

/// Files that are made here, and how.
const MADE: [(&str, Make); 10] = [
    ("made-directory", |path| fs::create_dir(path).unwrap()),
    ("made-no-file", |_| {}),
    ("made-symlink-loop", |path| symlink(path, path).unwrap()),
    ("made-symlink", |path| {
        symlink("plain.kubeconfig", path).unwrap();
    }),
    ("made-fifo", |path| {
        let mode = rustix::fs::Mode::from_bits_truncate(0o600);
        rustix::fs::mknodat(rustix::fs::CWD, path, rustix::fs::FileType::Fifo, mode, 0).unwrap();
    }),
    ("made-others-may-write", |path| {
        fs::copy(path.with_file_name("plain.kubeconfig"), path).unwrap();
        super::mode(path, 0o666);
    }),
    ("made-others-may-read-the-key", |path| {
        fs::copy(path.with_file_name("certificate.kubeconfig"), path).unwrap();
        super::mode(path, 0o644);
    }),
    ("made-others-may-read-the-token", |path| {
        fs::copy(path.with_file_name("plain.kubeconfig"), path).unwrap();
        super::mode(path, 0o644);
    }),
    ("made-huge", |path| {
        fs::write(path, vec![b'#'; 5 << 20]).unwrap();
    }),
    ("made-long-name", |path| {
        let plain = fs::read_to_string(path.with_file_name("plain.kubeconfig")).unwrap();
        let long = "x".repeat(100_000);
        fs::write(
            path,
            plain.replace("user: reader", &format!("user: {long}")),
        )
        .unwrap();
        super::mode(path, 0o600);
    }),
];

/// A copy of the files, readable by their owner alone, and those that are made.
fn corpus() -> TempDir {
    let folder = TempDir::new().unwrap();
    for entry in fs::read_dir(super::here().join("kubeconfigs")).unwrap() {
        let entry = entry.unwrap();
        let to = folder.path().join(entry.file_name());
        if entry.path().is_dir() {
            fs::create_dir(&to).unwrap();
            for file in fs::read_dir(entry.path()).unwrap() {
                let file = file.unwrap();
                let to = to.join(file.file_name());
                fs::write(&to, fs::read(file.path()).unwrap()).unwrap();
                super::mode(&to, 0o600);
            }
        } else {
            fs::write(&to, fs::read(entry.path()).unwrap()).unwrap();
            super::mode(&to, 0o600);
        }
    }
    for (name, make) in MADE {
        make(&folder.path().join(name));
    }
    folder
}

/// The program that `exec-listed` names: listed, and never started by reading.
fn listed() -> Vec<Program> {
    vec![Program {
        path: PathBuf::from("/opt/site/token"),
        sha256: "0".repeat(64),
        env: vec!["AWS_PROFILE".to_owned()],
    }]
}

fn read(path: &Path) -> Result<Access, ConfigError> {
    let file: Kubeconfig = match path.extension().and_then(|end| end.to_str()) {
        Some("merge") => {
            let names = fs::read_to_string(path).unwrap();
            let folder = path.parent().unwrap();
            let paths = names.lines().map(|name| match name {
                "" => PathBuf::new(),
                name => folder.join(name),
            });
            kubeconfig::read_list(&std::env::join_paths(paths).unwrap())?
        }
        _ => kubeconfig::read(path)?,
    };
    file.access(None, &listed())
}

/// What was read, in words.
fn words(access: &Access) -> String {
    let mut text = String::new();
    let name = |path: &PathBuf| path.file_name().unwrap().to_str().unwrap().to_owned();
    let from: Vec<String> = access.paths.iter().map(name).collect();
    writeln!(
        text,
        "context {:?} of {}",
        access.context,
        from.join(" and ")
    )
    .unwrap();
    write!(text, "server {}", access.server).unwrap();
    if let Some(proxy) = &access.route.proxy {
        write!(text, " through {proxy}").unwrap();
    }
    if let Some(name) = &access.route.tls_name {
        write!(text, " as {name}").unwrap();
    }
    let keys: Vec<String> = (access.ca.spki_hashes().iter())
        .map(|hash| hash[..8].to_owned())
        .collect();
    writeln!(text, "\nauthority {}", keys.join(" ")).unwrap();
    match &access.user {
        KubeconfigUser::ClientCert { cert_pem, .. } => {
            let subject = access.user.subject().unwrap();
            writeln!(
                text,
                "certificate of {:?} in {:?}, a chain of {}, until {}",
                subject.common_name,
                subject.organizations,
                cert_pem.matches("BEGIN CERTIFICATE").count(),
                access.user.ends().unwrap()
            )
        }
        KubeconfigUser::Token(token) => writeln!(text, "token {:?}", token.expose()),
        KubeconfigUser::TokenFile(file) => {
            writeln!(text, "token file with {:?}", file.read().unwrap().expose())
        }
        KubeconfigUser::Program(plugin) => writeln!(
            text,
            "program {} {:?} {:?}",
            plugin.program.path.display(),
            plugin.args,
            plugin.env
        ),
    }
    .unwrap();
    if let Some(issuer) = &access.issuer {
        writeln!(text, "issuer {} as {}", issuer.url, issuer.client_id).unwrap();
    }
    for warning in &access.warnings {
        writeln!(text, "warning {warning}").unwrap();
    }
    text
}

/// A case and what is asked of it: its name and its path.
fn cases(folder: &Path) -> Vec<(String, PathBuf)> {
    let mut cases: Vec<(String, PathBuf)> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            let end = path.extension().and_then(|end| end.to_str());
            matches!(end, Some("kubeconfig" | "merge"))
        })
        .map(|path| (path.file_stem().unwrap().to_str().unwrap().to_owned(), path))
        .collect();
    cases.extend(MADE.map(|(name, _)| (name.to_owned(), folder.join(name))));
    cases.sort();
    cases
}

#[test]
fn every_odd_file_gives_its_answer() {
    let folder = corpus();
    let cases = cases(folder.path());
    assert!(cases.len() >= FEWEST, "{} files", cases.len());
    let update = std::env::var_os("UPDATE_GOLDEN").is_some();
    let mut wrong = Vec::new();
    for (name, path) in cases {
        let said = match read(&path) {
            Ok(access) => words(&access),
            Err(error) => format!("refused {error}\n"),
        };
        let said = said.replace(&format!("{}/", folder.path().display()), "");
        let beside = super::here().join(format!("kubeconfigs/{name}.answer"));
        let answer = fs::read_to_string(&beside).unwrap_or_default();
        let why: String = (answer.lines().filter(|line| line.starts_with('#')))
            .flat_map(|line| [line, "\n"])
            .collect();
        let expected = answer.strip_prefix(&why).unwrap_or(&answer);
        let lines = said.lines().count();
        let one_sentence = !said.starts_with("refused") || lines == 1;
        let shows =
            |c: char| c == '\n' || c.escape_debug().len() == 1 || matches!(c, '"' | '\'' | '\\');
        if said.contains("canary") || !one_sentence || !said.chars().all(shows) {
            wrong.push(format!("{name} shows what it must not: {said}"));
        } else if expected != said && update {
            fs::write(&beside, format!("{why}{said}")).unwrap();
        } else if expected != said {
            wrong.push(format!("{name}\n said: {said} answer: {expected}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn no_permission_is_said_and_a_token_file_is_followed() {
    let folder = corpus();
    let path = folder.path().join("plain.kubeconfig");
    super::mode(&path, 0o000);
    match read(&path) {
        // Root reads what it likes.
        Ok(_) => assert!(rustix::process::geteuid().is_root()),
        Err(error) => assert!(error.to_string().ends_with(
            "plain.kubeconfig: it cannot be read: permission denied; name a kubeconfig file"
        )),
    }
    let KubeconfigUser::TokenFile(file) = read(&folder.path().join("token-file.kubeconfig"))
        .unwrap()
        .user
    else {
        unreachable!("a token file");
    };
    let before = file.stamp();
    assert_eq!(file.stamp(), before, "nothing changed");
    fs::write(file.path(), "another-token-that-is-longer\n").unwrap();
    assert_ne!(file.stamp(), before);
    assert_eq!(
        file.read().unwrap().expose(),
        "another-token-that-is-longer"
    );
}

#[test]
fn a_program_counts_only_as_the_systems_policy_lists_it() {
    let folder = super::copy();
    let corpus = corpus();
    let text = fs::read_to_string(corpus.path().join("exec-listed.kubeconfig")).unwrap();
    let kubeconfig = folder.path().join("good/aws.kubeconfig");
    let text = text
        .replace("files/ca.crt", "ca.crt")
        .replace("- name: c\n", "- name: aws-prod\n");
    fs::write(&kubeconfig, text).unwrap();
    super::mode(&kubeconfig, 0o600);
    let config = folder.path().join("good/crashcart.toml");
    let policy = folder.path().join("policy.toml");
    let with = |entry: &str| {
        fs::write(&policy, format!("[[program]]\n{entry}\n")).unwrap();
        super::mode(&policy, 0o644);
        crashcart::config::load(&config, Some(&policy)).map_err(|error| error.to_string())
    };
    let said = super::load(&config).unwrap_err().to_string();
    assert!(said.contains("none that policy does not list"), "{said}");
    let listed = format!(
        "path = \"/opt/site/token\"\nsha256 = \"{}\"\nenv = [\"AWS_PROFILE\"]",
        "AB".repeat(32)
    );
    let root = rustix::process::geteuid().is_root();
    if root {
        let read = with(&listed).unwrap();
        let auth = &read
            .clusters
            .iter()
            .find(|one| one.name.as_str() == "aws-prod")
            .unwrap()
            .auth;
        let crashcart::config::ClusterAuth::Kubeconfig(KubeconfigUser::Program(plugin)) = auth
        else {
            unreachable!("{auth:?}");
        };
        assert_eq!(plugin.program.sha256, "ab".repeat(32));
        for (from, to, words) in [
            ("/opt", "opt", "must be absolute"),
            ("AB", "xy", "must be 64 hex digits"),
            ("AWS_PROFILE", "LD_PRELOAD", "it changes what is run"),
        ] {
            let said = with(&listed.replacen(from, to, 1)).unwrap_err();
            assert!(said.contains(words) && said.contains("line "), "{said}");
        }
    }
    // The user's own policy file may not list any.
    let beside = folder.path().join("good/policy.toml");
    fs::write(
        &beside,
        format!("simulated_only = true\n[[program]]\n{listed}\n"),
    )
    .unwrap();
    super::mode(&beside, 0o644);
    let said = super::load(&config).unwrap_err().to_string();
    assert!(
        said.contains("only the system's policy may list a [[program]]"),
        "{said}"
    );
}
