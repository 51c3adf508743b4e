//! The methods that a server has. Figures are kept of these; whatever else somebody asks for counts as one, for each
//! name is a new series.

use prost::{DecodeError, Message};
use prost_types::FileDescriptorSet;
use std::collections::BTreeMap;
use tonic_health::pb::health_server;
use tonic_reflection::pb::v1::server_reflection_server;

/// What the server does not have.
const OTHER: &str = "other";

/// The labels of methods, by path: `/package.Service/Method`.
pub(super) struct Methods(BTreeMap<String, String>);

impl Methods {
    /// Those of these services, as the descriptors have them, and of health and reflection.
    pub(super) fn of(services: &[&str], descriptors: &[u8]) -> Result<Self, DecodeError> {
        let mut all = Self(BTreeMap::new());
        all.add(services, descriptors)?;
        all.add(
            &[health_server::SERVICE_NAME],
            tonic_health::pb::FILE_DESCRIPTOR_SET,
        )?;
        all.add(
            &[server_reflection_server::SERVICE_NAME],
            tonic_reflection::pb::v1::FILE_DESCRIPTOR_SET,
        )?;
        Ok(all)
    }

    fn add(&mut self, services: &[&str], descriptors: &[u8]) -> Result<(), DecodeError> {
        for file in FileDescriptorSet::decode(descriptors)?.file {
            for service in &file.service {
                let name = format!("{}.{}", file.package(), service.name());
                if services.contains(&name.as_str()) {
                    let methods = service.method.iter().map(|method| method.name().to_owned());
                    self.0
                        .extend(methods.map(|method| (format!("/{name}/{method}"), method)));
                }
            }
        }
        Ok(())
    }

    /// What the figures call this path.
    pub(super) fn label(&self, path: &str) -> &str {
        self.0.get(path).map_or(OTHER, String::as_str)
    }
}
