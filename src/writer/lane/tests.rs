//! Who waits for a lane, who does not, and whose turn it is.

use super::entrance::{
    BATCH_MAX, BYTES_MAX, EXPECTED_MAX, Entrance, QUEUE_MAX, QUEUE_RESERVE, TURN,
};
use super::*;
use crate::base::actor::Actor;
use crate::base::ids::IntentId;
use crate::writer::{Command, PaymentCommand};
use futures_util::future::join_all;
use uuid::Uuid;

const FLOODER: u128 = 1;
const NEIGHBOUR: u128 = 2;

fn merchant(number: u128) -> MerchantId {
    MerchantId(Uuid::from_u128(number))
}

/// A command whose intent bears its number.
fn submission(of: u128, number: usize) -> Submission {
    let number = u128::try_from(number).unwrap();
    Submission {
        merchant: merchant(of),
        actor: Actor::Operator,
        command: PaymentCommand::Expire(IntentId(Uuid::from_u128(number))).into(),
        claim: None,
        request_id: String::new(),
        bytes: 100,
    }
}

fn send(entrance: &Entrance, submission: Submission) -> Result<(), WriteError> {
    let (reply, _) = oneshot::channel();
    entrance.send(submission, reply).map(drop)
}

/// Sends a merchant's commands until it is refused, and says how many were let in.
fn flood(entrance: &Entrance, of: u128) -> usize {
    let open = (0..QUEUE_MAX * 2).take_while(|_| entrance.is_open(merchant(of)));
    open.map(|number| send(entrance, submission(of, number)).unwrap())
        .count()
}

/// Whose commands these are, and which.
fn names(jobs: Vec<Job>) -> Vec<(u128, u128)> {
    let begun = jobs.into_iter().filter_map(Job::begin);
    let name = |submission: Submission| {
        let Command::Payment(PaymentCommand::Expire(id)) = submission.command else {
            panic!("{:?}", submission.command)
        };
        (submission.merchant.0.as_u128(), id.0.as_u128())
    };
    begun.map(|(submission, _)| name(submission)).collect()
}

#[tokio::test]
async fn what_waits_too_long_takes_itself_back_and_is_never_run() {
    let (writer, mut jobs) = Writer::queue();
    let late = tokio::spawn({
        let writer = writer.clone();
        async move { writer.submit(submission(FLOODER, 0)).await }
    });
    assert_eq!(late.await.unwrap(), Err(WriteError::Overloaded));
    send(&writer.lanes[0], submission(FLOODER, 1)).unwrap();
    assert_eq!(
        names(vec![jobs.recv().await.unwrap()]),
        [(FLOODER, 1)],
        "the first went when its turn came"
    );
}

#[tokio::test]
async fn what_has_begun_is_waited_for() {
    let (writer, mut jobs) = Writer::queue();
    let serve = async {
        let (_, reply) = jobs.recv().await.unwrap().begin().unwrap();
        tokio::time::sleep(WAIT_MAX + WAIT_MAX / 4).await;
        reply.send(Err(WriteError::Broken)).unwrap();
    };
    let (answer, ()) = tokio::join!(writer.submit(submission(FLOODER, 0)), serve);
    assert_eq!(answer, Err(WriteError::Broken));
}

/// One who floods ends at half of the room, and there is always some for a neighbour.
#[test]
fn a_flood_leaves_room_for_neighbours_and_for_answers_of_the_rail() {
    let entrance = Entrance::default();
    assert_eq!(flood(&entrance, FLOODER), QUEUE_MAX / 2);
    assert_eq!(flood(&entrance, NEIGHBOUR), QUEUE_MAX / 4);
    assert!(!entrance.is_open(merchant(FLOODER)));
    assert!((3..10).all(|other| flood(&entrance, other) > 0));
    // What ends a payment does not ask whether there is room.
    let left = QUEUE_MAX - entrance.len() + QUEUE_RESERVE;
    for number in 0..left {
        send(&entrance, submission(FLOODER, number)).unwrap();
    }
    let refused = send(&entrance, submission(FLOODER, left));
    assert_eq!(refused, Err(WriteError::Overloaded));
}

#[test]
fn large_requests_fill_the_room_sooner() {
    let entrance = Entrance::default();
    let large = |number| Submission {
        bytes: BYTES_MAX / 16,
        ..submission(FLOODER, number)
    };
    for number in 0..8 {
        assert!(entrance.is_open(merchant(FLOODER)));
        send(&entrance, large(number)).unwrap();
    }
    assert!(!entrance.is_open(merchant(FLOODER)));
    assert!(entrance.is_open(merchant(NEIGHBOUR)));
    names(entrance.take());
    assert!(entrance.is_open(merchant(FLOODER)));
}

#[tokio::test]
async fn what_was_taken_back_makes_room_when_its_turn_comes() {
    let (writer, _jobs) = Writer::queue();
    let flood = join_all((0..QUEUE_MAX).map(|n| writer.submit(submission(FLOODER, n))));
    let refused = flood.await;
    assert!(refused.iter().all(|r| *r == Err(WriteError::Overloaded)));
    let entrance = &writer.lanes[0];
    assert_eq!(entrance.len(), QUEUE_MAX / 2);
    assert!(entrance.take().is_empty());
    assert_eq!(entrance.len(), 0);
    assert!(entrance.is_open(merchant(FLOODER)));
}

#[test]
fn slow_batches_make_the_queue_short_for_those_who_fill_it() {
    let entrance = Entrance::default();
    entrance
        .pace
        .add(EXPECTED_MAX * 4 + Duration::from_millis(1));
    assert_eq!(flood(&entrance, FLOODER), BATCH_MAX);
    assert!(entrance.is_open(merchant(NEIGHBOUR)));
}

#[test]
fn a_batch_takes_a_few_of_each_in_turn_and_keeps_the_order_of_each() {
    let entrance = Entrance::default();
    for number in 0..400 {
        send(&entrance, submission(FLOODER, number)).unwrap();
    }
    for number in 0..=TURN {
        send(&entrance, submission(NEIGHBOUR, number)).unwrap();
    }
    let batch = names(entrance.take());
    assert_eq!(batch.len(), BATCH_MAX);
    let of = |of: u128| batch.iter().filter(move |(who, _)| *who == of);
    assert_eq!(of(NEIGHBOUR).count(), TURN + 1);
    assert!(of(FLOODER).is_sorted() && of(NEIGHBOUR).is_sorted());
    assert_eq!(batch[TURN], (NEIGHBOUR, 0), "its turn is the second");
    assert_eq!(names(entrance.take()).len(), 400 + TURN + 1 - BATCH_MAX);
    assert!(entrance.take().is_empty());
}

#[test]
fn what_cannot_begin_goes_back_to_its_place() {
    let entrance = Entrance::default();
    for number in 0..300 {
        send(&entrance, submission(FLOODER, number)).unwrap();
    }
    entrance.put_back(entrance.take());
    assert_eq!(entrance.len(), 300);
    let all = [entrance.take_of(merchant(FLOODER)), entrance.take()].map(names);
    let all: Vec<u128> = all
        .into_iter()
        .flatten()
        .map(|(_, number)| number)
        .collect();
    assert_eq!(all, (0..300).collect::<Vec<u128>>());
}
