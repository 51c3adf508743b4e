//! A record as bytes, in a file of the embedded log or in a backup: `crc32 | key | headers | payload`, lengths before
//! each, little endian.

use crate::Record;
use bytes::{Buf, BufMut, Bytes};

/// The record's bytes, its checksum first.
pub fn encode(record: &Record) -> Vec<u8> {
    let mut out = Vec::with_capacity(record.size() + 8);
    out.put_u32_le(0);
    put(&mut out, &record.key);
    out.put_u16_le(record.headers.len() as u16);
    for (name, value) in &record.headers {
        put(&mut out, name.as_bytes());
        put(&mut out, value);
    }
    put(&mut out, &record.payload);
    let crc = crc32fast::hash(&out[4..]);
    out[..4].copy_from_slice(&crc.to_le_bytes());
    out
}

/// The record, or what is wrong with its bytes.
pub fn decode(mut bytes: Bytes) -> Result<Record, String> {
    if bytes.len() < 4 {
        return Err(format!("{} bytes are no record", bytes.len()));
    }
    let crc = bytes.get_u32_le();
    let found = crc32fast::hash(&bytes);
    if crc != found {
        return Err(format!("checksum {found:08x}, expected {crc:08x}"));
    }
    let short = || "the record ends early".to_owned();
    let key = take(&mut bytes).ok_or_else(short)?;
    if bytes.len() < 2 {
        return Err(short());
    }
    let count = bytes.get_u16_le();
    let mut headers = Vec::with_capacity(usize::from(count));
    for _ in 0..count {
        let name = take(&mut bytes).ok_or_else(short)?;
        let name = std::str::from_utf8(&name)
            .map_err(|error| error.to_string())?
            .to_owned();
        headers.push((name.into(), take(&mut bytes).ok_or_else(short)?));
    }
    Ok(Record {
        key,
        headers,
        payload: take(&mut bytes).ok_or_else(short)?,
    })
}

fn put(out: &mut Vec<u8>, value: &[u8]) {
    out.put_u32_le(value.len() as u32);
    out.put_slice(value);
}

fn take(bytes: &mut Bytes) -> Option<Bytes> {
    if bytes.len() < 4 {
        return None;
    }
    let length = bytes.get_u32_le() as usize;
    (length <= bytes.len()).then(|| bytes.split_to(length))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flipped_bit_is_found() {
        let record = Record {
            key: Bytes::from_static(b"bkg_1"),
            headers: vec![("ce_id".into(), Bytes::from_static(b"1"))],
            payload: Bytes::from_static(b"{}"),
        };
        let bytes = Bytes::from(encode(&record));
        assert_eq!(decode(bytes.clone()), Ok(record));
        for at in 0..bytes.len() {
            let mut bad = bytes.to_vec();
            bad[at] ^= 1;
            assert!(decode(bad.into()).is_err(), "bit at {at}");
        }
        assert!(decode(bytes.slice(..bytes.len() - 1)).is_err());
    }
}
