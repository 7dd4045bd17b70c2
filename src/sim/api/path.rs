//! From a path and a method to what is asked: the route and the attributes RBAC judges.

use http::Method;

use crate::sim::store::Refusal;
use crate::sim::store::Resource;
use crate::sim::store::resources;

/// A review: a question that is created, answered and never stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Review {
    SelfAccess,
    Access,
    LocalAccess,
    SelfRules,
    SelfSubject,
}

/// Group, plural, kind, whether it is namespaced, and what it is.
pub(super) const REVIEWS: &[(&str, &str, &str, bool, Review)] = &[
    (
        "authentication.k8s.io",
        "selfsubjectreviews",
        "SelfSubjectReview",
        false,
        Review::SelfSubject,
    ),
    (
        "authorization.k8s.io",
        "localsubjectaccessreviews",
        "LocalSubjectAccessReview",
        true,
        Review::LocalAccess,
    ),
    (
        "authorization.k8s.io",
        "selfsubjectaccessreviews",
        "SelfSubjectAccessReview",
        false,
        Review::SelfAccess,
    ),
    (
        "authorization.k8s.io",
        "selfsubjectrulesreviews",
        "SelfSubjectRulesReview",
        false,
        Review::SelfRules,
    ),
    (
        "authorization.k8s.io",
        "subjectaccessreviews",
        "SubjectAccessReview",
        false,
        Review::Access,
    ),
];

/// An object or a collection of objects.
#[derive(Clone, Debug)]
pub(super) struct Target {
    pub(super) res: &'static Resource,
    pub(super) ns: Option<String>,
    pub(super) name: Option<String>,
    /// `status`, `scale`, `log`, `proxy`; empty for the object itself.
    pub(super) sub: String,
    /// What follows `proxy`, with its slash.
    pub(super) rest: String,
}

/// What a path leads to.
#[derive(Clone, Debug)]
pub(super) enum Route {
    /// Health, version, discovery, API descriptions: everything that is no resource.
    Plain,
    /// A review.
    Review(Review),
    /// Objects.
    Objects(Target),
}

/// What the authorizer and the audit log need to know of a request.
#[derive(Clone, Debug, Default)]
pub(super) struct Attributes {
    pub(super) verb: String,
    pub(super) group: String,
    pub(super) version: String,
    /// Empty for a request that is no resource request.
    pub(super) resource: String,
    pub(super) sub: String,
    pub(super) ns: String,
    pub(super) name: String,
    pub(super) path: String,
}

impl Attributes {
    /// A list or watch of one name by a field is asked of that name, as a real server authorizes it.
    pub(super) fn narrow(&mut self, queries: &[(String, String)]) {
        let many = matches!(self.verb.as_str(), "list" | "watch" | "deletecollection");
        if !many || !self.name.is_empty() {
            return;
        }
        let fields = queries.iter().filter(|(key, _)| key == "fieldSelector");
        let named = fields
            .flat_map(|(_, fields)| fields.split(','))
            .find_map(|part| part.trim().strip_prefix("metadata.name="));
        let name = named.map(|name| name.trim_start_matches('='));
        name.unwrap_or("").clone_into(&mut self.name);
    }
}

/// Where the path leads; 404 when nowhere.
pub(super) fn route(path: &str) -> Result<Route, Refusal> {
    let parts: Vec<String> = path
        .split('/')
        .filter(|part| !part.is_empty())
        .map(decode)
        .collect();
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    match parts.as_slice() {
        ["api", "v1", rest @ ..] if !rest.is_empty() => objects("", "v1", rest, path),
        ["apis", group, version, rest @ ..] if !rest.is_empty() => {
            if let Some(review) = review(group, version, rest) {
                return Ok(Route::Review(review));
            }
            // A group that is not served at all is not the API's to answer.
            if !resources::ALL.iter().any(|res| res.group == *group) {
                return Ok(Route::Plain);
            }
            objects(group, version, rest, path)
        }
        _ => Ok(Route::Plain),
    }
}

fn review(group: &str, version: &str, rest: &[&str]) -> Option<Review> {
    let ([plural] | ["namespaces", _, plural]) = rest else {
        return None;
    };
    REVIEWS
        .iter()
        .find(|entry| entry.0 == group && version == "v1" && entry.1 == *plural)
        .map(|entry| entry.4)
}

