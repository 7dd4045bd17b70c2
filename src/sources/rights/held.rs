//! What we may do, as the server said when it was asked: yes, no, or not known, never older than it says.

use std::collections::BTreeSet;

use super::Right;
use super::place::Place;
use super::role;
use super::role::Part;
use super::role::Scope;
use super::rules::Rules;
use crate::sources::moment::Moment;
use crate::sources::op::Gvr;
use crate::sources::op::Op;
use crate::sources::seen::Freshness;
use crate::sources::world::ClusterWorld;
use crate::text::SafeText;
use crate::text::age;

/// Seconds after which an answer says nothing any more.
const OLD_S: i64 = 600;
/// Seconds after which it is asked again while somebody looks.
pub const AGAIN_S: i64 = 120;

/// What the API server said that we may do.
#[derive(Clone, Debug, PartialEq)]
pub struct Said {
    /// Access reviews, which decide: the question, the answer or why there is none, and the server's reason.
    pub reviews: Vec<(Op, Result<bool, SafeText>, SafeText)>,
    /// The namespace that the rules are of; they hold everything that is given everywhere too.
    pub namespace: String,
    /// The rules review, which explains, or why there is none.
    pub rules: Result<Rules, SafeText>,
    /// What holds in namespaces of zones, as far as they were asked about.
    pub places: Vec<Place>,
}

/// The same, with when it was heard.
#[derive(Clone, Debug, PartialEq)]
pub struct Held {
    /// What was said.
    pub said: Said,
    /// When.
    pub at: Moment,
}

/// Whether we may do one thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum May {
    /// The server says yes, through this binding where it names one.
    Yes(SafeText),
    /// The server says no, and why.
    No(SafeText),
    /// Not known, and why: not asked, asked and not answered, or too long ago.
    Unknown(SafeText),
}

impl May {
    /// The answer in a few words: `yes via ClusterRoleBinding x to Group y`.
    pub fn words(&self) -> String {
        match self {
            May::Yes(via) if via.is_empty() => "yes".to_owned(),
            May::Yes(via) => format!("yes via {via}"),
            May::No(why) => format!("no: {why}"),
            May::Unknown(why) => format!("? {why}"),
        }
    }
}

/// The question that decides whether this operation may be sent.
pub fn question(op: &Op) -> Op {
    let (gvr, namespace, _) = op.target();
    Op::Review {
        verb: op.verb().to_owned(),
        gvr,
        namespace: namespace.map(str::to_owned),
    }
}

/// Every question about what runbooks send: to Velero where there is one, and to Flux where it keeps something.
pub fn questions(velero: Option<&str>, flux: impl IntoIterator<Item = String>) -> Vec<Op> {
    let scope = Scope {
        velero: velero.unwrap_or_default().to_owned(),
        ..Scope::default()
    };
    let parts = Part::ALL.into_iter();
    let sends = |right: &Right| ["create", "patch"].contains(&right.verb.as_str());
    let rights = parts
        .flat_map(|part| role::of_part(part, &scope))
        .filter(sends);
    let review = |right: &Right, namespace: String| Op::Review {
        verb: right.verb.clone(),
        gvr: Gvr::new(&right.group, "v1", &right.resource),
        namespace: Some(namespace),
    };
    let flux: BTreeSet<String> = flux.into_iter().collect();
    let each = rights.flat_map(|right| match &right.namespace {
        Some(_) => velero
            .map(|name| review(&right, name.to_owned()))
            .into_iter()
            .collect(),
        None => flux
            .iter()
            .map(|name| review(&right, name.clone()))
            .collect::<Vec<Op>>(),
    });
    each.collect()
}

/// True when a question is about what this part of a runbook sends.
pub fn belongs(question: &Op, part: Part) -> bool {
    let Op::Review { verb, gvr, .. } = question else {
        return false;
    };
    let mut rights = role::of_part(part, &Scope::default()).into_iter();
    rights.any(|right| {
        right.verb == *verb && right.group == gvr.group && right.resource == gvr.plural
    })
}

impl ClusterWorld {
    /// What the server said of our rights, while it counts.
    ///
    /// # Errors
    /// Why it does not: never asked, too long ago, or silent since.
    pub(super) fn still_held(&self, now: Moment) -> Result<&Held, SafeText> {
        let Some(held) = self.held() else {
            return Err(SafeText::new("not asked yet"));
        };
        let old = now.seconds_since(held.at);
        if old > OLD_S {
            return Err(SafeText::from(format!("asked {} ago", age(old))));
        }
        match self.freshness(now) {
            Freshness::Silent(silence) => Err(SafeText::from(format!(
                "asked, and silent since {}",
                age(silence)
            ))),
            _ => Ok(held),
        }
    }

