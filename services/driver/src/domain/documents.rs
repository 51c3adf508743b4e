//! The papers of a driver and of a vehicle: which there are, how long they hold, when to remind.
//!
//! An office dates a paper by the calendar of India and the last day that it names still counts, so a paper
//! lapses at the midnight that ends that day in India.

use interstate_eventing::Rejection;
use interstate_schemas::{SignedDuration, StateCode, Timestamp};
use jiff::{
    civil::{Date, time},
    tz::{Offset, TimeZone},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// A kind of paper. A driver's kinds come first, then a vehicle's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum DocumentKind {
    /// Driving licence for transport vehicles.
    DrivingLicence,
    /// Public-service-vehicle badge, in the states that ask for one.
    PsvBadge,
    /// Police check.
    PoliceCheck,
    /// Medical certificate.
    Medical,
    /// Registration certificate (yellow plate).
    Registration,
    /// Certificate of fitness.
    Fitness,
    /// Commercial insurance.
    Insurance,
    /// Pollution under control.
    Puc,
    /// All India Tourist Permit: every state, under the rules of the home state.
    AllIndiaTouristPermit,
    /// Contract-carriage permit: the states that it names.
    ContractCarriagePermit,
}

impl DocumentKind {
    /// What a driver cannot drive without, everywhere. The badge is asked for by some states only.
    pub const OF_EVERY_DRIVER: [Self; 3] = [Self::DrivingLicence, Self::PoliceCheck, Self::Medical];

    /// What a vehicle cannot carry passengers without, besides one of the permits.
    pub const OF_EVERY_VEHICLE: [Self; 4] = [Self::Registration, Self::Fitness, Self::Insurance, Self::Puc];

    /// Whether it is a driver's paper; otherwise it is a vehicle's.
    pub const fn is_drivers(self) -> bool {
        matches!(
            self,
            Self::DrivingLicence | Self::PsvBadge | Self::PoliceCheck | Self::Medical
        )
    }

    /// Whether it allows a vehicle to carry passengers for hire.
    pub const fn is_permit(self) -> bool {
        matches!(self, Self::AllIndiaTouristPermit | Self::ContractCarriagePermit)
    }
}

/// A paper with the days that it holds. A renewal is another document; both are kept, because the old one
/// may hold until the new one begins.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "Paper")]
#[schemars(!try_from)]
pub struct Document {
    kind: DocumentKind,
    /// The first day that it holds, in India.
    valid_from: Date,
    /// The last day that it holds, in India.
    valid_through: Date,
    /// For a contract-carriage permit the states that it names; empty for every other kind.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    states: BTreeSet<StateCode>,
}

/// Why a paper cannot be as it was described.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DocumentError {
    /// It would lapse before it begins.
    #[error("a document valid from {from} cannot end on {through}, before it begins")]
    EndsBeforeItBegins {
        /// First day.
        from: Date,
        /// Last day.
        through: Date,
    },
    /// A contract-carriage permit is for named states.
    #[error("a contract-carriage permit names the states that it is for: give at least one")]
    PermitWithoutStates,
    /// Only a contract-carriage permit is for named states.
    #[error("a document of kind {0:?} is not limited to states: leave them out")]
    StatesNotExpected(DocumentKind),
}

#[derive(Deserialize)]
struct Paper {
    kind: DocumentKind,
    valid_from: Date,
    valid_through: Date,
    #[serde(default)]
    states: BTreeSet<StateCode>,
}

impl TryFrom<Paper> for Document {
    type Error = DocumentError;

    fn try_from(paper: Paper) -> Result<Self, DocumentError> {
        Self::new(paper.kind, paper.valid_from, paper.valid_through, paper.states)
    }
}

