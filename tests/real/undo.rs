//! A restore that is taken back: what it created goes, what was there before and what somebody changed since stays.

use crate::cluster::Cluster;
use crate::console::Console;
use crate::estate::Estate;
use crate::restore::proved;

/// Somebody on the night shift, as the API server notes him.
const HAND: &str = "night-shift";

/// Restores lost `ConfigMaps` and Deployments, and takes that back after one was edited by hand and while the Deployments
/// are busy.
pub(crate) fn take_a_restore_back(estate: &dyn Estate) {
    let (cluster, console) = (Cluster::of(estate), Console::of(estate));
    let before = cluster.objects();
    let mut lost = cluster.lose_the_config_maps();
    lost.extend(cluster.lose_the_deployments());
    let edited = lost[0].clone();

    let mut walk = console.begin();
    walk.walk_to("(send it)");
    walk.say(estate.namespace());
    // The name of the run, and its end without a chance to say anything: the next console finds it interrupted.
    walk.wait("now  watch");
    let screen = walk.screen();
    let run = screen.split("RUN ").nth(1).unwrap()[..4].to_owned();
    drop(walk);

    let mut walk = console.resume(&run);
    walk.question().expect("it asks before it goes on");
    walk.say("u");
    walk.walk_to("(delete these)");
    let screen = walk.screen();
    for object in &lost {
        let name = object.split(' ').nth(1).unwrap();
        assert!(screen.contains(name), "{object} is not listed:\n{screen}");
    }
    let count = lost.len();
    assert!(
        screen.contains(&format!("Deletes: all {count}: ")),
        "{screen}"
    );

    cluster.label(&edited, HAND);
    cluster.make_the_deployments_busy();
    walk.say(estate.namespace());
    let (code, said) = walk.end("h");
    assert_eq!(code, 1, "taken back is not completed:\n{said}");
    let deleted = format!("deleted {} of what it created, left ", count - 1);
    assert!(said.contains(&deleted), "{deleted:?} is not said:\n{said}");
    let stays = format!("{edited} stays: {HAND} at ");
    assert!(said.contains(&stays), "{stays:?} is not said:\n{said}");

    let after = cluster.objects();
    for (object, uid) in &before {
        match after.get(object) {
            None => assert!(lost.contains(object), "{object} was there before:\n{said}"),
            Some(now) => assert_eq!(now == uid, *object != edited, "{object}:\n{said}"),
        }
    }
    for object in &lost {
        assert_eq!(
            after.contains_key(object),
            *object == edited,
            "{object}:\n{said}"
        );
    }
    proved(estate, &console);
    let ours = console.text(&["log", "show"]);
    assert!(ours.contains("undone"), "{ours}");
}
