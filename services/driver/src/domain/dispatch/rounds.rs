//! Rounds of offers: who is asked next, and when there is nobody left to ask.

use super::{
    NO_DRIVER,
    event::{CandidatesConsidered, CandidatesWanted, NoDriver, OffersExpired, OffersMade},
    request::Proposal,
    state::{Dispatch, OfferState, Search, Stage},
};
use crate::domain::offers::{OfferPolicy, OfferRound};
use interstate_eventing::{
    Context, Draft, Message,
    plant::{self, Bug},
};
use interstate_schemas::{DriverAnswer, OfferId, StepOutcome};
use std::collections::BTreeMap;
use ulid::Ulid;

/// The next round, or the end of the search.
pub(super) fn go_on(draft: &mut Draft<Dispatch>, cx: &Context<'_>) {
    let Some(search) = draft.state().search.clone().filter(Search::is_open) else {
        return;
    };
    match next_round(&search, search.round, cx) {
        Some(round) => draft.emit(CandidatesWanted {
            search: search.number,
            round: round.round,
            attempt: 1,
        }),
        None => give_up(draft, &search),
    }
}

/// The next round as soon as nothing of this one is awaited. A round in which nobody could be asked lasts its
/// whole time: looking again at once would find the same.
pub(super) fn go_on_when_answered(draft: &mut Draft<Dispatch>, cx: &Context<'_>) {
    let Some(search) = &draft.state().search else {
        return;
    };
    let awaited = search.claim.is_some() || search.in_state(OfferState::Open).next().is_some();
    if matches!(search.stage, Stage::Offering { .. }) && !awaited {
        go_on(draft, cx);
    }
}

/// Candidates have come: the record is kept, and the best who have not been asked yet are.
pub(super) fn propose(draft: &mut Draft<Dispatch>, proposal: Proposal, cx: &Context<'_>) {
    let Some(search) = draft.state().search.clone() else {
        return;
    };
    let wanted = matches!(search.stage, Stage::Wanting { .. })
        && (search.number, search.round) == (proposal.search, proposal.round);
    if !wanted {
        return;
    }
    draft.emit(CandidatesConsidered {
        search: search.number,
        record: Box::new(proposal.record),
    });
    let done = search.round.saturating_sub(1);
    let Some((round, trip)) = next_round(&search, done, cx).zip(search.trip.as_ref()) else {
        return give_up(draft, &search);
    };
    let offers = proposal
        .candidates
        .into_iter()
        .filter(|candidate| !search.asked.contains(&candidate.driver))
        .take(round.batch.into())
        .zip(0..)
        .map(|(candidate, n)| (OfferId::from_ulid(Ulid(cx.derive(n))), candidate))
        .collect();
    draft.emit(OffersMade {
        booking: search.booking,
        search: search.number,
        round: search.round,
        offers,
        expires_at: round.expires_at,
        driver_earns: trip.driver_earns,
    });
}

/// A round's time is up. Whoever has accepted keeps the claim.
pub(super) fn over(draft: &mut Draft<Dispatch>, cx: &Context<'_>) {
    let Some(search) = &draft.state().search else {
        return;
    };
    if matches!(search.stage, Stage::Offering { until: Some(until) } if until <= cx.now) {
        let mut offers: Vec<_> = search.in_state(OfferState::Open).collect();
        if plant::on(Bug::OfferExpiryIgnoresAccept) {
            offers.extend(search.in_state(OfferState::Accepted));
        }
        let round = search.round;
        draft.emit(OffersExpired { round, offers });
        go_on_when_answered(draft, cx);
    }
}

/// Nobody has answered a question for candidates: it is asked again for as long as the search lasts.
pub(super) fn overdue(draft: &mut Draft<Dispatch>, cx: &Context<'_>) {
    let Some(search) = draft.state().search.clone() else {
        return;
    };
    let Stage::Wanting { attempt, again_at } = search.stage else {
        return;
    };
    if again_at > cx.now {
        return;
    }
    if search.until <= cx.now {
        return give_up(draft, &search);
    }
    draft.emit(CandidatesWanted {
        search: search.number,
        round: search.round,
        attempt: attempt + 1,
    });
}

/// The round after `done`; nothing when the search is over. No offer outlives the search.
fn next_round(search: &Search, done: u32, cx: &Context<'_>) -> Option<OfferRound> {
    let pickup = search.trip.as_ref()?.pickup_at;
    if search.until <= cx.now {
        return None;
    }
    let mut round = OfferPolicy::default().next_round(search.mode, done, pickup, cx.now)?;
    round.expires_at = round.expires_at.min(search.until);
    Some(round)
}

fn give_up(draft: &mut Draft<Dispatch>, search: &Search) {
    let why = draft
        .state()
        .search
        .as_ref()
        .map_or_else(Vec::new, |search| search.why.clone());
    let mut offers: BTreeMap<OfferState, u32> = BTreeMap::new();
    for offer in search.offers.values() {
        *offers.entry(offer.state).or_default() += 1;
    }
    draft.emit(NoDriver {
        booking: search.booking,
        search: search.number,
        rounds: search.round,
        offers,
        why,
    });
    if let Some(step) = &search.step {
        let refused = StepOutcome::<DriverAnswer>::Refused {
            code: NO_DRIVER.to_owned(),
        };
        draft.send(Message::answer(step, refused));
    }
}
