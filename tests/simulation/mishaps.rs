//! What befalls writers: connections that break, batches that are refused, processes that die.

use super::{
    dispatch::Dispatcher,
    run::Run,
    writers::{LANES, Lane, LaneName, Stage},
};

impl Run {
    /// A lane's connection breaks. What is not committed has not happened, and nobody is told.
    pub fn cut(&mut self, name: LaneName, committed: bool) -> &'static str {
        if committed {
            self.work(name, Stage::Decided);
        }
        let Some((stage, mut batch)) = self.lane(name).batch.take() else {
            return "it had no batch";
        };
        let done = stage == Stage::Committed || stage == Stage::Decided && committed;
        if stage == Stage::Decided && committed {
            self.commit(name, &mut batch);
        }
        self.unlock(name);
        if done {
            self.tally.count("batches that nobody is told of", 1);
            "its batch is durable, and nobody is told"
        } else {
            self.tally.count("batches that never happened", 1);
            "its batch has not happened"
        }
    }

    /// The database refuses a batch that breaks a rule of its own: all of it is run again, each
    /// command alone.
    pub fn refuse(&mut self, name: LaneName) -> &'static str {
        self.work(name, Stage::Decided);
        let lane = self.lane(name);
        match lane.batch.take() {
            Some((Stage::Decided, batch)) => {
                lane.alone += batch.jobs.len();
                for job in batch.jobs.into_iter().rev() {
                    lane.queue.push_front(job);
                }
                self.unlock(name);
                self.tally.count("batches that are run one by one", 1);
                "its batch is run again, each command alone"
            }
            other => {
                lane.batch = other;
                "it had nothing to refuse"
            }
        }
    }

    /// A process dies with all that only it knew, and another takes its place.
    pub fn crash(&mut self, at: usize) {
        for number in 0..LANES[at] {
            let name = LaneName {
                process: at,
                number,
            };
            *self.lane(name) = Lane::default();
            self.unlock(name);
        }
        self.processes[at].calls.clear();
        self.processes[at].dispatcher = Dispatcher::new(self.nature_id());
    }
}
