//! How a point that is no node gets onto the network.

use super::graph::Graph;
use crate::domain::{
    geo::OnTheMap,
    states::States,
    terrain::{Stretch, Terrain},
};
use interstate_schemas::GeoPoint;
use rstar::{RTree, primitives::GeomWithData};

/// How many of the nearest nodes a point is connected to.
const NEAREST: usize = 8;
/// Farther than this from every node is the wilderness.
const REACH_M: f64 = 120_000.0;
/// A point this close to a node is in the same town.
const SAME_TOWN_M: f64 = 1_500.0;
/// A bridge or a bay that the drawn coast cuts off; more than this of water has no road.
pub const WIDEST_WATER_M: f64 = 4_000.0;

/// A way between a point and a node.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Access {
    /// The node.
    pub node: u16,
    /// The road between.
    pub road: Stretch,
}

/// The nodes by where they are.
pub(crate) struct AccessIndex {
    nodes: RTree<GeomWithData<[f64; 3], u16>>,
}

impl AccessIndex {
    pub fn new(graph: &Graph) -> Self {
        let nodes = graph.points().iter().zip(0..);
        let nodes = nodes.map(|(point, node)| GeomWithData::new(point.on_sphere(), node));
        Self {
            nodes: RTree::bulk_load(nodes.collect()),
        }
    }

    /// The ways from a point onto the network; empty where no road is near.
    pub fn of(&self, point: GeoPoint, graph: &Graph, states: &States, terrain: &Terrain) -> Vec<Access> {
        let mut accesses = Vec::with_capacity(NEAREST);
        for near in self.nodes.nearest_neighbor_iter(&point.on_sphere()).take(NEAREST) {
            let node = near.data;
            let at = graph.points()[usize::from(node)];
            let crow = point.metres_to(at);
            if crow > REACH_M
                || (crow > SAME_TOWN_M && states.longest_way_outside(point, at) > WIDEST_WATER_M)
            {
                continue;
            }
            let Some(road) = terrain.stretch(point, at) else {
                continue;
            };
            accesses.push(Access { node, road });
            if crow < SAME_TOWN_M {
                break;
            }
        }
        accesses
    }
}
