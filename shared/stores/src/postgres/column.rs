//! Rows by their columns.

/// A column of rows, as `UNNEST` takes it.
pub fn column<'r, R: 'r, T>(rows: impl IntoIterator<Item = &'r R>, value: impl Fn(&'r R) -> T) -> Vec<T> {
    rows.into_iter().map(value).collect()
}
