//! Who gives way, and whose time is over.

use super::*;
use crate::base::ambient::Ambient;
use crate::http::server::malformed::Malformed;
use crate::http::server::{connection::Connection, connection_state::Turn};
use futures_util::FutureExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

/// The service's side of a connection and the client's.
type Pair = (Connection<DuplexStream>, DuplexStream);

fn connect_from(all: &Rc<Connections>, peer: Option<&str>) -> Option<Pair> {
    let (service, client) = duplex(1024 * 1024);
    let state = all.admit(peer.map(|peer| peer.parse().unwrap()))?;
    let parser = Malformed::new(Ambient::system(), "".into());
    let connection = Connection::new(service, state, Rc::clone(all), parser);
    Some((connection, client))
}

fn connect(all: &Rc<Connections>) -> Option<Pair> {
    connect_from(all, None)
}

/// A handler takes up what came.
fn turn((connection, _): &Pair, complete: bool) -> Turn {
    Rc::clone(connection.state()).turn(complete)
}

fn later(seconds: u64) -> Instant {
    Instant::now() + Duration::from_secs(seconds)
}

fn is_ended(connection: &mut Connection<DuplexStream>) -> bool {
    let mut byte = [0];
    matches!(connection.read(&mut byte).now_or_never(), Some(Ok(0)))
}

async fn say(pair: &mut Pair, byte: u8) {
    pair.1.write_all(&[byte]).await.unwrap();
    pair.0.read_u8().await.unwrap();
}

#[tokio::test]
async fn a_head_that_was_begun_has_ten_seconds() {
    let all = Connections::new(9);
    let (mut idle, _client) = connect(&all).unwrap();
    let mut slow = connect(&all).unwrap();
    say(&mut slow, b'G').await;
    all.look(later(9));
    assert!(!is_ended(&mut slow.0));
    all.look(later(11));
    assert!(is_ended(&mut slow.0));
    assert!(!is_ended(&mut idle), "between requests it may wait");
}

#[tokio::test]
async fn a_handler_takes_the_time_that_it_takes() {
    let all = Connections::new(9);
    let mut pair = connect(&all).unwrap();
    say(&mut pair, b'G').await;
    let turn = turn(&pair, true);
    say(&mut pair, b'E').await;
    all.look(later(100));
    assert!(!is_ended(&mut pair.0));
    drop(turn);
}

#[tokio::test]
async fn an_answer_that_is_not_taken_ends_the_connection() {
    let all = Connections::new(9);
    let (mut connection, _client) = connect(&all).unwrap();
    let answer = vec![0; 2 * 1024 * 1024];
    let mut written = std::pin::pin!(connection.write_all(&answer));
    assert!(written.as_mut().now_or_never().is_none());
    all.look(later(19));
    assert!(written.as_mut().now_or_never().is_none());
    assert!(all.tally.held.get() > 0);
    all.look(later(22));
    assert!(written.as_mut().now_or_never().unwrap().is_err());
    assert_eq!(all.tally.held.get(), 0);
}

#[tokio::test]
async fn an_answer_that_is_taken_too_slowly_ends_the_connection() {
    for (rate, cut) in [(4 * 1024, true), (16 * 1024, false)] {
        let all = Connections::new(9);
        let (mut connection, mut client) = connect(&all).unwrap();
        let answer = vec![0; 2 * 1024 * 1024];
        let mut written = std::pin::pin!(connection.write_all(&answer));
        assert!(written.as_mut().now_or_never().is_none());
        // What was taken in 21 seconds, in pieces, as a drip.
        for _ in 0..21 {
            let mut taken = vec![0; rate];
            client.read_exact(&mut taken).await.unwrap();
            assert!(written.as_mut().now_or_never().is_none());
        }
        all.look(later(21));
        let outcome = written.as_mut().now_or_never();
        assert_eq!(outcome.is_some_and(|o| o.is_err()), cut, "{rate}");
    }
}

#[tokio::test]
async fn the_idlest_make_room_and_none_that_is_answered() {
    let all = Connections::new(32);
    let mut pairs: Vec<_> = (0..32).map(|_| connect(&all).unwrap()).collect();
    say(&mut pairs[31], b'G').await;
    let mut turns: Vec<_> = pairs[1..31].iter().map(|p| turn(p, true)).collect();
    turns.push(turn(&pairs[31], true));
    let newcomer = connect(&all).unwrap();
    turns.push(turn(&newcomer, true));
    assert!(is_ended(&mut pairs[0].0));
    assert!(!is_ended(&mut pairs[1].0));
    let reserved = connect(&all).unwrap();
    assert!(reserved.0.state().is_reserved(), "all are being answered");
    drop(turns);
    assert!(!connect(&all).unwrap().0.state().is_reserved());
}

