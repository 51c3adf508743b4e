//! The network: towns and toll plazas, and the roads between neighbours. It is made once, by the example
//! `build-road-graph`, and read from `data/road-nodes.csv` and `data/road-edges.csv`.

use crate::domain::{
    data::{self, DataError},
    geo::{OnTheMap, chord_metres},
    terrain::Stretch,
};
use interstate_schemas::GeoPoint;
use serde::{Deserialize, Serialize};

/// A row of `road-nodes.csv`; a node's number is its row, from 0.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NodeRow {
    /// Degrees north.
    pub lat: f64,
    /// Degrees east.
    pub lon: f64,
}

/// A row of `road-edges.csv`: a road that is driven either way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct EdgeRow {
    /// The node with the lower number.
    pub a: u16,
    /// The node with the higher number.
    pub b: u16,
    /// Length by road.
    pub metres: u32,
    /// How much of it is in hills.
    pub hill_metres: u32,
    /// Driving time.
    pub seconds: u32,
    /// Whether toll plazas show it to be a national highway.
    pub highway: bool,
}

/// The network in memory: for each node its edges, one after the other.
pub struct Graph {
    points: Vec<GeoPoint>,
    /// The same, on the unit sphere.
    on_sphere: Vec<[f64; 3]>,
    /// Where the edges of a node begin; one more entry than nodes.
    starts: Vec<u32>,
    edges: Vec<Edge>,
}

/// A road out of a node.
#[derive(Debug, Clone, Copy)]
pub struct Edge {
    /// The node that it leads to.
    pub to: u16,
    /// Length by road.
    pub metres: u32,
    /// How much of it is in hills.
    pub hill_metres: u32,
    /// Driving time.
    pub seconds: u32,
    /// Whether it is a national highway.
    pub highway: bool,
}

/// Drivers go a tenth further to stay on a highway (own estimate; without it, ways miss most plazas).
const HIGHWAY_TENTHS: u32 = 9;

impl Edge {
    /// What the search adds up: metres, less where driving is easy.
    pub(crate) fn cost(&self) -> u32 {
        if self.highway {
            self.metres / 10 * HIGHWAY_TENTHS
        } else {
            self.metres
        }
    }

    /// The edge's figures as a stretch of road.
    pub fn stretch(&self) -> Stretch {
        Stretch {
            metres: f64::from(self.metres),
            hill_metres: f64::from(self.hill_metres),
            seconds: f64::from(self.seconds),
        }
    }
}

impl Graph {
    /// Reads the network that is part of the program.
    pub fn embedded() -> Result<Self, DataError> {
        let nodes = data::rows("road-nodes.csv", data::ROAD_NODES)?;
        let edges = data::rows("road-edges.csv", data::ROAD_EDGES)?;
        Self::new(&nodes, &edges)
    }

    /// From rows, which must name nodes that exist.
    pub fn new(nodes: &[NodeRow], rows: &[EdgeRow]) -> Result<Self, DataError> {
        let points = nodes
            .iter()
            .map(|node| GeoPoint::new(node.lat, node.lon))
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| DataError::new("road-nodes.csv", error))?;
        let mut directed: Vec<(u16, Edge)> = Vec::with_capacity(rows.len() * 2);
        for row in rows {
            if usize::from(row.a.max(row.b)) >= points.len() {
                return Err(DataError::new(
                    "road-edges.csv",
                    format!("no node {}", row.a.max(row.b)),
                ));
            }
            let EdgeRow {
                a,
                b,
                metres,
                hill_metres,
                seconds,
                highway,
            } = *row;
            directed.push((
                a,
                Edge {
                    to: b,
                    metres,
                    hill_metres,
                    seconds,
                    highway,
                },
            ));
            directed.push((
                b,
                Edge {
                    to: a,
                    metres,
                    hill_metres,
                    seconds,
                    highway,
                },
            ));
        }
        directed.sort_by_key(|(from, edge)| (*from, edge.to));
        let starts = (0..=points.len())
            .map(|node| directed.partition_point(|(from, _)| usize::from(*from) < node) as u32)
            .collect();
        Ok(Self {
            on_sphere: points.iter().map(|point| point.on_sphere()).collect(),
            points,
            starts,
            edges: directed.into_iter().map(|(_, edge)| edge).collect(),
        })
    }

    /// Where each node is.
    pub fn points(&self) -> &[GeoPoint] {
        &self.points
    }

    /// The least that any road from a node to `end`, a point on the unit sphere, can cost: no road is shorter
    /// than the crow's flight.
    pub(crate) fn at_least(&self, node: u16, end: [f64; 3]) -> u32 {
        chord_metres(self.on_sphere[usize::from(node)], end) as u32 / 10 * HIGHWAY_TENTHS
    }

    /// The roads out of a node.
    pub fn edges(&self, node: u16) -> &[Edge] {
        let node = usize::from(node);
        &self.edges[self.starts[node] as usize..self.starts[node + 1] as usize]
    }
}
