//! Who waits for a lane, and who does not.

use super::*;
use crate::base::ids::{IntentId, MerchantId};
use crate::writer::PaymentCommand;
use crate::writer::entrance::{EXPECTED_MAX, QUEUE_MAX, QUEUE_RESERVE};
use futures_util::future::join_all;
use uuid::Uuid;

fn submission() -> Submission {
    Submission {
        merchant: MerchantId(Uuid::nil()),
        command: PaymentCommand::Expire(IntentId(Uuid::nil())).into(),
        claim: None,
        request_id: String::new(),
    }
}

#[tokio::test]
async fn what_waits_too_long_takes_itself_back_and_is_never_run() {
    let (writer, mut jobs) = Writer::queue();
    let late = tokio::spawn({
        let writer = writer.clone();
        async move { writer.submit(submission()).await }
    });
    assert_eq!(late.await.unwrap(), Err(WriteError::Overloaded));
    assert!(jobs.recv().await.unwrap().begin().is_none());
}

#[tokio::test]
async fn what_has_begun_is_waited_for() {
    let (writer, mut jobs) = Writer::queue();
    let serve = async {
        let (_, reply) = jobs.recv().await.unwrap().begin().unwrap();
        tokio::time::sleep(WAIT_MAX + WAIT_MAX / 4).await;
        reply.send(Err(WriteError::Broken)).unwrap();
    };
    let (answer, ()) = tokio::join!(writer.submit(submission()), serve);
    assert_eq!(answer, Err(WriteError::Broken));
}

#[tokio::test]
async fn a_full_queue_refuses_at_once_and_keeps_places_for_answers_of_the_rail() {
    let (writer, mut jobs) = Writer::queue();
    let flood = join_all((0..=QUEUE_MAX).map(|_| writer.submit(submission())));
    let refused = flood.await;
    assert!(refused.iter().all(|r| *r == Err(WriteError::Overloaded)));
    assert_eq!(jobs.len(), QUEUE_MAX);
    let entrance = &writer.lanes[0];
    assert!(!entrance.is_open() && entrance.queue.capacity() == QUEUE_RESERVE);
    // What was taken back makes room as soon as the lane comes to it.
    while let Ok(job) = jobs.try_recv() {
        assert!(job.begin().is_none());
    }
    assert!(entrance.is_open());
}

#[tokio::test]
async fn slow_batches_make_the_queue_short() {
    let (writer, _jobs) = Writer::queue();
    let entrance = &writer.lanes[0];
    entrance
        .pace
        .add(EXPECTED_MAX * 4 + Duration::from_millis(1));
    let batch = join_all((0..BATCH_MAX).map(|_| writer.submit(submission())));
    let (_, open) = tokio::join!(batch, async { entrance.is_open() });
    assert!(!open, "a whole slow batch waits already");
}
