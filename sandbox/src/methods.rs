//! The test payment methods. Each behaves in one known way, so that a test chooses its outcome by name.

use serde::{Deserialize, Serialize};

/// How the customer pays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MethodKind {
    /// A card: answers at once, can be held.
    Card,
    /// A UPI collect request: the customer answers later, the money moves at once, nothing can be held.
    Upi,
    /// A UPI block: the customer answers later, the money is set aside until it is captured.
    UpiBlock,
}

/// Why the customer's bank, or the customer, said no.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeclineCode {
    /// The bank gives no reason.
    CardDeclined,
    /// The account does not hold the amount.
    InsufficientFunds,
    /// The card is past its date.
    ExpiredCard,
    /// The customer refused the UPI request.
    CustomerRefused,
    /// The customer never answered the UPI request.
    CollectExpired,
}

/// What a test method does when it is charged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Behaviour {
    /// Says yes.
    Approves,
    /// Says yes after `Config::slow`.
    ApprovesSlowly,
    /// Says yes to the hold, and no when it is captured.
    RefusesCapture,
    /// Says no.
    Declines(DeclineCode),
}

/// One documented test method.
#[derive(Debug, PartialEq, Eq)]
pub struct TestMethod {
    /// The name that a request carries in `payment_method`.
    pub token: &'static str,
    /// The `method` that it belongs to.
    pub kind: MethodKind,
    /// What it does.
    pub behaviour: Behaviour,
}

const fn test_method(token: &'static str, kind: MethodKind, behaviour: Behaviour) -> TestMethod {
    TestMethod {
        token,
        kind,
        behaviour,
    }
}

/// Every test method; the first of a kind is its default.
pub static TEST_METHODS: [TestMethod; 11] = {
    use {Behaviour::*, DeclineCode::*, MethodKind::*};
    [
        test_method("pm_card_ok", Card, Approves),
        test_method("pm_card_declined", Card, Declines(CardDeclined)),
        test_method("pm_card_insufficient_funds", Card, Declines(InsufficientFunds)),
        test_method("pm_card_expired", Card, Declines(ExpiredCard)),
        test_method("pm_card_slow", Card, ApprovesSlowly),
        test_method("pm_card_capture_refused", Card, RefusesCapture),
        test_method("pm_upi_ok", Upi, Approves),
        test_method("pm_upi_fails", Upi, Declines(CustomerRefused)),
        test_method("pm_upi_unanswered", Upi, Declines(CollectExpired)),
        test_method("pm_upi_block_ok", UpiBlock, Approves),
        test_method("pm_upi_block_fails", UpiBlock, Declines(CustomerRefused)),
    ]
};

/// A test method by reference; crosses HTTP and the journal as its token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "&'static str")]
pub struct PaymentMethod(&'static TestMethod);

impl PaymentMethod {
    /// The method that a request means when it names only a kind.
    pub fn default_of(kind: MethodKind) -> Self {
        Self(
            TEST_METHODS
                .iter()
                .find(|method| method.kind == kind)
                .expect("every kind has a test method"),
        )
    }

    /// The method called `token`, if it is documented.
    pub fn named(token: &str) -> Option<Self> {
        TEST_METHODS.iter().find(|method| method.token == token).map(Self)
    }

    /// How the customer pays with it.
    pub fn kind(self) -> MethodKind {
        self.0.kind
    }

    /// What it does when it is charged.
    pub fn behaviour(self) -> Behaviour {
        self.0.behaviour
    }
}

impl TryFrom<String> for PaymentMethod {
    type Error = String;

    fn try_from(token: String) -> Result<Self, String> {
        Self::named(&token).ok_or_else(|| format!("`{token}` is not one of the documented test methods"))
    }
}

impl From<PaymentMethod> for &'static str {
    fn from(method: PaymentMethod) -> Self {
        method.0.token
    }
}
