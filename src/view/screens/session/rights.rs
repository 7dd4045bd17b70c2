//! WHAT YOU MAY DO on one cluster: what is read, as the watches found it, and what runbooks send, as the server said.

use crate::config::Cluster;
use crate::config::ClusterName;
use crate::sources::fact::Watch;
use crate::sources::fact::WatchNews;
use crate::sources::ground::Ground;
use crate::sources::op::Gvr;
use crate::sources::op::Op;
use crate::sources::rights::grant;
use crate::sources::rights::held::May;
use crate::sources::rights::place::VERBS;
use crate::sources::world::ClusterWorld;
use crate::state::State;
use crate::text;
use crate::view::role::Role;
use crate::view::screens::Frame;
use crate::view::widgets::pane::Pane;
use crate::view::widgets::row::Row;

/// One answer: yes, no or `?`, and about what.
struct Answer {
    word: &'static str,
    about: String,
}

impl Answer {
    fn new(word: &'static str, about: String) -> Answer {
        Answer { word, about }
    }

    /// An answer about what these words make of its reason; the binding of a yes is left out.
    fn of(may: &May, about: impl Fn(&str) -> String) -> Answer {
        match may {
            May::Yes(_) => Answer::new("yes", about("")),
            May::No(why) => Answer::new("no", about(why.as_str())),
            May::Unknown(why) => Answer::new("?", about(why.as_str())),
        }
    }

    fn role(&self) -> Role {
        match self.word {
            "yes" => Role::Ok,
            "no" => Role::Warn,
            _ => Role::Unknown,
        }
    }
}

/// The pane of one cluster.
pub(super) fn pane(frame: &Frame<'_>, cluster: &Cluster) -> Pane {
    let state = frame.state;
    let name = &cluster.name;
    let title = format!("WHAT YOU MAY DO  on {name}, {}", asked(state, name));
    let rows = rows(frame, cluster);
    Pane::new(title).rows(rows).least(1)
}

/// Every answer about one cluster.
pub(super) fn rows(frame: &Frame<'_>, cluster: &Cluster) -> Vec<Row> {
    let world = frame.state.world.cluster(&cluster.name);
    let answers = world.map_or_else(Vec::new, |world| answers(frame.state, cluster, world));
    layout(answers, frame.width)
}

/// What may be done in the namespaces of each zone of a cluster.
fn in_zones(state: &State, cluster: &Cluster, world: &ClusterWorld) -> Vec<Answer> {
    let now = state.now;
    let ground = Ground::new(&state.config, &state.world, &cluster.name, now, world);
    let mut answers = Vec::new();
    for zone in ground.zones() {
        let namespaces = ground.namespaces(Some(&zone.name));
        let each = VERBS.map(|verb| (verb, world.may_in(namespaces, verb, now)));
        let words = |verbs: &str, why: &str| {
            let gap = if why.is_empty() { "" } else { ": " };
            let name = &zone.name;
            format!("{name}: {verbs} what a restore brings{gap}{why}")
        };
        if each[0].1 == each[1].1 {
            answers.push(Answer::of(&each[0].1, |why| words("list and delete", why)));
        } else {
            let each = each.iter();
            answers.extend(each.map(|(verb, may)| Answer::of(may, |why| words(verb, why))));
        }
    }
    answers
}

/// `asked 04:12Z`, or that no answer is there yet.
pub(super) fn asked(state: &State, cluster: &ClusterName) -> String {
    let held = state.world.cluster(cluster).and_then(ClusterWorld::held);
    held.map_or("? no answer yet".to_owned(), |held| {
        format!("asked {}", text::clock(held.at.wall, state.judged_at.wall))
    })
}

