//! Asks the cluster for every right that a later step needs, before anything is sent.

use super::Kind;
use super::Turn;
use super::Verdict;
use super::rights;
use crate::runbook::reading::Answer;
use crate::runbook::reading::Reading;
use crate::runbook::reading::Right;
use crate::sources::op::Op;
use crate::sources::rights::grant;

/// The reviews, one for each right, without doubles.
fn reviews(turn: &Turn<'_>, velero: &str) -> Vec<Op> {
    let kinds = turn
        .run
        .steps
        .iter()
        .filter_map(|step| Kind::parse(&step.kind));
    let all = kinds.flat_map(|kind| rights(kind, turn, velero));
    let mut reviews: Vec<Op> = Vec::new();
    for (verb, gvr, namespace) in all {
        let review = Op::Review {
            verb: verb.to_owned(),
            gvr,
            namespace: Some(namespace),
        };
        if !reviews.contains(&review) {
            reviews.push(review);
        }
    }
    reviews
}

/// Done when every review says yes.
pub(super) fn verdict(turn: &Turn<'_>) -> Verdict {
    let (run, sight) = (turn.run, turn.sight);
    let points = sight.points(&run.cluster, &run.namespace, turn.now);
    let newest = points
        .iter()
        .find(|point| point.why_not.is_none())
        .map(|point| &point.velero);
    let Some(velero) = newest.or_else(|| sight.velero(&run.cluster, turn.now)) else {
        return Verdict::pending(format!(
            "no Velero store is seen on {}: is Velero there?",
            run.cluster
        ));
    };
    if sight
        .exists(&run.cluster, &run.namespace, turn.now)
        .is_none()
    {
        return Verdict::pending(format!("namespaces of {} are not seen yet", run.cluster));
    }
    let reading = Reading::Rights(reviews(turn, velero.as_str()));
    let given = match sight.answer(&reading, turn.now) {
        Some(Answer::Rights(given)) => given,
        Some(Answer::Failed(why)) => {
            return Verdict::failed(format!(
                "rights could not be asked on {}: {why}",
                run.cluster
            ));
        }
        _ => return Verdict::Need(reading),
    };
    let missing: Vec<String> = given
        .iter()
        .filter(|right| right.1 != Ok(true))
        .map(|right| sentence(right, turn))
        .collect();
    let (all, yes) = (given.len(), given.len() - missing.len());
    if missing.is_empty() {
        let frozen = crate::runbook::plan::Frozen {
            velero: velero.to_string(),
            ..turn.frozen().clone()
        };
        return Verdict::found(format!("{yes} of {all} verbs allowed"), frozen);
    }
    Verdict::failed(format!(
        "rights {yes} of {all} on {}: {}",
        run.cluster,
        missing.join("; ")
    ))
}

/// One right that is missing, and the binding that would give it.
fn sentence(right: &Right, turn: &Turn<'_>) -> String {
    let Op::Review {
        verb,
        gvr,
        namespace,
    } = &right.0
    else {
        return right.0.line();
    };
    let what = format!(
        "{verb} {} in {}",
        gvr.resource(),
        namespace.as_deref().unwrap_or("all namespaces")
    );
    if let Err(why) = &right.1 {
        return format!("{what} could not be asked ({why})");
    }
    let groups = turn.sight.groups(&turn.run.cluster);
    let ask = grant::ask_for(verb, gvr, namespace.as_deref(), groups);
    format!("{what} is not yours; {ask}")
}
