//! The end of a trip: the invoice, each difference from the quote with its event, and the driver's share.

use super::{
    Booking, BookingEvent, TripRecord, decide,
    event::*,
    permission,
    plan::{driver_of, vehicle_of},
};
use crate::domain::{
    catalogue,
    fare::{
        Driving, FareBreakdown, FareError, FareInput, Interval, KmBasis, LineCode, Wait, WaitPlace,
        differences, price,
        settlement::{DriverSettlement, TdsStatus, VehicleOwner, settle},
    },
    tariff::Tariff,
};
use interstate_eventing::{Context, Decision, Draft, Message, Rejection};
use interstate_schemas::{CalendarCommand, Money, PaymentCommand, Settlement, SignedDuration, Timestamp};

/// What no cab drives on average: 180 km/h. Above it the figure is a slip, or worse.
const METRES_A_SECOND: u64 = 50;
/// So much is within what a meter and a clock are off.
const METRES: u64 = 2_000;

pub(super) fn end(
    mut draft: Draft<Booking>,
    cx: &Context<'_>,
    record: TripRecord,
) -> Result<Decision<BookingEvent>, Rejection> {
    let state = draft.state();
    permission::by_driver(state, cx)?;
    let order = state.ordered();
    let assignment = state.assignment.clone().ok_or_else(decide::not_assigned)?;
    let tariff = catalogue::tariff(&order.tariff).expect("a quote is made with a tariff of the catalogue");
    let at = record.ended_at.unwrap_or(cx.now);
    let input = invoice_input(state, &record, at, cx)?;
    let invoice = invoice(tariff, input).map_err(|error| unpriced(&error))?;
    let cash = record.cash_collected.unwrap_or(Money::ZERO);
    if cash.amount < 0 || cash.amount > invoice.balance.amount.max(0) {
        return Err(Rejection::invalid(
            "booking-cash-does-not-fit",
            format!(
                "The cash is not between nothing and the balance of {}.",
                invoice.balance
            ),
        ));
    }
    let settlement = share(tariff, &invoice);
    let (booking, payment, quoted) = (order.booking, order.payment(), order.fare.clone());

    draft.emit(Box::new(TripEnded { at, record }));
    for difference in differences(&quoted, &invoice) {
        let because = explained_by(difference.line).to_owned();
        draft.emit(FareDiffered { difference, because });
    }
    let figures = Settlement {
        booking,
        driver: assignment.driver,
        payable: invoice.payable,
        commission: settlement.commission,
        commission_gst: settlement.commission_gst,
        tds: settlement.tds,
        fare_gst: settlement.fare_tax,
        round_off: settlement.round_off,
        driver_due: settlement.driver_due,
        cash_collected: cash,
    };
    let reply = invoice.clone();
    draft.emit(Box::new(Completed {
        invoice,
        settlement,
        cash_collected: cash,
    }));
    draft.send(Message::to(payment, &PaymentCommand::Settle(figures)));
    for owner in [driver_of(&assignment), vehicle_of(&assignment)] {
        let close = CalendarCommand::Close {
            booking,
            search: assignment.search,
            ended_at: at,
        };
        draft.send(Message::to(owner, &close));
    }
    Ok(draft.finish().reply(&reply))
}

/// What the driver gets of a fare. Every driver here drives a vehicle of their own, and is taken to have given a PAN:
/// neither another owner nor a missing PAN is asked for yet.
pub(super) fn share(tariff: &Tariff, fare: &FareBreakdown) -> DriverSettlement {
    settle(&tariff.settlement, fare, VehicleOwner::Driver, TdsStatus::WithPan)
}

