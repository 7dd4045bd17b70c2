//! Backup stores, schedules, and the backups they have made.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::sim::clock::seconds;
use crate::sim::controllers::velero::{SPACE, backups, schedules};
use crate::sim::store::Refusal;
use crate::sim::store::resources::{BACKUPS, BACKUPSTORAGELOCATIONS, SCHEDULES};

use super::{DAY, Story};

/// How a store stands: its bucket, whether it is the default one, and what it refuses with.
pub(super) fn location(
    story: &Story<'_>,
    name: &str,
    default: bool,
    refuses: &str,
    broken_for: i64,
) -> Result<(), Refusal> {
    let mut location = json!({
        "metadata": {
            "name": name, "namespace": SPACE, "creationTimestamp": story.stamp(300 * DAY),
        },
        "spec": {
            "provider": "aws", "accessMode": "ReadWrite", "default": default,
            "objectStorage": {"bucket": format!("meridian-{name}"), "prefix": ""},
            "config": {"region": "eu-north-1"},
        },
        "status": {
            "phase": "Available",
            "lastValidationTime": story.stamp(0),
            "lastSyncedTime": story.stamp(0),
        },
    });
    if !refuses.is_empty() {
        let key = format!("{}/refuses", crate::sim::controllers::TROUBLE);
        location["metadata"]["annotations"] = json!({key: refuses});
        location["status"] = json!({
            "phase": "Unavailable", "message": refuses,
            "lastValidationTime": story.stamp(0), "lastSyncedTime": story.stamp(broken_for),
        });
    }
    story.add(&BACKUPSTORAGELOCATIONS, location).map(drop)
}

/// A schedule of one namespace, and the points it has made.
#[derive(Debug, Clone, Copy)]
pub(super) struct Line<'a> {
    /// The name of the schedule.
    pub(super) name: &'a str,
    /// The namespace it backs up.
    pub(super) space: &'a str,
    /// The store it writes to now.
    pub(super) store: &'a str,
    /// Hours between two runs: 1 to 24.
    pub(super) hours: i64,
    /// Minutes since the last run.
    pub(super) last: i64,
    /// How many runs are kept.
    pub(super) kept: i64,
}

impl Line<'_> {
    /// The schedule's five fields, so that its last run was `last` minutes ago.
    fn cron(&self, story: &Story<'_>) -> String {
        let time = story.ago(self.last).to_zoned(TimeZone::UTC);
        let (minute, hour) = (time.minute(), i64::from(time.hour()));
        match self.hours {
            1 => format!("{minute} * * * *"),
            24 => format!("{minute} {hour} * * *"),
            every => format!("{minute} {}/{every} * * *", hour % every),
        }
    }

    /// The Schedule object.
    pub(super) fn schedule(&self, story: &Story<'_>) -> Value {
        json!({
            "apiVersion": "velero.io/v1",
            "kind": "Schedule",
            "metadata": {
                "name": self.name, "namespace": SPACE,
                "creationTimestamp": story.stamp(300 * DAY),
            },
            "spec": {
                "schedule": self.cron(story),
                "template": {
                    "includedNamespaces": [self.space], "storageLocation": self.store,
                    "ttl": "720h0m0s", "snapshotMoveData": true,
                },
            },
            "status": {"phase": "Enabled", "lastBackup": seconds(self.run(story, 0))},
        })
    }

    /// The instant of the `nth` run back, on a whole minute as cron has it.
    pub(super) fn run(&self, story: &Story<'_>, nth: i64) -> Timestamp {
        let at = story.ago(self.last + nth * self.hours * 60);
        let second = at.as_second().div_euclid(60) * 60;
        Timestamp::from_second(second).unwrap_or(at)
    }

    /// The Backup of the `nth` run back as it ended in a phase, in a store.
    pub(super) fn point(&self, story: &Story<'_>, nth: i64, phase: &str, into: &str) -> Value {
        let at = self.run(story, nth);
        let mut point = schedules::backup(&self.schedule(story), at);
        point["metadata"]["creationTimestamp"] = json!(seconds(at));
        backups::complete(&mut point, into, at);
        let end = at
            .saturating_add(SignedDuration::from_secs(130))
            .unwrap_or(at);
        point["status"]["phase"] = json!(phase);
        point["status"]["startTimestamp"] = json!(seconds(at));
        point["status"]["completionTimestamp"] = json!(seconds(end));
        point
    }

    /// Writes the schedule and a history without a failure.
    pub(super) fn write(&self, story: &Story<'_>) -> Result<(), Refusal> {
        story.add(&SCHEDULES, self.schedule(story))?;
        for nth in 0..self.kept {
            let point = self.point(story, nth, "Completed", self.store);
            story.add(&BACKUPS, point)?;
        }
        Ok(())
    }
}
