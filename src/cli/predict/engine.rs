//! Reader, workers and writer side by side: order is kept, and only so many jobs are on their way that memory is bounded.
//!
//! The writer takes the jobs in the order in which they were read, so a slow one holds up those behind it; the reader waits when
//! too many do. On one thread everything happens on that thread, one job after the other.

use std::ops::ControlFlow;
use std::sync::mpsc::{Receiver, Sender, channel, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use anyhow::Context;

use super::job::{Done, Job, Piece, Step};

/// Jobs on their way, for each worker: one at work, one that waits or was done before its turn.
const JOBS: usize = 2;

/// Hands a step on; breaks when nobody wants more.
pub type Emit<'a> = &'a mut dyn FnMut(Step) -> ControlFlow<()>;

/// A step as it stands in the writer's queue.
enum Ticket {
    Done(Done),
    Working(Receiver<Piece>),
}

/// Runs `read` to its end: each job that it emits goes through `work`, and everything to `write`, in order.
///
/// # Errors
/// The first of `read`, in its place in the order, and of `write`. Threads that are still busy then are left behind: they hold
/// nothing that needs an end, and a reader may wait for its input for ever.
pub fn run(
    threads: usize,
    read: impl FnOnce(Emit<'_>) -> anyhow::Result<()> + Send + 'static,
    work: impl Fn(Job) -> Piece + Send + Sync + 'static,
    write: &mut dyn FnMut(Done) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    if threads <= 1 {
        return on_this_thread(read, work, write);
    }
    let (queue, tickets) = sync_channel::<Ticket>(JOBS * threads);
    let (jobs, waiting) = channel::<(Job, Sender<Piece>)>();
    let (work, waiting) = (Arc::new(work), Arc::new(Mutex::new(waiting)));
    for _ in 0..threads {
        let (work, waiting) = (work.clone(), waiting.clone());
        thread::spawn(move || {
            loop {
                let next = waiting.lock().unwrap_or_else(PoisonError::into_inner).recv();
                let Ok((job, done)) = next else { break };
                // When the writer has given up, nobody wants it.
                let _ = done.send(work(job));
            }
        });
    }
    let reader = thread::spawn(move || {
        read(&mut |step| {
            let (ticket, job) = match step {
                Step::Begin(source) => (Ticket::Done(Done::Begin(source)), None),
                Step::End(source) => (Ticket::Done(Done::End(source)), None),
                Step::Job(job) => {
                    let (done, working) = channel();
                    (Ticket::Working(working), Some((job, done)))
                }
            };
            // The queue has an end, and so have the jobs, for each has its ticket there first.
            if queue.send(ticket).is_err() || job.is_some_and(|job| jobs.send(job).is_err()) {
                return ControlFlow::Break(());
            }
            ControlFlow::Continue(())
        })
    });
    for ticket in tickets {
        let done = match ticket {
            Ticket::Done(done) => done,
            Ticket::Working(piece) => Done::Piece(Box::new(piece.recv().context("a worker stopped")?)),
        };
        write(done)?;
    }
    reader.join().unwrap_or_else(|_| anyhow::bail!("the reader stopped"))
}

fn on_this_thread(
    read: impl FnOnce(Emit<'_>) -> anyhow::Result<()>,
    work: impl Fn(Job) -> Piece,
    write: &mut dyn FnMut(Done) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let mut failed = None;
    let read = read(&mut |step| {
        let done = match step {
            Step::Begin(source) => Done::Begin(source),
            Step::End(source) => Done::End(source),
            Step::Job(job) => Done::Piece(Box::new(work(job))),
        };
        match write(done) {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                failed = Some(error);
                ControlFlow::Break(())
            }
        }
    });
    failed.map_or(read, Err)
}
