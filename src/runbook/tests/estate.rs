//! A hand-made estate of one cluster: objects as JSON, a world folded from them, and a driver for one run.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;
use serde_json::json;

use crate::auth::Person;
use crate::config::Cluster;
use crate::config::ClusterAuth;
use crate::config::ClusterName;
use crate::config::Config;
use crate::config::Criticality;
use crate::config::Estate as Named;
use crate::config::Member;
use crate::config::MemberBy;
use crate::config::Pem;
use crate::config::Policy;
use crate::config::Site;
use crate::config::Zone;
use crate::runbook::engine::Command;
use crate::runbook::event::OutcomeClass;
use crate::runbook::event::RunEvent;
use crate::runbook::library::Library;
use crate::runbook::open;
use crate::runbook::plan::Mode;
use crate::runbook::press::Input;
use crate::runbook::reading::Answer;
use crate::runbook::reading::Gvk;
use crate::runbook::reading::Heard;
use crate::runbook::reading::Listed;
use crate::runbook::reading::Named as Object;
use crate::runbook::reading::Reading;
use crate::runbook::run::Run;
use crate::runbook::sight::Sight;
use crate::sources::fact::Delta;
use crate::sources::fact::Fact;
use crate::sources::fact::Greeting;
use crate::sources::fact::Watch;
use crate::sources::fact::WatchNews;
use crate::sources::moment::Moment;
use crate::sources::op::Gvr;
use crate::sources::op::Op;
use crate::sources::world::World;
use crate::text::SafeText;

/// Plural, namespace, name.
pub(super) type Key = (String, String, String);

/// What the server does with the next requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// Never reaches the server; no answer.
    Lost,
    /// Reaches it; the answer is lost.
    AnswerLost,
    /// Refused with this status, nothing done.
    Refused(u16),
    /// A Restore that ends in this phase and creates nothing.
    RestoreEnds(&'static str),
}

/// The server: objects, and how often each was created or changed.
#[derive(Clone, Debug, Default)]
pub(super) struct Server {
    pub(super) objects: BTreeMap<Key, Value>,
    pub(super) writes: BTreeMap<String, u32>,
    pub(super) silent: bool,
    serial: u32,
}

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
}

pub(super) const RUN: &str = "7f3a11d2";

pub(super) fn gvr(plural: &str) -> Gvr {
    match plural {
        "deployments" => Gvr::new("apps", "v1", plural),
        "kustomizations" => Gvr::new("kustomize.toolkit.fluxcd.io", "v1", plural),
        "configmaps" | "secrets" | "namespaces" => Gvr::new("", "v1", plural),
        _ => Gvr::new("velero.io", "v1", plural),
    }
}

fn key(plural: &str, namespace: &str, name: &str) -> Key {
    (plural.to_owned(), namespace.to_owned(), name.to_owned())
}

impl Server {
    fn put(&mut self, plural: &str, namespace: &str, name: &str, mut object: Value) {
        self.serial += 1;
        let key = key(plural, namespace, name);
        let uid = self
            .objects
            .get(&key)
            .and_then(|old| old.pointer("/metadata/uid").cloned());
        let meta = json!({"name": name, "namespace": namespace, "resourceVersion": self.serial.to_string(),
            "uid": uid.unwrap_or_else(|| json!(format!("u-{}", self.serial))), "creationTimestamp": "2026-08-15T04:00:00Z"});
        let mut all = object.get("metadata").cloned().unwrap_or_else(|| json!({}));
        for (field, value) in meta.as_object().unwrap() {
            all[field] = value.clone();
        }
        object["metadata"] = all;
        self.objects.insert(key, object);
    }

    /// Somebody changes an object.
    pub(super) fn touch(&mut self, plural: &str, namespace: &str, name: &str) {
        let object = self
            .objects
            .get(&key(plural, namespace, name))
            .unwrap()
            .clone();
        self.put(plural, namespace, name, object);
    }

    pub(super) fn lose(&mut self, plural: &str, namespace: &str, name: &str) {
        self.objects.remove(&key(plural, namespace, name));
    }

    pub(super) fn get(&self, plural: &str, namespace: &str, name: &str) -> Option<&Value> {
        self.objects.get(&key(plural, namespace, name))
    }

    /// What a request does, as a status.
    fn take(&mut self, op: &Op, fault: Option<Fault>) -> u16 {
        if let Some(Fault::Refused(status)) = fault {
            return status;
        }
        let (gvr, namespace, name) = op.target();
        let (namespace, name) = (namespace.unwrap_or_default().to_owned(), name.to_owned());
        let wanted = matches!(op, Op::Suspend { suspend: false, .. });
        *self
            .writes
            .entry(format!(
                "{}{}",
                op.line(),
                if wanted { " back" } else { "" }
            ))
            .or_default() += 1;
        let body: Value = serde_json::from_slice(&op.request().body).unwrap();
        let here = self.get(&gvr.plural, &namespace, &name).cloned();
        match op {
            Op::Suspend { suspend, .. } => {
                let mut object = here.unwrap();
                object["spec"]["suspend"] = json!(suspend);
                self.put(&gvr.plural, &namespace, &name, object);
                200
            }
            Op::Delete {
                uid,
                resource_version,
                ..
            } => self.delete(
                here.as_ref(),
                (&gvr, &namespace, &name),
                (uid, resource_version.as_deref()),
            ),
            _ if here.is_some() => 409,
            _ => {
                self.create(op, body, (&gvr.plural, &namespace, &name), fault);
                201
            }
        }
    }

