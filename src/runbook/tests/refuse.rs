//! What is refused, in words, with nothing sent.

use super::estate::Estate;
use super::server::Fault;
use crate::runbook::event::RunEvent;
use crate::runbook::press::Input;
use crate::runbook::run::RunStatus;
use crate::sources::op::Op;

fn why(estate: &mut Estate, input: Input) -> String {
    let before = (estate.log.len(), estate.server.writes.clone());
    let words = estate.press(input).unwrap_err().to_string();
    assert_eq!(
        before,
        (estate.log.len(), estate.server.writes.clone()),
        "nothing was recorded or sent"
    );
    words
}

#[test]
fn a_zone_of_two_people_is_refused_before_anything_is_asked() {
    let mut estate = Estate::new();
    let words = estate.open("ehr").unwrap_err().to_string();
    assert_eq!(
        words,
        "clinical needs two people for a live change and approvals do not exist yet: nothing was opened or sent; restore by hand with a second person beside you"
    );
    assert!(estate.log.is_empty() && estate.server.writes.is_empty());
}

#[test]
fn a_namespace_that_is_gone_and_may_have_been_selected_counts_with_the_strictest_zone() {
    let mut estate = Estate::new();
    let selector = crate::config::LabelSelector::parse("zone=clinical").unwrap();
    estate.config.zones[0].members[0].by = crate::config::MemberBy::Selector(selector);
    assert!(
        estate
            .open("fhir")
            .unwrap_err()
            .as_str()
            .starts_with("clinical needs two people")
    );
}

#[test]
fn parameters_are_refused_one_sentence_each() {
    let refused = |change: fn(&mut std::collections::BTreeMap<String, String>)| {
        let estate = Estate::new();
        let mut params = Estate::params("billing");
        change(&mut params);
        let request = crate::runbook::open::Request {
            run: "7f3a".to_owned(),
            book: "restore-namespace".to_owned(),
            mode: crate::runbook::plan::Mode::Live,
            params,
        };
        estate
            .look(|sight| crate::runbook::open::open(&request, sight, estate.now()))
            .unwrap_err()
            .to_string()
    };
    assert_eq!(
        refused(|params| drop(params.remove("ticket"))),
        "missing: ticket; give --param ticket=..."
    );
    assert!(
        refused(|params| drop(params.insert("ticket".into(), "no ticket".into())))
            .starts_with("ticket \"no ticket\" must")
    );
    assert!(
        refused(|params| drop(params.insert("namespace".into(), "../x".into())))
            .starts_with("namespace \"../x\" must")
    );
    assert!(
        refused(|params| drop(params.insert("colour".into(), "red".into())))
            .contains("has no parameter colour")
    );
    assert!(
        refused(|params| drop(params.insert("cluster".into(), "mars".into())))
            .starts_with("no cluster mars")
    );
}

#[test]
fn a_wrong_name_sends_nothing() {
    let mut estate = Estate::new();
    estate.open("billing").unwrap();
    estate.walk_to("confirm-target");
    assert_eq!(
        why(&mut estate, Input::Typed("biling".into())),
        "\"biling\" is not billing: nothing was sent"
    );
    assert!(why(&mut estate, Input::Enter).ends_with("type billing to send this"));
    estate.walk_to("restore");
    assert!(why(&mut estate, Input::Enter).ends_with("type billing to send this"));
}

#[test]
fn a_silent_cluster_or_another_one_turns_enter_off() {
    let mut estate = Estate::new();
    estate.open("billing").unwrap();
    estate.walk_to("hold-automation");
    estate.seconds += 100;
    estate.server.silent = true;
    let card = estate.look(|sight| estate.run().card(sight, estate.now()));
    assert!(!card.sends && card.enter.is_empty(), "{card:?}");
    assert!(why(&mut estate, Input::Enter).starts_with("aws-prod is "));
    estate.server.silent = false;
    estate.uid = "0a9be644";
    assert!(why(&mut estate, Input::Enter).starts_with("aws-prod is another cluster now"));
    estate.config.clusters.clear();
    assert_eq!(
        why(&mut estate, Input::Enter),
        "aws-prod is not in the configuration any more; nothing is sent"
    );
}

