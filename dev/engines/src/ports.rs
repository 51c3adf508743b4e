//! Ports for servers that tests start.

use std::{
    collections::HashSet,
    hash::{BuildHasher, RandomState},
    net::TcpListener,
    ops::Range,
    sync::{Mutex, PoisonError},
};

/// Below those that systems give to connections: one of them may be taken between a look and a server's start.
const BASES: Range<u16> = 10_000..30_000;
const TRIES: u32 = 10_000;

/// A port that is free with each of these added to it, all of them given to nobody else in this process. Where it begins
/// to look is random, for other processes look too.
///
/// # Panics
/// None is found.
pub fn free_ports(offsets: impl IntoIterator<Item = u16>) -> u16 {
    static GIVEN: Mutex<Option<HashSet<u16>>> = Mutex::new(None);
    let offsets: Vec<u16> = offsets.into_iter().collect();
    let mut given = GIVEN.lock().unwrap_or_else(PoisonError::into_inner);
    let given = given.get_or_insert_default();
    let width = u64::from(BASES.end - BASES.start);
    for _ in 0..TRIES {
        let base = BASES.start + (RandomState::new().hash_one(()) % width) as u16;
        let mut wanted = offsets.iter().map(|offset| base + offset);
        if wanted.all(|port| !given.contains(&port) && is_free(port)) {
            given.extend(offsets.iter().map(|offset| base + offset));
            return base;
        }
    }
    panic!("no free ports from {} to {}", BASES.start, BASES.end);
}

fn is_free(port: u16) -> bool {
    TcpListener::bind(("127.0.0.1", port)).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn none_is_given_twice_nor_taken_by_anybody() {
        let one = free_ports([0, 7]);
        let held = TcpListener::bind(("127.0.0.1", one + 7)).expect("it is free");
        let others: HashSet<u16> = (0..50).flat_map(|_| [free_ports(0..3)]).collect();
        assert_eq!(others.len(), 50);
        assert!(others.iter().all(|base| !(*base..*base + 3).contains(&one)));
        assert!(others.iter().all(|base| BASES.contains(base)));
        drop(held);
    }
}
