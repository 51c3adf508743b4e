//! A look at one thing, and what it found.

use interstate_config::Mistakes;
use std::{fmt, time::Duration};

/// More than what is asked allows itself, so that it says what is wrong; whatever hangs all the same ends here.
const LIMIT: Duration = Duration::from_secs(20);

/// What was looked at, and what was found. Its text is a line, or several where several things are wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Look {
    what: String,
    found: Found,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Found {
    Well(String),
    /// It stops no start, and somebody has work to do.
    Open(String),
    Wrong(Vec<String>),
}

impl Look {
    pub(super) fn well(what: impl Into<String>, how: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            found: Found::Well(how.into()),
        }
    }

    pub(super) fn open(what: impl Into<String>, why: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            found: Found::Open(why.into()),
        }
    }

    pub(super) fn wrong(what: impl Into<String>, why: impl fmt::Display) -> Self {
        Self::all_wrong(what, vec![why.to_string()])
    }

    pub(super) fn all_wrong(what: impl Into<String>, why: Vec<String>) -> Self {
        Self {
            what: what.into(),
            found: Found::Wrong(why),
        }
    }

    pub(super) fn of<E: fmt::Display>(what: impl Into<String>, looked: Result<String, E>) -> Self {
        match looked {
            Ok(how) => Self::well(what, how),
            Err(error) => Self::wrong(what, error),
        }
    }

    /// One for each setting that is wrong.
    pub(super) fn mistakes(mistakes: &Mistakes) -> Vec<Self> {
        let wrong = mistakes.0.iter().map(|mistake| {
            let why = format!("{}; {}", mistake.problem, mistake.remedy);
            Self::wrong(mistake.setting.to_string(), why)
        });
        let rest = Self::open("everything else", "looked at once the settings hold");
        wrong.chain([rest]).collect()
    }

    /// Whether a start would fail or not become ready because of it, or would run without what it promises.
    pub fn is_wrong(&self) -> bool {
        matches!(self.found, Found::Wrong(_))
    }
}

impl fmt::Display for Look {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = &self.what;
        match &self.found {
            Found::Well(how) => write!(f, "ok    {what}: {how}"),
            Found::Open(why) => write!(f, "OPEN  {what}: {why}"),
            Found::Wrong(why) => match why.as_slice() {
                [one] => write!(f, "WRONG {what}: {}", one_line(one)),
                several => {
                    write!(f, "WRONG {what}:")?;
                    several
                        .iter()
                        .try_for_each(|one| write!(f, "\n        {}", one_line(one)))
                }
            },
        }
    }
}

/// What servers say may have lines of its own.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What the looks of a kind found, or that they found nothing in time.
pub(super) async fn within(what: &str, looks: impl Future<Output = Vec<Look>>) -> Vec<Look> {
    let looked = tokio::time::timeout(LIMIT, looks).await;
    looked.unwrap_or_else(|_| {
        let seconds = LIMIT.as_secs();
        vec![Look::wrong(
            what,
            format!("no answer within {seconds} s; is what its settings name well, and reached from here?"),
        )]
    })
}

/// Runs what may block beside the runtime's workers.
pub(super) async fn blocking(what: &str, looks: impl FnOnce() -> Vec<Look> + Send + 'static) -> Vec<Look> {
    let looked = tokio::task::spawn_blocking(looks).await;
    looked.unwrap_or_else(|error| vec![Look::wrong(what, error)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_thing_that_is_wrong_is_a_line() {
        let one = Look::wrong("the log", "not\n  there; start it");
        assert_eq!(one.to_string(), "WRONG the log: not there; start it");
        assert!(one.is_wrong());
        let two = Look::all_wrong("tables", vec!["a".to_owned(), "b".to_owned()]);
        assert_eq!(two.to_string(), "WRONG tables:\n        a\n        b");
        let open = Look::open("Kafka", "no topics yet");
        assert_eq!(open.to_string(), "OPEN  Kafka: no topics yet");
        assert!(!open.is_wrong());
    }

    #[tokio::test(start_paused = true)]
    async fn what_hangs_is_wrong_in_the_end() {
        let found = within("MongoDB", std::future::pending()).await;
        assert_eq!(found.len(), 1);
        assert!(
            found[0]
                .to_string()
                .starts_with("WRONG MongoDB: no answer within 20 s")
        );
    }
}
