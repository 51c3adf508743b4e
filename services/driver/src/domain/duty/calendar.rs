//! The calendar of a driver or of a vehicle. Whatever is asked of it, in whatever order and however often, no
//! two of its entries overlap.

use super::{
    entry::{Claim, Clash, Duty, DutyState, Hold, Holder, Overlap, Refusal, Released, Reserved},
    interval::Interval,
    plan::DutyPlan,
    tombstones::Tombstones,
};
use interstate_eventing::plant::{self, Bug};
use interstate_schemas::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Intervals that never overlap, and what was released.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DutyCalendar {
    /// By start. At most one a holder that is not closed.
    duties: Vec<Duty>,
    tombstones: Tombstones,
    /// What ended before this is forgotten.
    forgotten_before: Option<Timestamp>,
}

impl DutyCalendar {
    /// Every entry, by start. Tentative ones that have expired are still here until somebody wants the time
    /// or [`forget_expired`](Self::forget_expired) is called.
    pub fn duties(&self) -> &[Duty] {
        &self.duties
    }

    /// The entry of a holder: of its latest attempt, where earlier ones were driven and closed.
    pub fn of(&self, holder: Holder) -> Option<&Duty> {
        self.duties
            .iter()
            .filter(|duty| duty.claim.holder == holder)
            .max_by_key(|duty| duty.claim.attempt)
    }

    /// Whether that attempt, or a later one of its holder, was released.
    pub fn is_released(&self, claim: Claim) -> bool {
        self.tombstones.cover(claim)
    }

    /// Where its memory begins: nothing is known of earlier time. Nothing until something was forgotten.
    pub const fn forgotten_before(&self) -> Option<Timestamp> {
        self.forgotten_before
    }

    /// The first entry that has a moment of `wanted` and counts at `now`.
    pub fn first_overlap(&self, wanted: Interval, now: Timestamp) -> Option<Overlap> {
        self.overlap_besides(wanted, now, |_| false)
    }

    /// What [`reserve`](Self::reserve) would answer.
    ///
    /// # Errors
    /// As `reserve`.
    pub fn may_reserve(
        &self,
        claim: Claim,
        plan: &DutyPlan,
        hold: Hold,
        now: Timestamp,
    ) -> Result<Reserved, Refusal> {
        if self.tombstones.cover(claim) {
            return Err(Refusal::AlreadyReleased);
        }
        match self.of(claim.holder) {
            Some(held) if held.claim.attempt > claim.attempt => Err(Refusal::Superseded {
                current: held.claim.attempt,
            }),
            Some(held) if held.claim == claim && held.asked != plan.reserved => {
                Err(Refusal::AskedDifferently { asked: held.asked })
            }
            // Even when it has expired: nobody wanted the time so far, or it would be gone.
            Some(held) if held.claim == claim => Ok(match (held.state, hold) {
                (DutyState::Tentative { .. }, Hold::Firm) => Reserved::Confirmed,
                _ => Reserved::Already,
            }),
            _ => {
                if let Some(before) = self
                    .forgotten_before
                    .filter(|&before| plan.reserved.end() <= before)
                {
                    return Err(Refusal::LongPast { before });
                }
                match self.overlap_besides(plan.reserved, now, |duty| duty.gives_way_to(claim)) {
                    Some(overlap) => Err(Refusal::Overlap { overlap }),
                    None => Ok(Reserved::Taken),
                }
            }
        }
    }

