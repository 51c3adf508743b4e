//! The settings of whoever talks to a payment provider.

use crate::{Check, Secret, Setting, check::given, parse::http_url};

const URL: Setting = Setting::new("payment-provider-url", "PAYMENT_PROVIDER_URL");
const WEBHOOK: Setting = Setting::new("payment-webhook-secret", "PAYMENT_WEBHOOK_SECRET");

/// A webhook's signature is an HMAC; a shorter key can be guessed.
const WEBHOOK_SECRET_BYTES: usize = 16;

/// The flags and variables, unchecked. Flatten into a command's arguments.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Payment provider (flag or environment)")]
pub struct ProviderArgs {
    /// Base address of the payment provider
    #[arg(long, env = URL.env, value_name = "URL")]
    pub payment_provider_url: Option<String>,
    /// Secret that the provider signs its webhooks with
    #[arg(long, env = WEBHOOK.env, hide_env_values = true, value_name = "SECRET")]
    pub payment_webhook_secret: Option<Secret>,
}

/// A payment provider to talk to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provider {
    /// The base address, without a trailing slash.
    pub url: String,
    /// What the provider signs its webhooks with, at least 16 bytes.
    pub webhook_secret: Secret,
}

impl ProviderArgs {
    /// The settings that were given, as the variables that give them to another process.
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        let secret = self.payment_webhook_secret.as_ref();
        let settings = [
            (URL, self.payment_provider_url.clone()),
            (WEBHOOK, secret.map(|secret| secret.expose().to_owned())),
        ];
        let given = settings.into_iter();
        given
            .filter_map(|(setting, value)| Some((setting.env, value?)))
            .collect()
    }

    /// The provider; that neither setting is given is a mistake as well.
    pub fn required(&self, check: &mut Check) -> Option<Provider> {
        let provider = self.check(check);
        if provider.is_none() && check.is_clean_of(URL) && check.is_clean_of(WEBHOOK) {
            check.mistake(
                URL,
                "missing; the payment service needs a provider",
                "give PAYMENT_PROVIDER_URL and PAYMENT_WEBHOOK_SECRET, or leave payment to another process",
            );
        }
        provider
    }

    /// The provider, or nothing where neither setting is given. One without the other is a mistake.
    pub fn check(&self, check: &mut Check) -> Option<Provider> {
        let secret = self
            .payment_webhook_secret
            .as_ref()
            .filter(|secret| !secret.expose().is_empty());
        match (given(self.payment_provider_url.as_deref()), secret) {
            (None, None) => None,
            (None, Some(_)) => {
                check.mistake(
                    URL,
                    "missing, though its webhook secret is given",
                    "give both or neither",
                );
                None
            }
            (Some(url), secret) => {
                let url = check.keep(
                    URL,
                    http_url(url),
                    "give e.g. PAYMENT_PROVIDER_URL=http://localhost:8090",
                );
                let secret = secret.filter(|secret| secret.expose().len() >= WEBHOOK_SECRET_BYTES);
                if secret.is_none() {
                    check.mistake(
                        WEBHOOK,
                        format!("missing, or shorter than {WEBHOOK_SECRET_BYTES} bytes"),
                        "give the secret that the provider shows for its webhooks",
                    );
                }
                Some(Provider {
                    url: url?,
                    webhook_secret: secret?.clone(),
                })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(url: Option<&str>, secret: Option<&str>) -> (Option<Provider>, usize) {
        let args = ProviderArgs {
            payment_provider_url: url.map(str::to_owned),
            payment_webhook_secret: secret.map(Secret::new),
        };
        let mut check = Check::new();
        let provider = args.check(&mut check);
        (
            provider,
            check.finish(|| ()).err().map_or(0, |mistakes| mistakes.0.len()),
        )
    }

    #[test]
    fn a_provider_that_is_needed_is_missed_once() {
        let missed = |url: Option<&str>| {
            let mut check = Check::new();
            let args = ProviderArgs {
                payment_provider_url: url.map(str::to_owned),
                payment_webhook_secret: None,
            };
            assert_eq!(args.required(&mut check), None);
            check.finish(|| ()).unwrap_err().0.len()
        };
        assert_eq!((missed(None), missed(Some("http://pay"))), (1, 1));
    }

    #[test]
    fn a_provider_needs_both_its_address_and_its_secret() {
        assert_eq!(check(None, None), (None, 0));
        assert_eq!(check(None, Some("0123456789abcdef")).1, 1);
        assert_eq!(check(Some("http://pay"), None).1, 1);
        assert_eq!(check(Some("pay"), Some("short")).1, 2);
        let (provider, mistakes) = check(Some("http://pay/"), Some("0123456789abcdef"));
        assert_eq!((provider.unwrap().url.as_str(), mistakes), ("http://pay", 0));
    }
}
