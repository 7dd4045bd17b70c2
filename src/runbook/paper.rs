//! `run show --paper`: what is done, in doubt, still to do and to undo, as kubectl lines, from the log alone.
//!
//! For the night when crashcart itself is the thing that fails: no world, no configuration, no network.

use super::plan::Plan;
use super::plan::PlanStep;
use super::plan::Undo;
use super::run::Run;
use super::run::StepStatus;
use crate::sources::op::Op;

/// The run as plain lines, each at most as long as its kubectl command needs.
pub fn paper(run: &Run) -> Vec<String> {
    let mut lines = vec![
        format!("RUN {} {} v{} on {} namespace {}", run.short(), run.book, run.version, run.cluster, run.namespace),
        format!("opened {} by {}, ticket {}", run.opened, run.by, run.ticket),
        "Written from the log alone; kubectl must point at the cluster whose kube-system has this uid:".to_owned(),
        format!("  kubectl get namespace kube-system -o jsonpath='{{.metadata.uid}}'   # {}", run.memory.cluster_uid),
    ];
    if !run.memory.policy.is_empty() {
        lines.push(format!("policy: {}", run.memory.policy));
    }
    if !run.ending.as_str().is_empty() {
        lines.push(format!("ended: {}", run.ending));
    }
    let Some(plan) = &run.plan else {
        lines.push("No plan was made: nothing was changed, there is nothing to undo.".to_owned());
        return lines;
    };
    lines.push(format!("plan {}", run.digest));
    let of = |wanted: fn(&StepStatus) -> bool| {
        plan.steps.iter().filter(move |step| {
            run.step(step.number)
                .is_some_and(|state| wanted(&state.status))
        })
    };
    section(
        &mut lines,
        "DONE",
        of(|status| matches!(status, StepStatus::Done | StepStatus::Undone)),
        |step| {
            let state = run.step(step.number);
            let words = state
                .map(|state| state.evidence.to_string())
                .unwrap_or_default();
            vec![format!("# {words}")]
        },
    );
    let doubt = |status: &StepStatus| matches!(status, StepStatus::InDoubt | StepStatus::Sent);
    section(
        &mut lines,
        "IN DOUBT: look before anything else, send nothing again",
        of(doubt),
        look,
    );
    let open = |status: &StepStatus| {
        matches!(
            status,
            StepStatus::Next | StepStatus::Now | StepStatus::Failed(_)
        )
    };
    section(&mut lines, "STILL TO DO", of(open), send);
    undo(&mut lines, run, plan);
    lines
}

fn section<'a>(
    lines: &mut Vec<String>,
    title: &str,
    steps: impl Iterator<Item = &'a PlanStep>,
    words: impl Fn(&PlanStep) -> Vec<String>,
) {
    lines.push(String::new());
    lines.push(title.to_owned());
    let before = lines.len();
    for step in steps {
        lines.push(format!(" {:>2} {}: {}", step.number, step.id, step.title));
        lines.extend(words(step).into_iter().map(|line| format!("    {line}")));
    }
    if lines.len() == before {
        lines.push(" nothing".to_owned());
    }
}

fn look(step: &PlanStep) -> Vec<String> {
    step.op.as_ref().map(get).into_iter().collect()
}

fn get(op: &Op) -> String {
    let (gvr, namespace, name) = op.target();
    let namespace = namespace.map_or(String::new(), |namespace| format!(" -n {namespace}"));
    format!("kubectl get {} {name}{namespace} -o yaml", gvr.resource())
}

/// The request of a step as kubectl sends it; a wait or check as the command that shows it.
fn send(step: &PlanStep) -> Vec<String> {
    match &step.op {
        Some(op) => command(op),
        None => vec![format!("# until: {}", step.done_when)],
    }
}

fn command(op: &Op) -> Vec<String> {
    let (gvr, namespace, name) = op.target();
    let at = namespace.map_or(String::new(), |namespace| format!(" -n {namespace}"));
    let body = String::from_utf8_lossy(&op.request().body).into_owned();
    match op {
        Op::Suspend { .. } => vec![format!(
            "kubectl patch {} {name}{at} --type=merge -p '{body}'",
            gvr.resource()
        )],
        Op::Delete { uid, .. } => vec![
            format!("{}   # only if its uid is still {uid}", get(op)),
            format!("kubectl delete {} {name}{at}", gvr.resource()),
        ],
        _ => vec![
            "kubectl create -f - <<'EOF'".to_owned(),
            body,
            "EOF".to_owned(),
        ],
    }
}

/// What stands and how it is taken back, newest first.
fn undo(lines: &mut Vec<String>, run: &Run, plan: &Plan) {
    let stands = |step: &&PlanStep| run.owed.iter().any(|owed| owed.0 == step.number);
    section(
        lines,
        "TO UNDO, newest first",
        plan.steps.iter().rev().filter(stands),
        |step| match &step.undo {
            Undo::Op(op) => command(op),
            Undo::Expires(words) => vec![format!("# {words}")],
            Undo::DeleteCreated => created(run, step),
            Undo::Never(why) => vec![format!("# not at all: {why}")],
            Undo::Nothing => Vec::new(),
        },
    );
}

fn created(run: &Run, step: &PlanStep) -> Vec<String> {
    let name = step
        .op
        .as_ref()
        .map(|op| op.target().2.to_owned())
        .unwrap_or_default();
    let mut lines = vec![
        "# delete what it created, each only if nobody changed it since; this lists them:"
            .to_owned(),
    ];
    let mut kinds: Vec<String> = run
        .memory
        .frozen
        .create
        .iter()
        .map(|item| item.gvr.resource())
        .collect();
    kinds.sort();
    kinds.dedup();
    let label = format!("-l velero.io/restore-name={name}");
    lines.push(format!(
        "kubectl get {} -n {} {label}",
        kinds.join(","),
        run.namespace
    ));
    for object in &run.memory.created {
        let what = format!(
            "{} {} -n {}",
            object.gvr.resource(),
            object.name,
            run.namespace
        );
        lines.push(format!("kubectl delete {what}   # uid {}", object.uid));
    }
    lines
}
