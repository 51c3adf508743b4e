//! Decides a search.

use super::{
    NO_DRIVER, claim,
    event::{DispatchEvent, OfferAccepted, OfferDeclined, SearchOpened, SearchWithdrawn},
    request::{DispatchRequest, OfferReply},
    rounds,
    state::{Dispatch, Offer, OfferState, Search, Stage},
};
use crate::domain::offers::OfferPolicy;
use interstate_eventing::{
    Aggregate, Context, Deadline, Decision, Draft, Message, Rejection,
    plant::{self, Bug},
};
use interstate_schemas::{
    BookingId, DispatchId, DriverAnswer, OfferId, StepOutcome, Timestamp, TripRequest, UserId,
};

const ROUND_OVER: &str = "round_over";
const CANDIDATES_OVERDUE: &str = "candidates_overdue";

impl Aggregate for Dispatch {
    const NAME: &'static str = "dispatch";
    /// 2: what a rider is shown stands with the offer.
    const VERSION: u32 = 2;
    type Command = DispatchRequest;
    type Event = DispatchEvent;

    fn decide(
        &self,
        request: DispatchRequest,
        cx: &Context<'_>,
    ) -> Result<Decision<DispatchEvent>, Rejection> {
        let of_a_driver = matches!(
            request,
            DispatchRequest::Accept { .. } | DispatchRequest::Decline { .. }
        );
        if cx.actor.user().is_some() && !of_a_driver {
            return Err(Rejection::forbidden(
                "dispatch.not_yours",
                "Searches are run by bookings; nobody steers one by hand.",
            ));
        }
        let mut draft = Draft::new(self, cx);
        match request {
            DispatchRequest::Find {
                trip,
                deadline,
                search,
            } => self.find(&mut draft, trip, deadline, search, cx)?,
            DispatchRequest::Withdraw { search } => self.withdraw(&mut draft, search, cx)?,
            DispatchRequest::Propose(proposal) => rounds::propose(&mut draft, *proposal, cx),
            DispatchRequest::Accept { offer } => {
                let accepted = self.accept(&mut draft, offer, cx)?;
                return Ok(draft.finish().reply(&accepted));
            }
            DispatchRequest::Decline { offer } => {
                let declined = self.decline(&mut draft, offer, cx)?;
                return Ok(draft.finish().reply(&declined));
            }
            DispatchRequest::Step(reply) => claim::answered(&mut draft, reply, cx),
            DispatchRequest::RoundOver => rounds::over(&mut draft, cx),
            DispatchRequest::CandidatesOverdue => rounds::overdue(&mut draft, cx),
        }
        Ok(draft.finish())
    }

    fn evolve(&mut self, event: &DispatchEvent, time: Timestamp) {
        self.apply(event, time);
    }

    fn deadlines(&self) -> Vec<Deadline> {
        let due = self.search.as_ref().and_then(|search| match search.stage {
            Stage::Wanting { again_at, .. } => Some(Deadline::new(CANDIDATES_OVERDUE, again_at)),
            Stage::Offering { until } => until.map(|due| Deadline::new(ROUND_OVER, due)),
            Stage::Found(_) | Stage::NoDriver => None,
        });
        due.into_iter().collect()
    }

    fn deadline_reached(name: &str) -> Option<DispatchRequest> {
        match name {
            ROUND_OVER => Some(DispatchRequest::RoundOver),
            CANDIDATES_OVERDUE => Some(DispatchRequest::CandidatesOverdue),
            _ => None,
        }
    }
}

impl Dispatch {
    fn find(
        &self,
        draft: &mut Draft<Self>,
        trip: Box<TripRequest>,
        deadline: Timestamp,
        number: u32,
        cx: &Context<'_>,
    ) -> Result<(), Rejection> {
        if number <= self.withdrawn {
            return Err(Rejection::conflict(
                "dispatch.withdrawn",
                "This search was withdrawn before it could begin.",
            ));
        }
        if let Some(search) = &self.search {
            if number == search.number {
                return repeated(draft, search, cx);
            }
            if number < search.number {
                return Err(Rejection::conflict(
                    "dispatch.superseded",
                    "A later search of this booking has taken over.",
                ));
            }
            close(draft, search.number, cx)?;
        }
        let policy = OfferPolicy::default();
        let mode = policy.mode(trip.pickup_at, cx.now);
        let until = deadline.min(trip.pickup_at);
        draft.emit(SearchOpened {
            search: number,
            trip,
            until,
            mode,
            step: cx.step.cloned(),
        });
        rounds::go_on(draft, cx);
        Ok(())
    }

