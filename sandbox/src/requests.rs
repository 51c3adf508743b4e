//! Request bodies, checked at the edge: past this file every amount is positive and every method exists.

use crate::{
    clock::UnixMillis,
    error::ApiError,
    ids::IntentId,
    intent::{CaptureMode, Terms},
    methods::{MethodKind, PaymentMethod},
    operation::OperationKind,
};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, sync::Arc};

/// The largest amount: the largest whole number that every JSON reader keeps exact.
pub const MAX_AMOUNT: u64 = (1 << 53) - 1;

/// The longest reference or idempotency key, in bytes.
pub const MAX_REFERENCE: usize = 255;

const MAX_METADATA: usize = 50;

/// `POST /v1/payment_intents`
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuthorizeBody {
    amount: u64,
    currency: String,
    method: MethodKind,
    payment_method: Option<String>,
    capture: CaptureMode,
    reference: String,
    #[serde(default)]
    metadata: BTreeMap<String, String>,
}

/// `POST /v1/payment_intents/{id}/capture`
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CaptureBody {
    amount: Option<u64>,
    reference: Option<String>,
}

/// `POST /v1/payment_intents/{id}/cancel`
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CancelBody {
    reference: Option<String>,
}

/// `POST /v1/refunds`
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RefundBody {
    payment_intent: String,
    amount: u64,
    reference: String,
}

/// A payment that is wanted: its terms, but for what the provider adds.
#[derive(Debug)]
pub struct NewIntent {
    /// In the currency's smallest unit.
    pub amount: u64,
    /// Three capital letters.
    pub currency: Arc<str>,
    /// What is charged.
    pub payment_method: PaymentMethod,
    /// When the money moves.
    pub capture: CaptureMode,
    /// The merchant's id.
    pub reference: Arc<str>,
    /// The merchant's notes.
    pub metadata: BTreeMap<String, String>,
}

impl NewIntent {
    /// The terms of the payment that becomes of it.
    pub fn terms(&self, id: IntentId, created: UnixMillis) -> Terms {
        Terms {
            id,
            amount: self.amount,
            currency: Arc::clone(&self.currency),
            payment_method: self.payment_method,
            capture: self.capture,
            reference: Arc::clone(&self.reference),
            metadata: self.metadata.clone(),
            created,
        }
    }
}

/// A checked request.
#[derive(Debug)]
pub enum Request {
    /// Open a payment.
    Authorize(NewIntent),
    /// Take what is held, or `amount` of it.
    Capture {
        intent: IntentId,
        amount: Option<u64>,
        reference: Arc<str>,
    },
    /// Release what is held.
    Cancel { intent: IntentId, reference: Arc<str> },
    /// Give `amount` back.
    Refund {
        intent: IntentId,
        amount: u64,
        reference: Arc<str>,
    },
}

impl Request {
    /// What is asked.
    pub fn kind(&self) -> OperationKind {
        match self {
            Self::Authorize(_) => OperationKind::Authorize,
            Self::Capture { .. } => OperationKind::Capture,
            Self::Cancel { .. } => OperationKind::Cancel,
            Self::Refund { .. } => OperationKind::Refund,
        }
    }

    /// The merchant's own id of the operation.
    pub fn reference(&self) -> &Arc<str> {
        match self {
            Self::Authorize(NewIntent { reference, .. })
            | Self::Capture { reference, .. }
            | Self::Cancel { reference, .. }
            | Self::Refund { reference, .. } => reference,
        }
    }

    /// The amount, if the request names one.
    pub fn amount(&self) -> Option<u64> {
        match self {
            Self::Authorize(new) => Some(new.amount),
            Self::Capture { amount, .. } => *amount,
            Self::Cancel { .. } => None,
            Self::Refund { amount, .. } => Some(*amount),
        }
    }
}

impl AuthorizeBody {
    /// Checks the request.
    pub fn check(self) -> Result<Request, ApiError> {
        let payment_method = match &self.payment_method {
            None => PaymentMethod::default_of(self.method),
            Some(token) => PaymentMethod::named(token).ok_or_else(|| {
                ApiError::invalid_param(
                    "payment_method",
                    format!("`{token}` is no documented test method"),
                )
            })?,
        };
        if payment_method.kind() != self.method {
            return Err(ApiError::invalid_param(
                "payment_method",
                "this payment method is not of this `method`",
            ));
        }
        match (self.method, self.capture) {
            (MethodKind::Upi, CaptureMode::Manual) => Err(ApiError::invalid_param(
                "capture",
                "a UPI collect request cannot be held; use `automatic`, or the method `upi_block`",
            )),
            (MethodKind::UpiBlock, CaptureMode::Automatic) => Err(ApiError::invalid_param(
                "capture",
                "a UPI block is captured later; use `manual`",
            )),
            _ => Ok(()),
        }?;
        if self.currency.len() != 3 || !self.currency.bytes().all(|byte| byte.is_ascii_alphabetic()) {
            return Err(ApiError::invalid_param(
                "currency",
                "three letters of ISO 4217 are expected, as in `INR`",
            ));
        }
        if self.metadata.len() > MAX_METADATA {
            return Err(ApiError::invalid_param(
                "metadata",
                format!("at most {MAX_METADATA} entries are kept"),
            ));
        }
        Ok(Request::Authorize(NewIntent {
            amount: amount(self.amount)?,
            currency: self.currency.to_ascii_uppercase().into(),
            payment_method,
            capture: self.capture,
            reference: reference(&self.reference)?,
            metadata: self.metadata,
        }))
    }
}

impl CaptureBody {
    /// Checks the request; without a reference the operation is called after its key.
    pub fn check(self, intent: IntentId, key: &str) -> Result<Request, ApiError> {
        let reference = reference(self.reference.as_deref().unwrap_or(key))?;
        Ok(Request::Capture {
            intent,
            amount: self.amount.map(amount).transpose()?,
            reference,
        })
    }
}

impl CancelBody {
    /// Checks the request; without a reference the operation is called after its key.
    pub fn check(self, intent: IntentId, key: &str) -> Result<Request, ApiError> {
        Ok(Request::Cancel {
            intent,
            reference: reference(self.reference.as_deref().unwrap_or(key))?,
        })
    }
}

impl RefundBody {
    /// Checks the request.
    pub fn check(self) -> Result<Request, ApiError> {
        let intent = self
            .payment_intent
            .parse()
            .map_err(|wrong| ApiError::invalid_param("payment_intent", wrong))?;
        Ok(Request::Refund {
            intent,
            amount: amount(self.amount)?,
            reference: reference(&self.reference)?,
        })
    }
}

fn amount(amount: u64) -> Result<u64, ApiError> {
    if (1..=MAX_AMOUNT).contains(&amount) {
        return Ok(amount);
    }
    let message = format!("an amount from 1 to {MAX_AMOUNT}, in the currency's smallest unit, is expected");
    Err(ApiError::invalid_param("amount", message))
}

fn reference(text: &str) -> Result<Arc<str>, ApiError> {
    if (1..=MAX_REFERENCE).contains(&text.len()) {
        return Ok(text.into());
    }
    Err(ApiError::invalid_param(
        "reference",
        format!("1 to {MAX_REFERENCE} bytes are expected"),
    ))
}
