//! Entering an EKS cluster of the simulated estate with AWS keys: what the authenticator takes, and what it does not.

use crate::issuer::Issuer;
use crate::issuer::Reply;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use crashcart::auth::eks;
use crashcart::auth::eks::Keys;
use crashcart::auth::eks::Role;
use crashcart::auth::eks::Surroundings;
use crashcart::auth::oidc;
use crashcart::auth::oidc::sts;
use crashcart::config::Cluster;
use crashcart::config::ClusterAuth;
use crashcart::config::Eks;
use crashcart::config::Pem;
use crashcart::config::Secret;
use crashcart::config::load;
use crashcart::sim::Estate;
use crashcart::sim::Options;
use crashcart::sim::clock::Clock;
use crashcart::sim::issuer::Entrance;
use crashcart::sources::cluster::Link;
use crashcart::sources::cluster::TokenSlot;
use jiff::SignedDuration;
use jiff::Timestamp;
use serde_json::json;
use std::path::Path;
use tempfile::TempDir;

struct House {
    estate: Estate,
    cluster: Cluster,
    dir: TempDir,
}

impl House {
    async fn open() -> House {
        let estate = Estate::start(Options {
            only: vec!["aws-prod".to_owned()],
            eks: vec!["aws-prod".to_owned()],
            ..Options::default()
        });
        let estate = estate.await.unwrap();
        let dir = tempfile::tempdir().unwrap();
        estate.write_to(dir.path()).unwrap();
        let config = load(&dir.path().join("crashcart.toml"), None).unwrap();
        House {
            cluster: config.clusters[0].clone(),
            estate,
            dir,
        }
    }

    fn eks(&self) -> Eks {
        match &self.cluster.auth {
            ClusterAuth::Eks(eks) => eks.clone(),
            other => panic!("{other:?}"),
        }
    }

    fn token(&self, person: &str, eks: &Eks, at: Timestamp) -> Secret {
        let file = self.dir.path().join(format!("{person}.aws"));
        let file = file.to_str().unwrap().to_owned();
        let variable = |name: &str| (name == "AWS_SHARED_CREDENTIALS_FILE").then(|| file.clone());
        let around = Surroundings {
            variable: &variable,
            home: None,
        };
        let Keys::Own(keys) = eks::find(None, &around).unwrap() else {
            panic!("no keys");
        };
        eks::token(eks, &keys, at).unwrap()
    }

    fn refused(&self, token: &str) -> String {
        let Entrance::Eks(authenticator) = &self.estate.clusters()[0].entrance else {
            panic!("no authenticator");
        };
        authenticator.verify(token).unwrap_err()
    }
}

fn role() -> Role {
    Role {
        arn: "arn:aws:iam::1:role/x".to_owned(),
        session: "night".to_owned(),
        token: Secret::new("canary-token"),
    }
}

/// A cluster whose STS is that server.
fn at_sts(server: &Issuer) -> Eks {
    let ca = Pem::new(Path::new("sts.crt"), server.ca.as_bytes()).unwrap();
    Eks {
        cluster: "aws-prod".to_owned(),
        region: "eu-north-1".to_owned(),
        profile: None,
        ca: Some(ca),
        sts: Some(server.url.clone()),
    }
}

/// An answer of STS: the scripted server puts it into quotes, which do no harm.
fn xml(status: u16, text: &str) -> Reply {
    Reply::Json(status, json!(text))
}

#[tokio::test]
async fn keys_of_a_role_are_asked_of_an_sts_that_is_vouched_for_and_no_other() {
    let server = Issuer::start().await;
    let eks = at_sts(&server);
    server.say(
        "/",
        xml(
            200,
            "<r><Credentials><AccessKeyId>ASIAX</AccessKeyId><SecretAccessKey>canary-s/+\
             </SecretAccessKey><SessionToken>canary-t==</SessionToken></Credentials></r>",
        ),
    );
    let keys = sts::assume(&eks, &role(), oidc::DEADLINE).await.unwrap();
    assert_eq!(keys.access_key, "ASIAX");
    assert_eq!(keys.secret_key.expose(), "canary-s/+");
    assert_eq!(keys.session_token.unwrap().expose(), "canary-t==");
    let sent = &server.heard("/")[0];
    for (name, value) in [
        ("Action", "AssumeRoleWithWebIdentity"),
        ("RoleArn", "arn:aws:iam::1:role/x"),
        ("RoleSessionName", "night"),
        ("WebIdentityToken", "canary-token"),
        ("DurationSeconds", "900"),
    ] {
        assert_eq!(sent[name], value);
    }
}