fn objects(group: &str, version: &str, rest: &[&str], path: &str) -> Result<Route, Refusal> {
    let namespace_itself = |rest: &[&str]| {
        group.is_empty()
            && matches!(
                rest,
                ["namespaces", _] | ["namespaces", _, "status" | "finalize"]
            )
    };
    let (ns, rest) = match rest {
        ["namespaces", ns, rest @ ..]
            if !rest.is_empty() && !namespace_itself(&["namespaces", ns, rest[0]]) =>
        {
            (Some((*ns).to_owned()), rest)
        }
        _ => (None, rest),
    };
    let [plural, rest @ ..] = rest else {
        return Err(Refusal::no_such_path());
    };
    let res = resources::find(group, version, plural).ok_or_else(Refusal::no_such_path)?;
    if ns.is_some() && !res.namespaced {
        return Err(Refusal::no_such_path());
    }
    let name = rest.first().map(|name| (*name).to_owned());
    if name.is_some() && res.namespaced && ns.is_none() {
        return Err(Refusal::no_such_path());
    }
    let sub = rest.get(1).copied().unwrap_or("").to_owned();
    if rest.len() > 2 && sub != "proxy" {
        return Err(Refusal::no_such_path());
    }
    let rest = path
        .split_once("/proxy")
        .filter(|_| sub == "proxy")
        .map_or(String::new(), |(_, rest)| rest.to_owned());
    Ok(Route::Objects(Target {
        res,
        ns,
        name,
        sub,
        rest,
    }))
}

/// What the request asks for, in the authorizer's words.
pub(super) fn attributes(method: &Method, path: &str, route: &Route, watch: bool) -> Attributes {
    let mut asked = Attributes {
        verb: method.as_str().to_lowercase(),
        path: path.to_owned(),
        ..Attributes::default()
    };
    match route {
        Route::Plain => {}
        Route::Review(kind) => {
            if let Some(entry) = REVIEWS.iter().find(|entry| entry.4 == *kind) {
                entry.0.clone_into(&mut asked.group);
                entry.1.clone_into(&mut asked.resource);
            }
            "v1".clone_into(&mut asked.version);
            "create".clone_into(&mut asked.verb);
        }
        Route::Objects(target) => {
            verb(method, target, watch).clone_into(&mut asked.verb);
            target.res.group.clone_into(&mut asked.group);
            target.res.version.clone_into(&mut asked.version);
            target.res.plural.clone_into(&mut asked.resource);
            asked.sub.clone_from(&target.sub);
            asked.ns = target.ns.clone().unwrap_or_default();
            asked.name = target.name.clone().unwrap_or_default();
            if target.res.plural == "namespaces" && target.res.group.is_empty() {
                asked.ns.clone_from(&asked.name);
            }
        }
    }
    asked
}

fn verb(method: &Method, target: &Target, watch: bool) -> &'static str {
    match (method.as_str(), target.name.is_some()) {
        ("POST", _) => "create",
        ("PUT", _) => "update",
        ("PATCH", _) => "patch",
        ("DELETE", true) => "delete",
        ("DELETE", false) => "deletecollection",
        (_, false) if watch => "watch",
        (_, false) => "list",
        (_, true) => "get",
    }
}

/// Undoes percent-encoding; what is not encoded well stays as it is.
fn decode(part: &str) -> String {
    let mut bytes = part.bytes();
    let mut plain = Vec::with_capacity(part.len());
    while let Some(byte) = bytes.next() {
        let mut ahead = bytes.clone();
        let digit = |byte: Option<u8>| byte.and_then(|b| char::from(b).to_digit(16));
        let code = match (byte, digit(ahead.next()), digit(ahead.next())) {
            (b'%', Some(high), Some(low)) => u8::try_from(high * 16 + low).ok(),
            _ => None,
        };
        if code.is_some() {
            bytes = ahead;
        }
        plain.push(code.unwrap_or(byte));
    }
    String::from_utf8_lossy(&plain).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(path: &str) -> Target {
        match route(path).unwrap() {
            Route::Objects(target) => target,
            other => panic!("{path} is {other:?}"),
        }
    }

    fn words(method: &Method, path: &str) -> String {
        let a = attributes(method, path, &route(path).unwrap(), false);
        format!(
            "{} {}.{} {} {} {}",
            a.verb, a.resource, a.group, a.sub, a.ns, a.name
        )
    }

    #[test]
    fn paths_lead_to_what_a_real_server_means() {
        assert_eq!(words(&Method::GET, "/api/v1/pods"), "list pods.   ");
        assert_eq!(
            words(&Method::GET, "/api/v1/namespaces/a"),
            "get namespaces.  a a"
        );
        assert_eq!(
            words(&Method::PUT, "/api/v1/namespaces/a/status"),
            "update namespaces. status a a"
        );
        assert_eq!(
            words(
                &Method::PATCH,
                "/apis/apps/v1/namespaces/a/deployments/w/scale"
            ),
            "patch deployments.apps scale a w"
        );
        assert_eq!(
            words(&Method::DELETE, "/api/v1/namespaces/a/pods"),
            "deletecollection pods.  a "
        );
        assert!(route("/api/v1/pods/x").is_err());
        assert!(route("/apis/apps/v1/nonsense").is_err());
        assert!(matches!(route("/healthz").unwrap(), Route::Plain));
    }

    #[test]
    fn a_proxy_path_keeps_what_follows() {
        let asked =
            target("/api/v1/namespaces/m/services/http%3Aalertmanager:9093/proxy/api/v2/alerts");
        assert_eq!(asked.name.as_deref(), Some("http:alertmanager:9093"));
        assert_eq!(
            (asked.sub.as_str(), asked.rest.as_str()),
            ("proxy", "/api/v2/alerts")
        );
    }
}
