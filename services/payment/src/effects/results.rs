//! How the end of an operation comes back to its payment.

use crate::domain::Command;
use async_trait::async_trait;
use interstate_eventing::runtime::{Ask, AskError, Commands};
use interstate_schemas::{Actor, CommandId, PaymentId};

/// Takes results of operations to their payments.
#[async_trait]
pub trait Results: Send + Sync + 'static {
    /// Asks a payment to take a result. The id makes a repeat the same command.
    async fn tell(&self, payment: PaymentId, command: &Command, id: CommandId) -> Result<(), AskError>;
}

#[async_trait]
impl Results for Commands {
    async fn tell(&self, payment: PaymentId, command: &Command, id: CommandId) -> Result<(), AskError> {
        let actor = Actor::Service("payment".to_owned());
        self.ask(Ask::to(payment, command, actor).with_id(id))
            .await
            .map(|_| ())
    }
}
