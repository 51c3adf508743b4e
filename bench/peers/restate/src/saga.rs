//! Five durable steps that do next to nothing. Where the payment is declined, what was done is taken back.

use restate_sdk::prelude::*;
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;

/// What is booked.
#[derive(Clone, Serialize, Deserialize)]
pub struct Trip {
    pub id: String,
    pub rider: u64,
    pub declines: bool,
}

/// How it ended.
#[derive(Serialize, Deserialize)]
pub struct Ended {
    pub id: String,
    pub completed: bool,
}

struct Booking;

#[workflow]
impl Booking {
    #[handler]
    async fn run(&self, ctx: WorkflowContext<'_>, Json(trip): Json<Trip>) -> Result<Json<Ended>, HandlerError> {
        let Trip { id, rider, declines } = trip;
        let done = async move || Ok(rider);
        ctx.run(done).name("validate").await?;
        let fare: u64 = ctx
            .run(async move || Ok(rider * 14 + 5_000))
            .name("price")
            .await?;
        let driver: u64 = ctx
            .run(async move || Ok(rider % 1_000))
            .name("reserve the driver")
            .await?;
        let authorized: Result<u64, TerminalError> = ctx
            .run(async move || {
                if declines {
                    Err(TerminalError::new("declined").into())
                } else {
                    Ok(fare)
                }
            })
            .name("authorize")
            .await;
        let completed = authorized.is_ok();
        if completed {
            ctx.run(async move || Ok(driver)).name("confirm").await?;
        } else {
            for (undo, what) in [("release the driver", driver), ("take the price back", fare)] {
                ctx.run(async move || Ok(what)).name(undo).await?;
            }
        }
        Ok(Json(Ended { id, completed }))
    }
}

/// Answers Restate's server until the process ends.
pub async fn serve(address: &str) -> Result<(), std::net::AddrParseError> {
    let address: SocketAddr = address.parse()?;
    let endpoint = Endpoint::builder().bind(Booking).build();
    HttpServer::new(endpoint).listen_and_serve(address).await;
    Ok(())
}
