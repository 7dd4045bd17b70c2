//! Asks the API server what we may do: access reviews decide, the rules review explains.

use serde_json::Value;
use serde_json::json;

use super::Link;
use crate::sources::op::Op;
use crate::sources::rights::held::Said;
use crate::sources::rights::rules::Rules;
use crate::text::SafeText;

/// Where the list of our own rights is asked.
const RULES: &str = "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews";

impl Link {
    /// What the server says to each of these questions, and its list of our rights in one namespace.
    pub async fn rights(&self, questions: &[Op], namespace: &str) -> Said {
        let mut reviews = Vec::new();
        for question in questions {
            let (allowed, why) = self.review(question).await;
            reviews.push((question.clone(), allowed, why));
        }
        let body = json!({
            "apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectRulesReview",
            "spec": {"namespace": namespace}
        });
        let asked = self
            .reader()
            .ask(RULES, body.to_string().into_bytes())
            .await;
        let rules = asked.map(|answer: Value| Rules::of(&answer));
        Said {
            reviews,
            namespace: namespace.to_owned(),
            rules: rules.map_err(|fault| SafeText::from(fault.to_string())),
        }
    }
}
