//! Whether two read models hold the same rows, whatever order they were written in.

use crate::{Projection, schema::quoted};
use futures::TryStreamExt;
use sha2::{Digest, Sha256};
use sqlx::SqliteConnection;

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
    pub(crate) async fn of<P: Projection>(reader: &mut SqliteConnection) -> Result<Self, sqlx::Error> {
        let mut tables = Vec::new();
        for table in P::TABLES {
            tables.push((*table, sum(reader, table, None).await?));
        }
        tables.push(("parked", sum(reader, "parked", Some(P::NAME)).await?));
        Ok(Self { tables })
    }
}

async fn sum(
    reader: &mut SqliteConnection,
    table: &str,
    projection: Option<&str>,
) -> Result<TableSum, sqlx::Error> {
    let mut columns: Vec<String> = sqlx::query_scalar("SELECT name FROM pragma_table_info(?)")
        .bind(table)
        .fetch_all(&mut *reader)
        .await?;
    columns.sort();
    // `quote` tells 1, '1' and NULL apart and writes reals with all their digits.
    let row: Vec<String> = columns
        .iter()
        .map(|column| format!("quote({})", quoted(column)))
        .collect();
    let row = if row.is_empty() {
        "''".to_owned()
    } else {
        row.join("||','||")
    };
    let condition = if projection.is_some() {
        "WHERE projection = ?"
    } else {
        ""
    };
    let select = format!("SELECT {row} FROM {} {condition}", quoted(table));
    let mut query = sqlx::query_scalar::<_, String>(&select);
    if let Some(projection) = projection {
        query = query.bind(projection);
    }
    let mut rows = query.fetch(reader);
    let mut sum = TableSum::default();
    while let Some(row) = rows.try_next().await? {
        let hash = Sha256::digest(row.as_bytes());
        let first: [u8; 16] = hash[..16].try_into().expect("SHA-256 has 32 bytes");
        sum.rows += 1;
        sum.hash = sum.hash.wrapping_add(u128::from_be_bytes(first));
    }
    Ok(sum)
}
