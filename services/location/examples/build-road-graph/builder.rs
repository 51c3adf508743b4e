//! Makes the approximate network: towns, bridges, passes and toll plazas, connected to their neighbours.

use interstate_location::domain::{
    DataError, Gazetteer,
    road::{
        graph::{EdgeRow, NodeRow},
        plazas::Plaza,
    },
    terrain::{Ground, Terrain},
};
use interstate_schemas::GeoPoint;
use std::collections::{BTreeMap, BTreeSet};

/// Towns of at least this many people are nodes; in hills, where roads follow few valleys, every town is.
const TOWN_PEOPLE: u32 = 20_000;
/// Two nodes closer together than this are one.
const ONE_NODE_M: f64 = 400.0;
/// No road runs this far between neighbours: what is longer spans a desert, a sea or another country.
const LONGEST_EDGE_M: f64 = 150_000.0;
/// A bridge or a bay that the drawn coast cuts off; more of water or of another country has no road.
const WIDEST_WATER_M: f64 = 4_000.0;
/// An island or a spit that would be cut off is joined by its bridge or causeway, which the straight line to
/// the next town misses: by the neighbour with the least water between, if it is no more than this.
const WIDEST_STRAIT_M: f64 = 25_000.0;
/// Chainages count from where a project began, so two of them may not belong together: a difference is
/// believed when it is this many times the crow's flight.
const BELIEVED: std::ops::RangeInclusive<f64> = 1.0..=1.3;
/// And when the plazas are this close together, so that no other road is likely to be shorter.
const LONGEST_CHAINAGE_KM: f64 = 120.0;

/// The rows of the two files.
pub fn build() -> Result<(Vec<NodeRow>, Vec<EdgeRow>), DataError> {
    let gazetteer = Gazetteer::embedded()?;
    let terrain = Terrain::embedded()?;
    let mut points: Vec<GeoPoint> = Vec::new();
    for city in gazetteer.cities() {
        let in_hills = terrain
            .at(city.point)
            .is_some_and(|zone| zone.kind == Ground::Hill);
        if city.population >= TOWN_PEOPLE || in_hills {
            node_at(&mut points, city.point);
        }
    }
    // Never one with a town near: from beside a bridge the way onto it would lead over the water.
    points.extend(terrain.barriers().crossings());
    let plazas = Plaza::embedded()?;
    let mut plaza_nodes = Vec::new();
    for plaza in &plazas {
        plaza_nodes.push(node_at(&mut points, plaza.point()?));
    }
    let mut edges: BTreeMap<(u16, u16), EdgeRow> = BTreeMap::new();
    let mut parts = Parts::new(points.len());
    let mut wet: Vec<(f64, u16, u16)> = Vec::new();
    for (a, b) in neighbours(&points) {
        let water = gazetteer
            .states()
            .longest_way_outside(points[usize::from(a)], points[usize::from(b)]);
        if water > WIDEST_WATER_M {
            wet.push((water, a, b));
        } else if let Some(edge) = road(&points, a, b, &terrain, None) {
            parts.join(a, b);
            edges.insert((a, b), edge);
        }
    }
    wet.sort_by(|x, y| x.0.total_cmp(&y.0).then((x.1, x.2).cmp(&(y.1, y.2))));
    for (_, a, b) in wet
        .into_iter()
        .take_while(|(water, ..)| *water <= WIDEST_STRAIT_M)
    {
        if let Some(edge) = road(&points, a, b, &terrain, None)
            && parts.join(a, b)
        {
            edges.insert((a, b), edge);
        }
    }
    for (a, b) in along_highways(&plazas, &plaza_nodes, &points) {
        if let Some(edge) = road(&points, a, b, &terrain, None) {
            edges.insert(
                (a, b),
                EdgeRow {
                    highway: true,
                    ..edge
                },
            );
        }
    }
    for (a, b, metres) in by_chainage(&plazas, &plaza_nodes, &points) {
        if let Some(edge) = road(&points, a, b, &terrain, Some(metres)) {
            edges.insert(
                (a, b),
                EdgeRow {
                    highway: true,
                    ..edge
                },
            );
        }
    }
    let nodes = points
        .iter()
        .map(|point| NodeRow {
            lat: point.lat(),
            lon: point.lon(),
        })
        .collect();
    Ok((nodes, edges.into_values().collect()))
}

/// The node at a point, new or there already.
fn node_at(points: &mut Vec<GeoPoint>, point: GeoPoint) -> u16 {
    let there = points
        .iter()
        .position(|other| other.metres_to(point) < ONE_NODE_M);
    let node = there.unwrap_or_else(|| {
        points.push(point);
        points.len() - 1
    });
    u16::try_from(node).expect("a few thousand towns")
}

