//! Keys and signatures that were seen: how long, and whose.

use crate::model::Millis;
use crate::store::{OnceSigned, Seen};

use super::*;

fn signed(owner: Option<&str>, expires_at: i64) -> OnceSigned {
    OnceSigned { nonce: [7; 32], owner: owner.map(str::to_owned), expires_at: Millis(expires_at) }
}

#[tokio::test]
async fn a_signature_is_good_once_until_its_time_is_over() {
    let dir = folder();
    let clock = Clock::test(Millis(1_000));
    let store = Store::open(dir.path(), clock.clone()).unwrap();
    let soon = clock.now().0 + 1_000;
    assert_eq!(store.see_signature(signed(None, soon)).await.unwrap(), Seen::Never);
    assert_eq!(store.see_signature(signed(None, soon)).await.unwrap(), Seen::Before);
    clock.advance(2_000);
    assert_eq!(store.see_signature(signed(None, soon + 5_000)).await.unwrap(), Seen::Never);
    assert_eq!(store.see_signature(signed(None, soon + 5_000)).await.unwrap(), Seen::Before);
}

#[tokio::test]
async fn a_signature_whose_time_ran_out_on_the_way_to_the_disk_is_no_first_one() {
    let dir = folder();
    let clock = Clock::test(Millis(1_000));
    let store = Store::open(dir.path(), clock.clone()).unwrap();
    let soon = clock.now().0 + 1_000;
    assert_eq!(store.see_signature(signed(None, soon)).await.unwrap(), Seen::Never);
    // Checked in its last millisecond, and noted in the one after it.
    clock.advance(1_001);
    assert_eq!(store.see_signature(signed(None, soon)).await.unwrap(), Seen::TooLate);
    store.sweep_accepted(clock.now()).await.unwrap();
    assert_eq!(store.see_signature(signed(None, soon)).await.unwrap(), Seen::TooLate);
}

#[tokio::test]
async fn what_is_too_old_to_matter_goes() {
    let dir = folder();
    let store = open(dir.path());
    store.see_signature(signed(None, 2_000)).await.unwrap();
    assert_eq!(store.sweep_accepted(Millis(1_999)).await.unwrap().deleted, 0);
    assert_eq!(store.sweep_accepted(Millis(2_001)).await.unwrap().deleted, 1);
}

#[tokio::test]
async fn a_signature_with_an_owner_may_come_again_with_it_and_with_nobody_else() {
    let dir = folder();
    let clock = Clock::test(Millis(1_000));
    let store = Store::open(dir.path(), clock.clone()).unwrap();
    let soon = clock.now().0 + 1_000;
    assert_eq!(store.see_signature(signed(Some("d1"), soon)).await.unwrap(), Seen::Never);
    assert_eq!(store.see_signature(signed(Some("d1"), soon)).await.unwrap(), Seen::WithItsOwner(Millis(soon)));
    assert_eq!(store.see_signature(signed(Some("d2"), soon)).await.unwrap(), Seen::Before);
    assert_eq!(store.see_signature(signed(None, soon)).await.unwrap(), Seen::Before);
}
