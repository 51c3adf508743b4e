//! An account: money comes in, is held, captured or given back; what a provider must do is an operation.

use interstate_eventing::{
    Aggregate, Context, Decision, Draft, Message, Rejection, events,
    plant::{self, Bug},
};
use interstate_schemas::{AddressedCommand, StepOutcome, StepRef, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// An account.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Account {
    /// What can be spent.
    pub available: i64,
    /// What came in.
    pub deposited: i64,
    /// What has been captured.
    pub captured: i64,
    /// What is held for each trip.
    pub holds: BTreeMap<String, Hold>,
    /// Operations that wait for the provider.
    pub open: BTreeMap<u64, Operation>,
    /// How many operations there have been.
    pub operations: u64,
}

/// How far a hold is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Hold {
    /// How much.
    pub amount: i64,
    /// How far.
    pub status: HoldStatus,
    /// Who waits for the next result.
    pub asked: Option<StepRef>,
    /// It is to be given back as soon as the provider has answered.
    pub give_back: bool,
}

/// How far a hold is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum HoldStatus {
    /// The provider is asked.
    Authorizing,
    /// It said yes.
    Held,
    /// It said no.
    Declined,
    /// The provider is to take the money.
    Capturing,
    /// It has.
    Captured,
    /// The provider is to let go of it.
    Voiding,
    /// It has, or there was nothing.
    Released,
}

/// Something that the provider must do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Operation {
    /// For which trip.
    pub trip: String,
    /// What.
    pub what: Wanted,
    /// How much.
    pub amount: i64,
}

/// What the provider must do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Wanted {
    /// Hold money.
    Authorize,
    /// Take it.
    Capture,
    /// Let go of it.
    Void,
}

/// What an account is asked.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum AccountCommand {
    /// Money comes in.
    Deposit {
        /// How much.
        amount: i64,
    },
    /// Hold money for a trip.
    Hold {
        /// The trip.
        trip: String,
        /// How much.
        amount: i64,
    },
    /// Let go of it.
    Release {
        /// The trip.
        trip: String,
    },
    /// Take it.
    Capture {
        /// The trip.
        trip: String,
    },
    /// The provider has answered.
    Result {
        /// Which operation.
        operation: u64,
        /// Whether it is done.
        done: bool,
    },
}

impl AddressedCommand for AccountCommand {
    const SERVICE: &'static str = "account";
    const AGGREGATE: &'static str = "account";
}

/// Money came in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Deposited {
    /// How much.
    pub amount: i64,
}

/// The provider is asked for something.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct OperationRequested {
    /// Its number in the account.
    pub operation: u64,
    /// What.
    pub wanted: Operation,
    /// Who waits for it.
    pub asked: Option<StepRef>,
}

/// The provider has answered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct OperationClosed {
    /// Which operation.
    pub operation: u64,
    /// Whether it is done.
    pub done: bool,
}

/// A hold is to be given back once the provider has answered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ReleaseWanted {
    /// The trip.
    pub trip: String,
    /// Who waits for it.
    pub asked: Option<StepRef>,
}

/// Money is free again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct HoldReleased {
    /// The trip.
    pub trip: String,
    /// How much.
    pub amount: i64,
}

events! {
    /// What happens to an account.
    pub enum AccountEvent {
        Deposited(Deposited) = "account.deposited.v1",
        OperationRequested(OperationRequested) = "account.operation_requested.v1",
        OperationClosed(OperationClosed) = "account.operation_closed.v1",
        ReleaseWanted(ReleaseWanted) = "account.release_wanted.v1",
        HoldReleased(HoldReleased) = "account.hold_released.v1",
    }
}

impl Aggregate for Account {
    const NAME: &'static str = "account";
    type Command = AccountCommand;
    type Event = AccountEvent;

    fn decide(&self, command: AccountCommand, cx: &Context<'_>) -> Result<Decision<AccountEvent>, Rejection> {
        let mut draft = Draft::new(self, cx);
        match command {
            AccountCommand::Deposit { amount } => {
                draft.emit(Deposited { amount });
                let available = draft.state().available;
                return Ok(draft.finish().reply(&available));
            }
            AccountCommand::Hold { trip, amount } => hold(&mut draft, cx, trip, amount)?,
            AccountCommand::Capture { trip } => capture(&mut draft, cx, trip)?,
            AccountCommand::Release { trip } => release(&mut draft, cx, trip),
            AccountCommand::Result { operation, done } => close(&mut draft, operation, done),
        }
        Ok(draft.finish())
    }

    fn evolve(&mut self, event: &AccountEvent, _: Timestamp) {
        match event {
            AccountEvent::Deposited(it) => {
                self.available += it.amount;
                self.deposited += it.amount;
            }
            AccountEvent::OperationRequested(it) => self.requested(it),
            AccountEvent::OperationClosed(it) => self.closed(it),
            AccountEvent::ReleaseWanted(it) => {
                if let Some(hold) = self.holds.get_mut(&it.trip) {
                    hold.give_back = true;
                    hold.asked.clone_from(&it.asked);
                }
            }
            AccountEvent::HoldReleased(it) => {
                self.available += it.amount;
                let tombstone = Hold {
                    amount: it.amount,
                    status: HoldStatus::Released,
                    asked: None,
                    give_back: false,
                };
                self.holds.insert(it.trip.clone(), tombstone);
            }
        }
    }
}

impl Account {
    fn requested(&mut self, it: &OperationRequested) {
        let wanted = &it.wanted;
        self.operations = it.operation;
        self.open.insert(it.operation, wanted.clone());
        let status = match wanted.what {
            Wanted::Authorize => HoldStatus::Authorizing,
            Wanted::Capture => HoldStatus::Capturing,
            Wanted::Void => HoldStatus::Voiding,
        };
        if wanted.what == Wanted::Authorize {
            self.available -= wanted.amount;
        }
        let hold = Hold {
            amount: wanted.amount,
            status,
            asked: it.asked.clone(),
            give_back: false,
        };
        self.holds.insert(wanted.trip.clone(), hold);
    }

