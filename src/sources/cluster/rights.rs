//! Asks the API server what we may do: access reviews decide, the rules review explains.

use serde_json::Value;
use serde_json::json;

use super::Link;
use crate::sources::op::Op;
use crate::sources::rights::held::Said;
use crate::sources::rights::place::Place;
use crate::sources::rights::place::VERBS;
use crate::sources::rights::rules::Rules;
use crate::text::SafeText;

/// Where the list of our own rights is asked.
const RULES: &str = "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews";

impl Link {
    /// What the server says to each of these questions, its list of our rights in one namespace, and what holds in the
    /// namespaces of zones.
    pub async fn rights(&self, questions: &[Op], namespace: &str, places: &[String]) -> Said {
        let mut reviews = Vec::new();
        for question in questions {
            let (allowed, why) = self.review(question).await;
            reviews.push((question.clone(), allowed, why));
        }
        let rules = self.rules(namespace).await;
        let mut asked = Vec::new();
        for place in places {
            asked.push(self.place(place).await);
        }
        Said {
            reviews,
            namespace: namespace.to_owned(),
            rules,
            places: asked,
        }
    }

    async fn place(&self, namespace: &str) -> Place {
        let rules = self.rules(namespace).await;
        let mut reviews = Vec::new();
        for verb in VERBS {
            let known = rules.as_ref().ok();
            let lacks = known.and_then(|rules| Place::lacks(namespace, rules, verb));
            if let Some(question) = lacks {
                let (allowed, why) = self.review(&question).await;
                reviews.push((question, allowed, why));
            }
        }
        Place {
            namespace: namespace.to_owned(),
            rules,
            reviews,
        }
    }

    async fn rules(&self, namespace: &str) -> Result<Rules, SafeText> {
        let body = json!({
            "apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectRulesReview",
            "spec": {"namespace": namespace}
        });
        let asked = self
            .reader()
            .ask(RULES, body.to_string().into_bytes())
            .await;
        let rules = asked.map(|answer: Value| Rules::of(&answer));
        rules.map_err(|fault| SafeText::from(fault.to_string()))
    }
}
