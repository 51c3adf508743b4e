//! The adapter for the sandbox provider: a payment intent a booking, manual capture for holds, our operation's
//! id as reference and as idempotency key.

use super::provider::{Provider, ProviderError, Standing, Take};
use async_trait::async_trait;
use interstate_schemas::{Money, OperationId, PaymentMethod};
use reqwest::{RequestBuilder, StatusCode};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::time::Duration;

/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(2);
/// How long an answer may take. Later than this it counts as unknown, and is asked for.
const ANSWER: Duration = Duration::from_secs(5);

/// A sandbox at a base address.
#[derive(Debug, Clone)]
pub struct SandboxProvider {
    base: String,
    client: reqwest::Client,
}

#[derive(Serialize)]
struct NewIntent<'a> {
    amount: i64,
    currency: &'static str,
    method: &'static str,
    payment_method: &'a str,
    capture: &'static str,
    reference: OperationId,
}

#[derive(Serialize)]
struct Change {
    #[serde(skip_serializing_if = "Option::is_none")]
    amount: Option<i64>,
    reference: OperationId,
}

#[derive(Serialize)]
struct NewRefund<'a> {
    payment_intent: &'a str,
    amount: i64,
    reference: OperationId,
}

#[derive(Debug, Deserialize)]
struct Intent {
    id: String,
    status: IntentStatus,
    decline_code: Option<String>,
    created_ms: i64,
    expires_at_ms: Option<i64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum IntentStatus {
    Processing,
    RequiresCapture,
    Succeeded,
    Canceled,
    Failed,
}

#[derive(Debug, Deserialize)]
struct Refund {
    payment_intent: String,
}

#[derive(Debug, Deserialize)]
struct List<T> {
    data: Vec<T>,
}

#[derive(Debug, Deserialize)]
struct Found {
    kind: String,
    payment_intent: String,
    status: OperationStatus,
    code: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum OperationStatus {
    Processing,
    Succeeded,
    Failed,
}

#[derive(Debug, Deserialize)]
struct Failure {
    error: FailureBody,
}

#[derive(Debug, Deserialize)]
struct FailureBody {
    r#type: String,
    code: String,
}

/// A request that came through: what it asked for, or why that will never be.
enum Reply<T> {
    Done(T),
    Refused(String),
}

impl SandboxProvider {
    /// A client for the provider at `base`, without a trailing slash.
    pub fn new(base: impl Into<String>) -> Result<Self, ProviderError> {
        let client = reqwest::Client::builder()
            .connect_timeout(CONNECT)
            .timeout(ANSWER)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()
            .map_err(|error| unknown(&error))?;
        Ok(Self {
            base: base.into(),
            client,
        })
    }

    fn post(&self, path: &str, key: &str, body: &impl Serialize) -> RequestBuilder {
        self.client
            .post(format!("{}{path}", self.base))
            .header("idempotency-key", key)
            .json(body)
    }

    async fn open(
        &self,
        operation: OperationId,
        key: &str,
        take: &Take,
        capture: &'static str,
    ) -> Result<Standing, ProviderError> {
        let (method, token) = named(&take.method, capture == "manual");
        let body = NewIntent {
            amount: take.amount.amount,
            currency: "INR",
            method,
            payment_method: &token,
            capture,
            reference: operation,
        };
        Ok(
            match send::<Intent>(self.post("/v1/payment_intents", key, &body)).await? {
                Reply::Done(intent) => opened(intent),
                Reply::Refused(code) => Standing::Refused { code },
            },
        )
    }

    async fn change(
        &self,
        key: &str,
        intent: &str,
        what: &str,
        body: &Change,
    ) -> Result<Standing, ProviderError> {
        let path = format!("/v1/payment_intents/{intent}/{what}");
        Ok(match send::<Intent>(self.post(&path, key, body)).await? {
            Reply::Done(intent) => succeeded(intent.id),
            Reply::Refused(code) => Standing::Refused { code },
        })
    }
}

#[async_trait]
impl Provider for SandboxProvider {
    async fn hold(&self, operation: OperationId, key: &str, take: &Take) -> Result<Standing, ProviderError> {
        self.open(operation, key, take, "manual").await
    }

    async fn charge(
        &self,
        operation: OperationId,
        key: &str,
        take: &Take,
    ) -> Result<Standing, ProviderError> {
        self.open(operation, key, take, "automatic").await
    }

    async fn capture(
        &self,
        operation: OperationId,
        key: &str,
        provider_reference: &str,
        amount: Money,
    ) -> Result<Standing, ProviderError> {
        let body = Change {
            amount: Some(amount.amount),
            reference: operation,
        };
        self.change(key, provider_reference, "capture", &body).await
    }

    async fn void(
        &self,
        operation: OperationId,
        key: &str,
        provider_reference: &str,
    ) -> Result<Standing, ProviderError> {
        let body = Change {
            amount: None,
            reference: operation,
        };
        self.change(key, provider_reference, "cancel", &body).await
    }