#[test]
fn a_right_that_is_denied_for_certain_turns_enter_off_and_says_what_to_ask_for() {
    let mut estate = Estate::new();
    estate.open("billing").unwrap();
    estate.walk_to("hold-automation");
    let card = estate.look(|sight| estate.run().card(sight, estate.now()));
    assert!(card.sends, "not asked is not denied: {card:?}");
    let plan = estate.run().plan.clone().unwrap();
    let (_, op) = plan.requests()[0];
    estate.said = Some((op.clone(), Err("no answer in time".into())));
    let card = estate.look(|sight| estate.run().card(sight, estate.now()));
    assert!(card.sends, "no answer is not a no: {card:?}");

    estate.said = Some((op.clone(), Ok(false)));
    let card = estate.look(|sight| estate.run().card(sight, estate.now()));
    assert!(!card.sends && card.enter.is_empty(), "{card:?}");
    let ask = "ask for ClusterRoleBinding crashcart-operator to ClusterRole crashcart-operator";
    let told = |note: &crate::text::SafeText| {
        note.as_str().starts_with("Enter is off: ") && note.as_str().contains(ask)
    };
    assert!(card.notes.iter().any(told), "{card:?}");
    let words = why(&mut estate, Input::Enter);
    assert!(
        words.contains("patch kustomizations") && words.contains(ask),
        "{words}"
    );
    estate.said = Some((op.clone(), Ok(true)));
    estate.press(Input::Enter).unwrap();
}

#[test]
fn a_run_that_would_be_refused_half_way_is_not_started() {
    let mut estate = Estate::new();
    estate.open("billing").unwrap();
    while estate.run().status == RunStatus::Preparing {
        estate.settle();
    }
    assert_eq!(estate.run().status, RunStatus::Planned);
    let plan = estate.run().plan.clone().unwrap();
    let requests = plan.requests();
    let restore = |(_, op): &&(u32, &Op)| matches!(op, Op::Restore { .. });
    let (number, op) = *requests.iter().find(restore).unwrap();
    estate.said = Some((op.clone(), Ok(false)));
    let words = why(&mut estate, Input::Enter);
    assert!(words.starts_with(&format!("step {number}: ")), "{words}");
    let card = estate.look(|sight| estate.run().card(sight, estate.now()));
    assert!(card.enter.is_empty() && card.stuck, "{card:?}");
}

#[test]
fn a_frozen_value_that_no_longer_holds_needs_a_new_plan() {
    let mut estate = Estate::new();
    estate.open("billing").unwrap();
    estate.walk_to("restore");
    estate.server.touch("secrets", "billing", "db");
    estate.seconds += 30;
    estate.settle();
    let card = estate.look(|sight| estate.run().card(sight, estate.now()));
    assert!(
        card.sends,
        "a change that keeps the uid does not void the plan: {card:?}"
    );
    estate.server.lose("backups", "velero", "hourly-billing-1");
    assert!(
        why(&mut estate, Input::Typed("billing".into()))
            .contains("a new plan is needed, nothing is sent")
    );
}

#[test]
fn an_object_that_came_back_by_itself_voids_the_plan() {
    let mut estate = Estate::new();
    estate.open("billing").unwrap();
    estate.walk_to("restore");
    let forms = serde_json::json!({"metadata": {"name": "forms", "namespace": "billing", "uid": "x", "resourceVersion": "9"}});
    estate.server.objects.insert(
        ("configmaps".into(), "billing".into(), "forms".into()),
        forms,
    );
    estate.seconds += 30;
    estate.settle();
    let words = why(&mut estate, Input::Typed("billing".into()));
    assert_eq!(
        words,
        "billing changed since the plan: 1 objects, ConfigMap forms among them; a new plan is needed, nothing is sent"
    );
}

#[test]
fn another_policy_or_book_voids_a_plan_that_was_not_started() {
    let mut estate = Estate::new();
    estate.open("billing").unwrap();
    estate.settle();
    assert_eq!(estate.run().status, RunStatus::Planned);
    estate.config.zones[1].people = 2;
    assert!(why(&mut estate, Input::Enter).starts_with("administrative needs two people"));
    estate.config.zones[1].people = 1;
    estate.config.policy.label = "/etc/crashcart/policy.toml".to_owned();
    assert!(
        why(&mut estate, Input::Enter).starts_with("the policy changed since the run was opened")
    );
    estate.config.policy = crate::config::Policy::own();
    estate.library = crate::runbook::library::Library::default();
    assert!(
        why(&mut estate, Input::Enter)
            .starts_with("the runbook restore-namespace is not in the library")
    );
}

