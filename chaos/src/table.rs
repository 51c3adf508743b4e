//! What came of it, on one page.

use crate::{faults::Kind, probes::Asked, verdict::Check};
use std::{
    collections::BTreeMap,
    fmt::Write,
    time::{Duration, Instant},
};

/// So many commands of a fault are told one by one.
const LONGEST: usize = 4;

/// A fault as it was suffered.
#[derive(Debug, Clone, Copy)]
pub struct Suffered {
    /// Of which kind.
    pub kind: Kind,
    /// Whose service it hit, where it hit one.
    pub service: Option<&'static str>,
    /// From its beginning.
    pub from: Instant,
    /// To the moment when all was well again.
    pub until: Instant,
}

/// One line.
#[derive(Debug, Default, Clone, Copy)]
struct Line {
    faults: usize,
    commands: Duration,
    reads: Duration,
    others: Duration,
}

/// The table of a run.
pub struct Report<'a> {
    /// What was done.
    pub suffered: &'a [Suffered],
    /// What clients asked.
    pub asked: &'a [Asked],
    /// Commands that were acknowledged.
    pub acknowledged: usize,
    /// What was found.
    pub checks: &'a [Check],
}

impl Report<'_> {
    /// How many violations there are.
    pub fn violations(&self) -> usize {
        self.checks.iter().map(|check| check.violations.len()).sum()
    }

    /// As Markdown.
    pub fn text(&self) -> String {
        let mut text = String::from(
            "| fault | times | longest command | longest read | longest command of other services |\n\
             | --- | --- | --- | --- | --- |\n",
        );
        for (kind, line) in self.lines() {
            let _ = writeln!(
                text,
                "| {kind} | {} | {} | {} | {} |",
                line.faults,
                seconds(line.commands),
                seconds(line.reads),
                seconds(line.others)
            );
        }
        let _ = writeln!(
            text,
            "\n{} faults, {} commands acknowledged, {} requests measured, {} violations\n",
            self.suffered.len(),
            self.acknowledged,
            self.asked.len(),
            self.violations()
        );
        for check in self.checks {
            let mark = if check.violations.is_empty() {
                "ok   "
            } else {
                "WRONG"
            };
            let _ = writeln!(text, "{mark} {}", check.name);
            for violation in check.violations.iter().take(20) {
                let _ = writeln!(text, "        {violation}");
            }
        }
        text
    }

    /// The longest commands of each fault, with when they began after it: what a long one waited for is found by that.
    pub fn longest(&self) -> String {
        let mut text = String::new();
        for fault in self.suffered {
            let mut met: Vec<_> = self.met(fault).filter(|asked| !asked.reads).collect();
            met.sort_by_key(|asked| std::cmp::Reverse(asked.until - asked.from));
            let each = met.iter().take(LONGEST).map(|asked| {
                let began = asked.from.saturating_duration_since(fault.from);
                let took = seconds(asked.until - asked.from);
                format!("{} {took} from {:.1} s on", asked.service, began.as_secs_f64())
            });
            let each: Vec<_> = each.collect();
            let lasted = seconds(fault.until - fault.from);
            let _ = writeln!(
                text,
                "{}, {lasted} until all was well: {}",
                fault.kind,
                each.join(", ")
            );
        }
        text
    }

    /// What was on its way while a fault lasted, until all was well.
    fn met(&self, fault: &Suffered) -> impl Iterator<Item = &Asked> {
        let (from, until) = (fault.from, fault.until);
        self.asked
            .iter()
            .filter(move |asked| asked.from < until && asked.until > from)
    }

    /// The longest that requests took which a fault met.
    fn lines(&self) -> BTreeMap<Kind, Line> {
        let mut lines = BTreeMap::<Kind, Line>::new();
        for fault in self.suffered {
            let line = lines.entry(fault.kind).or_default();
            line.faults += 1;
            for asked in self.met(fault) {
                let took = asked.until.duration_since(asked.from.max(fault.from));
                let longest = match (asked.reads, fault.service) {
                    (true, _) => &mut line.reads,
                    (false, Some(service)) if service != asked.service => &mut line.others,
                    (false, _) => &mut line.commands,
                };
                *longest = (*longest).max(took);
            }
        }
        lines
    }
}

fn seconds(took: Duration) -> String {
    match took.is_zero() {
        true => "–".to_owned(),
        false => format!("{:.1} s", took.as_secs_f64()),
    }
}
