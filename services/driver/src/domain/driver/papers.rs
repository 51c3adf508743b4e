//! When a driver's papers need a look: reminders before the end, and the end.

use super::event::Reminder;
use crate::domain::documents::{Document, DocumentKind, DocumentPolicy};
use interstate_schemas::Timestamp;

/// The next moment after `reviewed` at which a paper needs a look.
pub(super) fn next_review(papers: &[Document], reviewed: Timestamp) -> Option<Timestamp> {
    let policy = DocumentPolicy::default();
    current(papers)
        .flat_map(|paper| {
            let lapse = Some(paper.lapses()).filter(|&at| at > reviewed);
            let reminder = policy.next_reminder(paper, reviewed).map(|(_, at)| at);
            lapse.into_iter().chain(reminder)
        })
        .min()
}

/// What a review at `now` finds, when the last one was at `reviewed`: reminders, and kinds that have ended.
pub(super) fn review(
    papers: &[Document],
    reviewed: Timestamp,
    now: Timestamp,
) -> (Vec<Reminder>, Vec<DocumentKind>) {
    let policy = DocumentPolicy::default();
    let mut reminders = Vec::new();
    let mut lapsed = Vec::new();
    for paper in current(papers) {
        let kind = paper.kind();
        let mut from = reviewed;
        let mut latest = None;
        while let Some((days, at)) = policy.next_reminder(paper, from).filter(|&(_, at)| at <= now) {
            (from, latest) = (at, Some(days));
        }
        if paper.lapses() <= now {
            if paper.lapses() > reviewed {
                lapsed.push(kind);
            }
        } else if let Some(days) = latest {
            // After an outage only the last of several says something that is still true.
            reminders.push(Reminder { kind, days });
        }
    }
    (reminders, lapsed)
}

/// The papers that no later one of the same kind replaces.
fn current(papers: &[Document]) -> impl Iterator<Item = &Document> {
    papers.iter().filter(|paper| {
        !papers
            .iter()
            .any(|other| other.kind() == paper.kind() && other.valid_through() > paper.valid_through())
    })
}