    /// Whether we may do what an `Op::Review` asks, as the server said last.
    pub fn may(&self, question: &Op, now: Moment) -> May {
        let unknown = |why: String| May::Unknown(SafeText::from(why));
        let held = match self.still_held(now) {
            Ok(held) => held,
            Err(why) => return May::Unknown(why),
        };
        let mut reviews = held.said.reviews.iter();
        match reviews.find(|(asked, ..)| asked == question) {
            None => unknown("not asked yet".to_owned()),
            Some((_, Err(why), _)) => unknown(format!("asked, and not answered: {why}")),
            Some((_, Ok(true), why)) => May::Yes(via(why.as_str())),
            Some((_, Ok(false), why)) => {
                let here = (held.said.namespace.as_str(), &held.said.rules);
                May::No(denied(question, here, why))
            }
        }
    }
}

/// `ClusterRoleBinding x to Group y`, from `RBAC: allowed by ClusterRoleBinding "x" of ClusterRole "z" to Group "y"`.
pub fn via(reason: &str) -> SafeText {
    let parts = reason
        .split_once("allowed by ")
        .and_then(|(_, rest)| rest.split_once(" of "))
        .and_then(|(binding, rest)| Some((binding, rest.split_once(" to ")?.1)));
    match parts {
        Some((binding, subject)) => {
            SafeText::from(format!("{binding} to {subject}").replace('"', ""))
        }
        None => SafeText::new(reason),
    }
}

/// Why not: the server's reason where it gives one, and what the rules of a namespace do give on that resource.
pub(super) fn denied(
    question: &Op,
    (place, rules): (&str, &Result<Rules, SafeText>),
    why: &SafeText,
) -> SafeText {
    let Op::Review { gvr, namespace, .. } = question else {
        return why.clone();
    };
    if !why.is_empty() {
        return why.clone();
    }
    let here = namespace.as_deref().is_none_or(|name| name == place);
    let words = match rules {
        Ok(rules) if here => {
            let verbs = rules.verbs(&gvr.group, &gvr.plural);
            let more = if rules.incomplete {
                ", as far as the list goes"
            } else {
                ""
            };
            if verbs.is_empty() {
                format!("no rule gives you anything on {}{more}", gvr.resource())
            } else {
                format!("of {} you may {}{more}", gvr.resource(), verbs.join(", "))
            }
        }
        _ => "no rule gives it to you".to_owned(),
    };
    SafeText::from(words)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::fact::Fact;
    use crate::sources::fixtures::at;
    use crate::sources::fixtures::name;
    use crate::sources::rights::rules::Rule;
    use crate::sources::world::World;

    fn review(verb: &str) -> Op {
        Op::Review {
            verb: verb.to_owned(),
            gvr: Gvr::new("velero.io", "v1", "restores"),
            namespace: Some("velero".to_owned()),
        }
    }

    fn world(reviews: Vec<(Op, Result<bool, SafeText>, SafeText)>) -> World {
        let rule = Rule {
            verbs: vec!["get".to_owned(), "list".to_owned()],
            groups: vec!["velero.io".to_owned()],
            resources: vec!["*".to_owned()],
            names: Vec::new(),
        };
        let said = Said {
            reviews,
            namespace: "velero".to_owned(),
            rules: Ok(Rules {
                rules: vec![rule],
                incomplete: true,
            }),
            places: Vec::new(),
        };
        let mut world = World::default();
        world.connect(name("c"), 1);
        world.fold(&name("c"), 1, Fact::Rights(said), at(0));
        world
    }

    #[test]
    fn an_answer_is_yes_no_with_the_reason_or_not_known() {
        let reason = SafeText::new(
            r#"RBAC: allowed by RoleBinding "op/velero" of Role "op" to Group "sre""#,
        );
        let world = world(vec![
            (review("create"), Ok(true), reason),
            (review("patch"), Ok(false), SafeText::default()),
            (
                review("delete"),
                Err(SafeText::new("no answer in time")),
                SafeText::default(),
            ),
        ]);
        let cluster = world.cluster(&name("c")).unwrap();
        let words = |verb, s| cluster.may(&review(verb), at(s)).words();
        assert_eq!(
            words("create", 1),
            "yes via RoleBinding op/velero to Group sre"
        );
        assert_eq!(
            words("patch", 1),
            "no: of restores.velero.io you may get, list, as far as the list goes"
        );
        assert_eq!(
            words("delete", 1),
            "? asked, and not answered: no answer in time"
        );
        assert_eq!(words("update", 1), "? not asked yet");
        assert_eq!(words("create", 601), "? asked 10m ago");
    }

    #[test]
    fn what_a_request_asks_for_is_among_the_questions_of_its_part() {
        let op = Op::Suspend {
            namespace: "flux-system".to_owned(),
            name: "emr".to_owned(),
            suspend: true,
        };
        let all = questions(Some("velero"), ["flux-system".to_owned()]);
        assert_eq!(all.len(), 5, "{all:?}");
        assert!(all.contains(&question(&op)));
        assert!(belongs(&question(&op), Part::Hold) && !belongs(&question(&op), Part::Restore));
        assert!(questions(None, []).is_empty());
    }

    #[test]
    fn another_connection_knows_nothing_of_it() {
        let mut world = world(vec![(review("create"), Ok(true), SafeText::default())]);
        world.connect(name("c"), 2);
        let cluster = world.cluster(&name("c")).unwrap();
        assert_eq!(
            cluster.may(&review("create"), at(1)).words(),
            "? not asked yet"
        );
    }
}
