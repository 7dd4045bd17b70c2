//! The schemas of Velero's kinds in the simulated server are those that the real one holds.

use crashcart::sim::store::resources;
use serde_json::Value;

use crate::servers;
use crate::wire::Server;

/// The schema without its prose.
fn bare(schema: &Value, named: bool) -> Value {
    match schema {
        Value::Object(map) => map
            .iter()
            .filter(|(key, _)| named || *key != "description")
            .map(|(key, value)| {
                // Below `properties` a description is a field.
                let value = bare(value, key == "properties" && !named);
                (key.clone(), value)
            })
            .collect::<serde_json::Map<_, _>>()
            .into(),
        Value::Array(items) => items.iter().map(|item| bare(item, false)).collect(),
        other => other.clone(),
    }
}

/// The kinds whose schema differs, each with both.
pub(crate) async fn differences(server: &Server) -> Vec<String> {
    let mut told = Vec::new();
    for res in resources::ALL.iter().filter(|res| res.custom) {
        let name = res.qualified();
        let path = format!("GET /apis/apiextensions.k8s.io/v1/customresourcedefinitions/{name}");
        let raw = server.send(&path, "alice", &[], None).await;
        let definition: Value = serde_json::from_slice(&raw.body).unwrap();
        let versions = definition["spec"]["versions"].as_array();
        let version = versions
            .into_iter()
            .flatten()
            .find(|version| version["name"] == res.version);
        let real = bare(&version.unwrap()["schema"]["openAPIV3Schema"], false);
        let own = servers::schema(&name);
        if real != own {
            told.push(format!("{name}\n    real: {real}\n    simulated: {own}"));
        }
    }
    told
}
