//! All connections of one thread: how many there may be, how many bytes they may keep in memory,
//! and which of them end first when there is too much of either.

use crate::http::server::connection::Line;
use std::{
    cell::{Cell, RefCell},
    cmp::Reverse,
    rc::{Rc, Weak},
    time::{Duration, Instant},
};

/// Most bytes that the clients of a thread may have sent without being answered, or asked for
/// without taking them: many times what full queues hold, and a bound on what slow clients cost.
const HELD_MAX: usize = 64 * 1024 * 1024;
/// How often somebody looks whose time is over.
const LOOK: Duration = Duration::from_secs(1);

/// All connections of one thread.
#[derive(Debug)]
pub(in crate::http) struct Crowd {
    most: usize,
    lines: RefCell<Vec<Weak<Line>>>,
    held: Cell<usize>,
}

impl Crowd {
    /// At most `most` connections.
    pub(in crate::http) fn new(most: usize) -> Rc<Self> {
        Rc::new(Self {
            most,
            lines: RefCell::default(),
            held: Cell::default(),
        })
    }

    /// Lets a connection in. Where there are too many, those end that have been quiet for longest;
    /// if all of them are being answered, there is no room.
    pub(in crate::http) fn admit(self: &Rc<Self>) -> Option<Rc<Line>> {
        if self.lines.borrow().len() >= self.most {
            self.make_room();
        }
        let mut lines = self.lines.borrow_mut();
        (lines.len() < self.most).then(|| {
            let line = Rc::new(Line::new(Rc::clone(self)));
            lines.push(Rc::downgrade(&line));
            line
        })
    }

    /// A sixteenth at a time, so that not every newcomer looks at all of them.
    fn make_room(&self) {
        let share = self.most.div_ceil(16);
        let mut here = self.here();
        if here.len().saturating_add(share) > self.most {
            here.retain(|line| !line.is_answering());
            here.sort_unstable_by_key(|line| line.active());
            here.truncate(share);
            for line in here {
                line.end();
            }
        }
        let mut lines = self.lines.borrow_mut();
        lines.retain(|line| line.upgrade().is_some_and(|line| !line.is_ended()));
    }

    /// The connections that were not told to end.
    fn here(&self) -> Vec<Rc<Line>> {
        let lines = self.lines.borrow();
        let here = lines.iter().filter_map(Weak::upgrade);
        here.filter(|line| !line.is_ended()).collect()
    }

    /// So many bytes more are kept. If they are too many, those end that keep most.
    pub(in crate::http) fn hold(&self, bytes: usize) {
        self.held.set(self.held.get().saturating_add(bytes));
        if self.held.get() <= HELD_MAX {
            return;
        }
        let mut here = self.here();
        here.sort_unstable_by_key(|line| Reverse(line.held()));
        for line in here {
            if self.held.get() <= HELD_MAX / 4 * 3 {
                break;
            }
            line.end();
        }
    }

    /// So many bytes are no longer kept.
    pub(in crate::http) fn let_go(&self, bytes: usize) {
        self.held.set(self.held.get().saturating_sub(bytes));
    }

    /// Ends the connections whose clients take longer than they may.
    fn look(&self, now: Instant) {
        for line in self.here() {
            if line.is_overdue(now) {
                line.end();
            }
        }
    }
}

