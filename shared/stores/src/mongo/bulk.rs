//! Many guarded writes in few commands. Which of them found nothing to write on is not said: whoever asks reads again.

use super::{Mongo, MongoError, Step, Steps, document::Write};
use mongodb::bson::{RawArrayBuf, RawDocumentBuf, cstr, serialize_to_raw_document_buf};
use serde::Deserialize;

/// Writes of one command at most.
const MOST: i64 = 1_000;
/// Bytes of one command; a server takes 16 MiB.
const BYTES: usize = 8 * 1024 * 1024;
/// A document of this `_id` is there already.
const DUPLICATE: i32 = 11_000;

#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    n: i64,
    #[serde(default, rename = "writeErrors")]
    write_errors: Vec<Refused>,
    #[serde(default, rename = "writeConcernError")]
    write_concern_error: Option<Refused>,
}

#[derive(Deserialize)]
struct Refused {
    code: i32,
    #[serde(default)]
    errmsg: String,
}

/// Carries them out in no order; gives whether each has found what it writes on.
pub(super) async fn write(
    db: &Mongo,
    collection: &str,
    writes: &[Write],
    steps: &dyn Steps,
) -> Result<bool, MongoError> {
    let (mut updates, mut count, mut bytes) = (RawArrayBuf::new(), 0_i64, 0);
    let mut all = true;
    for (place, write) in writes.iter().enumerate() {
        let Write { only, change, new } = write;
        let mut update = RawDocumentBuf::new();
        update.append(cstr!("q"), only);
        update.append(cstr!("u"), change);
        update.append(cstr!("upsert"), *new);
        bytes += update.as_bytes().len();
        updates.push(update);
        count += 1;
        if count == MOST || bytes > BYTES || place + 1 == writes.len() {
            all &= command(db, collection, std::mem::take(&mut updates), count).await?;
            (count, bytes) = (0, 0);
            steps.reach(Step::Written).await.map_err(|why| db.failed(why))?;
        }
    }
    Ok(all)
}

async fn command(db: &Mongo, collection: &str, updates: RawArrayBuf, count: i64) -> Result<bool, MongoError> {
    let mut command = RawDocumentBuf::new();
    command.append(cstr!("update"), collection);
    command.append(cstr!("ordered"), false);
    if let Some(concern) = db.database().write_concern() {
        let concern = serialize_to_raw_document_buf(concern);
        command.append(
            cstr!("writeConcern"),
            concern.map_err(|error| db.failed(error.to_string()))?,
        );
    }
    command.append(cstr!("updates"), updates);
    let answer = db.at_length(db.database().run_raw_command(command)).await?;
    let answer: Answer = mongodb::bson::deserialize_from_document(answer)
        .map_err(|error| MongoError::unreadable("answer to a write", &error))?;
    let wrong = answer
        .write_errors
        .iter()
        .find(|refused| refused.code != DUPLICATE);
    if let Some(refused) = wrong.or(answer.write_concern_error.as_ref()) {
        return Err(db.failed(format!("{} (code {})", refused.errmsg, refused.code)));
    }
    Ok(answer.n == count)
}
