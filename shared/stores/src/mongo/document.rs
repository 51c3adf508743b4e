//! A document as it stands in its collection, and what is written when it changes: only what differs.

use super::error::MongoError;
use interstate_schemas::{SignedDuration, Timestamp};
use mongodb::bson::{
    DateTime, RawBsonRef, RawDocument, RawDocumentBuf, cstr, deserialize_from_slice, raw::CStr, rawdoc,
    serialize_to_raw_document_buf,
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::collections::BTreeMap;

/// The fields that every document has beside its own.
pub(super) const OWN: [&str; 5] = ["_id", "rev", "seen", "expires", "gone_at"];

/// A document while events are folded onto it.
pub(super) struct Stored<D> {
    /// As it was found; nothing where it begins.
    found: Option<RawDocumentBuf>,
    frame: Frame,
    /// The projection's own.
    pub document: D,
    /// Places in the batch of the events that it took from there.
    pub taken: Vec<usize>,
}

/// What the store adds.
#[derive(Deserialize, Default)]
struct Frame {
    #[serde(rename = "_id")]
    id: String,
    rev: i64,
    seen: BTreeMap<String, i64>,
    expires: Option<DateTime>,
}

/// One write: an update of what stands at a revision, or a document that is not there yet.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Write {
    pub only: RawDocumentBuf,
    pub change: RawDocumentBuf,
    pub new: bool,
}

impl<D: Serialize + DeserializeOwned + Default> Stored<D> {
    pub fn new(id: &str) -> Self {
        Self {
            found: None,
            frame: Frame {
                id: id.to_owned(),
                ..Frame::default()
            },
            document: D::default(),
            taken: Vec::new(),
        }
    }

    pub fn read(found: RawDocumentBuf) -> Result<Self, MongoError> {
        let frame: Frame = deserialize_from_slice(found.as_bytes())
            .map_err(|error| MongoError::unreadable("document", &error))?;
        Ok(Self {
            document: own(&frame.id, &found)?,
            found: Some(found),
            frame,
            taken: Vec::new(),
        })
    }

    pub fn id(&self) -> &str {
        &self.frame.id
    }

    /// Whether it has an event already, or a later one.
    pub fn has(&self, of: &str, sequence: u64) -> bool {
        let seen = self.frame.seen.get(of);
        seen.is_some_and(|seen| seen.unsigned_abs() >= sequence)
    }

    /// It has taken this event, which stands at this place of the batch.
    pub fn took(&mut self, of: String, sequence: u64, place: usize) {
        self.frame.seen.insert(of, sequence.cast_signed());
        self.taken.push(place);
    }

    /// As it was before this batch.
    pub fn again(&self) -> Result<D, MongoError> {
        match &self.found {
            Some(found) => own(&self.frame.id, found),
            None => Ok(D::default()),
        }
    }

    /// What has to be written, if anything has changed. `expires` is the projection's, `gone_at` what the server goes by.
    pub fn write(
        &self,
        expires: Option<Timestamp>,
        gone_at: Option<Timestamp>,
    ) -> Result<Option<Write>, MongoError> {
        if self.taken.is_empty() {
            return Ok(None);
        }
        let Frame { id, rev, seen, .. } = &self.frame;
        let unreadable = |error| MongoError::unreadable(format!("document {id}"), &error);
        let mut after = RawDocumentBuf::new();
        after.append(cstr!("rev"), rev + 1);
        after.append(
            cstr!("seen"),
            serialize_to_raw_document_buf(seen).map_err(unreadable)?,
        );
        if let Some((expires, gone_at)) = expires.zip(gone_at) {
            after.append(cstr!("expires"), date(expires));
            // It is not put off each time that the document changes.
            let stands = self.frame.expires == Some(date(expires));
            let found = self.found.as_ref().filter(|_| stands);
            let stood = found.and_then(|found| found.get_datetime("gone_at").ok());
            after.append(cstr!("gone_at"), stood.unwrap_or(date(gone_at)));
        }
        let own = serialize_to_raw_document_buf(&self.document).map_err(unreadable)?;
        for field in &own {
            let (name, value) = field.map_err(unreadable)?;
            after.append(name, value);
        }
        Ok(Some(match &self.found {
            Some(found) => Write {
                only: rawdoc! { "_id": id.as_str(), "rev": *rev },
                change: difference(found, &after).map_err(unreadable)?,
                new: false,
            },
            // No document has revision 0: where one is there already, this write fails on its `_id`.
            None => {
                let mut whole = rawdoc! { "_id": id.as_str() };
                for field in &after {
                    let (name, value) = field.map_err(unreadable)?;
                    whole.append(name, value);
                }
                Write {
                    only: rawdoc! { "_id": id.as_str(), "rev": 0_i64 },
                    change: whole,
                    new: true,
                }
            }
        }))
    }
}

pub(super) fn date(time: Timestamp) -> DateTime {
    DateTime::from_millis(time.as_millisecond())
}

/// When the server may remove what nobody needs from `expires` on. Never soon after it was written: while a read model
/// catches up with old events, a document that has expired long ago may change once more.
pub(super) fn gone_at(expires: Timestamp, now: Timestamp, kept: SignedDuration) -> Timestamp {
    let from = expires.max(now);
    from.checked_add(kept).unwrap_or(from)
}

