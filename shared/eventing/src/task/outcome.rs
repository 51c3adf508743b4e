//! What becomes of a command: the answer, or a place among the dead letters.

use super::{
    step::{Reply, Verdict},
    working::{Asked, Working},
};
use crate::{
    Rejection,
    aggregate::Request,
    envelope::{CommandMeta, Origin},
    message::Message,
    receipt::{Channel, Outcome, Outgoing, Remembered},
};
use interstate_log::Stored;
use interstate_schemas::{Actor, CommandId, StepOutcome};
use std::borrow::Cow;

impl Working<'_> {
    /// The aggregate said yes.
    pub(super) fn accepted(&mut self, meta: &CommandMeta, reply: Vec<u8>) {
        self.size += reply.len() + 100;
        self.conclude(meta, Outcome::Accepted { reply });
    }

    /// The edge is told no, and so is a saga. Any other message that is refused was meant to be carried out:
    /// it is kept for a person to look at.
    pub(super) fn rejected(&mut self, asked: &Asked<'_>, rejection: Rejection) {
        let meta = asked.meta;
        self.size += rejection.message.len() + 150;
        if matches!(meta.origin, Origin::Edge { .. }) {
            self.conclude(meta, Outcome::Rejected(rejection));
        } else if meta.step.is_some() {
            self.refuse_step(meta, &rejection.code);
        } else if matches!(asked.request, Request::Command(_)) {
            tracing::warn!(to = %meta.to, code = %rejection.code, "a message was rejected");
            let why = format!("{}: {}", rejection.code, rejection.message);
            self.dead_letter(meta.clone(), asked.payload.to_vec(), why);
        }
    }

    /// Keeps what could not be handled among the dead letters, and tells whoever asked.
    pub(super) fn failed(&mut self, meta: &CommandMeta, payload: &[u8], code: &'static str, why: &str) {
        tracing::error!(to = %meta.to, id = %meta.id, code, why, "a command could not be handled");
        self.dead_letter(meta.clone(), payload.to_vec(), format!("{code}: {why}"));
        self.refuse_step(meta, code);
        self.conclude(
            meta,
            Outcome::Failed {
                code: code.into(),
                why: why.chars().take(500).collect(),
            },
        );
    }

    /// Keeps a record that is no command.
    pub(super) fn dead_letter_record(&mut self, stored: &Stored, why: &str) {
        tracing::error!(offset = stored.offset, why, "a record is no command");
        let id = CommandId::derive(0, &[&stored.record.payload, &stored.offset.to_be_bytes()]);
        let meta = CommandMeta {
            id,
            to: crate::Address {
                service: self.task.service().name().into(),
                aggregate: "unknown".into(),
                id: String::from_utf8_lossy(&stored.record.key).into_owned(),
            },
            actor: Actor::System,
            correlation: id,
            trace: None,
            origin: Origin::Local,
            step: None,
        };
        let payload = stored
            .record
            .payload
            .iter()
            .copied()
            .take(self.task.limits.receipt / 2)
            .collect();
        self.dead_letter(meta, payload, format!("command.unreadable: {why}"));
    }

    fn dead_letter(&mut self, meta: CommandMeta, payload: Vec<u8>, why: String) {
        let channel = Channel {
            incarnation: self.task.incarnation(),
            service: Cow::Owned(format!("{}!dead", self.task.service().name())),
            partition: self.task.partition,
        };
        let number = self.number(&channel);
        self.size += payload.len() + why.len() + 300;
        self.messages.push(Outgoing {
            channel,
            number,
            meta,
            payload,
            dead: Some(why),
        });
    }

    fn refuse_step(&mut self, meta: &CommandMeta, code: &str) {
        if let Some(step) = &meta.step {
            let answer = Message::answer::<()>(
                step,
                StepOutcome::Refused {
                    code: code.to_owned(),
                },
            );
            self.send(meta, u32::MAX, answer);
        }
    }

    fn conclude(&mut self, meta: &CommandMeta, outcome: Outcome) {
        if let Origin::Edge { fingerprint, .. } = meta.origin {
            self.reply(meta, Verdict::Outcome(outcome.clone()), self.sequence);
            let (id, sequence, time) = (meta.id, self.sequence, self.now);
            self.taken.outcomes.push(Remembered {
                id,
                fingerprint,
                sequence,
                time,
                outcome,
            });
        }
    }

    /// Tells the instance that asked.
    pub(super) fn reply(&mut self, meta: &CommandMeta, verdict: Verdict, sequence: u64) {
        if let Origin::Edge {
            reply_to,
            fingerprint,
            ..
        } = &meta.origin
        {
            let incarnation = self.task.incarnation();
            self.replies.push(Reply {
                to: reply_to.clone(),
                id: meta.id,
                fingerprint: *fingerprint,
                verdict,
                incarnation,
                sequence,
            });
        }
    }
}