    fn closed(&mut self, it: &OperationClosed) {
        let closed = self.open.remove(&it.operation);
        let Some(closed) = closed else { return };
        let Some(hold) = self.holds.get_mut(&closed.trip) else {
            return;
        };
        hold.status = match (closed.what, it.done) {
            (Wanted::Authorize, true) => HoldStatus::Held,
            (Wanted::Authorize, false) => HoldStatus::Declined,
            (Wanted::Capture, true) => HoldStatus::Captured,
            (Wanted::Capture, false) => HoldStatus::Held,
            (Wanted::Void, _) => HoldStatus::Released,
        };
        match hold.status {
            HoldStatus::Declined => self.available += closed.amount,
            HoldStatus::Captured => self.captured += closed.amount,
            _ => {}
        }
    }
}

fn answer(draft: &mut Draft<Account>, step: Option<&StepRef>, outcome: StepOutcome<()>) {
    if let Some(step) = step {
        draft.send(Message::answer(step, outcome));
    }
}

fn request(draft: &mut Draft<Account>, wanted: Operation, asked: Option<&StepRef>) {
    draft.emit(OperationRequested {
        operation: draft.state().operations + 1,
        wanted,
        asked: asked.cloned(),
    });
}

fn hold(draft: &mut Draft<Account>, cx: &Context<'_>, trip: String, amount: i64) -> Result<(), Rejection> {
    match draft.state().holds.get(&trip).map(|hold| hold.status) {
        None if draft.state().available < amount => {
            // Remembered, so that a repeat of the request is refused as well.
            draft.emit(HoldReleased { trip, amount: 0 });
            let code = "account.too_little".to_owned();
            answer(draft, cx.step, StepOutcome::Refused { code });
        }
        None => {
            let what = Wanted::Authorize;
            request(draft, Operation { trip, what, amount }, cx.step);
        }
        Some(HoldStatus::Authorizing) => {}
        Some(HoldStatus::Held | HoldStatus::Capturing | HoldStatus::Captured) => {
            answer(draft, cx.step, StepOutcome::Done(()));
        }
        Some(HoldStatus::Declined | HoldStatus::Voiding | HoldStatus::Released) => {
            return Err(Rejection::conflict(
                "account.declined",
                "the money is not held any more",
            ));
        }
    }
    Ok(())
}

fn capture(draft: &mut Draft<Account>, cx: &Context<'_>, trip: String) -> Result<(), Rejection> {
    let Some(hold) = draft.state().holds.get(&trip).cloned() else {
        return Err(Rejection::conflict("account.not_held", "nothing is held"));
    };
    match hold.status {
        HoldStatus::Held => {
            let (what, amount) = (Wanted::Capture, hold.amount);
            request(draft, Operation { trip, what, amount }, cx.step);
        }
        HoldStatus::Captured => answer(draft, cx.step, StepOutcome::Done(())),
        HoldStatus::Capturing => {}
        _ => return Err(Rejection::conflict("account.not_held", "nothing is held")),
    }
    Ok(())
}

fn release(draft: &mut Draft<Account>, cx: &Context<'_>, trip: String) {
    let Some(hold) = draft.state().holds.get(&trip).cloned() else {
        draft.emit(HoldReleased { trip, amount: 0 });
        return answer(draft, cx.step, StepOutcome::Undone);
    };
    let asked = cx.step.cloned();
    match hold.status {
        HoldStatus::Authorizing if !hold.give_back => draft.emit(ReleaseWanted { trip, asked }),
        HoldStatus::Authorizing | HoldStatus::Voiding => {}
        HoldStatus::Held => {
            let (what, amount) = (Wanted::Void, hold.amount);
            request(draft, Operation { trip, what, amount }, cx.step);
        }
        HoldStatus::Released if plant::on(Bug::CompensationNotIdempotent) => {
            let amount = hold.amount;
            draft.emit(HoldReleased { trip, amount });
            answer(draft, cx.step, StepOutcome::Undone);
        }
        HoldStatus::Declined | HoldStatus::Released => answer(draft, cx.step, StepOutcome::Undone),
        // The saga does not go back after the capture has been asked for.
        HoldStatus::Capturing | HoldStatus::Captured => {}
    }
}

fn close(draft: &mut Draft<Account>, operation: u64, done: bool) {
    let Some(closed) = draft.state().open.get(&operation).cloned() else {
        return;
    };
    let trip = closed.trip.clone();
    let Some(before) = draft.state().holds.get(&trip).cloned() else {
        return;
    };
    draft.emit(OperationClosed { operation, done });
    let asked = before.asked.as_ref();
    match (closed.what, done) {
        (Wanted::Authorize, true) if before.give_back => {
            let (what, amount) = (Wanted::Void, closed.amount);
            request(draft, Operation { trip, what, amount }, asked);
        }
        (Wanted::Authorize, false) if before.give_back => answer(draft, asked, StepOutcome::Undone),
        (Wanted::Authorize | Wanted::Capture, true) => answer(draft, asked, StepOutcome::Done(())),
        (Wanted::Authorize, false) => {
            let code = "account.declined".to_owned();
            answer(draft, asked, StepOutcome::Refused { code });
        }
        (Wanted::Capture, false) => {}
        (Wanted::Void, _) => {
            draft.emit(HoldReleased {
                trip,
                amount: closed.amount,
            });
            answer(draft, asked, StepOutcome::Undone);
        }
    }
}
