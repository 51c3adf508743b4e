//! Riders and drivers of the trade: they order, change their mind, and take offers in the last moment.

use super::{
    account::AccountCommand, calendar::CalendarCommand, offer::OfferCommand, trip::Order, trip::TripCommand,
};
use crate::clients::Clients;
use interstate_schemas::Actor;
use std::{sync::Arc, time::Duration};

/// Starts the day of so many riders, and of two dispatchers.
pub(super) fn start(clients: &Arc<Clients>, riders: u32) {
    for rider in 0..riders {
        clients.begin(travel(clients.clone(), rider));
        clients.begin(bargain(clients.clone(), rider));
    }
    for dispatcher in 0..2 {
        clients.begin(block(clients.clone(), dispatcher));
    }
}

/// Pays money in, orders trips, and turns some of them back.
async fn travel(clients: Arc<Clients>, rider: u32) {
    let account = format!("acc-{rider}");
    for time in 0..2 {
        let amount = clients.draw(200, 900) as i64;
        let key = format!("deposit {rider} {time}");
        clients
            .insist(
                &key,
                &account,
                &AccountCommand::Deposit { amount },
                &Actor::System,
            )
            .await;
    }
    for number in 0..3 {
        clients.rest(3_000).await;
        let trip = format!("trip-{rider}-{number}");
        let from = clients.draw(0, 30) as u32;
        let order = Order {
            trip: trip.clone(),
            account: account.clone(),
            driver: format!("driver-{}", clients.draw(0, 3)),
            vehicle: format!("vehicle-{}", clients.draw(0, 3)),
            from,
            to: from + clients.draw(2, 9) as u32,
            amount: clients.draw(50, 300) as i64,
        };
        clients
            .insist(
                &format!("order {trip}"),
                &trip,
                &TripCommand::Order(order),
                &Actor::System,
            )
            .await;
        if clients.draw(0, 3) == 0 {
            clients.rest(2_000).await;
            clients
                .insist(
                    &format!("cancel {trip}"),
                    &trip,
                    &TripCommand::Cancel,
                    &Actor::System,
                )
                .await;
        }
    }
}

/// Makes offers and takes them, sometimes in the last moment.
async fn bargain(clients: Arc<Clients>, rider: u32) {
    for number in 0..2 {
        let offer = format!("offer-{rider}-{number}");
        let seconds = clients.draw(3, 15) as i64;
        clients
            .insist(
                &format!("open {offer}"),
                &offer,
                &OfferCommand::Open { seconds },
                &Actor::System,
            )
            .await;
        clients.rest(seconds as u64 * 1_200).await;
        clients
            .insist(
                &format!("accept {offer}"),
                &offer,
                &OfferCommand::Accept,
                &Actor::System,
            )
            .await;
    }
}

/// Blocks time in a calendar without waiting for the answer, and gives it back on another way.
async fn block(clients: Arc<Clients>, dispatcher: u32) {
    for number in 0..4 {
        clients.rest(3_000).await;
        let calendar = format!("driver-{}", clients.draw(0, 3));
        let by = format!("block-{dispatcher}-{number}");
        let from = 100 + 10 * (dispatcher * 4 + number);
        let reserve = CalendarCommand::Reserve {
            by: by.clone(),
            from,
            to: from + 5,
        };
        let ask = clients.ask(&format!("reserve {by}"), &calendar, &reserve, &Actor::System);
        let _ = clients
            .once(ask, Duration::from_millis(clients.draw(1, 1_500)))
            .await;
        clients
            .insist(
                &format!("release {by}"),
                &calendar,
                &CalendarCommand::Release { by },
                &Actor::System,
            )
            .await;
    }
}