/// The policy of a file, without its place.
fn policy(serial: u64) -> crate::config::Policy {
    crate::config::Policy {
        label: "/etc/crashcart/policy.bundle".to_owned(),
        serial: Some(serial),
        ..crate::config::Policy::own()
    }
}

#[test]
fn a_namespace_that_the_configuration_moved_to_a_zone_of_one_needs_what_policy_says_of_it() {
    let mut estate = Estate::new();
    let zone = |name: &str, people: u32, namespace: &str| crate::config::PolicyZone {
        name: name.into(),
        people,
        members: vec![crate::config::PolicyMember {
            cluster_uid: uuid::Uuid::nil(),
            namespaces: vec![namespace.to_owned()],
        }],
    };
    estate.config.policy = policy(1);
    estate.config.policy.zones = vec![
        zone("clinical", 2, "billing"),
        zone("administrative", 1, "billing"),
    ];
    let said = estate.open("billing").unwrap_err().to_string();
    assert!(
        said.starts_with("billing, which policy counts to clinical, needs two people"),
        "{said}"
    );
    estate.config.policy.zones[0] = zone("clinical", 2, "ehr");
    estate.open("billing").unwrap();
}

#[test]
fn nothing_is_opened_or_sent_under_a_policy_that_has_ended() {
    let mut estate = Estate::new();
    estate.config.policy = policy(1);
    estate.config.policy.zones = vec![crate::config::PolicyZone {
        name: "administrative".into(),
        people: 1,
        members: Vec::new(),
    }];
    let end = estate.now().wall;
    estate.config.policy.not_after = Some(end);
    let said = estate.open("billing").unwrap_err().to_string();
    assert!(
        said.starts_with("the policy /etc/crashcart/policy.bundle has ended"),
        "{said}"
    );
    let hour = jiff::SignedDuration::from_hours(10);
    estate.config.policy.not_after = Some(end.checked_add(hour).unwrap());
    estate.open("billing").unwrap();
    estate.settle();
    estate.config.policy.not_after = Some(end);
    assert!(why(&mut estate, Input::Enter).contains("has ended, so nothing is opened or sent"));
}

#[test]
fn skip_and_abort_want_a_reason_and_skip_an_allowed_step() {
    let mut estate = Estate::new();
    estate.open("billing").unwrap();
    estate.walk_to("confirm-target");
    assert!(why(&mut estate, Input::Skip { reason: "x".into() }).contains("may not be left out"));
    estate.walk_to("hold-automation");
    assert!(why(&mut estate, Input::Skip { reason: " ".into() }).starts_with("say why"));
    assert!(
        why(
            &mut estate,
            Input::Abort {
                reason: String::new()
            }
        )
        .starts_with("say why")
    );
    estate
        .press(Input::Skip {
            reason: "flux is down".into(),
        })
        .unwrap();
    estate.walk();
    assert_eq!(estate.run().status, RunStatus::Completed);
    let back = estate.run().steps.last().unwrap();
    assert_eq!(back.evidence.as_str(), "nothing is held");
}

#[test]
fn what_cannot_leave_this_host_is_tried_again_after_a_pause_and_not_for_ever() {
    let mut estate = Estate::new();
    estate.faults = vec![(2, Fault::NotSent); 100];
    estate.open("billing").unwrap();
    let begun = estate.seconds;
    while !estate.run().ended() {
        assert!(estate.seconds - begun < 600, "it never gives up");
        let advance = estate.look(|sight| estate.run().advance(sight, estate.now()));
        match advance {
            Some(command) => estate.carry_out(command),
            None => estate.seconds += 1,
        }
    }
    let intents = estate.log.iter();
    let intents = intents.filter(|(event, ..)| matches!(event, RunEvent::Intent { .. }));
    let tries = i64::try_from(intents.count()).unwrap();
    assert!(
        tries > 1 && tries <= (estate.seconds - begun) / 5,
        "{tries} tries in {} s",
        estate.seconds - begun
    );
    let RunStatus::Failed(why) = &estate.run().status else {
        panic!("{:?}", estate.run().status)
    };
    assert!(why.as_str().starts_with("not sent within"), "{why}");
}