fn answers(state: &State, cluster: &Cluster, world: &ClusterWorld) -> Vec<Answer> {
    let mut answers = in_zones(state, cluster, world);
    answers.extend(reads(world));
    let held = world.held().map(|held| &held.said);
    let mut yes: Vec<(String, Vec<String>)> = Vec::new();
    for (op, ..) in held.iter().flat_map(|said| &said.reviews) {
        let Op::Review {
            verb,
            gvr,
            namespace,
        } = op
        else {
            continue;
        };
        let place = namespace.as_deref().unwrap_or("all namespaces");
        match world.may(op, state.now) {
            May::Yes(_) => {
                let group = format!("{verb}\n{place}");
                match yes.iter_mut().find(|(of, _)| *of == group) {
                    Some((_, plurals)) => plurals.push(gvr.plural.clone()),
                    None => yes.push((group, vec![gvr.plural.clone()])),
                }
            }
            May::No(why) => {
                let words = format!("{verb} {} in {place}: {why}", gvr.plural);
                answers.push(Answer::new("no", words));
            }
            May::Unknown(why) => {
                let words = format!("{verb} {} in {place}: {why}", gvr.plural);
                answers.push(Answer::new("?", words));
            }
        }
    }
    let yes = yes.into_iter().filter_map(|(group, plurals)| {
        let (verb, place) = group.split_once('\n')?;
        let words = format!("{verb} {} in {place}", plurals.join(", "));
        Some(Answer::new("yes", words))
    });
    answers.extend(yes);
    if let Some(Err(why)) = held.map(|said| &said.rules) {
        answers.push(Answer::new("?", format!("lists no rights: {why}")));
    }
    // What hinders comes first: the end may be below the edge.
    answers.sort_by_key(|one| ["no", "?", "yes"].iter().position(|word| *word == one.word));
    answers
}

/// What may be read, as each watch was answered.
fn reads(world: &ClusterWorld) -> Vec<Answer> {
    let (mut yes, mut none, mut waits) = (Vec::new(), Vec::new(), Vec::new());
    let mut no = Vec::new();
    for watch in Watch::ALL {
        let health = world.watch(watch);
        match &health.news {
            Some(WatchNews::NotInstalled) => none.push(kind(watch)),
            Some(WatchNews::Forbidden(why)) => {
                no.push(Answer::new("no", format!("read {}: {why}", kind(watch))));
            }
            _ if health.synced => yes.push(kind(watch)),
            _ => waits.push(kind(watch)),
        }
    }
    let mut answers = Vec::new();
    if !yes.is_empty() {
        answers.push(Answer::new("yes", format!("read {}", yes.join(", "))));
    }
    answers.extend(no);
    if !none.is_empty() {
        let words = format!("no such kind here: {}", none.join(", "));
        answers.push(Answer::new("?", words));
    }
    if !waits.is_empty() {
        let words = format!("read {}: not answered yet", waits.join(", "));
        answers.push(Answer::new("?", words));
    }
    answers
}

/// What a watch reads, without its group.
fn kind(watch: Watch) -> &'static str {
    match watch {
        Watch::Alerts => "alerts",
        Watch::Stores => "stores",
        Watch::DeleteRequests => "delete requests",
        other => other.resource().split('.').next().unwrap_or_default(),
    }
}

fn layout(answers: Vec<Answer>, width: usize) -> Vec<Row> {
    let mut rows = Vec::new();
    for answer in answers {
        let lines = text::wrap(&answer.about, width.saturating_sub(9));
        for (index, line) in lines.into_iter().enumerate() {
            let row = Row::new().put(8, Role::Text, line);
            rows.push(if index == 0 {
                row.put(3, answer.role(), answer.word)
            } else {
                row
            });
        }
    }
    rows
}

/// What to ask for, one sentence for each refusal.
pub(super) fn to_ask_for(state: &State, cluster: &ClusterName) -> Vec<String> {
    let Some(world) = state.world.cluster(cluster) else {
        return Vec::new();
    };
    let groups = world
        .greeting()
        .map_or(&[][..], |greeting| &greeting.groups);
    let forbidden = |watch: &Watch| {
        let news = &world.watch(*watch).news;
        matches!(news, Some(WatchNews::Forbidden(_))) && *watch != Watch::Alerts
    };
    let reads = Watch::ALL.into_iter().filter(forbidden).map(|watch| {
        let (plural, group) = watch
            .resource()
            .split_once('.')
            .unwrap_or((watch.resource(), ""));
        let gvr = Gvr::new(group, "v1", plural);
        let ask = grant::ask_for("list", &gvr, None, groups);
        format!("To read {}: {ask}.", kind(watch))
    });
    let mut sentences: Vec<String> = reads.collect();
    let reviews = world.held().map(|held| held.said.reviews.as_slice());
    for (op, ..) in reviews.unwrap_or_default() {
        let (
            Op::Review {
                verb,
                gvr,
                namespace,
            },
            May::No(_),
        ) = (op, world.may(op, state.now))
        else {
            continue;
        };
        let ask = grant::ask_for(verb, gvr, namespace.as_deref(), groups);
        sentences.push(format!("To {verb} {}: {ask}.", gvr.plural));
    }
    sentences
}
