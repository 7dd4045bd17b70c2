//! Every way into a cluster in one recording: no token and no key of any of them shows or lies in clear on a disk.

use std::collections::BTreeMap;
use std::path::Path;

use crashcart::sim::Options;
use crashcart::sim::issuer::Entrance;

use crate::PROGRAM;
use crate::kept::Bench;
use crate::kept::PASSPHRASE;
use crate::kept::typed;
use crate::login::answer;
use crate::login::code;
use crate::night::Browser;
use crate::pty::Pty;

/// How a token of OpenShift begins, and the one that is made for EKS.
const OPAQUE: &str = "sha256~";
const PRESIGNED: &str = "k8s-aws-v1.";

/// The address a browser ends on when alice logs in at the OAuth server of a cluster.
async fn ended_on(url: &str, ca: &str, shown: &str) -> String {
    let mut browser = Browser::at(url, ca);
    let path = &shown[shown.find("/oauth/").expect("a path")..];
    let sent = browser.get(path).await;
    let form = browser.get(&sent.location).await;
    let csrf = form.text.split("name=csrf value=").nth(1).expect("a form");
    let csrf = csrf.split('>').next().expect("its end");
    let then = sent.sent("then");
    let filled = format!("then={then}&csrf={csrf}&username=alice&password=x");
    let logged_in = browser.post("/login/sim", &filled).await;
    browser.get(&logged_in.location).await.location
}

/// The secret of alice's keys at AWS.
fn secret_key(bench: &Bench) -> String {
    let file = bench.config().with_file_name("alice.aws");
    let text = std::fs::read_to_string(file).expect("her keys");
    let line = text
        .lines()
        .find_map(|line| line.split_once("aws_secret_access_key"));
    let (_, secret) = line.expect("a secret");
    secret.trim_start_matches([' ', '=']).trim().to_owned()
}

/// Fails when something of one of the ways is in these bytes.
fn clean(bench: &Bench, secrets: &[&str], place: &str, bytes: &[u8]) {
    bench.clean(place, bytes);
    for secret in secrets {
        let found = bytes
            .windows(secret.len())
            .any(|part| part == secret.as_bytes());
        assert!(!found, "{secret} in {place}");
    }
}

/// The same for every file of a folder.
fn clean_files(bench: &Bench, secrets: &[&str], folder: &Path) -> usize {
    let mut files = 0;
    for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            files += clean_files(bench, secrets, &path);
        } else {
            let bytes = std::fs::read(&path).expect("a file");
            clean(bench, secrets, &path.display().to_string(), &bytes);
            files += 1;
        }
    }
    files
}

/// What each server says of the person, beside what their token does, and what became of the one that is not kept.
fn each_way_is_said(said: &str) {
    assert_eq!(said.matches("(as the token says)").count(), 1, "{said}");
    let own = "(the cluster's own word: its token says nothing)";
    assert_eq!(said.matches(own).count(), 1, "{said}");
    assert!(
        said.contains("aws-prod         alice@meridian.test"),
        "{said}"
    );
    assert!(
        said.contains("not kept beyond this command, so signed out alice@meridian.test"),
        "{said}"
    );
}

#[test]
fn at_id_03_no_token_or_key_of_any_way_in_shows_or_lies_in_clear() {
    let estate = Options {
        openshift: vec!["sth-prod".to_owned()],
        eks: vec!["aws-prod".to_owned()],
        bare: true,
        ..Options::default()
    };
    let bench = Bench::of("token_store = \"encrypted-file\"", estate);
    let keys = bench.config().with_file_name("alice.aws");
    let keys = keys.to_str().expect("a path").to_owned();
    let env = BTreeMap::from([
        ("RUST_LOG", "trace"),
        ("RUST_BACKTRACE", "1"),
        ("AWS_SHARED_CREDENTIALS_FILE", keys.as_str()),
    ]);
    let run = |verb: &[&str]| {
        let args = bench.args(verb);
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let home = bench.config().with_file_name("");
        // So wide that an address stands on one line.
        Pty::start(Path::new(PROGRAM), &args, &home, (1200, 40), &env)
    };
    let key = secret_key(&bench);
    assert!(key.len() > 8, "a key of alice's");
    let secrets = [OPAQUE, PRESIGNED, &key];

    let mut pty = run(&["login"]);
    typed(&mut pty, "New passphrase", PASSPHRASE);
    typed(&mut pty, "The same again", PASSPHRASE);
    pty.wait_for("Paste its whole address line here");
    let screen = pty.screen();
    let address = screen.lines().find_map(|line| line.strip_prefix("Open "));
    let address = address.expect("an address").trim().to_owned();
    let mut entrances = bench.estate().clusters().iter().map(|one| &one.entrance);
    let oauth = entrances.find_map(|one| match one {
        Entrance::OpenShift { oauth, ca } => Some((oauth.url().to_owned(), ca.clone())),
        _ => None,
    });
    let (url, ca) = oauth.expect("an OAuth server");
    let back = bench.runtime.block_on(ended_on(&url, &ca, &address));
    pty.press(&format!("{back}\r"));
    let code = code_of_device(&mut pty);
    answer(&bench, &code, Some("alice"));
    assert_eq!(pty.ended().exit_code(), 0, "{}", pty.screen());
    each_way_is_said(&pty.screen());
    clean(&bench, &secrets, "login", &pty.raw);

    for verb in ["whoami", "doctor", "status", "logout"] {
        let mut pty = run(&[verb]);
        if ["whoami", "logout"].contains(&verb) {
            typed(&mut pty, "Passphrase of", PASSPHRASE);
        }
        pty.ended();
        clean(&bench, &secrets, verb, &pty.raw);
    }
    let files = clean_files(&bench, &secrets, &bench.state());
    assert!(files >= 3, "log, key, lock: {files}");
}

/// The code of the device grant, which comes after the pasted address.
fn code_of_device(pty: &mut Pty) -> String {
    pty.wait_for("Type  ");
    code(pty)
}
