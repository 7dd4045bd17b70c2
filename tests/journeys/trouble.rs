//! What goes wrong: the log stops, a cluster falls silent, another cluster answers, old answers come late.

use std::sync::Arc;

use crashcart::config::ClusterName;
use crashcart::sources::fact::Fact;
use crashcart::sources::fact::Watch;
use crashcart::sources::fact::WatchNews;
use crashcart::state::Stopped;
use crashcart::state::event::What;

use crate::night;
use crate::play::Console;

fn stopped(console: &Console) -> What {
    What::LogStopped(Stopped {
        what: "Entry 1 327 could not be written: no space left on device.".into(),
        place: "/var/lib/crashcart/log".into(),
        next: vec!["Press R.".into()],
        since: console.state.now,
        damaged: false,
    })
}

/// A fact from the present connection to the first cluster.
fn fact(console: &Console, fact: Fact) -> What {
    let cluster = console.state.config.clusters[0].name.clone();
    let world = console.state.world.cluster(&cluster).expect("a world");
    What::Fact {
        generation: world.generation(),
        cluster,
        fact,
    }
}

#[test]
fn a_zone_on_screen_shows_each_changed_fact_and_its_neighbour_is_another_zone() {
    let mut console = Console::new(night::board());
    console.play("press 2\nsee Zone clinical\nunseen cannot be read: pods are not yours");
    let refused = WatchNews::Forbidden("pods are not yours".into());
    let event = fact(&console, Fact::Watch(Watch::Pods, refused));
    console.happen(event);
    console.play("see workloads of sth-prod cannot be read: pods are not yours");
    let again = WatchNews::Forbidden("pods are still not yours".into());
    let event = fact(&console, Fact::Watch(Watch::Pods, again));
    console.happen(event);
    console.play(
        "see pods are still not yours\npress l\nunseen Zone clinical\npress h\nsee Zone clinical",
    );
}

#[test]
fn a_zone_on_screen_grows_old_with_its_cluster() {
    let mut console = Console::new(night::board());
    console.play("press 2\nsee Zone clinical\nunseen was ");
    console.pass(150_000);
    console.play("see was ");
}

#[test]
fn a_log_that_stops_turns_every_change_off_and_shift_r_brings_it_back() {
    let mut console = Console::new(night::restore());
    let event = stopped(&console);
    console.happen(event);
    console.play(
        "see no space left on device
         press Esc
         wait 400
         press Enter s u h a
         press Esc
         asks nothing
         press R
         asks TryLog",
    );
    console.happen(What::LogBack);
    console.play("see The log can be written again.");
}

#[test]
fn while_the_log_is_stopped_no_run_can_be_begun_and_reading_goes_on() {
    let mut console = Console::new(night::board());
    let event = stopped(&console);
    console.happen(event);
    console.play(
        "press Esc
         see ZONE / CLUSTER
         press 3
         see billing
         press 7 Enter Enter
         see the log cannot be written
         asks nothing",
    );
}

#[test]
fn facts_of_an_old_connection_are_dropped() {
    let mut console = Console::new(night::board());
    let before = console.screen();
    let cluster = ClusterName::from("sth-prod");
    let old = console
        .state
        .world
        .cluster(&cluster)
        .expect("it")
        .generation()
        - 1;
    for _ in 0..3 {
        console.happen(What::Fact {
            cluster: cluster.clone(),
            generation: old,
            fact: Fact::Unreachable("connection refused".into()),
        });
    }
    assert_eq!(console.screen(), before);
    let generation = old + 1;
    for _ in 0..3 {
        console.happen(What::Fact {
            cluster: cluster.clone(),
            generation,
            fact: Fact::Unreachable("connection refused".into()),
        });
    }
    console.play("see connection refused\nasks nothing");
}

#[test]
fn a_silent_cluster_turns_its_cells_into_unknown_with_what_they_were() {
    let mut console = Console::new(night::board());
    console.play("unseen silent\nunseen was OK\nwait 181000\nsee silent\nsee was OK");
    let columns = console
        .state
        .board
        .zones
        .iter()
        .flat_map(|zone| zone.columns);
    let words: Vec<&str> = columns
        .map(crashcart::sources::level::Level::word)
        .collect();
    assert!(
        words.iter().all(|word| *word == "?" || *word == "-"),
        "{words:?}"
    );
}

#[test]
fn another_uid_than_the_pinned_one_turns_changes_off_and_reading_goes_on() {
    let mut state = night::restore();
    let config = Arc::make_mut(&mut state.config);
    for cluster in &mut config.clusters {
        let pin = cluster.fingerprint.as_mut().expect("a pin");
        pin.uid = Some("5f1c0000-0000-4000-8000-000000000000".to_owned());
    }
    state.stale = true;
    let mut console = Console::new(state);
    console.play(
        "wait 400
         press Enter
         see is not the cluster of the configuration
         asks nothing
         press 1
         see live
         see billing",
    );
}
