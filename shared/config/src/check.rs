//! Collects every mistake instead of stopping at the first.

use std::{fmt, path::PathBuf, str::FromStr};

/// Where a value comes from, as a person would write it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Setting {
    /// The flag without its dashes: `port`.
    pub flag: &'static str,
    /// The environment variable: `SERVICE_PORT`; empty for an argument.
    pub env: &'static str,
}

impl Setting {
    /// Names a setting: `Setting::new("port", "SERVICE_PORT")`.
    pub const fn new(flag: &'static str, env: &'static str) -> Self {
        Self { flag, env }
    }

    /// Names an argument that has neither flag nor variable: `Setting::argument("SERVICE")`.
    pub const fn argument(name: &'static str) -> Self {
        Self { flag: name, env: "" }
    }
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.env.is_empty() {
            return f.write_str(self.flag);
        }
        write!(f, "--{} / {}", self.flag, self.env)
    }
}

/// One wrong setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// Which setting.
    pub setting: Setting,
    /// What is wrong with it.
    pub problem: String,
    /// What to do about it.
    pub remedy: String,
}

/// Everything that is wrong with the settings.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Mistakes(pub Vec<Mistake>);

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.len() {
            1 => writeln!(f, "1 setting is wrong; nothing was started.")?,
            count => writeln!(f, "{count} settings are wrong; nothing was started.")?,
        }
        for Mistake {
            setting,
            problem,
            remedy,
        } in &self.0
        {
            write!(f, "\n  {setting}\n    {problem}\n    → {remedy}\n")?;
        }
        Ok(())
    }
}

/// Reads settings and remembers what was wrong with them.
///
/// ```
/// use interstate_config::{Check, Setting};
/// const RADIUS: Setting = Setting::new("search-radius-km", "SEARCH_RADIUS_KM");
///
/// let mut check = Check::new();
/// let radius = check.number(RADIUS, Some("far"), 40, 1..=200);
/// let mistakes = check.finish(|| radius.expect("no mistake means a value")).unwrap_err();
/// assert!(mistakes.to_string().contains("SEARCH_RADIUS_KM"));
/// ```
#[derive(Debug, Default)]
pub struct Check {
    mistakes: Vec<Mistake>,
}

impl Check {
    /// Nothing read, nothing wrong.
    pub fn new() -> Self {
        Self::default()
    }

    /// Remembers that `setting` is wrong.
    pub fn mistake(&mut self, setting: Setting, problem: impl Into<String>, remedy: impl Into<String>) {
        self.mistakes.push(Mistake {
            setting,
            problem: problem.into(),
            remedy: remedy.into(),
        });
    }

    /// Keeps the value, or remembers the problem with its `remedy`.
    pub fn keep<T, E: fmt::Display>(
        &mut self,
        setting: Setting,
        result: Result<T, E>,
        remedy: &str,
    ) -> Option<T> {
        result
            .map_err(|problem| self.mistake(setting, problem.to_string(), remedy))
            .ok()
    }

    /// A whole number within `range`; `default` where nothing is given.
    pub fn number<T>(
        &mut self,
        setting: Setting,
        text: Option<&str>,
        default: T,
        range: std::ops::RangeInclusive<T>,
    ) -> Option<T>
    where
        T: FromStr + PartialOrd + fmt::Display,
    {
        let Some(text) = given(text) else {
            return Some(default);
        };
        match text.parse::<T>() {
            Ok(number) if range.contains(&number) => Some(number),
            _ => {
                self.mistake(
                    setting,
                    format!(
                        "`{text}` is not a whole number from {} to {}",
                        range.start(),
                        range.end()
                    ),
                    format!(
                        "leave it out for {default}, or give e.g. {}={default}",
                        setting.env
                    ),
                );
                None
            }
        }
    }

    /// Whether nothing was wrong with this one.
    pub(crate) fn is_clean_of(&self, setting: Setting) -> bool {
        self.mistakes.iter().all(|mistake| mistake.setting != setting)
    }

    /// Whether nothing was wrong so far.
    pub fn is_clean(&self) -> bool {
        self.mistakes.is_empty()
    }

    /// The settings, or every mistake. `build` runs only where there is none, so that it may expect every
    /// value that was kept.
    pub fn finish<T>(self, build: impl FnOnce() -> T) -> Result<T, Mistakes> {
        if self.mistakes.is_empty() {
            Ok(build())
        } else {
            Err(Mistakes(self.mistakes))
        }
    }
}

/// An empty value counts as not given: container files pass unset variables on as empty ones.
pub(crate) fn given(text: Option<&str>) -> Option<&str> {
    text.map(str::trim).filter(|text| !text.is_empty())
}

/// Those settings that were given, as the variables that give them to another process.
pub(crate) fn environment<'a>(
    settings: impl IntoIterator<Item = (Setting, &'a Option<String>)>,
) -> impl Iterator<Item = (&'static str, String)> {
    let given = settings.into_iter();
    given.filter_map(|(setting, value)| Some((setting.env, value.clone()?)))
}

/// A folder, which may not exist yet.
pub(crate) fn folder(check: &mut Check, setting: Setting, name: &str) -> Option<PathBuf> {
    let folder = PathBuf::from(name);
    if folder.exists() && !folder.is_dir() {
        check.mistake(
            setting,
            format!("`{}` is a file, not a folder", folder.display()),
            "name a folder; it is made where it does not exist",
        );
        return None;
    }
    Some(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: Setting = Setting::new("a", "A");
    const B: Setting = Setting::new("b", "B");

    #[test]
    fn all_mistakes_come_at_once_and_in_order() {
        let mut check = Check::new();
        check.number(A, Some("7"), 1_u8, 1..=5);
        check.keep(B, "x".parse::<bool>(), "give true or false");
        let mistakes = check.finish(|| ()).unwrap_err();
        assert_eq!(mistakes.0.iter().map(|m| m.setting).collect::<Vec<_>>(), [A, B]);
        let text = mistakes.to_string();
        assert!(
            text.starts_with("2 settings are wrong; nothing was started."),
            "{text}"
        );
        assert!(
            text.contains("--a / A\n    `7` is not a whole number from 1 to 5"),
            "{text}"
        );
        assert!(text.contains("→ give true or false"), "{text}");
    }

    #[test]
    fn an_empty_value_is_no_value() {
        let mut check = Check::new();
        assert_eq!(check.number(A, Some("  "), 3_u8, 1..=5), Some(3));
        assert!(check.is_clean());
    }
}
