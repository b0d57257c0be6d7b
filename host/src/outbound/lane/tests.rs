use std::path::Path;
use std::time::Duration;

use super::*;
use crate::config::{Config, Env, Format};

const NOW: Millis = Millis(1_000_000);

/// An endpoint with these members.
fn endpoint(members: &str) -> Endpoint {
    let text = format!(
        "{{ webhooks: {{ endpoints: [{{ name: 'e', url: 'https://e.example/', events: ['*'], {members} }}] }} }}"
    );
    Config::parse(&text, Format::Json5, Path::new("x"), &Env::new(|_| None)).unwrap().webhooks.endpoints.remove(0)
}

/// An endpoint and its lane, of which nothing is known.
struct Bench {
    endpoint: Endpoint,
    lane: Lane,
}

fn bench(members: &str) -> Bench {
    let endpoint = endpoint(members);
    let health = EndpointState::new(endpoint.name.clone(), endpoint.version());
    Bench { lane: Lane::new(&endpoint, health, (None, None)), endpoint }
}

impl Bench {
    /// How many first tries and retries it wants, if any.
    fn wants(&self, now: Millis) -> Option<(u32, u32)> {
        match self.lane.wish(now) {
            Wish::Claim(room) => Some((room.first, room.retries)),
            Wish::At(_) | Wish::Nothing => None,
        }
    }

    /// Claims what it wants, of a store that has plenty, and begins all of it. How many that were.
    fn claim_and_begin(&self, now: Millis) -> u32 {
        let Wish::Claim(room) = self.lane.wish(now) else { return 0 };
        self.lane.claims(&room);
        self.lane.claimed(room.first, room.retries, (Some(now), None), now);
        (0..room.first).for_each(|_| assert!(self.lane.begin(false, now)));
        (0..room.retries).for_each(|_| assert!(self.lane.begin(true, now)));
        room.first + room.retries
    }

    /// A first try ends, and is written.
    fn end(&self, showed: Showed, now: Millis) -> Learned {
        let learned = self.lane.end(false, Some(showed), &self.endpoint, now);
        self.lane.confirm();
        learned
    }
}

#[test]
fn a_lane_wants_nothing_until_something_is_due_and_then_as_much_as_it_has_places() {
    let bench = bench("maxInFlight: 8");
    assert_eq!(bench.lane.wish(NOW), Wish::Nothing);
    bench.lane.is_due(Millis(NOW.0 + 5));
    assert_eq!(bench.lane.wish(NOW), Wish::At(Millis(NOW.0 + 5)));
    bench.lane.is_due(NOW);
    assert_eq!(bench.wants(NOW), Some((8, 0)));
    assert_eq!(bench.claim_and_begin(NOW), 8);
    assert_eq!(bench.lane.wish(NOW), Wish::Nothing, "every place is taken");
}

#[test]
fn a_quarter_of_the_places_is_never_a_retrys_and_the_rest_is_shared() {
    let bench = bench("maxInFlight: 8");
    bench.lane.is_due_again(NOW);
    assert_eq!(bench.wants(NOW), Some((0, 6)));
    bench.lane.is_due(NOW);
    assert_eq!(bench.wants(NOW), Some((4, 4)));
}

#[test]
fn with_one_place_first_tries_and_retries_take_turns() {
    let bench = bench("maxInFlight: 1");
    let mut turns = Vec::new();
    for _ in 0..4 {
        bench.lane.is_due(NOW);
        bench.lane.is_due_again(NOW);
        let Wish::Claim(room) = bench.lane.wish(NOW) else { panic!("a place is free") };
        bench.lane.claims(&room);
        turns.push((room.first, room.retries));
    }
    assert_eq!(turns, [(1, 0), (0, 1), (1, 0), (0, 1)]);
}

#[test]
fn what_becomes_due_during_a_claim_is_not_forgotten_with_it() {
    let bench = bench("");
    bench.lane.is_due(NOW);
    let Wish::Claim(room) = bench.lane.wish(NOW) else { panic!("it is due") };
    bench.lane.claims(&room);
    assert_eq!(bench.lane.wish(NOW), Wish::Nothing);
    bench.lane.is_due(NOW);
    bench.lane.claimed(0, 0, (None, None), NOW);
    assert!(bench.wants(NOW).is_some());
}

#[test]
fn as_many_are_claimed_ahead_as_ended_since_the_last_claim() {
    let bench = bench("maxInFlight: 4");
    bench.lane.is_due(NOW);
    assert_eq!(bench.claim_and_begin(NOW), 4);
    (0..3).for_each(|_| drop(bench.end(Showed::Works, NOW)));
    assert_eq!(bench.wants(NOW), Some((3 + 3, 0)), "three places, and as many again to come after them");
}