/// The pairs that a Delaunay triangulation connects, and the other diagonals of its quadrangles, without
/// which a way would zigzag where nodes lie in rows; lower number first.
fn neighbours(points: &[GeoPoint]) -> BTreeSet<(u16, u16)> {
    // Degrees of longitude as long as those of latitude in the middle of India.
    let squeeze = 23f64.to_radians().cos();
    let flat: Vec<_> = points
        .iter()
        .map(|p| delaunator::Point {
            x: p.lon() * squeeze,
            y: p.lat(),
        })
        .collect();
    let mesh = delaunator::triangulate(&flat);
    let pair = |a: usize, b: usize| (a.min(b) as u16, a.max(b) as u16);
    let next = |side: usize| if side % 3 == 2 { side - 2 } else { side + 1 };
    let corner = |side: usize| mesh.triangles[side];
    let mut pairs = BTreeSet::new();
    for (side, opposite) in mesh.halfedges.iter().enumerate() {
        pairs.insert(pair(corner(side), corner(next(side))));
        if *opposite == delaunator::EMPTY {
            continue;
        }
        let diagonal = [corner(next(next(side))), corner(next(next(*opposite)))];
        let shared = [corner(side), corner(next(side))];
        if cross(shared.map(|node| &flat[node]), diagonal.map(|node| &flat[node])) {
            pairs.insert(pair(diagonal[0], diagonal[1]));
        }
    }
    pairs
}

/// Whether the line between two points crosses that between two others.
fn cross(line: [&delaunator::Point; 2], other: [&delaunator::Point; 2]) -> bool {
    let side = |of: [&delaunator::Point; 2], p: &delaunator::Point| {
        (of[1].x - of[0].x) * (p.y - of[0].y) - (of[1].y - of[0].y) * (p.x - of[0].x)
    };
    side(line, other[0]) * side(line, other[1]) < 0.0 && side(other, line[0]) * side(other, line[1]) < 0.0
}

/// The road between two nodes; its length from the terrain unless it is known.
fn road(points: &[GeoPoint], a: u16, b: u16, terrain: &Terrain, metres: Option<f64>) -> Option<EdgeRow> {
    let (from, to) = (points[usize::from(a)], points[usize::from(b)]);
    if from.metres_to(to) > LONGEST_EDGE_M {
        return None;
    }
    let ground = terrain.stretch(from, to)?;
    let stretch = metres.map_or(ground, |metres| ground.with_metres(metres));
    let whole = |value: f64| value.ceil() as u32;
    Some(EdgeRow {
        a,
        b,
        metres: whole(stretch.metres),
        hill_metres: whole(stretch.hill_metres),
        seconds: whole(stretch.seconds),
        highway: false,
    })
}

/// Plazas that stand next to each other on one highway: a highway runs straighter than the way from town to
/// town. The shortest pairs that connect all plazas of the same number, so far as they are near.
fn along_highways(plazas: &[Plaza], nodes: &[u16], points: &[GeoPoint]) -> BTreeSet<(u16, u16)> {
    let mut highways: BTreeMap<&str, Vec<u16>> = BTreeMap::new();
    for (plaza, node) in plazas
        .iter()
        .zip(nodes)
        .filter(|(plaza, _)| plaza.highway.len() > "NH-".len())
    {
        highways.entry(&plaza.highway).or_default().push(*node);
    }
    let mut pairs = BTreeSet::new();
    for nodes in highways.values() {
        let mut near: Vec<(f64, u16, u16)> = Vec::new();
        for (i, a) in nodes.iter().enumerate() {
            near.extend(nodes[..i].iter().map(|b| {
                let metres = points[usize::from(*a)].metres_to(points[usize::from(*b)]);
                (metres, *a.min(b), *a.max(b))
            }));
        }
        near.sort_by(|x, y| x.0.total_cmp(&y.0).then((x.1, x.2).cmp(&(y.1, y.2))));
        let mut parts = Parts::new(points.len());
        let close = near
            .into_iter()
            .take_while(|(metres, ..)| *metres <= LONGEST_CHAINAGE_KM * 1_000.0);
        pairs.extend(
            close
                .filter(|(_, a, b)| parts.join(*a, *b))
                .map(|(_, a, b)| (a, b)),
        );
    }
    pairs
}

/// Plazas that follow each other on one highway, with the metres between them by their chainages.
fn by_chainage(plazas: &[Plaza], nodes: &[u16], points: &[GeoPoint]) -> Vec<(u16, u16, f64)> {
    let mut highways: BTreeMap<&str, Vec<(f64, u16)>> = BTreeMap::new();
    for (plaza, node) in plazas.iter().zip(nodes) {
        if let (Some(km), false) = (plaza.chainage_km, plaza.highway.is_empty()) {
            highways.entry(&plaza.highway).or_default().push((km, *node));
        }
    }
    let mut pairs = Vec::new();
    for (_, mut plazas) in highways {
        plazas.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        for pair in plazas.windows(2) {
            let ((from, a), (to, b)) = (pair[0], pair[1]);
            let (km, crow) = (
                to - from,
                points[usize::from(a)].metres_to(points[usize::from(b)]),
            );
            let believed = a != b && km <= LONGEST_CHAINAGE_KM && BELIEVED.contains(&(km * 1_000.0 / crow));
            if believed {
                pairs.push((a.min(b), a.max(b), km * 1_000.0));
            }
        }
    }
    pairs
}

/// Which nodes can be reached from each other.
struct Parts(Vec<u16>);

impl Parts {
    fn new(nodes: usize) -> Self {
        Self((0..nodes as u16).collect())
    }

    /// Joins the parts of two nodes; whether they were apart.
    fn join(&mut self, a: u16, b: u16) -> bool {
        let (a, b) = (self.part_of(a), self.part_of(b));
        self.0[usize::from(a)] = b;
        a != b
    }

    fn part_of(&mut self, mut node: u16) -> u16 {
        while self.0[usize::from(node)] != node {
            let above = self.0[usize::from(node)];
            self.0[usize::from(node)] = self.0[usize::from(above)];
            node = above;
        }
        node
    }
}
