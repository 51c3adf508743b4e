//! What the read model of people must answer, whatever store it is in.

mod fixture;

#[allow(unused_imports, reason = "not every store needs all of it")]
pub use fixture::{Story, Told, erased, of_newcomer, opened, registered, saga, session, started, user};
use fixture::{closed, refused, roles};
use interstate_schemas::Role;
use interstate_user::read::{Opened, Standing};

/// Runs all cases, each on the empty store that `open` makes for it.
pub async fn run(open: impl AsyncFn(&str) -> Opened) {
    for (name, batch) in [("one_by_one", 1), ("in_threes", 3), ("at_once", 100)] {
        people_come_and_go(Story::new(open(name).await, batch)).await;
    }
    an_address_is_whose_it_became_last(Story::new(open("address").await, 1)).await;
    whoever_begins_twice_is_parked_and_nobody_else(Story::new(open("twice").await, 100)).await;
}

/// The answers are the same however the events are divided into transactions.
async fn people_come_and_go(mut story: Story) {
    story.tell(0, started("asha", "asha@a", Role::Rider)).await;
    story.tell(0, saga("asha")).await;
    story.tell(0, started("bala", "bala@b", Role::Driver)).await;
    story.tell(0, started("chitra", "chitra@c", Role::Rider)).await;
    story.tell(0, started("devi", "devi@d", Role::Rider)).await;
    story.tell(0, registered("asha", Role::Rider)).await;
    story.tell(0, refused("bala", "user-email-taken")).await;
    story.tell(0, registered("chitra", Role::Rider)).await;
    story.tell(0, roles("asha", &[Role::Driver, Role::Rider])).await;
    story.tell(0, opened("phone", "asha", Role::Driver)).await;
    story.tell(0, opened("laptop", "asha", Role::Rider)).await;
    story.tell(0, opened("tablet", "asha", Role::Rider)).await;
    story.tell(0, closed("laptop")).await;
    story.tell(0, erased("chitra")).await;
    let people = story.told().await;

    let asha = people.person(user("asha")).await.unwrap().unwrap();
    let Standing::Active { roles, profile } = asha.standing else {
        panic!("{:?}", asha.standing)
    };
    assert_eq!(roles, [Role::Driver, Role::Rider]);
    assert_eq!(profile, of_newcomer("asha", "asha@a", Role::Rider).profile);
    assert_eq!(asha.since.to_string(), "2026-11-21T10:01:00Z");
    assert_eq!((asha.partition, asha.sequence), (0, 9), "its last event");
    let bala = people.person(user("bala")).await.unwrap().unwrap();
    assert_eq!(bala.standing, Standing::Refused("user-email-taken".to_owned()));
    assert_eq!(bala.sequence, 7);
    let chitra = people.person(user("chitra")).await.unwrap().unwrap();
    assert_eq!(chitra.standing, Standing::Erased);
    let devi = people.person(user("devi")).await.unwrap().unwrap();
    assert_eq!(devi.standing, Standing::Registering);
    assert_eq!(people.person(user("esha")).await.unwrap(), None);

    let login = people.login("asha@a").await.unwrap().unwrap();
    let known = of_newcomer("asha", "asha@a", Role::Rider).credential;
    assert_eq!((login.user, &login.credential), (user("asha"), &known));
    assert_eq!(login.roles, [Role::Driver, Role::Rider]);
    for nobody in ["bala@b", "chitra@c", "devi@d", "esha@e"] {
        assert_eq!(people.login(nobody).await.unwrap(), None, "{nobody}");
    }
    assert_eq!(people.credential(user("asha")).await.unwrap(), Some(known));
    for nobody in ["bala", "chitra", "devi", "esha"] {
        assert_eq!(people.credential(user(nobody)).await.unwrap(), None, "{nobody}");
    }
    let mut open = [session("phone"), session("tablet")];
    open.sort_by_key(ToString::to_string);
    assert_eq!(people.sessions(user("asha")).await.unwrap(), open);
    assert_eq!(people.sessions(user("bala")).await.unwrap(), []);
    let mut gone = [user("bala"), user("chitra")];
    gone.sort_by_key(ToString::to_string);
    assert_eq!(people.to_forget().await.unwrap(), gone);
}

/// Partitions are followed apart: the next owner's registration may come before the erasure of the one before.
async fn an_address_is_whose_it_became_last(mut story: Story) {
    story.tell(0, started("asha", "family@f", Role::Rider)).await;
    story.tell(0, registered("asha", Role::Rider)).await;
    story.tell(1, started("bala", "family@f", Role::Rider)).await;
    story.tell(1, registered("bala", Role::Rider)).await;
    let people = story.told().await;
    let login = people.login("family@f").await.unwrap().unwrap();
    assert_eq!(login.user, user("bala"));
    story.tell(0, erased("asha")).await;
    let people = story.told().await;
    let login = people.login("family@f").await.unwrap().unwrap();
    assert_eq!(login.user, user("bala"));
    assert_eq!(people.to_forget().await.unwrap(), [user("asha")]);
}

async fn whoever_begins_twice_is_parked_and_nobody_else(mut story: Story) {
    story.tell(0, started("asha", "asha@a", Role::Rider)).await;
    story.tell(0, started("asha", "asha@b", Role::Rider)).await;
    story.tell(0, registered("asha", Role::Rider)).await;
    story.tell(0, started("bala", "bala@b", Role::Rider)).await;
    story.tell(0, registered("bala", Role::Rider)).await;
    let people = story.told().await;
    assert_eq!(
        story.parked().await,
        2,
        "the second beginning, and what waits behind it"
    );
    let asha = people.person(user("asha")).await.unwrap().unwrap();
    assert_eq!(asha.standing, Standing::Registering);
    assert!(people.login("bala@b").await.unwrap().is_some());
}
