//! Entering EKS by a role, at the STS of moto: keys for a token file, and a request signed with them that says who we are.
//!
//! moto checks no signature; those are held to AWS' vectors and to botocore beside the code. It also looks for the key of
//! a request in a header alone, so the one of the signed address is repeated there, as a sender that signs otherwise has it.

use std::io::BufRead;
use std::io::BufReader;
use std::io::Write;
use std::path::PathBuf;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use crashcart::auth::eks;
use crashcart::auth::eks::Credentials;
use crashcart::auth::eks::EksError;
use crashcart::auth::eks::Keys;
use crashcart::auth::eks::Surroundings;
use crashcart::auth::oidc;
use crashcart::auth::oidc::sts;
use crashcart::config::Eks;
use crashcart::config::Pem;
use crashcart::config::Secret;
use crashcart::sim::clock::Clock;
use rcgen::BasicConstraints;
use rcgen::CertificateParams;
use rcgen::DnType;
use rcgen::IsCa;
use rcgen::KeyPair;
use tempfile::TempDir;

use crate::bed::script;

const STS: &str = "sts.eu-north-1.amazonaws.com";
const ROLE: &str = "arn:aws:iam::123456789012:role/night";

/// A moto that serves TLS as STS; it ends with this.
pub(crate) struct Moto {
    server: Child,
    port: u16,
    home: TempDir,
}

impl Drop for Moto {
    fn drop(&mut self) {
        drop(self.server.kill());
        drop(self.server.wait());
    }
}

impl Moto {
    /// The testbed's moto, unless nobody asked for real parts: then one line says so.
    pub(crate) fn wanted() -> Option<Moto> {
        let bin = std::env::var_os("CRASHCART_TESTBED_BIN").map(PathBuf::from);
        let must = std::env::var_os("CRASHCART_REAL").is_some_and(|real| real == "1");
        if bin.is_none() && !must {
            let said = writeln!(
                std::io::stderr(),
                "left out: tests on the STS of moto; testbed/build builds it, docs/testbed.md says how"
            );
            drop(said);
            return None;
        }
        let bin = bin.unwrap_or_else(|| {
            let built = Command::new(script("build")).output().expect("it starts");
            let text = String::from_utf8_lossy(&built.stdout);
            PathBuf::from(text.trim().lines().last().expect("a folder"))
        });
        let home = certificates();
        let file = |name: &str| home.path().join(name);
        let mut server = Command::new(bin.join("moto_server"))
            .args(["-H", "127.0.0.1", "-p", "0", "-c"])
            .arg(file("server.crt"))
            .arg("-k")
            .arg(file("server.key"))
            .env("HOME", home.path())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("moto_server starts");
        let mut said = BufReader::new(server.stderr.take().expect("its words"));
        let mut port = None;
        let mut line = String::new();
        while port.is_none() && said.read_line(&mut line).is_ok_and(|read| read > 0) {
            let rest = line.split_once("Running on https://127.0.0.1:");
            port = rest.and_then(|(_, rest)| rest.trim().parse().ok());
            line.clear();
        }
        // Whoever writes into a pipe that nobody reads stops one day; a file would do, a thread does too.
        std::thread::spawn(move || std::io::copy(&mut said, &mut std::io::sink()));
        Some(Moto {
            server,
            port: port.expect("moto_server says where it listens"),
            home,
        })
    }

    fn eks(&self) -> Eks {
        let file = self.home.path().join("ca.crt");
        let bytes = std::fs::read(&file).expect("ca.crt");
        Eks {
            cluster: "aws-prod".to_owned(),
            region: "eu-north-1".to_owned(),
            profile: None,
            ca: Some(Pem::new(&file, &bytes).expect("a certificate")),
            sts: Some(format!("https://127.0.0.1:{}", self.port)),
        }
    }

