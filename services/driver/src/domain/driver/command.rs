//! What a driver can be asked.

use crate::domain::documents::Document;
use interstate_schemas::{AddressedCommand, Sealed, StateCode, Timestamp, VehicleId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What is known of a driver besides the person, whose full name belongs to the user service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Profile {
    /// Where the driver lives.
    pub home_state: StateCode,
    /// Whether the driver takes trips with driving at night.
    pub drives_at_night: bool,
    /// Whether the driver is used to hill roads; confirmed at the approval.
    pub hill_roads: bool,
}

/// What a driver can be asked. The aggregate's id has the bits of the user's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum DriverCommand {
    /// A user wants to drive.
    Register {
        /// What is known of them.
        profile: Profile,
        /// What riders are to call them, under their own key.
        #[serde(default)]
        name: Option<Sealed<String>>,
    },
    /// A paper, or the renewal of one.
    AddDocument {
        /// Which.
        document: Document,
    },
    /// A vehicle's registration ended well.
    LinkVehicle {
        /// Which.
        vehicle: VehicleId,
    },
    /// Support has taken a vehicle's plate back.
    UnlinkVehicle {
        /// Which.
        vehicle: VehicleId,
    },
    /// Everything is there: support may look at it.
    Submit,
    /// Admitted to drive.
    Approve,
    /// Not admitted, for now.
    Reject {
        /// What is wrong, as a code: `document_unreadable`.
        reason: String,
    },
    /// Takes trips from now on, with this vehicle; the only one where none is named.
    GoOnline {
        /// With which.
        vehicle: Option<VehicleId>,
    },
    /// Takes none.
    GoOffline,
    /// May not drive.
    Suspend {
        /// Why, as a code.
        reason: String,
        /// Until when; nothing for until further notice.
        until: Option<Timestamp>,
    },
    /// Is no driver any more: the account was erased, or the role was taken.
    Retire {
        /// Why, as a code.
        reason: String,
    },
    /// May drive again.
    Reinstate,
    /// A paper comes to its end, or soon will.
    ReviewPapers,
}

impl AddressedCommand for DriverCommand {
    const SERVICE: &'static str = "driver";
    const AGGREGATE: &'static str = "driver";
}
