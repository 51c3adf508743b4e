//! Money: an amount in minor units (paise) with its currency. Never a float.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A currency by its ISO 4217 code. Interstate's tariffs are in Indian rupees; another currency is one
/// more variant here and a tariff that uses it.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize, JsonSchema,
)]
pub enum Currency {
    /// Indian rupee, 100 paise.
    #[default]
    INR,
}

/// An amount in minor units. Arithmetic is exact; an overflow is an error, not a wrap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, JsonSchema)]
pub struct Money {
    /// Minor units: paise. Negative for discounts and refunds.
    pub amount: i64,
    /// The currency that the amount is in.
    pub currency: Currency,
}

impl Money {
    /// No money.
    pub const ZERO: Money = Money::inr(0);

    /// Paise.
    pub const fn inr(paise: i64) -> Self {
        Self {
            amount: paise,
            currency: Currency::INR,
        }
    }

    /// Whole rupees.
    pub const fn rupees(rupees: i64) -> Self {
        Self::inr(rupees * 100)
    }

    /// The sum, or nothing where it would not fit.
    #[must_use]
    pub fn checked_add(self, other: Self) -> Option<Self> {
        (self.currency == other.currency)
            .then(|| self.amount.checked_add(other.amount))
            .flatten()
            .map(|amount| Self { amount, ..self })
    }

    /// `amount × basis_points / 10,000`, half away from zero to the minor unit. 250 basis points are 2.5 %.
    #[must_use]
    pub fn percent(self, basis_points: i64) -> Self {
        Self {
            amount: div_half_up(i128::from(self.amount) * i128::from(basis_points), 10_000),
            ..self
        }
    }

    /// `amount × numerator / denominator`, half away from zero to the minor unit.
    #[must_use]
    pub fn ratio(self, numerator: i64, denominator: i64) -> Self {
        Self {
            amount: div_half_up(
                i128::from(self.amount) * i128::from(numerator),
                i128::from(denominator),
            ),
            ..self
        }
    }

    /// To a whole major unit, half away from zero.
    #[must_use]
    pub fn round_to_rupee(self) -> Self {
        Self {
            amount: div_half_up(i128::from(self.amount), 100) * 100,
            ..self
        }
    }

    /// To a whole major unit, upwards.
    #[must_use]
    pub fn ceil_to_rupee(self) -> Self {
        Self {
            amount: self.amount.div_euclid(100) * 100 + if self.amount.rem_euclid(100) > 0 { 100 } else { 0 },
            ..self
        }
    }

    /// Whether more than nothing.
    pub const fn is_positive(self) -> bool {
        self.amount > 0
    }

    /// The smaller of two amounts of one currency.
    #[must_use]
    pub fn min(self, other: Self) -> Self {
        if other.amount < self.amount { other } else { self }
    }

    /// The larger of two amounts of one currency.
    #[must_use]
    pub fn max(self, other: Self) -> Self {
        if other.amount > self.amount { other } else { self }
    }
}

/// Half away from zero. Saturates, because a fare is bounded long before `i64` is.
fn div_half_up(value: i128, divisor: i128) -> i64 {
    let half = divisor / 2;
    let rounded = if value >= 0 {
        (value + half) / divisor
    } else {
        (value - half) / divisor
    };
    i64::try_from(rounded).unwrap_or(if rounded < 0 { i64::MIN } else { i64::MAX })
}

macro_rules! arithmetic {
    ($trait:ident, $method:ident, $checked:ident) => {
        impl std::ops::$trait for Money {
            type Output = Money;
            /// Saturates: every amount that enters from outside is bounded to far below `i64::MAX`.
            fn $method(self, other: Money) -> Money {
                Money {
                    amount: self.amount.$checked(other.amount),
                    ..self
                }
            }
        }
    };
}
arithmetic!(Add, add, saturating_add);
arithmetic!(Sub, sub, saturating_sub);

impl std::ops::AddAssign for Money {
    fn add_assign(&mut self, other: Money) {
        *self = *self + other;
    }
}

impl std::ops::SubAssign for Money {
    fn sub_assign(&mut self, other: Money) {
        *self = *self - other;
    }
}

impl std::ops::Neg for Money {
    type Output = Money;
    fn neg(self) -> Money {
        Money {
            amount: -self.amount,
            ..self
        }
    }
}

impl std::ops::Mul<i64> for Money {
    type Output = Money;
    fn mul(self, factor: i64) -> Money {
        Money {
            amount: self.amount.saturating_mul(factor),
            ..self
        }
    }
}

impl std::iter::Sum for Money {
    fn sum<I: Iterator<Item = Money>>(amounts: I) -> Money {
        amounts.fold(Money::ZERO, |sum, amount| sum + amount)
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.amount < 0 { "-" } else { "" };
        let units = self.amount.unsigned_abs();
        write!(f, "{sign}₹{}.{:02}", grouped(units / 100), units % 100)
    }
}

/// Indian digit grouping: 12,34,567.
fn grouped(value: u64) -> String {
    let digits = value.to_string();
    if digits.len() <= 3 {
        return digits;
    }
    let (head, tail) = digits.split_at(digits.len() - 3);
    let mut groups: Vec<&str> = Vec::new();
    let mut end = head.len();
    while end > 0 {
        let start = end.saturating_sub(2);
        groups.push(&head[start..end]);
        end = start;
    }
    groups.reverse();
    format!("{},{tail}", groups.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentages_round_half_up_to_the_paisa() {
        assert_eq!(Money::inr(447_500).percent(250), Money::inr(11_188));
        assert_eq!(Money::inr(-50).percent(100), Money::inr(-1));
        assert_eq!(Money::inr(469_876).round_to_rupee(), Money::inr(469_900));
        assert_eq!(
            Money::inr(469_900).percent(2_000).ceil_to_rupee(),
            Money::inr(94_000)
        );
    }

    #[test]
    fn rupees_read_as_in_india() {
        assert_eq!(Money::inr(123_456_789).to_string(), "₹12,34,567.89");
        assert_eq!(Money::inr(-5).to_string(), "-₹0.05");
    }
}
