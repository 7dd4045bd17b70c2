//! Drives one run on the hand-made estate: carries commands out, answers readings, presses keys.

use std::collections::BTreeMap;

use serde_json::Value;

use super::estate::Estate;
use super::estate::RUN;
use super::server::Fault;
use super::server::gvr;
use crate::runbook::engine::Command;
use crate::runbook::event::OutcomeClass;
use crate::runbook::event::RunEvent;
use crate::runbook::open;
use crate::runbook::plan::Mode;
use crate::runbook::press::Input;
use crate::runbook::reading::Answer;
use crate::runbook::reading::Gvk;
use crate::runbook::reading::Heard;
use crate::runbook::reading::Listed;
use crate::runbook::reading::Named as Object;
use crate::runbook::reading::Reading;
use crate::runbook::run::Run;
use crate::sources::op::Op;
use crate::sources::written::Written;
use crate::text::SafeText;

impl Estate {
    pub(super) fn params(namespace: &str) -> BTreeMap<String, String> {
        let pairs = [
            ("cluster", "aws-prod"),
            ("namespace", namespace),
            ("ticket", "INC-4411"),
            ("reason", "forms are lost"),
        ];
        pairs
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect()
    }

    pub(super) fn open(&mut self, namespace: &str) -> Result<(), SafeText> {
        self.open_with(Estate::params(namespace))
    }

    pub(super) fn open_with(&mut self, params: BTreeMap<String, String>) -> Result<(), SafeText> {
        let request = open::Request {
            run: RUN.to_owned(),
            book: "restore-namespace".to_owned(),
            mode: Mode::Live,
            params,
        };
        let event = self.look(|sight| open::open(&request, sight, self.now()))?;
        self.record(event);
        Ok(())
    }

    pub(super) fn record(&mut self, event: RunEvent) {
        self.seconds += 1;
        let (seq, at) = (self.log.len() as u64 + 1, self.now().wall);
        match (&mut self.run, &event) {
            (run @ None, RunEvent::Opened(opened)) => *run = Some(Run::open(opened, seq, at)),
            (Some(run), event) => run.take(event, seq, at),
            (None, _) => panic!("the first entry opens the run"),
        }
        self.log.push((event, seq, at));
        self.past.push(self.server.clone());
    }

    pub(super) fn run(&self) -> &Run {
        self.run.as_ref().unwrap()
    }

    pub(super) fn carry_out(&mut self, command: Command) {
        match command {
            Command::Record(event) => self.record(event),
            Command::Read(reading) => {
                self.seconds += 1;
                let answer = self.answer(&reading);
                self.heard = Some(Heard {
                    reading,
                    answer,
                    asked: self.now(),
                    at: self.now(),
                });
            }
            Command::Send { step, op, undo } => self.send(step, &op, undo),
        }
    }

    fn send(&mut self, step: u32, op: &Op, undo: bool) {
        self.record(crate::runbook::journal::intended(step, undo, op, "a-1"));
        let fault = self
            .faults
            .iter()
            .position(|fault| fault.0 == step)
            .map(|at| self.faults.remove(at).1);
        let status = match fault {
            Some(Fault::Lost | Fault::NotSent) => None,
            Some(Fault::AnswerLost) => {
                self.server.take(op, None);
                None
            }
            fault => Some(self.server.take(op, fault)),
        };
        let class = match fault {
            Some(Fault::NotSent) => OutcomeClass::NotSent,
            _ => crate::runbook::journal::class(status),
        };
        let words = SafeText::new(if class == OutcomeClass::Unknown {
            "no answer in 10s"
        } else {
            ""
        });
        self.record(RunEvent::Outcome {
            step,
            undo,
            class,
            status,
            words,
        });
    }

