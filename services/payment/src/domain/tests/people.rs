//! Who and what the stories are about.

use crate::domain::{
    Command, OperationKind, OperationResult, Payment, PaymentEvent, event::OperationRequested,
};
use interstate_eventing::{
    Message,
    fixture::{Story, Told, given},
};
use interstate_schemas::{
    Actor, Address, BookingId, DriverId, Money, OperationId, PaymentId, PaymentMethod, Role, Settlement,
    StepRef, UserId,
};

pub const TEN: &str = "2026-11-21T10:00:00Z";
pub const ADVANCE: Money = Money::inr(94_000);

pub fn booking() -> BookingId {
    BookingId::derive(1, &[b"booking"])
}

pub fn rider() -> UserId {
    UserId::derive(1, &[b"asha"])
}

pub fn driver() -> DriverId {
    DriverId::derive(1, &[b"ravi"])
}

pub fn card() -> PaymentMethod {
    PaymentMethod::Card {
        token: "pm_card_ok".to_owned(),
    }
}

/// The booking service, on behalf of a saga.
pub fn saga() -> Actor {
    Actor::Service("booking".to_owned())
}

/// The worker that talks to the provider.
pub fn worker() -> Actor {
    Actor::Service("payment".to_owned())
}

pub fn user(id: UserId, role: Role) -> Actor {
    Actor::User { id, role }
}

pub fn step(name: &'static str, run: u32) -> StepRef {
    let to = Address {
        service: "booking".into(),
        aggregate: "booking".into(),
        id: booking().to_string(),
    };
    StepRef {
        to,
        step: name.into(),
        run,
    }
}

pub fn payment() -> Story<Payment> {
    given::<Payment>(PaymentId::from(booking())).at(TEN)
}

pub fn hold() -> Command {
    Command::Hold {
        booking: booking(),
        rider: rider(),
        amount: ADVANCE,
        method: card(),
    }
}

pub fn void() -> Command {
    Command::Void { booking: booking() }
}

pub fn capture() -> Command {
    Command::Capture {
        booking: booking(),
        rider: rider(),
        amount: ADVANCE,
        method: card(),
    }
}

pub fn refund(reference: &str, amount: Option<i64>, fee: i64) -> Command {
    Command::Refund {
        booking: booking(),
        amount: amount.map(Money::inr),
        fee: Money::inr(fee),
        reference: reference.to_owned(),
        compensation: None,
    }
}

/// Vector V1 of the trade's rules.
pub fn v1(cash: i64) -> Settlement {
    Settlement {
        booking: booking(),
        driver: driver(),
        payable: Money::inr(469_900),
        commission: Money::inr(56_700),
        commission_gst: Money::inr(10_206),
        tds: Money::inr(448),
        fare_gst: Money::inr(22_376),
        round_off: Money::inr(24),
        driver_due: Money::inr(380_146),
        cash_collected: Money::inr(cash),
    }
}

/// The provider did it.
pub fn done(operation: OperationId) -> Command {
    done_as(operation, "pi_1")
}

/// The provider did it, and has a name of its own for the payment.
pub fn done_as(operation: OperationId, provider_reference: &str) -> Command {
    let result = OperationResult::Succeeded {
        provider_reference: provider_reference.to_owned(),
        lasts_seconds: None,
    };
    Command::OperationResult {
        operation,
        attempt: 1,
        result,
    }
}

/// The provider said no.
pub fn refused(operation: OperationId, code: &str) -> Command {
    let result = OperationResult::Refused {
        code: code.to_owned(),
    };
    Command::OperationResult {
        operation,
        attempt: 1,
        result,
    }
}

/// What a decision has asked of the provider.
pub fn requests(told: &Told<Payment>) -> Vec<OperationRequested> {
    let requested = |event: &PaymentEvent| match event {
        PaymentEvent::OperationRequested(requested) => Some(requested.clone()),
        _ => None,
    };
    told.decided().events.iter().filter_map(requested).collect()
}

/// The one operation that a decision has asked for.
#[track_caller]
pub fn request(told: &Told<Payment>, kind: OperationKind, amount: Money) -> OperationId {
    let requests = requests(told);
    assert_eq!(
        requests
            .iter()
            .map(|asked| (asked.kind, asked.amount))
            .collect::<Vec<_>>(),
        [(kind, amount)]
    );
    requests[0].operation
}

/// What messages say, shortened: the step with its outcome, or another message's name.
pub fn said(messages: &[Message]) -> Vec<String> {
    messages
        .iter()
        .map(|message| said_one(&message.payload))
        .collect()
}

fn said_one(payload: &[u8]) -> String {
    let json: serde_json::Value = serde_json::from_slice(payload).unwrap();
    if let Some(reply) = json.get("Step") {
        let outcome = match &reply["outcome"] {
            serde_json::Value::String(undone) => undone.clone(),
            outcome => outcome.get("Refused").map_or_else(
                || format!("{}", outcome["Done"]),
                |refused| refused["code"].as_str().unwrap().to_owned(),
            ),
        };
        return format!("{}/{}: {outcome}", reply["step"].as_str().unwrap(), reply["run"]);
    }
    json.to_string()
}

/// A payment whose advance is held, with the operation that held it.
pub fn held() -> Story<Payment> {
    let asked = payment().for_step(step("hold", 1)).when(saga(), hold());
    let operation = request(&asked, OperationKind::Hold, ADVANCE);
    asked.story().when(worker(), done(operation)).story()
}

/// A payment whose advance was captured by nobody's saga.
pub fn captured() -> Story<Payment> {
    let asked = payment().when(saga(), capture());
    let operation = request(&asked, OperationKind::Charge, ADVANCE);
    asked.story().when(worker(), done(operation)).story()
}
