//! One claimed run, from its runner's first word to the row of its end.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use super::super::prompt;
use super::super::runner::{Job, Progress};
use super::{Engine, Serving};
use crate::model::{ClaimedRun, RunEnd, RunKind, RunNews, RunState};
use crate::store::patience::until_stored;
use crate::store::{RunEnded, RunTold};
use crate::taskflow::FOLLOWING;

/// What a runner may tell ahead of the disk; then it waits.
const AHEAD_MAX: usize = 64;
/// News of one run are written so often at most: a person who looks sees no difference, and the disk does.
const TELL_PACE: Duration = Duration::from_millis(100);
/// Calls of tools that one run tells of. Each is an event; a run that needs more is going round in circles.
const TOOL_NEWS_MAX: usize = 10_000;
/// A runner keeps its time limit and stops when it is told to. One that does neither is dropped so much later.
const OVERDUE: Duration = Duration::from_secs(30);
/// For the last news of a run that has ended, should the store be slow.
const LAST_NEWS: Duration = Duration::from_secs(10);

/// The most that is kept of an answer, whatever the runner's own limit.
const REPLY_BYTES_MAX: usize = 16 << 20;
/// The most that is kept of a sentence on what went wrong, and of a name.
const SENTENCE_BYTES_MAX: usize = 4 << 10;

pub(super) async fn run(engine: Arc<Engine>, agent: Arc<Serving>, claimed: ClaimedRun, stop: CancellationToken) {
    let id = claimed.run.asked.id.clone();
    let ending = carried_out(&engine, &agent, &claimed, stop).await;
    tell(&claimed, &ending);
    let written = until_stored(&engine.cut, "the end of a run could not be written", || {
        engine.store.complete_run(claimed.run.seq, claimed.lease, ending.clone(), FOLLOWING)
    });
    // If it never is, the row stays leased, and the next start finds it as interrupted.
    if written.await == Some(RunEnded::Stale) {
        tracing::warn!(run = %id, "the lease was lost before the run ended; its end is not written");
    }
    engine.under_way().remove(&id);
    engine.room.notify_one();
}

/// In a task of its own: a panic of a runner is this gateway's failure, and ends nothing but the run.
async fn carried_out(engine: &Engine, agent: &Serving, claimed: &ClaimedRun, stop: CancellationToken) -> RunEnd {
    let (telling, told) = mpsc::channel(AHEAD_MAX);
    let job = job(agent, claimed, stop.clone());
    let timeout = job.timeout;
    let runs = agent.runs.clone();
    let running = AbortOnDropHandle::new(tokio::spawn(async move { runs.run(job, telling).await }));
    let ended = async move {
        tokio::select! {
            ended = running => ended.map_or_else(
                |_| RunEnd::without_reply(RunState::Failed, "the runner panicked in the gateway; its log tells more"),
                bounded,
            ),
            forced = overdue(timeout, &stop) => forced,
        }
    };
    let news = write_news(engine, claimed, told);
    tokio::pin!(ended, news);
    tokio::select! {
        ending = &mut ended => {
            let _ = tokio::time::timeout(LAST_NEWS, news).await;
            ending
        }
        () = &mut news => ended.await,
    }
}

/// The end of a run whose runner keeps to nothing.
async fn overdue(timeout: Duration, stop: &CancellationToken) -> RunEnd {
    tokio::select! {
        () = tokio::time::sleep(timeout + OVERDUE) => {
            RunEnd::without_reply(RunState::TimedOut, format!("not ended after {} s", timeout.as_secs()))
        }
        () = async {
            stop.cancelled().await;
            tokio::time::sleep(OVERDUE).await;
        } => RunEnd::without_reply(RunState::Cancelled, "cancelled on request; the runner had to be dropped"),
    }
}

