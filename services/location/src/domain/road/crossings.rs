//! Which states a line on the map goes through.

use super::route::{BorderCrossing, StateStretch};
use crate::domain::{geo::OnTheMap, states::States};

use interstate_schemas::{GeoPoint, StateCode};

/// The line is looked at in steps of about this length by road.
const STEP_M: f64 = 2_000.0;
/// The line is straight between towns, so that it may cut a corner of a state that the road goes around: a
/// shorter stretch than this proves nothing, except where the leg starts or ends.
const SLIVER_M: f64 = 6_000.0;

/// A stretch of the line within one state.
struct Run {
    state: StateCode,
    /// Metres by road from the start of the line.
    from: f64,
    to: f64,
    /// Where it begins.
    at: GeoPoint,
}

/// The states along a line and the borders between them. `metres[i]` is how far along the road `line[i]` is.
pub(crate) fn along(
    states: &States,
    line: &[GeoPoint],
    metres: &[f64],
) -> (Vec<StateStretch>, Vec<BorderCrossing>) {
    let runs = without_slivers(runs(states, line, metres));
    let stretches = runs
        .iter()
        .map(|run| StateStretch {
            state: run.state,
            metres: (run.to.round() - run.from.round()) as u32,
        })
        .collect();
    let borders = runs
        .windows(2)
        .map(|pair| BorderCrossing {
            from: pair[0].state,
            to: pair[1].state,
            at: pair[1].at,
            metres_from_start: pair[1].from.round() as u32,
        })
        .collect();
    (stretches, borders)
}

fn runs(states: &States, line: &[GeoPoint], metres: &[f64]) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    let mut see = |at: GeoPoint, metres: f64| {
        let state = states.at(at);
        match (runs.last_mut(), state) {
            (Some(run), Some(state)) if run.state != state => {
                run.to = metres;
                runs.push(Run {
                    state,
                    from: metres,
                    to: metres,
                    at,
                });
            }
            (None, Some(state)) => runs.push(Run {
                state,
                from: 0.0,
                to: metres,
                at,
            }),
            // At sea, on a bridge: still the last state.
            (Some(run), _) => run.to = metres,
            (None, None) => {}
        }
    };
    see(line[0], 0.0);
    for i in 1..line.len() {
        let length = metres[i] - metres[i - 1];
        let steps = (length / STEP_M).ceil().max(1.0);
        for step in 1..=steps as u32 {
            let fraction = f64::from(step) / steps;
            see(
                line[i - 1].towards(line[i], fraction),
                metres[i - 1] + fraction * length,
            );
        }
    }
    runs
}

fn without_slivers(runs: Vec<Run>) -> Vec<Run> {
    let last = runs.len().saturating_sub(1);
    let mut kept: Vec<Run> = Vec::with_capacity(runs.len());
    for (i, run) in runs.into_iter().enumerate() {
        let sliver = i != 0 && i != last && run.to - run.from < SLIVER_M;
        match kept.last_mut() {
            Some(previous) if sliver || previous.state == run.state => previous.to = run.to,
            _ => kept.push(run),
        }
    }
    kept
}
