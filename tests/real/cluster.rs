//! The cluster as a stranger to this program sees it: kube's own client with somebody else's kubeconfig.

use std::collections::BTreeMap;

use http::Request;
use kube::Api;
use kube::Client;
use kube::Config;
use kube::api::DeleteParams;
use kube::api::ListParams;
use kube::api::Patch;
use kube::api::PatchParams;
use kube::client::Body;
use kube::config::KubeConfigOptions;
use kube::config::Kubeconfig;
use kube::core::ApiResource;
use kube::core::DynamicObject;
use kube::core::GroupVersionKind;
use kube::runtime::wait::await_condition;
use kube::runtime::wait::conditions::is_deleted;
use tokio::runtime::Runtime;

use crate::estate::Estate;
use crate::pty::LIMIT;

/// Kinds whose objects must be back after a restore.
const KINDS: [(&str, &str); 6] = [
    ("", "ConfigMap"),
    ("", "Secret"),
    ("", "Service"),
    ("", "ServiceAccount"),
    ("apps", "Deployment"),
    ("apps", "StatefulSet"),
];

/// Objects of one namespace: `Kind name` to uid.
pub(crate) type Objects = BTreeMap<String, String>;

/// A client with the rights of the estate's administrator.
pub(crate) struct Cluster {
    runtime: Runtime,
    client: Client,
    namespace: String,
}

impl Cluster {
    /// Connects as the estate's administrator.
    pub(crate) fn of(estate: &dyn Estate) -> Cluster {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let file = Kubeconfig::read_from(estate.admin()).unwrap();
        let options = KubeConfigOptions::default();
        let config = runtime
            .block_on(Config::from_custom_kubeconfig(file, &options))
            .unwrap();
        let client = {
            let _inside = runtime.enter();
            Client::try_from(config).unwrap()
        };
        Cluster {
            runtime,
            client,
            namespace: estate.namespace().to_owned(),
        }
    }

    /// Waits for what is asked of it.
    pub(crate) fn wait<T>(&self, asked: impl Future<Output = T>) -> T {
        self.runtime.block_on(asked)
    }

    /// Sends one request as it stands: the status of the answer, and its sentence.
    pub(crate) async fn send(&self, request: Request<Body>) -> (u16, String) {
        let answer = self.client.send(request).await.unwrap();
        let status = answer.status().as_u16();
        let body = answer.into_body().collect_bytes().await.unwrap();
        let said: serde_json::Value = serde_json::from_slice(&body).unwrap_or_default();
        let words = said.pointer("/message").and_then(|said| said.as_str());
        (status, words.unwrap_or_default().to_owned())
    }

    fn api(&self, group: &str, kind: &str) -> Api<DynamicObject> {
        let resource = ApiResource::from_gvk(&GroupVersionKind::gvk(group, "v1", kind));
        Api::namespaced_with(self.client.clone(), &self.namespace, &resource)
    }

    fn list(&self, group: &str, kind: &str) -> Vec<DynamicObject> {
        let api = self.api(group, kind);
        let found = self.runtime.block_on(api.list(&ListParams::default()));
        found.unwrap().items
    }

    /// What is in the namespace, with uids.
    pub(crate) fn objects(&self) -> Objects {
        let mut objects = Objects::new();
        for (group, kind) in KINDS {
            for object in self.list(group, kind) {
                let (name, uid) = (object.metadata.name, object.metadata.uid);
                objects.insert(format!("{kind} {}", name.unwrap()), uid.unwrap());
            }
        }
        objects
    }

    /// How many pods the namespaces of one zone hold, by the label that both estates put on them.
    pub(crate) fn pods_of_zone(&self, zone: &str) -> usize {
        let of = |kind| {
            let resource = ApiResource::from_gvk(&GroupVersionKind::gvk("", "v1", kind));
            Api::<DynamicObject>::all_with(self.client.clone(), &resource)
        };
        let (spaces, pods) = (of("Namespace"), of("Pod"));
        let list = async {
            let zone = format!("zone={zone}");
            let params = ListParams::default().labels(&zone);
            let spaces = spaces.list(&params).await.unwrap().items;
            let names: Vec<_> = spaces.into_iter().map(|one| one.metadata.name).collect();
            let pods = pods.list(&ListParams::default()).await.unwrap().items;
            let running = |pod: &DynamicObject| {
                let phase = pod.data.pointer("/status/phase");
                phase.and_then(|phase| phase.as_str()) != Some("Succeeded")
            };
            let inside = |pod: &&DynamicObject| names.contains(&pod.metadata.namespace);
            pods.iter()
                .filter(inside)
                .filter(|pod| running(pod))
                .count()
        };
        self.runtime.block_on(list)
    }