impl Document {
    /// A paper that holds on both days and all between; `states` for a contract-carriage permit only.
    ///
    /// # Errors
    /// Where the days are the wrong way round, or the states do not go with the kind.
    pub fn new(
        kind: DocumentKind,
        valid_from: Date,
        valid_through: Date,
        states: BTreeSet<StateCode>,
    ) -> Result<Self, DocumentError> {
        if valid_through < valid_from {
            return Err(DocumentError::EndsBeforeItBegins {
                from: valid_from,
                through: valid_through,
            });
        }
        match (kind, states.is_empty()) {
            (DocumentKind::ContractCarriagePermit, true) => Err(DocumentError::PermitWithoutStates),
            (DocumentKind::ContractCarriagePermit, false) | (_, true) => Ok(Self {
                kind,
                valid_from,
                valid_through,
                states,
            }),
            (other, false) => Err(DocumentError::StatesNotExpected(other)),
        }
    }

    /// What it is.
    pub const fn kind(&self) -> DocumentKind {
        self.kind
    }

    /// The last day that it holds, in India.
    pub const fn valid_through(&self) -> Date {
        self.valid_through
    }

    /// The moment that it begins to hold.
    pub fn begins(&self) -> Timestamp {
        midnight(self.valid_from)
    }

    /// The first moment that it no longer holds.
    pub fn lapses(&self) -> Timestamp {
        self.valid_through.tomorrow().map_or(Timestamp::MAX, midnight)
    }

    /// Whether it holds at that moment.
    pub fn holds_at(&self, at: Timestamp) -> bool {
        self.begins() <= at && at < self.lapses()
    }

    /// Whether its days can be meant, said on that day: nobody has a paper from before a lifetime, nor for longer.
    /// Asked of papers that come in; those that came before this was asked stay readable.
    pub fn has_plausible_days(&self, today: Date) -> bool {
        is_within_a_lifetime(self.valid_from, today) && is_within_a_lifetime(self.valid_through, today)
    }

    /// Whether an older paper is of no more use beside this one: of the same kind, for no other states, and from now on
    /// it holds at no moment at which this one does not. A renewal that begins later replaces nothing until the older
    /// one has lapsed.
    pub fn replaces(&self, older: &Self, now: Timestamp) -> bool {
        self.kind == older.kind
            && self.states.is_superset(&older.states)
            && self.valid_through >= older.valid_through
            && (self.valid_from <= older.valid_from || older.lapses() <= now)
    }

    /// Whether it is a permit to carry passengers in that state. Says nothing of its dates.
    pub fn permits(&self, state: StateCode) -> bool {
        match self.kind {
            DocumentKind::AllIndiaTouristPermit => true,
            DocumentKind::ContractCarriagePermit => self.states.contains(&state),
            _ => false,
        }
    }
}

/// The figures of the rules on papers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DocumentPolicy {
    /// Hours after the planned end of a trip that every paper must still hold.
    pub margin_hours: u16,
    /// Days before the last valid day on which its owner is reminded.
    pub reminder_days: Vec<u16>,
    /// Hour of that day in India at which the reminder goes out.
    pub reminder_hour: i8,
}

impl Default for DocumentPolicy {
    fn default() -> Self {
        Self {
            margin_hours: 24,
            reminder_days: vec![30, 15, 7, 1],
            reminder_hour: 9,
        }
    }
}

impl DocumentPolicy {
    /// Until when the papers of a trip must hold: its planned end and the margin.
    pub fn needed_until(&self, planned_end: Timestamp) -> Timestamp {
        planned_end
            .checked_add(SignedDuration::from_hours(self.margin_hours.into()))
            .unwrap_or(Timestamp::MAX)
    }

    /// The next reminder after `now`: days left and when to send it. Nothing once all have passed.
    pub fn next_reminder(&self, document: &Document, now: Timestamp) -> Option<(u16, Timestamp)> {
        let days = |before: u16| jiff::Span::new().days(i32::from(before));
        self.reminder_days
            .iter()
            .filter_map(|&before| {
                let day = document.valid_through.checked_sub(days(before)).ok()?;
                let at = india()
                    .to_timestamp(day.to_datetime(time(self.reminder_hour, 0, 0, 0)))
                    .ok()?;
                (at > now).then_some((before, at))
            })
            .min_by_key(|&(_, at)| at)
    }
}