    fn answer(&self, reading: &Reading) -> Answer {
        match reading {
            Reading::Rights(ops) => Answer::Rights(
                ops.iter()
                    .map(|op| (op.clone(), Ok(true), SafeText::default()))
                    .collect(),
            ),
            Reading::Object {
                gvr,
                namespace,
                name,
            } => Answer::Object(
                self.server
                    .get(&gvr.plural, namespace.as_deref().unwrap_or_default(), name)
                    .cloned(),
            ),
            Reading::Artefact { .. } => Answer::Artefact(BTreeMap::from([
                (
                    "v1/ConfigMap".to_owned(),
                    vec![
                        "billing/forms".to_owned(),
                        "billing/kube-root-ca.crt".to_owned(),
                    ],
                ),
                ("v1/Secret".to_owned(), vec!["billing/db".to_owned()]),
                ("v1/Pod".to_owned(), vec!["billing/api-1".to_owned()]),
                (
                    "apps/v1/Deployment".to_owned(),
                    vec!["billing/api".to_owned()],
                ),
            ])),
            Reading::Named {
                namespace,
                kind,
                name,
                ..
            } => {
                let mut listed = self.listed(namespace, kind);
                listed.objects.retain(|object| object.name == *name);
                Answer::Names(vec![listed])
            }
            Reading::Names { namespace, kinds } => Answer::Names(
                kinds
                    .iter()
                    .map(|gvk| self.listed(namespace, gvk))
                    .collect(),
            ),
        }
    }

    fn listed(&self, namespace: &str, gvk: &Gvk) -> Listed {
        let plural = format!("{}s", gvk.kind.to_lowercase());
        let here = self
            .server
            .objects
            .iter()
            .filter(|(key, _)| key.0 == plural && key.1 == namespace);
        let text = |object: &Value, path: &str| {
            object
                .pointer(path)
                .and_then(Value::as_str)
                .map(str::to_owned)
        };
        let label = |object: &Value, label: &str| {
            let labels = object.pointer("/metadata/labels")?;
            labels.get(label)?.as_str().map(str::to_owned)
        };
        let objects = here.map(|(key, object)| Object {
            name: key.2.clone(),
            uid: text(object, "/metadata/uid").unwrap(),
            resource_version: text(object, "/metadata/resourceVersion").unwrap(),
            going: false,
            written: Written::of(&object["metadata"]),
            restore: label(object, "velero.io/restore-name"),
            backup: label(object, "velero.io/backup-name"),
            created: text(object, "/metadata/creationTimestamp").and_then(|at| at.parse().ok()),
        });
        Listed {
            gvk: gvk.clone(),
            gvr: gvr(&plural),
            allowed: self.hidden != Some(gvk.kind.as_str()),
            objects: objects
                .filter(|_| self.hidden != Some(gvk.kind.as_str()))
                .collect(),
        }
    }

    /// Lets the run go on by itself until it waits for a person; gives how many commands it took.
    pub(super) fn settle(&mut self) -> usize {
        let (mut steps, mut idle) = (0, 0);
        while idle < 2 {
            let Some(command) = self.look(|sight| self.run().advance(sight, self.now())) else {
                idle += 1;
                self.seconds += 2;
                continue;
            };
            idle = 0;
            self.carry_out(command);
            steps += 1;
            assert!(
                steps < 200,
                "the run does not come to rest: {:?}",
                self.run().turn()
            );
        }
        steps
    }

    pub(super) fn press(&mut self, input: Input) -> Result<(), SafeText> {
        let commands = self.look(|sight| self.run().press(input, sight, self.now()))?;
        for command in commands {
            self.carry_out(command);
        }
        self.settle();
        Ok(())
    }

    /// Presses what the card offers, typing what it asks for, until the run has ended or only a person can go on.
    pub(super) fn walk(&mut self) {
        self.settle();
        for _ in 0..60 {
            let card = self.look(|sight| self.run().card(sight, self.now()));
            if self.run().ended() || card.enter.is_empty() || card.stuck {
                return;
            }
            let input = card.typed.clone().map_or(Input::Enter, Input::Typed);
            self.press(input)
                .unwrap_or_else(|why| panic!("{card:?}: {why}"));
        }
        panic!("the run does not end: {:?}", self.run().turn());
    }

    /// Presses until the turn is at the step of that id.
    pub(super) fn walk_to(&mut self, id: &str) {
        self.settle();
        while self.run().turn().is_some_and(|step| step.id != id) || self.run().plan.is_none() {
            let card = self.look(|sight| self.run().card(sight, self.now()));
            let input = card.typed.clone().map_or(Input::Enter, Input::Typed);
            self.press(input)
                .unwrap_or_else(|why| panic!("{card:?}: {why}"));
        }
        if self.run().status == crate::runbook::run::RunStatus::Planned {
            self.press(Input::Enter).unwrap();
        }
    }
}
