//! The data that is compiled into the program, and how it is read. `data/README.md` says where each file is
//! from; a program needs none of them at run time.

use interstate_schemas::StateCode;
use serde::{Deserialize, Deserializer, de::DeserializeOwned, de::Error, de::IntoDeserializer};
use std::borrow::Cow;

pub(crate) const CITIES: &str = include_str!("../../../../data/cities.csv");
pub(crate) const CITY_ALIASES: &str = include_str!("../../../../data/city-aliases.csv");
pub(crate) const STATES: &str = include_str!("../../../../data/states.geojson");
pub(crate) const TERRAIN_ZONES: &str = include_str!("../../../../data/terrain-zones.geojson");
pub(crate) const BARRIERS: &str = include_str!("../../../../data/barriers.geojson");
pub(crate) const TOLL_PLAZAS: &str = include_str!("../../../../data/toll-plazas.csv");
pub(crate) const ROAD_NODES: &str = include_str!("../../../../data/road-nodes.csv");
pub(crate) const ROAD_EDGES: &str = include_str!("../../../../data/road-edges.csv");

/// A data file that cannot be used. The files are part of the program, so this is a broken build.
#[derive(Debug, thiserror::Error)]
#[error("data/{file} cannot be used: {reason}")]
pub struct DataError {
    /// The file's name.
    pub file: &'static str,
    /// What is wrong with it, with the line where known.
    pub reason: String,
}

impl DataError {
    pub(crate) fn new(file: &'static str, reason: impl std::fmt::Display) -> Self {
        Self {
            file,
            reason: reason.to_string(),
        }
    }
}

/// Reads rows by the names in the first line.
pub(crate) fn rows<T: DeserializeOwned>(file: &'static str, text: &str) -> Result<Vec<T>, DataError> {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    reader
        .deserialize()
        .collect::<Result<_, _>>()
        .map_err(|error| DataError::new(file, error))
}

/// Reads the code of a state as the files have it: with the plates of before Dadra and Nagar Haveli was
/// merged into Daman and Diu (2020) and before Telangana changed from TS to TG (2024).
pub(crate) fn state_code<'de, D: Deserializer<'de>>(deserializer: D) -> Result<StateCode, D::Error> {
    let text = Cow::<'de, str>::deserialize(deserializer)?;
    let code = match &*text {
        "DN" => "DD",
        "TS" => "TG",
        code => code,
    };
    code.parse().map_err(D::Error::custom)
}

/// As [`state_code`], for a column that may be empty.
pub(crate) fn state_code_or_none<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<StateCode>, D::Error> {
    let text = Cow::<'de, str>::deserialize(deserializer)?;
    if text.is_empty() {
        Ok(None)
    } else {
        state_code(text.into_deserializer()).map(Some)
    }
}

/// Reads a GeoJSON feature collection with properties `P`.
pub(crate) fn features<P: DeserializeOwned>(
    file: &'static str,
    text: &str,
) -> Result<Vec<Feature<P>>, DataError> {
    serde_json::from_str::<FeatureCollection<P>>(text)
        .map(|collection| collection.features)
        .map_err(|error| DataError::new(file, error))
}

#[derive(serde::Deserialize)]
struct FeatureCollection<P> {
    features: Vec<Feature<P>>,
}

/// A place on the map with what is said about it.
#[derive(serde::Deserialize)]
pub(crate) struct Feature<P> {
    pub properties: P,
    pub geometry: Geometry,
}

/// Positions are (longitude, latitude), as GeoJSON has them.
pub(crate) type Ring = Vec<[f64; 2]>;

#[derive(serde::Deserialize)]
#[serde(tag = "type", content = "coordinates")]
pub(crate) enum Geometry {
    Polygon(Vec<Ring>),
    MultiPolygon(Vec<Vec<Ring>>),
    LineString(Ring),
    MultiPoint(Ring),
}

impl Geometry {
    /// Every ring, outer ones and holes alike: a point is inside when it is inside an odd number of them.
    pub fn into_rings(self) -> Vec<Ring> {
        match self {
            Self::Polygon(rings) => rings,
            Self::LineString(_) | Self::MultiPoint(_) => Vec::new(),
            Self::MultiPolygon(polygons) => polygons.into_iter().flatten().collect(),
        }
    }
}