fn own<D: DeserializeOwned>(id: &str, found: &RawDocument) -> Result<D, MongoError> {
    deserialize_from_slice(found.as_bytes())
        .map_err(|error| MongoError::unreadable(format!("document {id}"), &error))
}

/// The update that makes one of the other: fields that differ, fields that are gone, and of arrays that have grown only
/// what is new at the end.
fn difference(found: &RawDocument, after: &RawDocument) -> mongodb::bson::error::Result<RawDocumentBuf> {
    let (mut set, mut unset, mut push) = (
        RawDocumentBuf::new(),
        RawDocumentBuf::new(),
        RawDocumentBuf::new(),
    );
    for field in after {
        let (name, value) = field?;
        let before = found.get(name)?;
        if before == Some(value) {
            continue;
        }
        match grown(before, value)? {
            Some(new) => push.append(name, new),
            None => set.append(name, value),
        }
    }
    for field in found {
        let (name, _) = field?;
        if name.as_str() != "_id" && after.get(name)?.is_none() {
            unset.append(name, true);
        }
    }
    let mut change = RawDocumentBuf::new();
    let mut add = |operator: &CStr, fields: RawDocumentBuf| {
        if !fields.is_empty() {
            change.append(operator, fields);
        }
    };
    add(cstr!("$set"), set);
    add(cstr!("$unset"), unset);
    add(cstr!("$push"), push);
    Ok(change)
}

/// `{$each: […]}` of what stands behind the elements that were there.
fn grown(
    before: Option<RawBsonRef<'_>>,
    after: RawBsonRef<'_>,
) -> mongodb::bson::error::Result<Option<RawDocumentBuf>> {
    let (Some(RawBsonRef::Array(before)), RawBsonRef::Array(after)) = (before, after) else {
        return Ok(None);
    };
    // Without the length in front and the end mark.
    let old = &before.as_bytes()[4..before.as_bytes().len() - 1];
    if !after.as_bytes()[4..].starts_with(old) {
        return Ok(None);
    }
    let mut new = mongodb::bson::RawArrayBuf::new();
    for element in after.into_iter().skip(before.into_iter().count()) {
        new.push(element?);
    }
    let mut each = RawDocumentBuf::new();
    each.append(cstr!("$each"), new);
    Ok(Some(each))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Serialize, Deserialize, Default)]
    struct Trip {
        stage: String,
        story: Vec<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        fee: Option<i64>,
    }

    #[test]
    fn only_what_differs_is_written() {
        let found = rawdoc! { "_id": "a", "rev": 3_i64, "seen": { "booking:0": 7_i64 }, "stage": "CONFIRMED",
        "story": ["booked"], "fee": 4_i64 };
        let mut stored: Stored<Trip> = Stored::read(found).unwrap();
        assert!(stored.has("booking:0", 7) && !stored.has("booking:0", 8) && !stored.has("quote:0", 1));
        assert_eq!(stored.write(None, None).unwrap(), None, "it has taken nothing");
        stored.document.story.push("assigned".to_owned());
        stored.document.fee = None;
        stored.took("booking:0".to_owned(), 8, 0);
        let write = stored.write(None, None).unwrap().unwrap();
        assert_eq!(write.only, rawdoc! { "_id": "a", "rev": 3_i64 });
        assert_eq!(
            write.change,
            rawdoc! { "$set": { "rev": 4_i64, "seen": { "booking:0": 8_i64 } }, "$unset": { "fee": true },
            "$push": { "story": { "$each": ["assigned"] } } }
        );
    }

    #[test]
    fn a_new_document_takes_nobodys_place() {
        let mut stored: Stored<Trip> = Stored::new("a");
        stored.took("booking:0".to_owned(), 1, 0);
        let write = stored.write(None, None).unwrap().unwrap();
        assert!(write.new);
        assert_eq!(write.only, rawdoc! { "_id": "a", "rev": 0_i64 });
        assert_eq!(write.change.get_i64("rev").unwrap(), 1);
    }

    #[test]
    fn what_expires_is_not_put_off_by_each_change() {
        let day = |day: i64| Timestamp::from_second(day * 86_400).unwrap();
        let kept = SignedDuration::from_hours(24);
        assert_eq!(gone_at(day(10), day(3), kept), day(11));
        assert_eq!(
            gone_at(day(10), day(30), kept),
            day(31),
            "it is read from an old log"
        );
        let found = rawdoc! { "_id": "a", "rev": 1_i64, "seen": {}, "stage": "", "story": [], "expires": date(day(10)),
        "gone_at": date(day(11)) };
        let mut stored: Stored<Trip> = Stored::read(found).unwrap();
        stored.took("quote:0".to_owned(), 2, 0);
        let write = stored.write(Some(day(10)), Some(day(12))).unwrap().unwrap();
        assert!(
            write
                .change
                .get_document("$set")
                .unwrap()
                .get("gone_at")
                .unwrap()
                .is_none()
        );
        let write = stored.write(None, None).unwrap().unwrap();
        let unset = write.change.get_document("$unset").unwrap();
        assert!(unset.get_bool("gone_at").unwrap() && unset.get_bool("expires").unwrap());
    }
}
