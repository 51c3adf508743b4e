//! The errors of this service.

use crate::read::ReadError;
use interstate_http::Problem;

/// A store that is away is waited for; any other failure of it is ours.
impl From<ReadError> for Problem {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Store(said) if said.is_away() => {
                Problem::away(said, "Searches and offers cannot be read now.")
            }
            error => Problem::internal(error),
        }
    }
}

interstate_http::error_codes! {
    DRIVER_UNKNOWN = ("driver-unknown", 404, "There is no such driver",
        "Nobody has registered under this id. A user registers as a driver with `POST /v1/drivers`.");
    DRIVER_EXISTS = ("driver-exists", 409, "Registered already",
        "This user is a driver already: `GET /v1/drivers/me` shows where the admission stands.");
    DRIVER_NOT_NOW = ("driver-not-now", 409, "Not at this stage of the admission",
        "An admission goes from draft to submitted, and from there to approved or rejected. `detail` says where it stands.");
    DRIVER_NOT_YOURS = ("driver-not-yours", 403, "Not your driver's record",
        "Only the driver, or support, may do this.");
    DRIVER_SUSPENDED = ("driver-suspended", 409, "You are suspended",
        "While you may not drive, you get no trips, and those that were yours go to other drivers. Support can say why and until when.");
    DRIVER_PAPERS_MISSING = ("driver-papers-missing", 409, "Papers are missing",
        "`detail` names the papers that are missing, have lapsed or do not hold yet. Add them, or their renewals, with `POST /v1/drivers/me/documents`.");
    DRIVER_NO_VEHICLE = ("driver-no-vehicle", 409, "There is no vehicle yet",
        "Register one with `POST /v1/drivers/me/vehicles` and wait until it is admitted: its plate is looked up first.");
    DRIVER_NOT_YOUR_VEHICLE = ("driver-not-your-vehicle", 409, "Not your vehicle",
        "The vehicle is not among those that you drive; `GET /v1/drivers/me` lists them.");
    DRIVER_WHICH_VEHICLE = ("driver-which-vehicle", 422, "Name the vehicle",
        "You drive several vehicles: say with which you take trips.");
    DRIVER_TOO_MANY_VEHICLES = ("driver-too-many-vehicles", 409, "Too many vehicles",
        "A driver has at most ten vehicles; those whose plate was another's, or was taken back, do not count. Ask support to take back the plate of one that you drive no more, then register this one.");
    VEHICLE_UNKNOWN = ("vehicle-unknown", 404, "There is no such vehicle",
        "No vehicle is registered under this id.");
    VEHICLE_EXISTS = ("vehicle-exists", 409, "Registered already",
        "This vehicle is registered already.");
    VEHICLE_NOT_YOURS = ("vehicle-not-yours", 403, "Another driver's vehicle",
        "Only the driver who registered it may do this, and only support takes a plate back.");
    VEHICLE_TOO_LARGE = ("vehicle-too-large", 422, "Seats or bags do not fit the class",
        "A class has a number of seats and bags that a vehicle of it may not exceed; `detail` names them. Choose a larger class.");
    VEHICLE_PLATE_TAKEN = ("vehicle-plate-taken", 409, "The plate is registered already",
        "Another vehicle carries this number plate. If it is yours, tell support, who can take it back; then register the vehicle again.");
    VEHICLE_REGISTRATION_DATE = ("vehicle-registration-date", 422, "The first registration cannot be on that day",
        "`first_registered` is the day on the registration certificate: not in the future, and no more than a hundred years ago.");
    VEHICLE_PAPERS_MISSING = ("vehicle-papers-missing", 409, "Papers of the vehicle are missing",
        "`detail` names the papers that are missing, have lapsed or do not hold yet. Add them, or their renewals, with `POST /v1/drivers/me/vehicles/{vehicle}/documents`.");
    DOCUMENT_DATES = ("document-dates", 422, "The days of the paper cannot be right",
        "Both days of a paper lie within a hundred years of today. Check the years.");
    DOCUMENT_WRONG_KIND = ("document-wrong-kind", 422, "The paper belongs elsewhere",
        "Papers of a driver go to `POST /v1/drivers/me/documents`, papers of a vehicle to `POST /v1/drivers/me/vehicles/{vehicle}/documents`.");
    DOCUMENT_TOO_MANY = ("document-too-many", 409, "Too many papers",
        "Fifty papers are kept of a driver, and fifty of a vehicle. With so many on file you can still add one that replaces another: of the same kind, holding at least as long, and either from the same day on or after the other has lapsed. To register a vehicle, send only the papers that hold now or will hold.");
    OFFER_UNKNOWN = ("offer-unknown", 404, "There is no such offer",
        "No such offer was made to you.");
    OFFER_EXPIRED = ("offer-expired", 409, "The offer has expired",
        "It was not answered in time. Stay online: the next one comes by itself.");
    OFFER_DECLINED = ("offer-declined", 409, "You have declined",
        "You said no to this offer before.");
    OFFER_LOST = ("offer-lost", 409, "The time is taken",
        "Your time or the vehicle's was given to another trip before this one could have it.");
    OFFER_WITHDRAWN = ("offer-withdrawn", 409, "The offer is off",
        "Another driver was faster, or the booking was cancelled.");
    OFFER_ACCEPTED = ("offer-accepted", 409, "You have accepted",
        "An accepted trip is given back by releasing the booking, not by declining its offer.");
    SEARCH_UNKNOWN = ("search-unknown", 404, "No driver was searched for",
        "There is no such booking, or you have nothing to do with it, or its search has not begun.");
}