    fn withdraw(&self, draft: &mut Draft<Self>, search: u32, cx: &Context<'_>) -> Result<(), Rejection> {
        let latest = self.search.as_ref().map_or(0, |search| search.number);
        let repeated = search <= self.withdrawn;
        let leaves_no_trace = plant::on(Bug::ReleaseOvertakesReserve) && search > latest;
        if plant::on(Bug::CompensationNotIdempotent) && repeated && latest > self.withdrawn {
            close(draft, latest, cx)?;
        } else if !repeated && !leaves_no_trace {
            close(draft, search, cx)?;
        }
        if let Some(step) = cx.step {
            draft.send(Message::answer(step, StepOutcome::<DriverAnswer>::Undone));
        }
        Ok(())
    }

    fn accept(
        &self,
        draft: &mut Draft<Self>,
        id: OfferId,
        cx: &Context<'_>,
    ) -> Result<OfferReply, Rejection> {
        let offer = self.offer_of(id, cx)?;
        match offer.state {
            OfferState::Open => {
                draft.emit(OfferAccepted {
                    offer: id,
                    driver: offer.candidate.driver,
                    card: offer.candidate.card.clone(),
                });
                claim::begin_next(draft, cx);
            }
            OfferState::Accepted | OfferState::Won => {}
            state => return Err(too_late(state)),
        }
        Ok(reply(draft, id))
    }

    fn decline(
        &self,
        draft: &mut Draft<Self>,
        id: OfferId,
        cx: &Context<'_>,
    ) -> Result<OfferReply, Rejection> {
        let offer = self.offer_of(id, cx)?;
        match offer.state {
            OfferState::Open => {
                draft.emit(OfferDeclined {
                    offer: id,
                    driver: offer.candidate.driver,
                });
                rounds::go_on_when_answered(draft, cx);
            }
            OfferState::Declined => {}
            OfferState::Accepted | OfferState::Won => {
                return Err(Rejection::conflict(
                    "offer-accepted",
                    "You have accepted this trip: to give it back, release the booking.",
                ));
            }
            state => return Err(too_late(state)),
        }
        Ok(reply(draft, id))
    }

    /// The offer, where it is the asker's: to everybody else it does not exist.
    fn offer_of(&self, id: OfferId, cx: &Context<'_>) -> Result<&Offer, Rejection> {
        self.search
            .as_ref()
            .and_then(|search| search.offers.get(&id))
            .filter(|offer| {
                let user = UserId::from(offer.candidate.driver);
                cx.actor.user().is_none_or(|asker| asker == user)
            })
            .ok_or_else(|| Rejection::not_found("offer-unknown", "There is no such offer to you."))
    }
}

fn reply(draft: &Draft<Dispatch>, offer: OfferId) -> OfferReply {
    let state = draft
        .state()
        .search
        .as_ref()
        .and_then(|search| search.offers.get(&offer))
        .map_or(OfferState::Withdrawn, |offer| offer.state);
    OfferReply { offer, state }
}

fn too_late(state: OfferState) -> Rejection {
    match state {
        OfferState::Expired => Rejection::conflict("offer-expired", "The offer was not answered in time."),
        OfferState::Declined => Rejection::conflict("offer-declined", "You have declined this offer."),
        OfferState::Lost => Rejection::conflict("offer-lost", "The time was given to another trip."),
        _ => Rejection::conflict(
            "offer-withdrawn",
            "The trip was given to somebody else, or cancelled.",
        ),
    }
}

/// The same search asked for once more: it is still going on, or it answers as it did.
fn repeated(draft: &mut Draft<Dispatch>, search: &Search, cx: &Context<'_>) -> Result<(), Rejection> {
    match &search.stage {
        Stage::Wanting { .. } | Stage::Offering { .. } => {}
        Stage::Found(answer) => {
            if let Some(step) = cx.step {
                draft.send(Message::answer(step, StepOutcome::Done(answer.clone())));
            }
        }
        Stage::NoDriver => return Err(no_driver()),
    }
    Ok(())
}

fn no_driver() -> Rejection {
    Rejection::conflict(NO_DRIVER, "No driver could take this trip.")
}

/// Ends every search up to `number`: offers are off, and whoever's time is held is free again.
fn close(draft: &mut Draft<Dispatch>, number: u32, cx: &Context<'_>) -> Result<(), Rejection> {
    let dispatch: DispatchId = cx.address.id.parse().map_err(|_| {
        Rejection::invalid(
            "dispatch.unknown",
            "A dispatch's id is expected here, such as dsp_….",
        )
    })?;
    let mut offers = Vec::new();
    if let Some(search) = draft
        .state()
        .search
        .clone()
        .filter(|search| search.number <= number)
    {
        offers.extend(search.in_state(OfferState::Open));
        offers.extend(search.in_state(OfferState::Accepted));
        offers.extend(search.in_state(OfferState::Won));
        for owner in search.held() {
            draft.send(claim::release(owner, BookingId::from(dispatch), search.number));
        }
    }
    draft.emit(SearchWithdrawn {
        dispatch,
        search: number,
        offers,
    });
    Ok(())
}
