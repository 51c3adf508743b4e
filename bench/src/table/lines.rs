//! The lines of JSON that measurements print.

use serde_json::Value;

/// All of a run. A measurement that was repeated has several.
pub struct Lines(Vec<Value>);

impl Lines {
    /// One object a line; empty lines do not count.
    pub fn parse(text: &str) -> Result<Self, serde_json::Error> {
        let full = text.lines().map(str::trim).filter(|line| !line.is_empty());
        full.map(serde_json::from_str).collect::<Result<_, _>>().map(Self)
    }

    /// Those in which a figure has this value.
    pub fn with(&self, figure: &str, value: u64) -> Self {
        let fit = self.0.iter().filter(|line| line[figure] == value);
        Self(fit.cloned().collect())
    }

    /// Those of a measurement.
    pub fn all<'l>(&'l self, what: &'l str) -> impl Iterator<Item = &'l Value> {
        self.0.iter().filter(move |line| line["what"] == what)
    }

    /// The middle of a figure over the repeats, of those lines that also have `log` where one is asked for.
    pub fn middle(&self, what: &str, log: Option<&str>, figure: &str) -> Option<f64> {
        middle(self.figures(what, log, figure))
    }

    /// The middle of the quotients of two figures of the same turn.
    pub fn ratio(&self, above: (&str, &str), below: (&str, &str)) -> Option<f64> {
        let pairs = self
            .figures(above.0, None, above.1)
            .into_iter()
            .zip(self.figures(below.0, None, below.1));
        middle(pairs.map(|(above, below)| above / below).collect())
    }

    fn figures(&self, what: &str, log: Option<&str>, figure: &str) -> Vec<f64> {
        self.all(what)
            .filter(|line| log.is_none_or(|log| line["log"] == log))
            .filter_map(|line| line[figure].as_f64())
            .collect()
    }
}

fn middle(mut figures: Vec<f64>) -> Option<f64> {
    figures.sort_unstable_by(f64::total_cmp);
    let half = figures.len() / 2;
    match figures.len() % 2 {
        1 => Some(figures[half]),
        _ => Some(f64::midpoint(
            *figures.get(half.checked_sub(1)?)?,
            *figures.get(half)?,
        )),
    }
}
