//! Every fault against everything that is watched: the sick cluster is marked in time and mends by itself, the one
//! beside it stays live, nothing old is shown as live, nothing leaks.

use crashcart::config::ClusterName;
use crashcart::sources::fact::Watch;
use crashcart::sources::level::Level;
use crashcart::sources::seen::Freshness;
use tokio::runtime::Handle;

use crate::night::Night;
use crate::night::SICK;
use crate::night::WELL;
use crate::night::play;
use crate::truth::Truth;

/// A running watch notices at its renewal after 45 s at the latest, and then 60 s pass without a byte.
const MARKED_S: f64 = 45.0 + 60.0 + 10.0;
/// And 120 s without a byte.
const SILENT_S: u64 = 45 + 120 + 10;
/// The longest anybody waits by themselves: a right or a kind is asked for once a minute, a dead line is given up after one.
const MENDED_S: u32 = 75;

/// What a fault does to what can be seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sight {
    /// Nothing is seen any more.
    Blind,
    /// Everything is seen, if later.
    Clear,
}

/// What is open and under way.
fn load(night: &Night) -> (usize, usize) {
    let faults = night.estate.faults();
    let tasks = Handle::current().metrics().num_alive_tasks();
    (faults.connections(SICK) + faults.connections(WELL), tasks)
}

/// The cells of the sick cluster that the board shows as judged: zone and column.
fn shown(night: &Night) -> Vec<(String, usize)> {
    let zones = &night.engine.state.board.zones;
    let mut cells = Vec::new();
    let mut rows = 0;
    for zone in zones {
        for row in zone
            .clusters
            .iter()
            .filter(|row| row.cluster == ClusterName::from(SICK))
        {
            rows += 1;
            let levels = row.cells.iter().map(|cell| cell.level).enumerate();
            let judged = levels.filter(|(_, level)| !matches!(level, Level::Unknown));
            cells.extend(judged.map(|(column, _)| (format!("{:?}", zone.zone), column)));
        }
    }
    assert!(rows > 0, "the board has lost the cluster");
    cells
}

/// Plays one fault on the sick cluster, from a calm night to a calm night.
fn against(words: &[&str], sight: Sight) {
    play(async |mut night| {
        night.pass(20, |_, _| {}).await;
        let before = load(&night);
        for words in words {
            night
                .estate
                .faults()
                .add(format!("cluster={SICK} {words}").parse().unwrap());
        }
        let truth = Truth::write(&night);
        night
            .pass(SILENT_S, |night, past| {
                truth.holds(night, past);
                assert_eq!(night.freshness(WELL), Freshness::Live, "{}", night.words());
                if sight == Sight::Blind && past > MARKED_S {
                    let live = Watch::ALL.into_iter().filter(|watch| {
                        truth.believed(night).contains(watch)
                            && night.watch(SICK, *watch) == Freshness::Live
                    });
                    let live: Vec<Watch> = live.collect();
                    assert!(
                        live.is_empty(),
                        "{live:?} after {past} s: {}",
                        night.words()
                    );
                }
            })
            .await;
        match sight {
            Sight::Blind => {
                assert_eq!(truth.believed(&night), [], "{}", night.words());
                assert_eq!(shown(&night), [], "{}", night.words());
            }
            Sight::Clear => assert!(truth.is_seen(&night), "{}", night.words()),
        }
        night.estate.faults().clear();
        night
            .until(MENDED_S, "mended", |night| truth.is_seen(night))
            .await;
        let again = Truth::write(&night);
        night
            .until(5, "seen again", |night| again.is_seen(night))
            .await;
        // What was opened in trouble is closed again: the pool keeps an idle connection for 90 s.
        night.pass(100, |_, _| {}).await;
        let after = load(&night);
        assert!(
            after.0 <= before.0 + 2 && after.1 <= before.1 + 8,
            "{before:?} {after:?}"
        );
    });
}

#[test]
fn latency() {
    against(&["fault=latency by=800ms"], Sight::Clear);
}

#[test]
fn jitter() {
    against(&["fault=jitter by=2s"], Sight::Clear);
}