    fn delete(
        &mut self,
        here: Option<&Value>,
        at: (&Gvr, &str, &str),
        must: (&str, Option<&str>),
    ) -> u16 {
        let Some(here) = here else { return 404 };
        let text = |path: &str| here.pointer(path).unwrap().as_str().unwrap();
        if text("/metadata/uid") != must.0
            || must
                .1
                .is_some_and(|version| text("/metadata/resourceVersion") != version)
        {
            return 409;
        }
        self.lose(&at.0.plural, at.1, at.2);
        200
    }

    fn create(&mut self, op: &Op, mut body: Value, at: (&str, &str, &str), fault: Option<Fault>) {
        body["status"] = match op {
            Op::StatusRequest { .. } => json!({"phase": "Processed", "serverVersion": "v1.18.1"}),
            Op::Backup { .. } => {
                json!({"phase": "Completed", "startTimestamp": "2026-08-15T04:59:00Z",
                "progress": {"itemsBackedUp": 77, "totalItems": 77}})
            }
            _ => json!({}),
        };
        if let Op::Restore {
            namespace, name, ..
        } = op
        {
            let phase = match fault {
                Some(Fault::RestoreEnds(phase)) => phase,
                _ => {
                    self.fill(namespace, Some(name));
                    "Completed"
                }
            };
            body["status"] = json!({"phase": phase, "failureReason": if phase == "Completed" { "" } else { "store went away" },
                "progress": {"itemsRestored": 3, "totalItems": 3}, "errors": 0, "warnings": 0});
        }
        self.put(at.0, at.1, at.2, body);
    }

