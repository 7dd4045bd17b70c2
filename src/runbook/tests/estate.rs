//! A hand-made estate of one cluster: objects as JSON, a world folded from them, and a driver for one run.

use std::path::PathBuf;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::json;

use super::server::Fault;
use super::server::Server;
use crate::auth::Person;
use crate::config::Cluster;
use crate::config::ClusterAuth;
use crate::config::ClusterName;
use crate::config::Config;
use crate::config::Criticality;
use crate::config::Estate as Named;
use crate::config::Fingerprint;
use crate::config::Member;
use crate::config::MemberBy;
use crate::config::Pem;
use crate::config::Policy;
use crate::config::Site;
use crate::config::TokenSettings;
use crate::config::Zone;
use crate::runbook::event::RunEvent;
use crate::runbook::library::Library;
use crate::runbook::reading::Heard;
use crate::runbook::run::Run;
use crate::runbook::sight::Sight;
use crate::sources::fact::Delta;
use crate::sources::fact::Fact;
use crate::sources::fact::Greeting;
use crate::sources::fact::Watch;
use crate::sources::fact::WatchNews;
use crate::sources::moment::Moment;
use crate::sources::op::Op;
use crate::sources::rights::held;
use crate::sources::rights::held::Said;
use crate::sources::rights::rules::Rules;
use crate::sources::world::World;
use crate::text::SafeText;

/// One cluster, one person, one run.
#[derive(Clone)]
pub(super) struct Estate {
    pub(super) config: Config,
    pub(super) library: Library,
    pub(super) person: Person,
    pub(super) server: Server,
    pub(super) run: Option<Run>,
    pub(super) log: Vec<(RunEvent, u64, Timestamp)>,
    /// The server as it was after each entry.
    pub(super) past: Vec<Server>,
    pub(super) heard: Option<Heard>,
    pub(super) faults: Vec<(u32, Fault)>,
    pub(super) seconds: i64,
    pub(super) uid: &'static str,
    /// A kind that this person may not list.
    pub(super) hidden: Option<&'static str>,
    /// What the cluster said when it was asked about one request: the operation, and whether it is this person's.
    pub(super) said: Option<(Op, Result<bool, SafeText>)>,
}

pub(super) const RUN: &str = "7f3a11d2";

fn config() -> Config {
    let zone = |name: &str, people: u32, namespaces: &[&str]| Zone {
        name: name.into(),
        criticality: Criticality::High,
        rpo: None,
        rto: None,
        people,
        owners: Vec::new(),
        members: vec![Member {
            cluster: ClusterName::from("aws-prod"),
            by: MemberBy::Namespaces(namespaces.iter().map(ToString::to_string).collect()),
        }],
        applications: Vec::new(),
    };
    Config {
        path: PathBuf::from("crashcart.toml"),
        estate: Named {
            name: "test".to_owned(),
            id: uuid::Uuid::nil(),
            regimes: Vec::new(),
            outside: Vec::new(),
        },
        identities: Vec::new(),
        clusters: vec![Cluster {
            name: ClusterName::from("aws-prod"),
            site: Site::Cloud,
            server: "https://127.0.0.1:6443".to_owned(),
            ca: Pem {
                path: PathBuf::from("ca.crt"),
                bytes: Arc::from(&b""[..]),
            },
            fingerprint: Some(Fingerprint {
                ca_key: "0".repeat(64),
                uid: Some("c07a91e2".to_owned()),
            }),
            auth: ClusterAuth::Oidc {
                identity: "none".to_owned(),
            },
            fallback: None,
            audience: None,
            route: crate::config::Route::default(),
            copy_of: None,
        }],
        zones: vec![
            zone("clinical", 2, &["ehr"]),
            zone("administrative", 1, &["billing"]),
        ],
        policy: Policy::own(),
        warnings: Vec::new(),
        tokens: TokenSettings::default(),
    }
}

