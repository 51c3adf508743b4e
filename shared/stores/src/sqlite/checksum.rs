//! Whether two read models hold the same rows, whatever order they were written in.

use super::{Projection, schema::quoted};
use rusqlite::{Connection, params_from_iter, types::ValueRef};
use sha2::{Digest, Sha256};

/// One table's rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TableSum {
    /// How many there are.
    pub rows: u64,
    /// The sum of their hashes (the first 128 bits of SHA-256), which no order changes.
    pub hash: u128,
}

/// The tables of a projection, in the order of [`Projection::TABLES`], and what it has parked.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Checksum {
    /// Each table by its name.
    pub tables: Vec<(&'static str, TableSum)>,
}

impl Checksum {
    /// Reads all rows once, in constant memory.
    pub(crate) fn of<P: Projection>(reader: &Connection) -> rusqlite::Result<Self> {
        let mut tables = Vec::new();
        for table in P::TABLES {
            tables.push((*table, sum(reader, table, None)?));
        }
        tables.push(("parked", sum(reader, "parked", Some(P::NAME))?));
        Ok(Self { tables })
    }
}

fn sum(reader: &Connection, table: &str, projection: Option<&str>) -> rusqlite::Result<TableSum> {
    let mut columns: Vec<String> = reader
        .prepare("SELECT name FROM pragma_table_info(?)")?
        .query_map([table], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    columns.sort();
    let names: Vec<String> = columns.iter().map(|column| quoted(column)).collect();
    let names = if names.is_empty() {
        "0".to_owned()
    } else {
        names.join(", ")
    };
    let condition = if projection.is_some() {
        "WHERE projection = ?"
    } else {
        ""
    };
    let mut select = reader.prepare(&format!("SELECT {names} FROM {} {condition}", quoted(table)))?;
    let width = select.column_count();
    let mut rows = select.query(params_from_iter(projection))?;
    let mut sum = TableSum::default();
    let mut bytes = Vec::new();
    while let Some(row) = rows.next()? {
        bytes.clear();
        for column in 0..width {
            push(&mut bytes, row.get_ref(column)?);
        }
        let hash = Sha256::digest(&bytes);
        let first: [u8; 16] = hash[..16].try_into().expect("SHA-256 has 32 bytes");
        sum.rows += 1;
        sum.hash = sum.hash.wrapping_add(u128::from_be_bytes(first));
    }
    Ok(sum)
}

/// Each value with its type and its length, so that 1, '1' and NULL differ, and so do ('a', 'bc') and ('ab', 'c').
fn push(bytes: &mut Vec<u8>, value: ValueRef<'_>) {
    let mut put = |kind: u8, value: &[u8]| {
        bytes.push(kind);
        bytes.extend((value.len() as u64).to_be_bytes());
        bytes.extend(value);
    };
    match value {
        ValueRef::Null => put(0, &[]),
        ValueRef::Integer(number) => put(1, &number.to_be_bytes()),
        ValueRef::Real(number) => put(2, &number.to_bits().to_be_bytes()),
        ValueRef::Text(text) => put(3, text),
        ValueRef::Blob(blob) => put(4, blob),
    }
}