/// The first moment in `from..=until` at which none of the documents holds. Documents that follow each other
/// without a gap count as one, so a renewal in time is no interruption.
pub fn first_gap<'a>(
    documents: impl IntoIterator<Item = &'a Document>,
    from: Timestamp,
    until: Timestamp,
) -> Option<Timestamp> {
    let mut held: Vec<_> = documents
        .into_iter()
        .map(|paper| (paper.begins(), paper.lapses()))
        .collect();
    held.sort_unstable();
    let covered = held.into_iter().fold(from, |covered, (begins, lapses)| {
        if begins <= covered {
            covered.max(lapses)
        } else {
            covered
        }
    });
    (covered <= until).then_some(covered)
}

/// The kinds among `wanted` of which no document holds at that moment: absent, lapsed or not yet begun.
pub fn missing_at(documents: &[Document], wanted: &[DocumentKind], at: Timestamp) -> Vec<DocumentKind> {
    let holds = |kind| {
        documents
            .iter()
            .any(|paper| paper.kind == kind && paper.holds_at(at))
    };
    wanted.iter().copied().filter(|&kind| !holds(kind)).collect()
}

/// Papers that are kept of one driver, or of one vehicle, at most: several of every kind, with room for mistakes.
/// Everybody who looks at a driver or a vehicle reads all of them.
pub const MOST_PAPERS: usize = 50;

/// Puts a paper to the others, in the place of those that it replaces: all that is asked of papers concerns what
/// holds now and later, and the log keeps the rest.
pub fn put(papers: &mut Vec<Document>, paper: &Document, now: Timestamp) {
    papers.retain(|older| !paper.replaces(older, now));
    papers.push(paper.clone());
}

/// Refuses a paper for which there is no room. One that replaces another is always taken.
///
/// # Errors
/// `document-too-many`.
pub fn check_room(papers: &[Document], paper: &Document, now: Timestamp) -> Result<(), Rejection> {
    if papers.len() < MOST_PAPERS || papers.iter().any(|older| paper.replaces(older, now)) {
        return Ok(());
    }
    Err(too_many_papers())
}

/// More papers than are kept.
pub fn too_many_papers() -> Rejection {
    Rejection::conflict(
        "document-too-many",
        format!(
            "At most {MOST_PAPERS} papers are kept, and this would be one more. Add one that replaces another: of the \
             same kind, holding at least as long, and either from the same day on or after the other has lapsed."
        ),
    )
}

/// Refuses a paper whose days cannot be meant.
///
/// # Errors
/// `document-dates` with the days.
pub fn check_days(paper: &Document, today: Date) -> Result<(), Rejection> {
    if paper.has_plausible_days(today) {
        return Ok(());
    }
    Err(Rejection::invalid(
        "document-dates",
        format!(
            "The paper is said to hold from {} to {}: both days must be within a hundred years of today.",
            paper.valid_from, paper.valid_through
        ),
    ))
}

/// Whether a day is no further than a hundred years from today: beyond that it is a slip of the keyboard.
pub fn is_within_a_lifetime(day: Date, today: Date) -> bool {
    (i32::from(day.year()) - i32::from(today.year())).abs() <= 100
}

/// The day in India that a moment belongs to.
pub fn day_in_india(at: Timestamp) -> Date {
    india().to_datetime(at).date()
}

/// The moment that a day begins in India.
pub fn midnight(day: Date) -> Timestamp {
    // Out of range only beyond the years −9999 to 9999.
    india()
        .to_timestamp(day.to_datetime(time(0, 0, 0, 0)))
        .unwrap_or(Timestamp::MAX)
}

/// India has had one offset and no summer time since 1945, so the tz database is not asked.
fn india() -> TimeZone {
    TimeZone::fixed(Offset::from_seconds(19_800).expect("five and a half hours is an offset"))
}

#[cfg(test)]
#[path = "documents_tests.rs"]
mod tests;