    /// Sends the request of a token as the authenticator does, and gives the answer.
    fn asked(&self, token: &Secret, cluster: &str) -> String {
        let coded = token.expose().strip_prefix("k8s-aws-v1.").expect("prefix");
        let url = String::from_utf8(URL_SAFE_NO_PAD.decode(coded).expect("base64")).expect("text");
        let (_, credential) = url.split_once("X-Amz-Credential=").expect("a credential");
        let credential = credential.split('&').next().unwrap_or_default();
        let header = format!(
            "authorization: AWS4-HMAC-SHA256 Credential={}",
            credential.replace("%2F", "/")
        );
        let answer = Command::new("curl")
            .args(["--silent", "--show-error", "--noproxy", "*", "--cacert"])
            .arg(self.home.path().join("ca.crt"))
            .args([
                "--connect-to",
                &format!("{STS}:443:127.0.0.1:{}", self.port),
            ])
            .args([
                "-H",
                &format!("x-k8s-aws-id: {cluster}"),
                "-H",
                &header,
                &url,
            ])
            .output()
            .expect("curl starts");
        let all = [answer.stdout, answer.stderr].concat();
        String::from_utf8_lossy(&all).into_owned()
    }
}

/// A folder with an authority of its own and a certificate for STS on loopback.
fn certificates() -> TempDir {
    let home = tempfile::tempdir().expect("a folder");
    let ca_key = KeyPair::generate().expect("a key");
    let mut ca = CertificateParams::new(Vec::new()).expect("parameters");
    ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    // Of another name than what it signs: else OpenSSL takes that for signed by itself.
    ca.distinguished_name
        .push(DnType::CommonName, "authority of a test");
    let ca_pem = ca.self_signed(&ca_key).expect("a certificate").pem();
    let authority = rcgen::Issuer::new(ca, ca_key);
    let key = KeyPair::generate().expect("a key");
    let names = vec!["127.0.0.1".to_owned(), STS.to_owned()];
    let params = CertificateParams::new(names).expect("parameters");
    let own = params.signed_by(&key, &authority).expect("a certificate");
    for (name, text) in [
        ("ca.crt", ca_pem),
        ("server.crt", own.pem()),
        ("server.key", key.serialize_pem()),
    ] {
        std::fs::write(home.path().join(name), text).expect(name);
    }
    home
}

/// A role by its token file: keys for a quarter of an hour, and with them the identity that STS names.
pub(crate) async fn a_role_is_taken_by_its_token_file(moto: &Moto) {
    let file = moto.home.path().join("token");
    std::fs::write(&file, "canary.web.identity\n").expect("a token");
    let path = file.to_str().expect("UTF-8").to_owned();
    let variable = |name: &str| match name {
        "AWS_WEB_IDENTITY_TOKEN_FILE" => Some(path.clone()),
        "AWS_ROLE_ARN" => Some(ROLE.to_owned()),
        "AWS_ROLE_SESSION_NAME" => Some("alice".to_owned()),
        _ => None,
    };
    let around = Surroundings {
        variable: &variable,
        home: None,
    };
    let Keys::Role(role) = eks::find(None, &around).expect("a role") else {
        panic!("no role");
    };
    let keys = sts::assume(&moto.eks(), &role, oidc::DEADLINE)
        .await
        .expect("keys");
    assert!(keys.access_key.starts_with("ASIA"), "{}", keys.access_key);
    assert!(keys.session_token.is_some());
    let now = Clock::real(1).now();
    let token = eks::token(&moto.eks(), &keys, now).expect("a token");
    let answer = moto.asked(&token, "aws-prod");
    assert!(
        answer.contains("<Arn>arn:aws:sts::123456789012:assumed-role/night/alice</Arn>"),
        "{answer}"
    );
    let stranger = Credentials {
        access_key: "AKIASTRANGER".to_owned(),
        ..keys
    };
    let token = eks::token(&moto.eks(), &stranger, now).expect("a token");
    let answer = moto.asked(&token, "aws-prod");
    assert!(!answer.contains("assumed-role"), "{answer}");

    let bare = Eks {
        ca: None,
        ..moto.eks()
    };
    let refused = sts::assume(&bare, &role, oidc::DEADLINE).await;
    assert!(matches!(refused, Err(EksError::NoAuthority { .. })));
}