    /// Deployments that have fewer available pods than they want.
    pub(crate) fn unavailable(&self) -> Vec<String> {
        let short = |one: &DynamicObject| {
            let number = |path| one.data.pointer(path).and_then(serde_json::Value::as_u64);
            number("/status/availableReplicas").unwrap_or(0) < number("/spec/replicas").unwrap_or(1)
        };
        let all = self.list("apps", "Deployment");
        assert!(!all.is_empty(), "{} holds no Deployment", self.namespace);
        let short = all.into_iter().filter(short);
        short.filter_map(|one| one.metadata.name).collect()
    }

    /// Deletes every ConfigMap but the one that controllers make anew; gives which.
    pub(crate) fn lose_the_config_maps(&self) -> Vec<String> {
        let names = self.list("", "ConfigMap").into_iter();
        let names = names.filter_map(|one| one.metadata.name);
        let names: Vec<String> = names.filter(|name| name != "kube-root-ca.crt").collect();
        let api = self.api("", "ConfigMap");
        for name in &names {
            let gone = self
                .runtime
                .block_on(api.delete(name, &DeleteParams::default()));
            gone.unwrap();
        }
        names
            .iter()
            .map(|name| format!("ConfigMap {name}"))
            .collect()
    }

    /// Deletes every Deployment and waits until each is gone; gives which.
    pub(crate) fn lose_the_deployments(&self) -> Vec<String> {
        let api = self.api("apps", "Deployment");
        let mut lost = Vec::new();
        for one in self.list("apps", "Deployment") {
            let (name, uid) = (one.metadata.name.unwrap(), one.metadata.uid.unwrap());
            let lose = async {
                api.delete(&name, &DeleteParams::default()).await.unwrap();
                let gone = await_condition(api.clone(), &name, is_deleted(&uid));
                tokio::time::timeout(LIMIT, gone)
                    .await
                    .expect("a Deployment goes")
                    .unwrap();
            };
            self.runtime.block_on(lose);
            lost.push(format!("Deployment {name}"));
        }
        lost
    }

    /// Somebody labels one object by hand, under this name.
    pub(crate) fn label(&self, object: &str, manager: &str) {
        let (kind, name) = object.split_once(' ').unwrap();
        let label = serde_json::json!({"metadata": {"labels": {"edited-by": "hand"}}});
        let params = PatchParams {
            field_manager: Some(manager.to_owned()),
            ..PatchParams::default()
        };
        let patched = self.runtime.block_on(self.api("", kind).patch(
            name,
            &params,
            &Patch::Merge(label),
        ));
        patched.unwrap();
    }

    /// Deletes the pods, so that the controllers of their Deployments have something to report; waits for the report.
    pub(crate) fn make_the_deployments_busy(&self) {
        let deployments = self.api("apps", "Deployment");
        let before = self.list("apps", "Deployment");
        let pods = self.api("", "Pod");
        let busy = async {
            let (now, all) = (
                DeleteParams::default().grace_period(0),
                ListParams::default(),
            );
            pods.delete_collection(&now, &all).await.unwrap();
            for one in before {
                let (name, version) = (one.metadata.name.unwrap(), one.metadata.resource_version);
                let moved = |now: Option<&DynamicObject>| {
                    now.is_some_and(|now| now.metadata.resource_version != version)
                };
                let moved = await_condition(deployments.clone(), &name, moved);
                tokio::time::timeout(LIMIT, moved)
                    .await
                    .expect("its status moves")
                    .unwrap();
            }
        };
        self.runtime.block_on(busy);
    }

    /// Deletes the whole namespace and waits until it is gone.
    pub(crate) fn lose_the_namespace(&self) {
        let resource = ApiResource::from_gvk(&GroupVersionKind::gvk("", "v1", "Namespace"));
        let api: Api<DynamicObject> = Api::all_with(self.client.clone(), &resource);
        let lose = async {
            let name = self.namespace.as_str();
            let uid = api.get(name).await.unwrap().metadata.uid.unwrap();
            api.delete(name, &DeleteParams::default()).await.unwrap();
            let gone = await_condition(api.clone(), name, is_deleted(&uid));
            tokio::time::timeout(LIMIT, gone)
                .await
                .expect("the namespace goes")
                .unwrap();
        };
        self.runtime.block_on(lose);
    }
}
