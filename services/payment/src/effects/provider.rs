//! The port to a payment provider.

use async_trait::async_trait;
use interstate_schemas::{Money, OperationId, PaymentMethod};

/// Where an operation stands at the provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// The provider has it, and somebody (a rider in his UPI app) has yet to answer.
    Pending,
    /// It is done.
    Succeeded {
        /// The provider's name of the payment.
        provider_reference: String,
        /// For a hold: how long it lasts from when it was made, in seconds.
        lasts_seconds: Option<u32>,
    },
    /// It will never happen.
    Refused {
        /// The provider's code, `card_declined`.
        code: String,
    },
}

/// No answer that can be trusted: it may have been done, or may yet be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the provider's answer is not known: {0}")]
pub struct ProviderError(pub String);

/// An amount that is to be taken or held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Take {
    /// How much.
    pub amount: Money,
    /// From where.
    pub method: PaymentMethod,
}

/// A payment provider. Each operation carries its id as our reference, and `key`, under which the provider
/// carries it out once.
#[async_trait]
pub trait Provider: Send + Sync + 'static {
    /// Blocks an amount.
    async fn hold(&self, operation: OperationId, key: &str, take: &Take) -> Result<Standing, ProviderError>;

    /// Takes an amount at once.
    async fn charge(&self, operation: OperationId, key: &str, take: &Take)
    -> Result<Standing, ProviderError>;

    /// Takes what is blocked, or a part; the rest is released.
    async fn capture(
        &self,
        operation: OperationId,
        key: &str,
        provider_reference: &str,
        amount: Money,
    ) -> Result<Standing, ProviderError>;

    /// Releases what is blocked.
    async fn void(
        &self,
        operation: OperationId,
        key: &str,
        provider_reference: &str,
    ) -> Result<Standing, ProviderError>;

    /// Gives back what was taken, or a part.
    async fn refund(
        &self,
        operation: OperationId,
        key: &str,
        provider_reference: &str,
        amount: Money,
    ) -> Result<Standing, ProviderError>;

    /// What became of an operation; nothing where the provider has not heard of it so far.
    async fn find(&self, operation: OperationId) -> Result<Option<Standing>, ProviderError>;
}