    async fn refund(
        &self,
        operation: OperationId,
        key: &str,
        provider_reference: &str,
        amount: Money,
    ) -> Result<Standing, ProviderError> {
        let body = NewRefund {
            payment_intent: provider_reference,
            amount: amount.amount,
            reference: operation,
        };
        Ok(
            match send::<Refund>(self.post("/v1/refunds", key, &body)).await? {
                Reply::Done(refund) => succeeded(refund.payment_intent),
                Reply::Refused(code) => Standing::Refused { code },
            },
        )
    }

    async fn find(&self, operation: OperationId) -> Result<Option<Standing>, ProviderError> {
        let url = format!("{}/v1/operations?reference={operation}", self.base);
        let Reply::Done(List { data }) = send::<List<Found>>(self.client.get(url)).await? else {
            return Err(ProviderError("the provider refuses to say".to_owned()));
        };
        let Some(found) = data.into_iter().next() else {
            return Ok(None);
        };
        Ok(Some(match found.status {
            OperationStatus::Processing => Standing::Pending,
            OperationStatus::Failed => Standing::Refused {
                code: found.code.unwrap_or_else(|| "failed".to_owned()),
            },
            OperationStatus::Succeeded if found.kind == "authorize" => {
                let url = format!("{}/v1/payment_intents/{}", self.base, found.payment_intent);
                match send::<Intent>(self.client.get(url)).await? {
                    // It was authorized; what has become of it since is another operation's matter.
                    Reply::Done(intent) => authorized(intent),
                    Reply::Refused(code) => return Err(ProviderError(code)),
                }
            }
            OperationStatus::Succeeded => succeeded(found.payment_intent),
        }))
    }
}

/// Test addresses for UPI are named by what is asked of them, so `pm_upi_ok` is `pm_upi_block_ok` when an amount
/// is to be blocked; a rider's own address is the same for both.
fn named(method: &PaymentMethod, hold: bool) -> (&'static str, String) {
    match method {
        PaymentMethod::Card { token } => ("card", token.clone()),
        PaymentMethod::Upi { token } if hold && !token.starts_with("pm_upi_block_") => {
            ("upi_block", token.replacen("pm_upi_", "pm_upi_block_", 1))
        }
        PaymentMethod::Upi { token } if hold => ("upi_block", token.clone()),
        PaymentMethod::Upi { token } => ("upi", token.replacen("pm_upi_block_", "pm_upi_", 1)),
    }
}

fn opened(intent: Intent) -> Standing {
    match intent.status {
        IntentStatus::Processing => Standing::Pending,
        IntentStatus::Failed => Standing::Refused {
            code: intent.decline_code.unwrap_or_else(|| "declined".to_owned()),
        },
        IntentStatus::RequiresCapture | IntentStatus::Succeeded | IntentStatus::Canceled => {
            authorized(intent)
        }
    }
}

fn authorized(intent: Intent) -> Standing {
    let lasts = intent.expires_at_ms.map(|end| (end - intent.created_ms) / 1_000);
    let lasts_seconds = lasts.map(|seconds| u32::try_from(seconds.max(0)).unwrap_or(u32::MAX));
    Standing::Succeeded {
        provider_reference: intent.id,
        lasts_seconds,
    }
}

fn succeeded(provider_reference: String) -> Standing {
    Standing::Succeeded {
        provider_reference,
        lasts_seconds: None,
    }
}

/// Only an answer that says so is a refusal. Everything else, 5xx included, leaves the outcome unknown; so does
/// a key that is said to belong to another request, which then is for a person.
async fn send<T: DeserializeOwned>(request: RequestBuilder) -> Result<Reply<T>, ProviderError> {
    let response = request.send().await.map_err(|error| unknown(&error))?;
    let status = response.status();
    let body = response.bytes().await.map_err(|error| unknown(&error))?;
    if status.is_success() {
        let read = serde_json::from_slice(&body);
        return read
            .map(Reply::Done)
            .map_err(|error| ProviderError(format!("unreadable: {error}")));
    }
    let failure: Option<Failure> = serde_json::from_slice(&body).ok();
    match failure.map(|failure| failure.error) {
        Some(error) if status.is_client_error() && is_final(status, &error.r#type) => {
            Ok(Reply::Refused(error.code))
        }
        error => Err(ProviderError(format!(
            "{status} {}",
            error.map(|error| error.code).unwrap_or_default()
        ))),
    }
}

fn is_final(status: StatusCode, kind: &str) -> bool {
    status != StatusCode::TOO_MANY_REQUESTS && matches!(kind, "payment_error" | "invalid_request_error")
}

fn unknown(error: &reqwest::Error) -> ProviderError {
    // Without the address: it says nothing new and may hold credentials.
    let mut text = String::new();
    let mut source: Option<&dyn std::error::Error> = Some(error);
    while let Some(error) = source {
        text = error.to_string();
        source = error.source();
    }
    ProviderError(text)
}
