//! Entering an EKS cluster of the simulated estate with AWS keys: what the authenticator takes, and what it does not.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use crashcart::auth::eks;
use crashcart::auth::eks::Keys;
use crashcart::auth::eks::Surroundings;
use crashcart::config::Cluster;
use crashcart::config::ClusterAuth;
use crashcart::config::Eks;
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
    let other = Eks {
        cluster: "another".to_owned(),
        ..house.eks()
    };
    let elsewhere = Eks {
        region: "us-east-1".to_owned(),
        ..house.eks()
    };
    let good = plain(&house.token("alice", &house.eks(), at(14)));
    let open = |token: &str| {
        let coded = token.strip_prefix("k8s-aws-v1.").unwrap();
        String::from_utf8(URL_SAFE_NO_PAD.decode(coded).unwrap()).unwrap()
    };
    let shut = |url: &str| format!("k8s-aws-v1.{}", URL_SAFE_NO_PAD.encode(url));
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
