//! Which service has a path: what a gateway in front of separate services needs to know.

use interstate_auth::Row;

/// The tables of who may call what are those of all paths, too.
const TABLES: [(&str, &[Row]); 6] = [
    ("user", interstate_user::api::POLICY),
    ("booking", interstate_booking::api::ROWS),
    ("location", interstate_location::api::ROWS),
    ("driver", interstate_driver::api::ROWS),
    ("payment", interstate_payment::api::ROWS),
    ("analytics", interstate_analytics::api::ROWS),
];

/// The service that has a row for this path. A path with fewer variables comes first, as in a router.
pub fn service_of(method: &str, path: &str) -> Option<&'static str> {
    let rows = TABLES
        .iter()
        .flat_map(|(service, rows)| rows.iter().map(move |row| (*service, row)));
    let fitting = rows.filter(|(_, row)| row.method() == method && fits(row.path(), path));
    let best = fitting.min_by_key(|(_, row)| row.path().matches('{').count());
    best.map(|(service, _)| service)
}

fn fits(template: &str, path: &str) -> bool {
    let (of, wanted): (Vec<&str>, Vec<&str>) = (template.split('/').collect(), path.split('/').collect());
    let same = |(of, wanted): (&&str, &&str)| of.starts_with('{') || of == wanted;
    of.len() == wanted.len() && of.iter().zip(&wanted).all(same)
}

#[cfg(test)]
mod tests {
    use super::service_of;

    #[test]
    fn paths_find_their_service() {
        assert_eq!(service_of("POST", "/v1/bookings"), Some("booking"));
        assert_eq!(service_of("GET", "/v1/bookings/bkg_1/dispatch"), Some("driver"));
        assert_eq!(service_of("GET", "/v1/drivers/me"), Some("driver"));
        assert_eq!(service_of("GET", "/v1/nothing"), None);
    }
}
