//! The way through the network that costs least: A* from several entries to several exits.

use super::{access::Access, graph::Graph};
use crate::domain::{geo::OnTheMap, terrain::Stretch};
use interstate_schemas::GeoPoint;
use std::{cmp::Reverse, collections::BinaryHeap};

/// A way through the network.
pub(crate) struct Way {
    /// The entry, the nodes between, the exit.
    pub nodes: Vec<u16>,
    /// The road from the start to the entry, from node to node, and from the exit to the end.
    pub stretches: Vec<Stretch>,
    /// The sum of the stretches' metres.
    pub metres: f64,
}

const UNREACHED: u32 = u32::MAX;

/// The way that costs least of those that leave the start by one of `entries` and reach `end` by one of `exits`; `None`
/// when they are not connected. Ties go to the lower node, so the answer is always the same.
pub(crate) fn cheapest(graph: &Graph, entries: &[Access], exits: &[Access], end: GeoPoint) -> Option<Way> {
    let end = end.on_sphere();
    let at_least = |node: u16| graph.at_least(node, end);
    let mut best = vec![UNREACHED; graph.points().len()];
    let mut came_from = vec![u16::MAX; graph.points().len()];
    let mut open = BinaryHeap::new();
    for entry in entries {
        let metres = entry.road.metres as u32;
        best[usize::from(entry.node)] = metres;
        open.push(Reverse((metres + at_least(entry.node), entry.node, metres)));
    }
    let mut found: Option<(u32, &Access)> = None;
    while let Some(Reverse((estimate, node, cost))) = open.pop() {
        if found.is_some_and(|(total, _)| total <= estimate) {
            break;
        }
        if best[usize::from(node)] < cost {
            continue;
        }
        if let Some(exit) = exits.iter().find(|exit| exit.node == node) {
            let total = cost + exit.road.metres as u32;
            if found.is_none_or(|(least, _)| total < least) {
                found = Some((total, exit));
            }
        }
        for edge in graph.edges(node) {
            let reached = cost + edge.cost();
            let to = usize::from(edge.to);
            if reached < best[to] {
                best[to] = reached;
                came_from[to] = node;
                open.push(Reverse((reached + at_least(edge.to), edge.to, reached)));
            }
        }
    }
    let (_, exit) = found?;
    let mut nodes = vec![exit.node];
    let mut node = exit.node;
    while came_from[usize::from(node)] != u16::MAX {
        node = came_from[usize::from(node)];
        nodes.push(node);
    }
    nodes.reverse();
    Some(retrace(graph, nodes, entries, exit))
}

fn retrace(graph: &Graph, nodes: Vec<u16>, entries: &[Access], exit: &Access) -> Way {
    let entry = entries
        .iter()
        .find(|entry| entry.node == nodes[0])
        .expect("a way begins at an entry");
    let mut stretches = vec![entry.road];
    for pair in nodes.windows(2) {
        let edges = graph.edges(pair[0]).iter().filter(|edge| edge.to == pair[1]);
        let edge = edges.min_by_key(|edge| edge.cost()).expect("a way follows edges");
        stretches.push(edge.stretch());
    }
    stretches.push(exit.road);
    let metres = stretches.iter().map(|stretch| stretch.metres).sum();
    Way {
        nodes,
        stretches,
        metres,
    }
}