#[test]
fn one_that_asked_for_less_gets_less_and_nothing_is_claimed_ahead_for_it() {
    let bench = bench("maxInFlight: 8");
    bench.lane.is_due(NOW);
    assert_eq!(bench.claim_and_begin(NOW), 8);
    (0..2).for_each(|_| drop(bench.end(Showed::Overloaded(Some(Duration::ZERO)), NOW)));
    (0..5).for_each(|_| drop(bench.lane.end(false, None, &bench.endpoint, NOW)));
    bench.end(Showed::Works, NOW);
    assert_eq!(bench.wants(NOW), Some((3, 0)), "halved twice, and one more for the one that worked");
}

#[test]
fn while_the_breaker_is_open_nothing_begins_and_then_one_probe_at_a_time() {
    let bench = bench("maxInFlight: 4, breaker: { failures: 2, openMs: 1000 }");
    bench.lane.is_due(NOW);
    assert_eq!(bench.claim_and_begin(NOW), 4);
    bench.lane.claims(&Room { endpoint: bench.endpoint.name.clone(), first: 3, retries: 0 });
    bench.lane.claimed(3, 0, (Some(NOW), None), NOW);
    bench.end(Showed::Fails, NOW);
    let Learned::Opened(until) = bench.end(Showed::Fails, NOW) else { panic!("two failures") };
    assert_eq!(until, Millis(NOW.0 + 1_000));
    assert!(!bench.lane.begin(false, NOW), "it rests");
    assert_eq!(bench.lane.wish(NOW), Wish::At(until));
    assert!(!bench.lane.begin(false, until), "two are still under way: they decide");
    (0..2).for_each(|_| drop(bench.lane.end(false, None, &bench.endpoint, until)));
    assert!(bench.lane.begin(false, until), "the probe");
    assert_eq!(bench.lane.wish(until), Wish::Nothing, "and no other");
    assert_eq!(bench.end(Showed::Works, until), Learned::Closed);
    assert!(bench.wants(until).is_some_and(|(first, _)| first >= 4));
}

#[test]
fn the_operators_word_counts_at_once() {
    let bench = bench("");
    bench.lane.is_due(NOW);
    bench.lane.claims(&Room { endpoint: bench.endpoint.name.clone(), first: 1, retries: 0 });
    bench.lane.claimed(1, 0, (Some(NOW), None), NOW);
    bench.lane.set_disabled(Some((NOW, "because".to_owned())));
    assert!(bench.lane.is_disabled() && !bench.lane.begin(false, NOW));
    assert_eq!(bench.lane.wish(NOW), Wish::Nothing);
    bench.lane.enable();
    assert!(bench.wants(NOW).is_some());
}

#[test]
fn a_rate_limit_says_when_it_opens_again() {
    let bench = bench("rateLimit: { requests: 2, perMs: 1000 }");
    bench.lane.is_due(NOW);
    assert_eq!(bench.claim_and_begin(NOW), 2);
    assert_eq!(bench.lane.wish(NOW), Wish::At(Millis(NOW.0 + 500)));
}

#[test]
fn a_disk_that_does_not_keep_up_ends_the_claims() {
    let bench = bench("maxInFlight: 1024");
    bench.lane.is_due(NOW);
    let begun = bench.claim_and_begin(NOW);
    (0..begun).for_each(|_| drop(bench.lane.end(false, Some(Showed::Works), &bench.endpoint, NOW)));
    assert_eq!((begun, bench.lane.wish(NOW)), (UNCONFIRMED_MAX, Wish::Nothing));
    bench.lane.confirm();
    assert!(bench.wants(NOW).is_some());
}

#[test]
fn what_waits_goes_back_with_the_clock_and_what_is_due_stays_due() {
    let bench = bench("");
    bench.lane.is_due(Millis(NOW.0 - 10));
    bench.lane.is_due_again(Millis(NOW.0 + 60_000));
    bench.lane.end_of_nothing(&bench.endpoint, Millis(NOW.0 + 40_000));
    bench.lane.shift(NOW, 30_000);
    assert_eq!(bench.lane.health().failing_since, Some(Millis(NOW.0 + 10_000)));
    assert!(bench.wants(NOW).is_some());
    bench.lane.claims(&Room { endpoint: bench.endpoint.name.clone(), first: 1, retries: 0 });
    assert_eq!(bench.lane.wish(NOW), Wish::At(Millis(NOW.0 + 30_000)));
}

impl Lane {
    /// A failure, without a try.
    fn end_of_nothing(&self, endpoint: &Endpoint, now: Millis) {
        self.inner().trying += 1;
        self.end(false, Some(Showed::Fails), endpoint, now);
        self.confirm();
    }
}