fn job(agent: &Serving, claimed: &ClaimedRun, stop: CancellationToken) -> Job {
    let asked = &claimed.run.asked;
    let wanted = asked.options.timeout_seconds.map(Duration::from_secs);
    Job {
        run: asked.id.clone(),
        agent: asked.agent.clone(),
        session: asked.session.clone(),
        mode: asked.mode,
        runner_session: claimed.runner_session.clone(),
        prompt: prompt::of(asked),
        message: asked.message.clone(),
        source: asked.name.clone(),
        is_wake: asked.kind == RunKind::Wake,
        options: asked.options.clone(),
        timeout: wanted.map_or(agent.timeout, |wanted| wanted.min(agent.timeout)),
        attempt: claimed.run.attempts,
        stop,
    }
}

/// Writes what the runner tells, until it tells no more.
async fn write_news(engine: &Engine, claimed: &ClaimedRun, mut told: mpsc::Receiver<Progress>) {
    let mut batch = Vec::new();
    let mut tools = 0;
    while told.recv_many(&mut batch, AHEAD_MAX).await > 0 {
        let news = news(batch.drain(..), &mut tools);
        if news.is_empty() {
            continue;
        }
        let written = until_stored(&engine.cut, "news of a run could not be written", || {
            engine.store.tell_run(claimed.run.seq, claimed.lease, news.clone(), None, FOLLOWING)
        });
        if let None | Some(RunTold::Stale) = written.await {
            break;
        }
        tokio::time::sleep(TELL_PACE).await;
    }
    // Nobody writes any more; the runner is not to wait for that.
    while told.recv().await.is_some() {}
}

/// What of it is written: the last summary, the last name of the session, and calls of tools as far as they are bearable.
fn news(told: impl Iterator<Item = Progress>, tools: &mut usize) -> Vec<RunNews> {
    let (mut session, mut summary, mut calls) = (None, None, Vec::new());
    for progress in told {
        match progress {
            // The whole answer comes with the end.
            Progress::Text(_) => {}
            Progress::Session(name) => session = Some(RunNews::Session(cut(name, SENTENCE_BYTES_MAX))),
            Progress::Summary(line) => summary = Some(RunNews::Summary(cut(line, SENTENCE_BYTES_MAX))),
            Progress::ToolCalled { .. } | Progress::ToolCompleted { .. } if *tools >= TOOL_NEWS_MAX => {}
            Progress::ToolCalled { id, name } => {
                *tools += 1;
                let (id, name) = (cut(id, SENTENCE_BYTES_MAX), cut(name, SENTENCE_BYTES_MAX));
                calls.push(RunNews::ToolCalled { id, name });
            }
            Progress::ToolCompleted { id, name, ok } => {
                *tools += 1;
                let (id, name) = (cut(id, SENTENCE_BYTES_MAX), cut(name, SENTENCE_BYTES_MAX));
                calls.push(RunNews::ToolCompleted { id, name, ok });
            }
        }
    }
    session.into_iter().chain(calls).chain(summary).collect()
}

/// What a runner says of the end, as far as it can be kept.
fn bounded(ending: RunEnd) -> RunEnd {
    let RunEnd { state, reply, error, model, usage } = ending;
    RunEnd {
        state: if state.is_ended() { state } else { RunState::Failed },
        reply: reply.map(|reply| cut(reply, REPLY_BYTES_MAX)),
        error: error.map(|error| cut(error, SENTENCE_BYTES_MAX)),
        model: model.map(|model| cut(model, SENTENCE_BYTES_MAX)),
        usage,
    }
}

/// The text, at most so many bytes of it.
pub(in crate::agents) fn cut(mut text: String, bytes_max: usize) -> String {
    if text.len() > bytes_max {
        text.truncate(text.floor_char_boundary(bytes_max));
        text.push('…');
    }
    text
}

fn tell(claimed: &ClaimedRun, ending: &RunEnd) {
    let (run, agent, attempt) = (&claimed.run.asked.id, &claimed.run.asked.agent, claimed.run.attempts);
    match &ending.error {
        Some(error) if ending.state.is_failure() => {
            tracing::warn!(%run, %agent, attempt, "a run ended as {}: {error}", ending.state);
        }
        _ => tracing::info!(%run, %agent, attempt, "a run ended as {}", ending.state),
    }
}
