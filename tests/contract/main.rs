//! The contract of an API server, asked over HTTPS with the client this program uses.
//!
//! Here are the requests against the simulated server; each test states what a real one does.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking, and its benches are part of it"
)]

mod changes;
mod reading;
mod rights;

use crashcart::sim::store::{Resource, resources};
use crashcart::sim::{Estate, Options, Served};
use kube::config::{AuthInfo, Config};
use kube::core::{ApiResource, DynamicObject, GroupVersionKind};
use kube::{Api, Client};
use serde_json::json;

/// A running estate of one bare cluster, in which alice may do everything and erik nothing.
struct Bench {
    estate: Estate,
}

impl Bench {
    async fn start() -> Bench {
        let options = Options {
            seed: 11,
            only: vec!["lab-1".to_owned()],
            bare: true,
            ..Options::default()
        };
        let bench = Bench {
            estate: Estate::start(options).await.unwrap(),
        };
        let admin = json!({
            "metadata": {"name": "admins"},
            "roleRef": {"kind": "ClusterRole", "name": "cluster-admin"},
            "subjects": [{"kind": "User", "name": "alice@meridian.test"}],
        });
        let store = &bench.served().cluster.store;
        store
            .create(&resources::CLUSTERROLEBINDINGS, None, admin)
            .unwrap();
        let shop = json!({"metadata": {"name": "shop"}});
        store.create(&resources::NAMESPACES, None, shop).unwrap();
        bench
    }

    fn served(&self) -> &Served {
        &self.estate.clusters()[0]
    }

    /// A client with the static token of a person.
    fn client(&self, person: &str) -> Client {
        let people = self.estate.people().all();
        let token = &people.iter().find(|p| p.name == person).unwrap().token;
        self.client_with(token)
    }

    fn client_with(&self, token: &str) -> Client {
        let mut config = Config::new(self.served().url.parse().unwrap());
        let pem = base64_of_pem(&self.served().ca);
        config.root_cert = Some(vec![pem]);
        config.auth_info = AuthInfo {
            token: Some(token.to_owned().into()),
            ..AuthInfo::default()
        };
        Client::try_from(config).unwrap()
    }

    fn api(&self, person: &str, kind: &'static Resource) -> Api<DynamicObject> {
        Api::namespaced_with(self.client(person), "shop", &api_resource(kind))
    }
}

/// The DER bytes of the one certificate in a PEM text.
fn base64_of_pem(pem: &str) -> Vec<u8> {
    use base64::Engine;
    let body: String = pem.lines().filter(|l| !l.starts_with("-----")).collect();
    base64::engine::general_purpose::STANDARD
        .decode(body)
        .unwrap()
}

fn api_resource(res: &Resource) -> ApiResource {
    let kind = GroupVersionKind::gvk(res.group, res.version, res.kind);
    ApiResource::from_gvk_with_plural(&kind, res.plural)
}

fn object(res: &Resource, name: &str) -> DynamicObject {
    DynamicObject::new(name, &api_resource(res))
}

/// The code and message of a refused request.
fn refusal<T: std::fmt::Debug>(answer: Result<T, kube::Error>) -> (u16, String, String) {
    match answer {
        Err(kube::Error::Api(status)) => {
            (status.code, status.reason.clone(), status.message.clone())
        }
        other => panic!("not refused: {other:?}"),
    }
}