#[tokio::test]
async fn a_request_counts_once_it_is_complete() {
    let all = Connections::new(32);
    let mut pairs: Vec<_> = (0..32).map(|_| connect(&all).unwrap()).collect();
    let mut turns = Vec::new();
    for (place, pair) in pairs.iter_mut().enumerate() {
        say(pair, b'P').await;
        // All have a head and half a body; only the first eight have a valid key, and the first
        // two of these their whole body.
        turns.push(turn(pair, false));
        if place < 8 {
            pair.0.state().recognize();
        }
        if place < 2 {
            pair.0.state().received();
        }
    }
    // Each newcomer is answered, and stays; two go for it.
    for newcomer in 0..15 {
        let pair = connect(&all).unwrap();
        assert!(!pair.0.state().is_reserved(), "{newcomer}");
        turns.push(turn(&pair, true));
        let strangers = pairs[8..].iter().filter(|p| p.0.state().is_ended());
        assert!(newcomer > 0 || strangers.count() == 2, "the first to come");
        pairs.push(pair);
    }
    let ended: Vec<_> = pairs.iter().map(|p| p.0.state().is_ended()).collect();
    assert!(!ended[..2].contains(&true) && !ended[32..].contains(&true));
    assert!(!ended[2..8].contains(&true), "strangers go first");
    assert!(ended[8..24].iter().filter(|e| **e).count() >= 15);
}

#[tokio::test]
async fn polls_make_room_before_answers_and_after_strangers() {
    let all = Connections::new(16);
    let pairs: Vec<_> = (0..16).map(|_| connect(&all).unwrap()).collect();
    let turns: Vec<_> = pairs[..15].iter().map(|p| turn(p, true)).collect();
    let wait = Rc::clone(pairs[0].0.state()).wait();
    let mut newcomers = vec![connect(&all).unwrap()];
    assert!(pairs[15].0.state().is_ended() && !pairs[0].0.state().is_ended());
    let busy = turn(&newcomers[0], true);
    assert!(wait.gone().now_or_never().is_none());
    newcomers.push(connect(&all).unwrap());
    assert!(pairs[0].0.state().is_ended());
    assert!(wait.gone().now_or_never().is_some(), "it is told");
    drop((wait, turns, busy));
}

#[tokio::test]
async fn a_client_that_has_left_is_noticed() {
    let all = Connections::new(9);
    let (mut connection, client) = connect(&all).unwrap();
    let _turn = Rc::clone(connection.state()).turn(true);
    let wait = Rc::clone(connection.state()).wait();
    let mut gone = std::pin::pin!(wait.gone());
    assert!(gone.as_mut().now_or_never().is_none());
    drop(client);
    assert_eq!(connection.read(&mut [0]).await.unwrap(), 0);
    assert!(gone.as_mut().now_or_never().is_some());
}

#[tokio::test]
async fn one_network_leaves_room_for_others() {
    let all = Connections::new(16);
    let crowd = |n: u8| format!("2001:db8::{n}");
    let pairs: Vec<_> = (0..12)
        .map(|n| connect_from(&all, Some(&crowd(n))).unwrap())
        .collect();
    let turns: Vec<_> = pairs.iter().map(|p| turn(p, true)).collect();
    let one_more = connect_from(&all, Some(&crowd(12))).unwrap();
    assert!(one_more.0.state().is_reserved(), "its network is answered");
    let other = connect_from(&all, Some("192.0.2.1")).unwrap();
    assert!(!other.0.state().is_reserved());
    drop(turns);
    // Its own give way to it, and not the other's.
    let more = connect_from(&all, Some(&crowd(13))).unwrap();
    assert!(!more.0.state().is_reserved() && pairs[0].0.state().is_ended());
    assert!(!other.0.state().is_ended());
    drop(pairs);
    drop((one_more, other, more));
    assert_eq!(all.tally.of("2001:db8::".parse().unwrap()), 0);
}

#[tokio::test]
async fn places_for_health_checks_are_not_kept_by_those_who_ask_nothing() {
    let all = Connections::new(16);
    let pairs: Vec<_> = (0..16).map(|_| connect(&all).unwrap()).collect();
    let _turns: Vec<_> = pairs.iter().map(|p| turn(p, true)).collect();
    let mut silent: Vec<_> = (0..100).map(|_| connect(&all).unwrap()).collect();
    assert!(silent.iter().all(|p| p.0.state().is_reserved()));
    assert!(is_ended(&mut silent[0].0) && !is_ended(&mut silent[99].0));
    let asking: Vec<_> = silent[84..].iter().map(|p| turn(p, true)).collect();
    assert!(connect(&all).is_none(), "each of them asks something");
    drop(asking);
    assert!(connect(&all).is_some());
}

#[tokio::test]
async fn strangers_and_then_those_who_keep_most_in_memory_go_first() {
    let all = Connections::new(1000);
    let mut pairs: Vec<_> = (0..200).map(|_| connect(&all).unwrap()).collect();
    let (large, small) = pairs.split_at_mut(100);
    let mut turns = Vec::new();
    let mut bytes = vec![0; 1024 * 1024];
    for pair in small {
        say(pair, b'G').await;
    }
    // The first ten of the large ones are complete requests.
    for (place, pair) in large.iter_mut().enumerate() {
        turns.push(turn(pair, place < 10));
        pair.1.write_all(&bytes).await.unwrap();
        let _end = pair.0.read_exact(&mut bytes).await;
        assert!(all.tally.held.get() <= HELD_MAX);
    }
    let ended: Vec<bool> = pairs.iter().map(|p| p.0.state().is_ended()).collect();
    assert!(ended[10..100].contains(&true) && !ended[100..].contains(&true));
    assert!(!ended[..10].contains(&true));
}
