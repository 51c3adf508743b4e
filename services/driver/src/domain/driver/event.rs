//! What happens to a driver.

use super::command::Profile;
use crate::domain::documents::{Document, DocumentKind};
use interstate_eventing::events;
use interstate_schemas::{DriverId, Sealed, Timestamp, UserId, VehicleId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

macro_rules! payload {
    ($($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty),* $(,)? })+) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
        pub struct $name {
            /// Which driver.
            pub driver: DriverId,
            $($(#[$field_doc])* pub $field: $type,)*
        }
    )+};
}

payload! {
    /// A user wants to drive.
    DriverRegistered {
        /// Who.
        user: UserId,
        /// What is known of them.
        profile: Profile,
        /// What riders are to call them, under their own key.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<Sealed<String>>,
    }
    /// A paper came.
    DocumentAdded {
        /// The paper.
        document: Document,
    }
    /// A vehicle may be driven.
    VehicleLinked {
        /// Which.
        vehicle: VehicleId,
    }
    /// A vehicle may not be driven any more.
    VehicleUnlinked {
        /// Which.
        vehicle: VehicleId,
    }
    /// Support may look at it.
    DriverSubmitted {}
    /// Admitted to drive.
    DriverApproved {}
    /// Not admitted, for now.
    DriverRejected {
        /// What is wrong, as a code.
        reason: String,
    }
    /// Takes trips.
    WentOnline {
        /// With which vehicle.
        vehicle: VehicleId,
    }
    /// Takes no trips.
    WentOffline {
        /// Why.
        reason: OfflineReason,
    }
    /// May not drive.
    DriverSuspended {
        /// Why, as a code.
        reason: String,
        /// Until when; nothing for until further notice.
        until: Option<Timestamp>,
    }
    /// May drive again.
    DriverReinstated {}
    /// Papers came to an end, or soon will.
    PapersReviewed {
        /// What the driver is to be reminded of.
        reminders: Vec<Reminder>,
        /// Kinds of which no paper holds any more.
        lapsed: Vec<DocumentKind>,
    }
}

/// Why a driver takes no trips.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OfflineReason {
    /// The driver said so.
    Asked,
    /// A paper that nobody drives without has lapsed.
    PaperLapsed,
    /// Suspended.
    Suspended,
    /// The vehicle may not be driven any more.
    VehicleGone,
}

/// A paper that should be renewed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Reminder {
    /// Which kind.
    pub kind: DocumentKind,
    /// Days before its last valid day.
    pub days: u16,
}

events! {
    /// What happens to a driver.
    pub enum DriverEvent {
        Registered(DriverRegistered) = "driver.registered.v1",
        DocumentAdded(DocumentAdded) = "driver.document_added.v1",
        VehicleLinked(VehicleLinked) = "driver.vehicle_linked.v1",
        VehicleUnlinked(VehicleUnlinked) = "driver.vehicle_unlinked.v1",
        Submitted(DriverSubmitted) = "driver.submitted.v1",
        Approved(DriverApproved) = "driver.approved.v1",
        Rejected(DriverRejected) = "driver.rejected.v1",
        WentOnline(WentOnline) = "driver.went_online.v1",
        WentOffline(WentOffline) = "driver.went_offline.v1",
        Suspended(DriverSuspended) = "driver.suspended.v1",
        Reinstated(DriverReinstated) = "driver.reinstated.v1",
        PapersReviewed(PapersReviewed) = "driver.papers_reviewed.v1",
    }
}
