//! Stories of a projection in memory.