/// Looks after the crowd for as long as there is one.
pub(in crate::http) async fn watch(crowd: Weak<Crowd>) {
    loop {
        tokio::time::sleep(LOOK).await;
        let Some(crowd) = crowd.upgrade() else {
            return;
        };
        crowd.look(Instant::now());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::server::connection::Connection;
    use futures_util::FutureExt;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

    /// The service's side of a connection and the client's.
    fn connect(crowd: &Rc<Crowd>) -> Option<(Connection<DuplexStream>, DuplexStream)> {
        let (service, client) = duplex(1024 * 1024);
        let line = crowd.admit()?;
        Some((Connection::new(service, line), client))
    }

    fn later(seconds: u64) -> Instant {
        Instant::now() + Duration::from_secs(seconds)
    }

    fn is_ended(connection: &mut Connection<DuplexStream>) -> bool {
        let mut byte = [0];
        matches!(connection.read(&mut byte).now_or_never(), Some(Ok(0)))
    }

    #[tokio::test]
    async fn a_head_that_was_begun_has_ten_seconds() {
        let crowd = Crowd::new(9);
        let (mut idle, _client) = connect(&crowd).unwrap();
        let (mut slow, mut client) = connect(&crowd).unwrap();
        client.write_all(b"G").await.unwrap();
        slow.read_u8().await.unwrap();
        crowd.look(later(9));
        assert!(!is_ended(&mut slow));
        crowd.look(later(11));
        assert!(is_ended(&mut slow));
        assert!(!is_ended(&mut idle), "between requests it may wait");
    }

    #[tokio::test]
    async fn a_handler_takes_the_time_that_it_takes() {
        let crowd = Crowd::new(9);
        let (mut connection, mut client) = connect(&crowd).unwrap();
        client.write_all(b"GE").await.unwrap();
        connection.read_u8().await.unwrap();
        let turn = Rc::clone(connection.line()).turn();
        connection.read_u8().await.unwrap();
        crowd.look(later(100));
        assert!(!is_ended(&mut connection));
        drop(turn);
    }

    #[tokio::test]
    async fn an_answer_that_is_not_taken_ends_the_connection() {
        let crowd = Crowd::new(9);
        let (mut connection, _client) = connect(&crowd).unwrap();
        let answer = vec![0; 2 * 1024 * 1024];
        let written = connection.write_all(&answer);
        let mut written = std::pin::pin!(written);
        assert!(written.as_mut().now_or_never().is_none());
        crowd.look(later(19));
        assert!(written.as_mut().now_or_never().is_none());
        assert!(crowd.held.get() > 0);
        crowd.look(later(21));
        assert!(written.as_mut().now_or_never().unwrap().is_err());
        assert_eq!(crowd.held.get(), 0);
    }

    #[tokio::test]
    async fn the_idlest_make_room_and_none_that_is_answered() {
        let crowd = Crowd::new(32);
        let mut all: Vec<_> = (0..32).map(|_| connect(&crowd).unwrap()).collect();
        let turns: Vec<_> = all[..30]
            .iter()
            .map(|c| Rc::clone(c.0.line()).turn())
            .collect();
        all[30].1.write_all(b"G").await.unwrap();
        all[30].0.read_u8().await.unwrap();
        drop(turns);
        let turns: Vec<_> = all[1..]
            .iter()
            .map(|c| Rc::clone(c.0.line()).turn())
            .collect();
        let newcomer = connect(&crowd).unwrap();
        let _turn = Rc::clone(newcomer.0.line()).turn();
        assert!(is_ended(&mut all[0].0));
        assert!(!is_ended(&mut all[1].0));
        assert!(connect(&crowd).is_none(), "all are being answered");
        drop(turns);
        assert!(connect(&crowd).is_some());
    }

    #[tokio::test]
    async fn those_who_keep_most_in_memory_go_first() {
        let crowd = Crowd::new(1000);
        let mut all: Vec<_> = (0..200).map(|_| connect(&crowd).unwrap()).collect();
        let (large, small) = all.split_at_mut(100);
        for (connection, client) in small {
            client.write_all(b"G").await.unwrap();
            connection.read_u8().await.unwrap();
        }
        let mut bytes = vec![0; 1024 * 1024];
        for (connection, client) in large.iter_mut() {
            client.write_all(&bytes).await.unwrap();
            let _end = connection.read_exact(&mut bytes).await;
            assert!(crowd.held.get() <= HELD_MAX);
        }
        let ended = all.iter().map(|c| c.0.line().is_ended());
        let ended: Vec<bool> = ended.collect();
        assert!(ended[..100].contains(&true) && !ended[100..].contains(&true));
    }
}