/// Numbers that look random and are the same each time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u32) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        u32::try_from(self.0 % u64::from(limit)).unwrap()
    }

    fn takes<T>(&mut self, from: &mut Vec<T>) -> Option<T> {
        (!from.is_empty()).then(|| from.swap_remove(self.below(u32::try_from(from.len()).unwrap()) as usize))
    }
}

/// Whatever happens in whatever order, the counters are what they count, the limits hold, and a lane with something to do never falls asleep.
#[test]
fn a_walk_of_any_kind_leaves_the_counters_right_and_the_lane_awake() {
    for seed in 1..=300_u64 {
        let limits = ["", "rateLimit: { requests: 3, perMs: 100 },"][usize::from(seed % 2 == 0)];
        let members = format!(
            "maxInFlight: {}, {limits} breaker: {{ failures: 3, openMs: 50 }}, disableAfter: false",
            seed % 7 + 1
        );
        walk(&mut Dice(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15)), &bench(&members), seed);
    }
}

fn walk(dice: &mut Dice, bench: &Bench, seed: u64) {
    let Bench { lane, endpoint } = bench;
    let mut now = NOW;
    // In the store: due, by line. In hand: whether each is a retry.
    let (mut first, mut again) = (0_u32, 0_u32);
    let (mut waiting, mut trying, mut unwritten) = (Vec::new(), Vec::new(), 0_u32);
    for step in 0..400 {
        match dice.below(12) {
            0..=2 => {
                first += 1;
                lane.is_due(now);
            }
            3..=5 => {
                if let Wish::Claim(room) = lane.wish(now) {
                    lane.claims(&room);
                    let (brought, revived) = (room.first.min(first), room.retries.min(again));
                    (first, again) = (first - brought, again - revived);
                    waiting.extend((0..brought).map(|_| false).chain((0..revived).map(|_| true)));
                    let left = ((first > 0).then_some(now), (again > 0).then_some(now));
                    lane.claimed(brought, revived, left, now);
                }
            }
            6 | 7 => {
                if let Some(is_retry) = dice.takes(&mut waiting) {
                    let stays = dice.below(20) > 0;
                    if !stays {
                        lane.drop_waiting(is_retry);
                    }
                    if stays && trying.len() < endpoint.max_in_flight as usize && lane.begin(is_retry, now) {
                        trying.push(is_retry);
                    } else if stays && trying.len() >= endpoint.max_in_flight as usize {
                        waiting.push(is_retry);
                    } else if is_retry {
                        again += 1;
                        lane.is_due_again(now);
                    } else {
                        first += 1;
                        lane.is_due(now);
                    }
                }
            }
            8 | 9 => {
                if let Some(is_retry) = dice.takes(&mut trying) {
                    let showed = match dice.below(6) {
                        0 => None,
                        1 => Some(Showed::Fails),
                        2 => Some(Showed::Overloaded(Some(Duration::from_millis(u64::from(dice.below(30)))))),
                        _ => Some(Showed::Works),
                    };
                    lane.end(is_retry, showed, endpoint, now);
                    unwritten += 1;
                    if showed != Some(Showed::Works) {
                        again += 1;
                    }
                }
            }
            10 => {
                if unwritten > 0 {
                    unwritten -= 1;
                    lane.confirm();
                    lane.is_due_again(now);
                }
            }
            _ => now = Millis(now.0 + i64::from(dice.below(40))),
        }
        let inner = lane.inner();
        let retries = waiting.iter().chain(&trying).filter(|is_retry| **is_retry).count();
        let counted = [inner.waiting, inner.trying, inner.retries, inner.unconfirmed].map(|count| count as usize);
        assert_eq!(
            counted,
            [waiting.len(), trying.len(), retries, unwritten as usize],
            "seed {seed}, step {step}: waiting, trying, retries, unconfirmed"
        );
        assert!((1..=endpoint.max_in_flight).contains(&inner.limit), "seed {seed}, step {step}");
    }
    (0..unwritten).for_each(|_| lane.confirm());
    trying.drain(..).for_each(|is_retry| {
        lane.end(is_retry, None, endpoint, now);
        lane.confirm();
    });
    waiting.drain(..).for_each(|is_retry| lane.drop_waiting(is_retry));
    lane.is_due(now);
    // Rest and rate may each have their say, and then it claims.
    for _ in 0..3 {
        match lane.wish(now) {
            Wish::Claim(_) => return,
            Wish::At(at) if at > now => now = at,
            wish => panic!("seed {seed}: {wish:?}, though nothing is in hand and something is due"),
        }
    }
    panic!("seed {seed}: no end to the waiting");
}
