//! What we may do in the namespaces of a zone: the rules that hold in each, and what the server says of what they lack.
//!
//! A list of rules may be incomplete, so it only ever says yes; a no is an access review's.

use super::Right;
use super::held::May;
use super::held::denied;
use super::role;
use super::role::Part;
use super::role::Scope;
use super::rules::Rules;
use crate::sources::moment::Moment;
use crate::sources::op::Gvr;
use crate::sources::op::Op;
use crate::sources::world::ClusterWorld;
use crate::text::SafeText;

/// What runbooks do in the namespaces of a zone: they list what a restore may bring, and an undo deletes it.
pub const VERBS: [&str; 2] = ["list", "delete"];

/// One namespace, as the server spoke of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Place {
    /// The namespace.
    pub namespace: String,
    /// The rules that hold there, or why they are not known.
    pub rules: Result<Rules, SafeText>,
    /// Access reviews of the first thing that the rules lack for each verb, as [`Place::lacks`] names them.
    pub reviews: Vec<(Op, Result<bool, SafeText>, SafeText)>,
}

impl Place {
    /// The first thing of this verb that a runbook needs in this namespace and that the rules do not give, as a question.
    pub fn lacks(namespace: &str, rules: &Rules, verb: &str) -> Option<Op> {
        let scope = Scope::default();
        let parts = [Part::Names, Part::Restore].into_iter();
        let mut needed = parts
            .flat_map(|part| role::of_part(part, &scope))
            .filter(|right| right.namespace.is_none() && right.verb == verb);
        let given = |right: &Right| {
            let verbs = rules.verbs(&right.group, &right.resource);
            verbs.iter().any(|one| *one == verb || *one == "*")
        };
        let right = needed.find(|right| !given(right))?;
        Some(Op::Review {
            verb: right.verb,
            gvr: Gvr::new(&right.group, "v1", &right.resource),
            namespace: Some(namespace.to_owned()),
        })
    }

    fn may(&self, verb: &str) -> May {
        let unknown = |why: String| May::Unknown(SafeText::from(why));
        let rules = match &self.rules {
            Ok(rules) => rules,
            Err(why) => return unknown(format!("its rules are not listed: {why}")),
        };
        let Some(question) = Place::lacks(&self.namespace, rules, verb) else {
            return May::Yes(SafeText::default());
        };
        let Op::Review { gvr, .. } = &question else {
            return unknown("not asked".to_owned());
        };
        let what = format!("{} in {}", gvr.resource(), self.namespace);
        match self.reviews.iter().find(|(asked, ..)| *asked == question) {
            None => unknown(format!("{what}: not asked")),
            Some((_, Err(why), _)) => unknown(format!("{what}: {why}")),
            Some((_, Ok(true), _)) => unknown(format!(
                "{what} is yours, but the list of rules is not complete"
            )),
            Some((_, Ok(false), why)) => {
                let why = denied(&question, (&self.namespace, &self.rules), why);
                May::No(SafeText::from(format!("{what}: {why}")))
            }
        }
    }
}

impl ClusterWorld {
    /// Whether we may do this, `list` or `delete`, with everything that a restore may bring into these namespaces: yes
    /// only where it is yes in each.
    pub fn may_in(&self, namespaces: &[SafeText], verb: &str, now: Moment) -> May {
        let held = match self.still_held(now) {
            Ok(held) => held,
            Err(why) => return May::Unknown(why),
        };
        let mut unknown = None;
        if namespaces.is_empty() {
            unknown = Some(SafeText::new("none of its namespaces is there"));
        }
        for namespace in namespaces {
            let mut places = held.said.places.iter();
            let place = places.find(|one| one.namespace == namespace.as_str());
            match place.map(|place| place.may(verb)) {
                Some(May::Yes(_)) => {}
                Some(May::No(why)) => return May::No(why),
                Some(May::Unknown(why)) => unknown = unknown.or(Some(why)),
                None => {
                    let words = format!("{namespace}: not asked");
                    unknown = unknown.or(Some(SafeText::from(words)));
                }
            }
        }
        unknown.map_or(May::Yes(SafeText::default()), May::Unknown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::fact::Fact;
    use crate::sources::fixtures::at;
    use crate::sources::fixtures::name;
    use crate::sources::rights::held::Said;
    use crate::sources::rights::rules::Rule;
    use crate::sources::world::World;

    fn rules(verbs: &[&str], resources: &[&str]) -> Rules {
        let texts = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        Rules {
            rules: vec![Rule {
                verbs: texts(verbs),
                groups: texts(&["*"]),
                resources: texts(resources),
                names: Vec::new(),
            }],
            incomplete: true,
        }
    }

    fn words(places: Vec<Place>, namespaces: &[&str], verb: &str) -> String {
        let said = Said {
            reviews: Vec::new(),
            namespace: "velero".to_owned(),
            rules: Ok(Rules::default()),
            places,
        };
        let mut world = World::default();
        world.connect(name("c"), 1);
        world.fold(&name("c"), 1, Fact::Rights(said), at(0));
        let namespaces: Vec<SafeText> = namespaces.iter().map(|one| SafeText::new(one)).collect();
        let cluster = world.cluster(&name("c")).unwrap();
        cluster.may_in(&namespaces, verb, at(1)).words()
    }

    fn place(namespace: &str, rules: Rules, allowed: Option<bool>) -> Place {
        let review = |allowed: bool| {
            let questions = VERBS.iter();
            let questions = questions.filter_map(|verb| Place::lacks(namespace, &rules, verb));
            questions
                .map(|op| (op, Ok(allowed), SafeText::default()))
                .collect()
        };
        Place {
            namespace: namespace.to_owned(),
            reviews: allowed.map_or(Vec::new(), review),
            rules: Ok(rules),
        }
    }

    #[test]
    fn a_zone_is_ours_only_where_each_of_its_namespaces_is() {
        let all = || rules(&["list", "delete"], &["*"]);
        let both = vec![place("emr", all(), None), place("fhir", all(), None)];
        assert_eq!(words(both, &["emr", "fhir"], "list"), "yes");
        let one = vec![place("emr", all(), None)];
        assert_eq!(words(one, &["emr", "fhir"], "list"), "? fhir: not asked");
        assert_eq!(
            words(Vec::new(), &[], "list"),
            "? none of its namespaces is there"
        );
    }

    #[test]
    fn what_the_list_lacks_is_no_only_when_an_access_review_says_so() {
        let some = || rules(&["list"], &["configmaps"]);
        let of = |allowed| {
            let places = vec![place("emr", some(), allowed)];
            words(places, &["emr"], "list")
        };
        assert_eq!(
            of(Some(false)),
            "no: limitranges in emr: no rule gives you anything on limitranges, as far as the list goes"
        );
        assert_eq!(
            of(Some(true)),
            "? limitranges in emr is yours, but the list of rules is not complete"
        );
        assert_eq!(of(None), "? limitranges in emr: not asked");
    }
}
