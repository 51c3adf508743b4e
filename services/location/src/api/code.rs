//! The errors of this service.

interstate_http::error_codes! {
    NOT_IN_INDIA = ("not-in-india", 422, "The place is not in India",
        "The point lies at sea or abroad. Check that latitude and longitude are not exchanged: `lat` is 6 to 38, `lon` 68 to 98.");
    STOP_UNKNOWN = ("stop-unknown", 422, "A stop is not known",
        "`errors` names the stop by its place in the list. Search cities with `GET /v1/cities` and pass the `id`, or pass a point.");
    STOP_AMBIGUOUS = ("stop-ambiguous", 422, "Several places are called so",
        "`errors` names the stop and lists the cities with their ids and states. Add the state after a comma, as in `Manali, HP`, or pass the id.");
    STOPS_DO_NOT_FIT = ("stops-do-not-fit", 422, "Too few or too many stops",
        "A route has 2 to 25 stops, its start and end among them.");
    ROUTE_NOT_FOUND = ("route-not-found", 422, "No road leads there",
        "No road joins the stops, for instance because one is on an island. Choose another stop.");
    FIXES_TOO_MANY = ("fixes-too-many", 422, "Too many fixes at once",
        "A batch has 1 to 500 fixes. Send what is left with the next batches, the oldest first.");
    TRIP_NOT_OPEN = ("trip-not-open", 404, "Nobody drives this trip at present",
        "The trip has not begun, or is over, or you have nothing to do with it. A driver can be followed from setting out until the end of the trip.");
    TRIP_NOT_YOURS = ("trip-not-yours", 403, "Not your trip",
        "Only the driver that is assigned to the booking can do this.");
    TRIP_OVER = ("trip-over", 409, "The trip is over",
        "It should have ended more than six hours ago, and nobody had closed it: its driver can no longer be followed.");
    POSITION_UNKNOWN = ("position-unknown", 404, "The driver has not been seen",
        "The trip is open, but no position has come in yet: the driver may be in a dead zone. Ask again, or open the stream and wait.");
}