    /// Takes the plan's time, tentatively, firmly or as a block. The same attempt gets the same answer; a
    /// later attempt replaces what an earlier one of the same holder still holds.
    ///
    /// # Errors
    /// A [`Refusal`]; the calendar is then unchanged.
    pub fn reserve(
        &mut self,
        claim: Claim,
        plan: &DutyPlan,
        hold: Hold,
        now: Timestamp,
    ) -> Result<Reserved, Refusal> {
        let answer = self.may_reserve(claim, plan, hold, now)?;
        match answer {
            Reserved::Already => {}
            Reserved::Confirmed => {
                if let Some(held) = self.held_mut(claim) {
                    held.state = hold.into();
                }
            }
            Reserved::Taken => {
                self.duties
                    .retain(|duty| duty.counts_at(now) && !duty.gives_way_to(claim));
                self.insert(Duty {
                    claim,
                    state: hold.into(),
                    reserved: plan.reserved,
                    on_duty: plan.on_duty,
                    driving_minutes: plan.driving_minutes,
                    asked: plan.reserved,
                });
            }
        }
        Ok(answer)
    }

    /// Gives the time of an attempt, and of every earlier one of its holder, back. Never refused; where it
    /// comes before its reservation, that one will be.
    pub fn release(&mut self, claim: Claim, now: Timestamp) -> Released {
        self.tombstones.bury(claim, now);
        let released = |duty: &Duty| {
            let named = duty.claim.attempt <= claim.attempt;
            let missed = plant::on(Bug::ReleaseMissesOwnAttempt) && duty.claim.attempt == claim.attempt;
            duty.claim.holder == claim.holder && named && !missed
        };
        let before = self.duties.len();
        self.duties
            .retain(|duty| !released(duty) || duty.state == DutyState::Closed);
        if self.duties.len() < before {
            Released::Freed
        } else if self.duties.iter().any(released) {
            Released::WasClosed
        } else {
            Released::Nothing
        }
    }

    /// The driver sets off. A repeat, or one that comes after the close, changes nothing.
    ///
    /// # Errors
    /// [`Refusal::NotHeld`] where the attempt has no firm reservation.
    pub fn start(&mut self, claim: Claim) -> Result<(), Refusal> {
        let held = self.held_mut(claim).ok_or(Refusal::NotHeld)?;
        match held.state {
            DutyState::Reserved => held.state = DutyState::Active,
            DutyState::Active | DutyState::Closed => {}
            DutyState::Tentative { .. } | DutyState::Blocked { .. } => return Err(Refusal::NotHeld),
        }
        Ok(())
    }

    /// The trip will take longer, or less long: it now has this plan's end. The start stays.
    ///
    /// # Errors
    /// [`Refusal::Overlap`] where the time is somebody else's, [`Refusal::NotHeld`] where the attempt has no
    /// running or firm duty; the calendar is then unchanged.
    pub fn replan(&mut self, claim: Claim, plan: &DutyPlan, now: Timestamp) -> Result<(), Refusal> {
        let held = self
            .duties
            .iter()
            .find(|duty| duty.claim == claim)
            .filter(|held| matches!(held.state, DutyState::Reserved | DutyState::Active))
            .ok_or(Refusal::NotHeld)?;
        let (Ok(reserved), Ok(on_duty)) = (
            held.reserved.ending(plan.reserved.end()),
            held.on_duty.ending(plan.on_duty.end()),
        ) else {
            return Err(Refusal::NotHeld);
        };
        if let Some(overlap) = self.overlap_besides(reserved, now, |duty| duty.claim == claim) {
            return Err(Refusal::Overlap { overlap });
        }
        self.forget_expired(now);
        if let Some(held) = self.held_mut(claim) {
            (held.reserved, held.on_duty) = (reserved, on_duty);
            held.driving_minutes = plan.driving_minutes;
        }
        Ok(())
    }