#[test]
fn stall_in_the_middle_of_a_line() {
    against(&["fault=stall"], Sight::Blind);
}

#[test]
fn cut_in_the_middle_of_a_chunk() {
    against(&["fault=cut"], Sight::Blind);
}

#[test]
fn reset() {
    against(&["fault=reset"], Sight::Blind);
}

#[test]
fn silent_death() {
    against(&["fault=dead"], Sight::Blind);
}

#[test]
fn a_certificate_of_a_stranger() {
    against(&["fault=wrong-certificate", "fault=cut"], Sight::Blind);
}

#[test]
fn a_certificate_that_ended() {
    against(&["fault=expired-certificate", "fault=cut"], Sight::Blind);
}

#[test]
fn an_unknown_token() {
    against(&["fault=401"], Sight::Blind);
}

#[test]
fn an_unknown_token_once_for_each_watch() {
    against(&["fault=401 times=11"], Sight::Clear);
}

#[test]
fn no_right() {
    against(&["fault=403"], Sight::Blind);
}

#[test]
fn a_storm_of_old_versions() {
    against(&["fault=410"], Sight::Clear);
}

#[test]
fn too_many_requests() {
    against(&["fault=429 by=5s"], Sight::Blind);
}

#[test]
fn too_many_requests_for_a_while() {
    against(&["fault=429 by=2s for=30s"], Sight::Clear);
}

#[test]
fn errors() {
    against(&["fault=500"], Sight::Blind);
}

#[test]
fn bursts_of_errors() {
    against(&["fault=500 chance=40"], Sight::Clear);
}

#[test]
fn answers_that_come_too_late() {
    against(&["fault=late-answer"], Sight::Blind);
}

#[test]
fn a_portal_in_between() {
    against(&["fault=html"], Sight::Blind);
}

#[test]
fn objects_that_are_too_large() {
    against(&["fault=oversized"], Sight::Clear);
}

#[test]
fn a_clock_that_is_wrong() {
    against(&["fault=skew by=-2h"], Sight::Clear);
}

#[test]
fn hostile_text() {
    against(&["fault=hostile"], Sight::Clear);
}

/// Every second kind is stalled: those are marked, the others stay live, and so does everything of the other cluster.
fn every_second_kind(first: usize) {
    play(async |mut night| {
        let sick: Vec<Watch> = Watch::ALL.into_iter().skip(first).step_by(2).collect();
        for watch in &sick {
            // A single namespace is also what tells whether the server still reaches its store: that stays whole here.
            let verbs: &[&str] = match watch {
                Watch::Namespaces => &[" verb=list", " verb=watch"],
                _ => &[""],
            };
            for verb in verbs {
                let kind = watch.resource();
                let words = format!("cluster={SICK} kind={kind}{verb} fault=stall");
                night.estate.faults().add(words.parse().unwrap());
            }
        }
        let truth = Truth::write(&night);
        let looked = |night: &Night, past: f64| {
            truth.holds(night, past);
            assert_eq!(night.freshness(WELL), Freshness::Live, "{}", night.words());
            for watch in Watch::ALL {
                let fresh = night.watch(SICK, watch);
                if !sick.contains(&watch) {
                    assert_eq!(fresh, Freshness::Live, "{watch:?} {past} {}", night.words());
                }
            }
        };
        night.pass(SILENT_S, looked).await;
        for watch in &sick {
            let fresh = night.watch(SICK, *watch);
            assert!(
                matches!(fresh, Freshness::Silent(_)),
                "{watch:?} {}",
                night.words()
            );
        }
        assert!(matches!(night.freshness(SICK), Freshness::Silent(_)));
        night.estate.faults().clear();
        night
            .until(MENDED_S, "mended", |night| truth.is_seen(night))
            .await;
    });
}

#[test]
fn a_stalled_kind_marks_itself_and_no_other() {
    every_second_kind(0);
}

#[test]
fn a_stalled_kind_marks_itself_and_no_other_turned_round() {
    every_second_kind(1);
}
