use super::*;
use crate::{
    Address,
    envelope::{CommandMeta, Origin},
    receipt::{Cause, Occasion, Outgoing, ReactorSource},
};
use interstate_schemas::{Actor, CommandId};
use rand::{Rng, SeedableRng, rngs::StdRng};

const SERVICE: &str = "lists";

fn id(index: u32) -> PartitionId {
    PartitionId::new(SERVICE, index)
}

fn channel(partition: u32) -> Channel {
    Channel {
        incarnation: 1,
        service: SERVICE.into(),
        partition,
    }
}

fn message(to: u32, number: u64) -> Outgoing {
    let id = CommandId::derive(0, &[&number.to_be_bytes()]);
    Outgoing {
        channel: channel(to),
        number,
        meta: CommandMeta {
            id,
            to: Address {
                service: SERVICE.into(),
                aggregate: "list".into(),
                id: "a list".into(),
            },
            actor: Actor::System,
            correlation: id,
            trace: None,
            origin: Origin::Task {
                incarnation: 1,
                service: SERVICE.into(),
                partition: to,
                number,
            },
            step: None,
        },
        payload: Vec::new(),
        dead: None,
    }
}

fn receipt(sent: &[(u32, u64)], taken: &[(u32, u64)]) -> Receipt {
    Receipt {
        number: 1,
        incarnation: 1,
        occasion: Occasion::Batch,
        first: 1,
        last: 0,
        time: Timestamp::UNIX_EPOCH,
        commands: 0,
        outcomes: Vec::new(),
        messages: sent.iter().map(|(to, number)| message(*to, *number)).collect(),
        sent: Vec::new(),
        received: taken
            .iter()
            .map(|(from, number)| (channel(*from), *number))
            .collect(),
        reactors: Vec::new(),
        pending: Vec::new(),
        parked: Vec::new(),
    }
}

/// A history of these batches, a byte and a record each.
fn history(index: u32, receipts: &[Receipt]) -> History {
    let mut history = History::new(id(index));
    for (at, receipt) in (1..).zip(receipts) {
        history.push(receipt, at, at);
    }
    history
}

fn kept(histories: &[History]) -> Vec<u64> {
    let ends = cut(histories).expect("they fit");
    ends.into_iter()
        .map(|end| end.map_or(0, |end| end.records))
        .collect()
}

#[test]
fn what_was_taken_and_is_not_sent_goes_with_all_that_followed_from_it() {
    // 0 has sent a second message to 1 after its end was read; 1 has told 2 of it.
    let histories = [
        history(0, &[receipt(&[(1, 1)], &[])]),
        history(
            1,
            &[
                receipt(&[], &[(0, 1)]),
                receipt(&[(2, 1)], &[(0, 2)]),
                receipt(&[], &[]),
            ],
        ),
        history(2, &[receipt(&[], &[]), receipt(&[], &[(1, 1)])]),
    ];
    assert_eq!(kept(&histories), [1, 1, 1]);
}

#[test]
fn nothing_is_taken_away_where_everything_fits() {
    let histories = [
        history(0, &[receipt(&[(1, 1), (1, 2)], &[]), receipt(&[], &[(1, 1)])]),
        history(1, &[receipt(&[(0, 1)], &[(0, 1)])]),
        history(2, &[]),
    ];
    assert_eq!(kept(&histories), [2, 1, 0]);
    let ends = cut(&histories).unwrap();
    assert_eq!(ends[1].as_ref().unwrap().taken, [(channel(0), 1)]);
}

#[test]
fn a_reactors_command_needs_its_cause() {
    let told = |sequence| {
        let source = ReactorSource {
            name: "reactor".into(),
            channel: channel(0),
        };
        Receipt {
            reactors: vec![(source, Cause { sequence, index: 0 })],
            ..receipt(&[], &[])
        }
    };
    let happened = |last| Receipt {
        last,
        ..receipt(&[], &[])
    };
    let histories = [history(0, &[happened(3)]), history(1, &[told(3), told(4)])];
    assert_eq!(kept(&histories), [1, 1]);
}

#[test]
fn logs_that_never_were_together_are_refused() {
    let mut of_another = history(1, &[receipt(&[], &[(0, 9)])]);
    for _ in 0..MOST {
        of_another.push(&receipt(&[], &[]), 2, 2);
    }
    let error = cut(&[history(0, &[]), of_another]).unwrap_err();
    assert!(error.contains("do not belong together"), "{error}");
}

/// Partitions that send to each other at random, each read to somewhere; the whole of what is kept fits, and nothing
/// more would.
#[test]
fn of_all_parts_that_fit_together_the_largest_is_kept() {
    let mut went_back = 0;
    for seed in 0..400 {
        let mut random = StdRng::seed_from_u64(seed);
        let mut receipts: [Vec<Receipt>; 3] = Default::default();
        let (mut sent, mut taken) = ([[0_u64; 3]; 3], [[0_u64; 3]; 3]);
        for _ in 0..12 {
            let at = random.random_range(0..3);
            let from = random.random_range(0..3);
            let new: Vec<(u32, u64)> = (0..random.random_range(0..3))
                .map(|_| {
                    let to = (at + random.random_range(1..3)) % 3;
                    sent[at][to] += 1;
                    (to as u32, sent[at][to])
                })
                .collect();
            let arrived = taken[from][at] < sent[from][at];
            let got: Vec<(u32, u64)> = arrived
                .then(|| {
                    taken[from][at] = random.random_range(taken[from][at] + 1..=sent[from][at]);
                    (from as u32, taken[from][at])
                })
                .into_iter()
                .collect();
            receipts[at].push(receipt(&new, &got));
        }
        let read = receipts.each_ref().map(|all| random.random_range(0..=all.len()));
        let histories = [0, 1, 2].map(|at| history(at as u32, &receipts[at][..read[at]]));
        let found = kept(&histories);

        let fits = |kept: [usize; 3]| {
            let highest = |at: usize, of: &dyn Fn(&Receipt) -> Vec<(u32, u64)>, other: u32| {
                let all = receipts[at][..kept[at]].iter().flat_map(of);
                all.filter(|(whom, _)| *whom == other)
                    .map(|(_, number)| number)
                    .max()
                    .unwrap_or(0)
            };
            let sends = |receipt: &Receipt| -> Vec<(u32, u64)> {
                let each = receipt.messages.iter();
                each.map(|message| (message.channel.partition, message.number))
                    .collect()
            };
            let takes = |receipt: &Receipt| -> Vec<(u32, u64)> {
                let each = receipt.received.iter();
                each.map(|(channel, number)| (channel.partition, *number))
                    .collect()
            };
            (0..3).all(|to| {
                (0..3).all(|from| highest(to, &takes, from as u32) <= highest(from, &sends, to as u32))
            })
        };
        let mut largest = [0; 3];
        for a in 0..=read[0] {
            for b in 0..=read[1] {
                for c in 0..=read[2] {
                    if fits([a, b, c]) {
                        largest = [largest[0].max(a), largest[1].max(b), largest[2].max(c)];
                    }
                }
            }
        }
        assert_eq!(found, largest.map(|kept| kept as u64), "seed {seed}");
        went_back += u32::from(largest != read);
    }
    assert!(
        went_back > 50,
        "too few of these had anything to take away: {went_back}"
    );
}