    /// What the backup holds, where it is missing.
    fn fill(&mut self, namespace: &str, restore: Option<&str>) {
        let labels = restore.map_or(
            json!({}),
            |restore| json!({"velero.io/restore-name": restore}),
        );
        let metadata = json!({"labels": labels, "generation": 1});
        if self.get("namespaces", "", namespace).is_none() {
            self.put(
                "namespaces",
                "",
                namespace,
                json!({"status": {"phase": "Active"}}),
            );
        }
        let api = json!({"metadata": metadata, "spec": {"replicas": 2},
            "status": {"readyReplicas": 2, "availableReplicas": 2, "observedGeneration": 1}});
        for (plural, name, object) in [
            ("configmaps", "forms", json!({"metadata": metadata})),
            ("secrets", "db", json!({"metadata": metadata})),
            ("deployments", "api", api),
        ] {
            if self.get(plural, namespace, name).is_none() {
                self.put(plural, namespace, name, object);
            }
        }
    }
}

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
            fingerprint: None,
            auth: ClusterAuth::Oidc {
                identity: "none".to_owned(),
            },
            audience: None,
        }],
        zones: vec![
            zone("clinical", 2, &["ehr"]),
            zone("administrative", 1, &["billing"]),
        ],
        policy: Policy::own(),
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

    pub(super) fn params(namespace: &str) -> BTreeMap<String, String> {
        let pairs = [
            ("cluster", "aws-prod"),
            ("namespace", namespace),
            ("ticket", "INC-4411"),
            ("reason", "forms are lost"),
        ];
        pairs
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect()
    }

    pub(super) fn open(&mut self, namespace: &str) -> Result<(), SafeText> {
        let request = open::Request {
            run: RUN.to_owned(),
            book: "restore-namespace".to_owned(),
            mode: Mode::Live,
            params: Estate::params(namespace),
        };
        let event = self.look(|sight| open::open(&request, sight, self.now()))?;
        self.record(event);
        Ok(())
    }

    pub(super) fn record(&mut self, event: RunEvent) {
        self.seconds += 1;
        let (seq, at) = (self.log.len() as u64 + 1, self.now().wall);
        match (&mut self.run, &event) {
            (run @ None, RunEvent::Opened(opened)) => *run = Some(Run::open(opened, seq, at)),
            (Some(run), event) => run.take(event, seq, at),
            (None, _) => panic!("the first entry opens the run"),
        }
        self.log.push((event, seq, at));
        self.past.push(self.server.clone());
    }

    pub(super) fn run(&self) -> &Run {
        self.run.as_ref().unwrap()
    }

    pub(super) fn carry_out(&mut self, command: Command) {
        match command {
            Command::Record(event) => self.record(event),
            Command::Read(reading) => {
                self.seconds += 1;
                let answer = self.answer(&reading);
                self.heard = Some(Heard {
                    reading,
                    answer,
                    at: self.now(),
                });
            }
            Command::Send { step, op, undo } => self.send(step, &op, undo),
        }
    }

    fn send(&mut self, step: u32, op: &Op, undo: bool) {
        let (gvr, namespace, name) = op.target();
        self.record(RunEvent::Intent {
            step,
            undo,
            digest: crate::runbook::book::hex(&op.request().digest()),
            audit_id: SafeText::new("a-1"),
            gvr,
            namespace: namespace.map(str::to_owned),
            name: name.to_owned(),
        });
        let fault = self
            .faults
            .iter()
            .position(|fault| fault.0 == step)
            .map(|at| self.faults.remove(at).1);
        let status = match fault {
            Some(Fault::Lost) => None,
            Some(Fault::AnswerLost) => {
                self.server.take(op, None);
                None
            }
            fault => Some(self.server.take(op, fault)),
        };
        let class = crate::runbook::journal::class(status);
        let words = SafeText::new(if class == OutcomeClass::Unknown {
            "no answer in 10s"
        } else {
            ""
        });
        self.record(RunEvent::Outcome {
            step,
            undo,
            class,
            status,
            words,
        });
    }

    fn answer(&self, reading: &Reading) -> Answer {
        match reading {
            Reading::Rights(ops) => Answer::Rights(
                ops.iter()
                    .map(|op| (op.clone(), Ok(true), SafeText::default()))
                    .collect(),
            ),
            Reading::Object {
                gvr,
                namespace,
                name,
            } => Answer::Object(
                self.server
                    .get(&gvr.plural, namespace.as_deref().unwrap_or_default(), name)
                    .cloned(),
            ),
            Reading::Artefact { .. } => Answer::Artefact(BTreeMap::from([
                (
                    "v1/ConfigMap".to_owned(),
                    vec![
                        "billing/forms".to_owned(),
                        "billing/kube-root-ca.crt".to_owned(),
                    ],
                ),
                ("v1/Secret".to_owned(), vec!["billing/db".to_owned()]),
                ("v1/Pod".to_owned(), vec!["billing/api-1".to_owned()]),
                (
                    "apps/v1/Deployment".to_owned(),
                    vec!["billing/api".to_owned()],
                ),
            ])),
            Reading::Names { namespace, kinds } => Answer::Names(
                kinds
                    .iter()
                    .map(|gvk| self.listed(namespace, gvk))
                    .collect(),
            ),
        }
    }

    fn listed(&self, namespace: &str, gvk: &Gvk) -> Listed {
        let plural = format!("{}s", gvk.kind.to_lowercase());
        let here = self
            .server
            .objects
            .iter()
            .filter(|(key, _)| key.0 == plural && key.1 == namespace);
        let text = |object: &Value, path: &str| {
            object
                .pointer(path)
                .and_then(Value::as_str)
                .map(str::to_owned)
        };
        let objects = here.map(|(key, object)| Object {
            name: key.2.clone(),
            uid: text(object, "/metadata/uid").unwrap(),
            resource_version: text(object, "/metadata/resourceVersion").unwrap(),
            restore: object.pointer("/metadata/labels").and_then(|all| {
                all.get("velero.io/restore-name")?
                    .as_str()
                    .map(str::to_owned)
            }),
        });
        Listed {
            gvk: gvk.clone(),
            gvr: gvr(&plural),
            allowed: true,
            objects: objects.collect(),
        }
    }

    /// Lets the run go on by itself until it waits for a person; gives how many commands it took.
    pub(super) fn settle(&mut self) -> usize {
        let (mut steps, mut idle) = (0, 0);
        while idle < 2 {
            let Some(command) = self.look(|sight| self.run().advance(sight, self.now())) else {
                idle += 1;
                self.seconds += 2;
                continue;
            };
            idle = 0;
            self.carry_out(command);
            steps += 1;
            assert!(
                steps < 200,
                "the run does not come to rest: {:?}",
                self.run().turn()
            );
        }
        steps
    }

    pub(super) fn press(&mut self, input: Input) -> Result<(), SafeText> {
        let commands = self.look(|sight| self.run().press(input, sight, self.now()))?;
        for command in commands {
            self.carry_out(command);
        }
        self.settle();
        Ok(())
    }

    /// Presses what the card offers, typing what it asks for, until the run has ended or offers nothing.
    pub(super) fn walk(&mut self) {
        self.settle();
        for _ in 0..60 {
            let card = self.look(|sight| self.run().card(sight, self.now()));
            if self.run().ended() || card.enter.is_empty() {
                return;
            }
            let input = card.typed.clone().map_or(Input::Enter, Input::Typed);
            self.press(input)
                .unwrap_or_else(|why| panic!("{card:?}: {why}"));
        }
        panic!("the run does not end: {:?}", self.run().turn());
    }

    /// Presses until the turn is at the step of that id.
    pub(super) fn walk_to(&mut self, id: &str) {
        self.settle();
        while self.run().turn().is_some_and(|step| step.id != id) || self.run().plan.is_none() {
            let card = self.look(|sight| self.run().card(sight, self.now()));
            let input = card.typed.clone().map_or(Input::Enter, Input::Typed);
            self.press(input)
                .unwrap_or_else(|why| panic!("{card:?}: {why}"));
        }
        if self.run().status == crate::runbook::run::RunStatus::Planned {
            self.press(Input::Enter).unwrap();
        }
    }
}
