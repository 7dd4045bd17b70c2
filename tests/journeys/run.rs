//! A run: what sends, and above all what does not.

use crashcart::config::ClusterName;
use crashcart::sources::fact::Fact;
use crashcart::sources::fact::Watch;
use crashcart::sources::fact::WatchNews;

use crate::night;
use crate::play::Console;

/// The line to the run's cluster was lost and is back, and everything is heard again.
fn connected_anew(console: &mut Console) {
    let cluster = ClusterName::from("sth-prod");
    let (world, now) = (&mut console.state.world, console.state.now);
    let old = world.cluster(&cluster).expect("it is connected").clone();
    let generation = old.generation() + 1;
    world.connect(cluster.clone(), generation);
    let greeting = old.greeting().expect("it has greeted").clone();
    let synced = Watch::ALL.map(|watch| Fact::Watch(watch, WatchNews::Synced));
    for fact in [Fact::Greeting(greeting)].into_iter().chain(synced) {
        world.fold(&cluster, generation, fact, now);
    }
}

#[test]
fn a_name_typed_across_a_reconnect_sends_nothing_and_says_so() {
    let mut console = Console::new(night::restore());
    console.play("wait 400\npress Enter\ntype billing");
    connected_anew(&mut console);
    console.play(
        "press Enter
         see sth-prod was connected anew since this was shown: nothing was sent.
         asks nothing",
    );
}

#[test]
fn a_card_shown_before_a_reconnect_does_not_count() {
    let mut console = Console::new(night::restore());
    console.play("wait 400");
    connected_anew(&mut console);
    console.play("press Enter\nsee Enter did not count\nasks nothing");
}

#[test]
fn a_plan_is_started_by_an_enter_that_came_alone_and_late_enough() {
    let mut console = Console::new(night::plan());
    console.play("see Enter start\nwait 400\npress Enter\nasks Record");
}

#[test]
fn an_enter_sooner_than_300_ms_after_the_request_was_shown_does_not_count_and_says_so() {
    let mut console = Console::new(night::restore());
    console.play("asks nothing");
    console.state.card_shown = None;
    console.play(
        "press Ctrl-L
         asks Redraw
         wait 200
         press Enter
         see Enter did not count: the request was on screen for less than 0.3s
         asks nothing
         wait 200
         press Enter
         see billing
         unseen did not count
         asks nothing",
    );
}

#[test]
fn an_enter_that_came_with_other_bytes_does_not_count_and_says_so() {
    let mut console = Console::new(night::restore());
    console.play(
        "wait 400
         burst Enter
         see Enter did not count: it came together with other keys
         asks nothing",
    );
}

#[test]
fn a_name_typed_wrong_sends_nothing_and_typed_right_sends_one_request() {
    let mut console = Console::new(night::restore());
    console.play(
        "wait 400
         press Enter
         type biling
         press Enter
         see \"biling\" is not billing: nothing was sent.
         asks nothing
         type billing
         press Enter
         asks Record+Send",
    );
}

#[test]
fn a_name_is_never_pasted() {
    let mut console = Console::new(night::restore());
    console.play(
        "wait 400
         press Enter
         paste billing
         see Paste ignored, 7 characters: type the name.
         press Enter
         asks nothing",
    );
}

#[test]
fn esc_and_q_never_send() {
    let mut console = Console::new(night::restore());
    console.play(
        "wait 400
         press Esc
         asks nothing
         press 8 Enter
         wait 400
         asks Read
         press q
         asks nothing",
    );
    let mut console = Console::new(night::restore());
    console.play(
        "wait 400
         press Enter
         type billing
         press Esc
         asks nothing
         press Esc
         asks nothing",
    );
}

#[test]
fn skip_and_abort_want_a_reason() {
    let mut console = Console::new(night::restore());
    console.play(
        "wait 400
         press a Enter
         see A reason is needed
         asks nothing
         type the objects were found
         press Enter
         asks Record",
    );
}

#[test]
fn a_window_too_small_for_the_request_sends_nothing() {
    let mut console = Console::new(night::restore());
    console.happen(crashcart::state::event::What::Resize(79, 24));
    console.play("wait 400\npress Enter\nsee needs 80x24\nasks nothing");
    for key in ["h", "s", "a"] {
        console.play(&format!("press {key}\nsee no: needs 80x24\nasks nothing"));
    }
}

#[test]
fn a_second_key_while_the_first_is_under_way_waits() {
    let mut console = Console::new(night::plan());
    console.play("wait 400\npress Enter\nasks Record\npress Enter\nsee Wait: the last thing asked for is still under way\nasks nothing");
}