impl Estate {
    /// Billing has lost its ConfigMap and its Deployment; Flux keeps it; one hourly backup is good.
    pub(super) fn new() -> Estate {
        let mut server = Server::default();
        server.fill("billing", None);
        server.lose("configmaps", "billing", "forms");
        server.lose("deployments", "billing", "api");
        let store = json!({"spec": {"default": true, "validationFrequency": "1m"},
            "status": {"phase": "Available", "lastValidationTime": "2026-08-15T05:00:00Z"}});
        server.put("backupstoragelocations", "velero", "eu-main", store);
        let backup = json!({"spec": {"includedNamespaces": ["billing"], "storageLocation": "eu-main"},
            "status": {"phase": "Completed", "startTimestamp": "2026-08-15T04:42:00Z", "completionTimestamp": "2026-08-15T04:43:00Z",
                "expiration": "2026-09-15T04:42:00Z"}});
        server.put("backups", "velero", "hourly-billing-1", backup);
        let kustomization =
            json!({"spec": {"suspend": false, "targetNamespace": "billing"}, "status": {}});
        server.put("kustomizations", "flux-system", "billing", kustomization);
        Estate {
            config: config(),
            library: Library::built_in(),
            person: Person {
                issuer: "https://id".to_owned(),
                subject: "alice".to_owned(),
                login: SafeText::new("alice@meridian.test"),
                groups: Vec::new(),
            },
            server,
            run: None,
            log: Vec::new(),
            past: Vec::new(),
            heard: None,
            faults: Vec::new(),
            hidden: None,
            said: None,
            seconds: 0,
            uid: "c07a91e2",
        }
    }

    pub(super) fn now(&self) -> Moment {
        let start: Timestamp = "2026-08-15T05:00:00Z".parse().unwrap();
        let wall = start
            .checked_add(jiff::SignedDuration::from_secs(self.seconds))
            .unwrap();
        Moment {
            mono_ms: u64::try_from(self.seconds).unwrap() * 1000,
            wall,
        }
    }

    fn all<T: serde::de::DeserializeOwned>(&self, plural: &str) -> Delta<T> {
        let objects = self
            .server
            .objects
            .iter()
            .filter(|(key, _)| key.0 == plural);
        Delta::Swap(
            objects
                .map(|(_, object)| serde_json::from_value(object.clone()).unwrap())
                .collect(),
        )
    }

    /// The world as its watches would have folded it a second ago.
    pub(super) fn world(&self) -> World {
        let cluster = ClusterName::from("aws-prod");
        let mut world = World::default();
        world.connect(cluster.clone(), 1);
        let at = if self.server.silent {
            Moment {
                mono_ms: 0,
                ..self.now()
            }
        } else {
            self.now()
        };
        let mut fold = |fact: Fact| world.fold(&cluster, 1, fact, at);
        fold(Fact::Greeting(Greeting {
            version: SafeText::new("v1.34.3"),
            uid: Some(SafeText::new(self.uid)),
            user: None,
            groups: Vec::new(),
            clock_ahead_s: None,
        }));
        fold(Fact::Namespaces(self.all("namespaces")));
        fold(Fact::Nodes(self.all("nodes")));
        fold(Fact::Deployments(self.all("deployments")));
        fold(Fact::Pods(self.all("pods")));
        fold(Fact::Stores(self.all("backupstoragelocations")));
        fold(Fact::Schedules(self.all("schedules")));
        fold(Fact::Backups(self.all("backups")));
        fold(Fact::DeleteRequests(self.all("deletebackuprequests")));
        fold(Fact::Restores(self.all("restores")));
        fold(Fact::Kustomizations(self.all("kustomizations")));
        for watch in Watch::ALL {
            fold(Fact::Watch(watch, WatchNews::Synced));
        }
        if self.hidden == Some("Kustomization") {
            let why = WatchNews::Forbidden(SafeText::new("list kustomizations is not yours"));
            fold(Fact::Watch(Watch::Kustomizations, why));
        }
        if let Some((op, answer)) = &self.said {
            fold(Fact::Rights(Said {
                reviews: vec![(held::question(op), answer.clone(), SafeText::default())],
                namespace: "velero".to_owned(),
                rules: Ok(Rules::default()),
                places: Vec::new(),
            }));
        }
        world
    }

    pub(super) fn look<T>(&self, with: impl FnOnce(&Sight<'_>) -> T) -> T {
        let world = self.world();
        let heard = self.heard.as_ref();
        with(&Sight {
            config: &self.config,
            world: &world,
            library: &self.library,
            heard,
            person: &self.person,
        })
    }
}