/// The quote's input with what was measured in place of what was planned.
fn invoice_input(
    booking: &Booking,
    record: &TripRecord,
    at: Timestamp,
    cx: &Context<'_>,
) -> Result<FareInput, Rejection> {
    let order = booking.ordered();
    let from = booking.started_at.unwrap_or(order.pickup_at);
    if at < from || at > cx.now {
        return Err(Rejection::invalid(
            "booking-end-does-not-fit",
            "A trip ends after its start and not in the future.",
        ));
    }
    let driven = u64::from(record.metres.unwrap_or_default());
    // A start out of a dead zone is told late, and staff know what was driven from elsewhere.
    let since = booking.waiting_from.map_or(from, |waiting| waiting.min(from));
    let seconds = u64::try_from(at.duration_since(since).as_secs()).unwrap_or_default();
    if !cx.actor.is_staff() && driven > METRES + seconds.saturating_mul(METRES_A_SECOND) {
        return Err(Rejection::invalid(
            "booking-end-does-not-fit",
            format!(
                "Nobody drives {driven} metres in {seconds} seconds; `metres` is what was driven with the rider."
            ),
        ));
    }
    let quoted_km = order.fare.charged_km;
    let waits = match booking.waited_minutes {
        0 => Vec::new(),
        minutes => vec![Wait {
            place: WaitPlace::Pickup,
            minutes,
        }],
    };
    let driving = match (&record.driving, &order.input.driving) {
        (Some(intervals), _) => Driving::During {
            intervals: intervals.clone(),
        },
        (None, Driving::During { intervals }) => as_planned(intervals, order.pickup_at, from, at),
        (None, planned) => planned.clone(),
    };
    Ok(FareInput {
        period: Interval { from, to: at },
        leg_metres: record.metres.map_or_else(
            || order.input.leg_metres.clone(),
            |metres| vec![u64::from(metres)],
        ),
        km_basis: if record.ended_early {
            KmBasis::EndedEarly { quoted_km }
        } else {
            KmBasis::AsBooked { quoted_km }
        },
        waits,
        driving,
        toll: record.toll.unwrap_or(order.input.toll),
        parking: record.parking.unwrap_or(order.input.parking),
        advance_paid: Some(booking.captured),
        ..order.input.clone()
    })
}

/// The planned driving of a trip that nobody measured: as much later or earlier as the trip began, and not beyond
/// its end. Whoever ends at night drove at night, however the halts fell.
fn as_planned(planned: &[Interval], pickup_at: Timestamp, from: Timestamp, until: Timestamp) -> Driving {
    let later = from.duration_since(pickup_at);
    let shifted = |moment: Timestamp| {
        let moment = moment.saturating_add(later).unwrap_or(Timestamp::MAX);
        moment.clamp(from, until)
    };
    let second = SignedDuration::from_secs(1);
    let arrival = Interval {
        from: until.saturating_sub(second).unwrap_or(until).max(from),
        to: until,
    };
    let intervals = planned.iter().map(|drive| Interval {
        from: shifted(drive.from),
        to: shifted(drive.to),
    });
    Driving::During {
        intervals: intervals.chain([arrival]).collect(),
    }
}

/// A trip that was shorter than planned cannot have had more hill days than days.
fn invoice(tariff: &Tariff, mut input: FareInput) -> Result<FareBreakdown, FareError> {
    let planned = input.hill_days;
    if planned > 0 {
        input.hill_days = 0;
        input.hill_days = price(tariff, &input)?.days.min(planned);
    }
    price(tariff, &input)
}

/// The type of the event that a line's difference follows from. Taxes and rounding follow from the other lines.
fn explained_by(line: LineCode) -> &'static str {
    match line {
        LineCode::Waiting => "booking.started.v1",
        LineCode::Cgst | LineCode::Sgst | LineCode::Igst | LineCode::RoundOff => "booking.fare_differed.v1",
        LineCode::Km
        | LineCode::Dynamic
        | LineCode::ExtraKm
        | LineCode::ExtraHour
        | LineCode::Bata
        | LineCode::Night
        | LineCode::Hill
        | LineCode::Toll
        | LineCode::StateEntry
        | LineCode::Parking
        | LineCode::Discount => "booking.trip_ended.v1",
    }
}

fn unpriced(error: &FareError) -> Rejection {
    Rejection::invalid(
        "booking-not-priced",
        format!(
            "The trip cannot be invoiced like this: {error} ({}).",
            error.code()
        ),
    )
}