#[tokio::test]
async fn an_sts_that_gives_no_keys_is_said_and_one_that_nobody_vouches_for_is_told_nothing() {
    let server = Issuer::start().await;
    let eks = at_sts(&server);
    let refused = async |reply: Reply, says: &str| {
        server.say("/", reply);
        let error = sts::assume(&eks, &role(), oidc::DEADLINE)
            .await
            .unwrap_err();
        let text = error.to_string();
        assert!(
            text.contains(says) && text.contains("role arn:aws:iam::1:role/x"),
            "{text}"
        );
        assert!(!text.contains("canary"), "{text}");
    };
    let expired =
        "<e><Error><Code>ExpiredTokenException</Code><Message>Token expired</Message></Error></e>";
    refused(xml(400, expired), "ExpiredTokenException, Token expired").await;
    refused(xml(403, "<x/>"), "status 403").await;
    refused(
        xml(200, "<AccessKeyId>A</AccessKeyId>"),
        "something else than keys",
    )
    .await;
    refused(xml(503, ""), "status 503").await;
    let before = server.heard("/").len();
    let other = Issuer::start().await;
    let ca = Pem::new(Path::new("sts.crt"), other.ca.as_bytes()).unwrap();
    let wrong = Eks {
        ca: Some(ca),
        ..eks.clone()
    };
    let error = sts::assume(&wrong, &role(), oidc::DEADLINE)
        .await
        .unwrap_err();
    assert!(error.to_string().contains("check ca of eks"), "{error}");
    let none = Eks { ca: None, ..eks };
    let error = sts::assume(&none, &role(), oidc::DEADLINE)
        .await
        .unwrap_err();
    assert!(error.to_string().contains("add ca = "), "{error}");
    assert_eq!(server.heard("/").len(), before, "the token went nowhere");
}

/// The address in a token.
fn open(token: &str) -> String {
    let coded = token.strip_prefix("k8s-aws-v1.").unwrap();
    String::from_utf8(URL_SAFE_NO_PAD.decode(coded).unwrap()).unwrap()
}

/// A token that holds an address.
fn shut(url: &str) -> String {
    format!("k8s-aws-v1.{}", URL_SAFE_NO_PAD.encode(url))
}

#[tokio::test]
async fn keys_of_aws_open_the_cluster_as_the_person_they_are_of() {
    let house = House::open().await;
    let now = Clock::real(1).now();
    for (person, may) in [("alice", true), ("erik", false)] {
        let token = TokenSlot::new(house.token(person, &house.eks(), now));
        let link = Link::open(&house.cluster, 1, token).unwrap();
        let greeting = link.greet(now).await.unwrap();
        assert_eq!(
            greeting.user.unwrap(),
            format!("{person}@meridian.test").as_str()
        );
        let operator = greeting.groups.iter().any(|one| *one == "sre-operators");
        assert_eq!(operator, may, "{:?}", greeting.groups);
        let pods = link.reader().get_json("/api/v1/namespaces/emr/pods").await;
        assert!(!pods.unwrap()["items"].as_array().unwrap().is_empty());
    }
}

#[tokio::test]
async fn a_token_is_for_one_cluster_a_quarter_of_an_hour_and_nobody_else() {
    let house = House::open().await;
    let now = Clock::real(1).now();
    let at = |minutes: i64| now - SignedDuration::from_mins(minutes);
    let plain = |token: &Secret| token.expose().to_owned();
    let (mut other, mut elsewhere) = (house.eks(), house.eks());
    other.cluster = "another".to_owned();
    elsewhere.region = "us-east-1".to_owned();
    let good = plain(&house.token("alice", &house.eks(), at(14)));
    let url = open(&good);
    for (token, why) in [
        (
            plain(&house.token("alice", &house.eks(), at(16))),
            "older than 15 minutes",
        ),
        (
            plain(&house.token("alice", &house.eks(), at(-10))),
            "not signed yet",
        ),
        (
            plain(&house.token("alice", &other, now)),
            "SignatureDoesNotMatch",
        ),
        (
            plain(&house.token("alice", &elsewhere, now)),
            "another host than STS",
        ),
        (
            shut(&url.replace("sts.eu-north-1.amazonaws.com", "evil.test")),
            "another host",
        ),
        (shut(&url.replace("https://", "http://")), "not https"),
        (
            shut(&url.replace("Expires=60", "Expires=901")),
            "not 0 to 900",
        ),
        (shut(&url.replace("%3Bx-k8s-aws-id", "")), "not signed"),
        (
            shut(&url.replace("GetCallerIdentity", "AssumeRole")),
            "another action",
        ),
        (
            shut(&format!("{url}&Action=GetCallerIdentity")),
            "stands twice",
        ),
        (shut(&format!("{url}&Tags=x")), "may not stand there"),
        (shut(&url.replace("AKIA", "AKIB")), "InvalidClientTokenId"),
        (format!("{good}!"), "not base64"),
        (good.replace("k8s-aws-v1.", "k8s-aws-v2."), "no such prefix"),
    ] {
        let said = house.refused(&token);
        assert!(said.contains(why), "{why}: {said}");
    }
    let link = Link::open(&house.cluster, 1, TokenSlot::new(Secret::new(&shut(&url)))).unwrap();
    assert!(
        link.greet(now).await.is_ok(),
        "taken apart and put together again"
    );
}