    /// The trip is over: `on_duty_until` and the rest owed until `rest_until` are facts, so this is not
    /// refused when they reach into the next duty. The time is cut where that one begins, and it is named:
    /// its driver would be short of rest. A repeat changes nothing.
    ///
    /// # Errors
    /// [`Refusal::NotHeld`] where the attempt has no firm reservation.
    pub fn close(
        &mut self,
        claim: Claim,
        on_duty_until: Timestamp,
        rest_until: Timestamp,
        driven_minutes: Option<u32>,
        now: Timestamp,
    ) -> Result<Option<Clash>, Refusal> {
        self.forget_expired(now);
        let at = self
            .duties
            .iter()
            .position(|duty| duty.claim == claim)
            .ok_or(Refusal::NotHeld)?;
        match self.duties[at].state {
            DutyState::Reserved | DutyState::Active => {}
            DutyState::Closed => return Ok(None),
            DutyState::Tentative { .. } | DutyState::Blocked { .. } => return Err(Refusal::NotHeld),
        }
        let next = self.duties.get(at + 1).map(|next| Overlap {
            with: next.claim,
            held: next.reserved,
        });
        let rest_until = rest_until.max(on_duty_until);
        let clash = next
            .filter(|next| next.held.start() < rest_until)
            .map(|next| Clash { next });
        let free_until = next.map_or(Timestamp::MAX, |next| next.held.start());
        let duty = &mut self.duties[at];
        // Ended before it was to start: both keep their intervals, because one without the other would put
        // time on duty outside of the time reserved.
        if let (Ok(on_duty), Ok(reserved)) = (
            duty.on_duty.ending(on_duty_until.min(free_until)),
            duty.reserved.ending(rest_until.min(free_until)),
        ) {
            (duty.on_duty, duty.reserved) = (on_duty, reserved);
        }
        duty.driving_minutes = driven_minutes.or(duty.driving_minutes);
        duty.state = DutyState::Closed;
        Ok(clash)
    }

    /// When the next tentative entry expires, for a deadline.
    pub fn next_expiry(&self) -> Option<Timestamp> {
        let expiry = |duty: &Duty| match duty.state {
            DutyState::Tentative { expires_at } => Some(expires_at),
            _ => None,
        };
        self.duties.iter().filter_map(expiry).min()
    }

    /// Removes tentative entries that have expired and says whose they were.
    pub fn forget_expired(&mut self, now: Timestamp) -> Vec<Claim> {
        let gone = self
            .duties
            .iter()
            .filter(|duty| !duty.counts_at(now))
            .map(|duty| duty.claim)
            .collect();
        self.duties.retain(|duty| duty.counts_at(now));
        gone
    }

    /// Forgets what ended, and what was released, at or before `before`. Choose it further back than a
    /// command can be late (14 days) and than hours count (7 days): a reservation wholly before it is refused
    /// from now on, because it may be the repeat of one that was forgotten. A duty that is still running or
    /// was never closed stays.
    pub fn prune(&mut self, before: Timestamp) {
        let before = self
            .forgotten_before
            .map_or(before, |earlier| earlier.max(before));
        self.forgotten_before = Some(before);
        self.duties.retain(|duty| {
            matches!(duty.state, DutyState::Active | DutyState::Reserved)
                || duty.reserved.end().max(duty.asked.end()) > before
        });
        self.tombstones.prune(before);
    }

    fn overlap_besides(
        &self,
        wanted: Interval,
        now: Timestamp,
        besides: impl Fn(&Duty) -> bool,
    ) -> Option<Overlap> {
        self.duties
            .iter()
            .find(|duty| duty.reserved.overlaps(wanted) && duty.counts_at(now) && !besides(duty))
            .filter(|duty| !(plant::on(Bug::TentativeTimeTakenTwice) && duty.is_tentative()))
            .map(|duty| Overlap {
                with: duty.claim,
                held: duty.reserved,
            })
    }

    fn held_mut(&mut self, claim: Claim) -> Option<&mut Duty> {
        self.duties.iter_mut().find(|duty| duty.claim == claim)
    }

    fn insert(&mut self, duty: Duty) {
        let at = self
            .duties
            .partition_point(|other| other.reserved.start() < duty.reserved.start());
        self.duties.insert(at, duty);
    }
}

#[cfg(test)]
#[path = "calendar_tests.rs"]
mod tests;
