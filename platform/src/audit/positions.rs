//! Read models beside the log: none has seen more than there is.

use super::Check;
use interstate_log::PartitionId;

/// Where a read model stands in one partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct At {
    /// Which partition.
    pub source: PartitionId,
    /// Where its file says that it goes on.
    pub next: u64,
    /// The log's end, read after that.
    pub end: u64,
}

/// Checks one read model. How far it is behind is seen among the consumers; being ahead means that the log was lost
/// or replaced.
pub fn positions(model: &str, at: &[At]) -> Check {
    let behind: u64 = at.iter().map(|at| at.end.saturating_sub(at.next)).sum();
    let ahead = at.iter().filter(|at| at.next > at.end);
    let violations = ahead.map(|at| {
        format!(
            "{}: it stands at {}, and the log ends at {}; restore the log, or delete the read model",
            at.source, at.next, at.end
        )
    });
    Check::new(
        format!(
            "{model} is not ahead of the log: {behind} records behind in {} partitions",
            at.len()
        ),
        violations.collect(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_read_model_may_be_behind_and_not_ahead() {
        let at = |next, end| At {
            source: PartitionId::new("booking", 1),
            next,
            end,
        };
        assert_eq!(positions("m", &[at(3, 5), at(5, 5)]).violations, [""; 0]);
        let found = positions("m", &[at(3, 5), at(6, 5)]).violations;
        assert!(
            found.len() == 1 && found[0].contains("booking/1: it stands at 6"),
            "{found:?}"
        );
    }
}
