//! Runs of agents over a real file: whose turn it is, leases, ends, and what a dead process leaves.

use tempfile::TempDir;

use super::super::{
    ClientClaim, Resuming, RunCancelled, RunEnded, RunQuery, RunRoom, RunTold, Store, Submission, TaskRules,
};
use crate::clock::Clock;
use crate::model::{
    AgentId, ClaimedRun, Millis, NewRun, RunEnd, RunId, RunKind, RunNews, RunOptions, RunState, SessionKey,
    SessionMode, Trust,
};

/// No run here has a task.
const RULES: TaskRules = TaskRules {
    begin: |task, _| task.clone(),
    progress: |task, _, _| task.clone(),
    requeue: |task, _| task.clone(),
    end: |task, _, _| task.clone(),
    end_flow: |_, _| None,
};

struct Desk {
    dir: TempDir,
    store: Store,
    clock: Clock,
}

fn desk() -> Desk {
    let (dir, clock) = (super::folder(), Clock::test(Millis(1_000)));
    let store = Store::open(dir.path(), clock.clone()).unwrap();
    Desk { dir, store, clock }
}

fn new(id: &str, session: &str, mode: SessionMode) -> NewRun {
    NewRun {
        id: RunId::new(id),
        agent: AgentId::new("a"),
        session: SessionKey::new(session),
        mode,
        kind: RunKind::Message,
        trust: Trust::Operator,
        origin: "test".into(),
        name: "n".into(),
        message: format!("message of {id}"),
        options: RunOptions::default(),
        task: None,
        callback_url: None,
    }
}

impl Desk {
    async fn submit(&self, runs: &[(&str, &str)]) {
        let runs = runs.iter().map(|(id, session)| new(id, session, SessionMode::Persistent)).collect();
        self.submit_all(runs).await;
    }

    async fn submit_all(&self, runs: Vec<NewRun>) {
        let batch = runs.into_iter().map(|run| Submission { run, once: None }).collect();
        let accepted = self.store.submit_batch(batch).await.unwrap();
        assert!(accepted.iter().all(|accepted| !accepted.is_repeated));
    }

    async fn claim(&self, limit: u32) -> Vec<ClaimedRun> {
        let room = RunRoom { agent: AgentId::new("a"), limit };
        self.store.claim_runs(vec![room], limit, RULES).await.unwrap()
    }

    async fn claim_for(&self, seconds: i64, sessions: &[&str]) -> Option<ClaimedRun> {
        let wish = ClientClaim {
            agent: AgentId::new("a"),
            sessions: sessions.iter().map(|key| SessionKey::new(*key)).collect(),
            at_once_max: 2,
            until: Millis(self.clock.now().0 + seconds * 1000),
        };
        self.store.claim_run(wish, RULES).await.unwrap()
    }

    async fn end(&self, run: &ClaimedRun, state: RunState) -> RunEnded {
        let ending = RunEnd { reply: Some("r".into()), ..RunEnd::without_reply(state, "e") };
        self.store.complete_run(run.run.seq, run.lease, ending, RULES).await.unwrap()
    }

    async fn restart(&mut self, resumes: bool) -> (usize, usize) {
        self.store.close().await;
        self.store = Store::open(self.dir.path(), self.clock.clone()).unwrap();
        self.store.take_over_runs(resuming(resumes), RULES).await.unwrap()
    }

    fn state(&self, id: &str) -> RunState {
        self.store.run(&RunId::new(id)).unwrap().unwrap().state
    }

    fn kinds(&self) -> Vec<String> {
        self.store.undispatched(1_000).unwrap().into_iter().map(|event| event.kind).collect()
    }

    fn count(&self, kind: &str) -> usize {
        self.kinds().iter().filter(|known| *known == kind).count()
    }
}

fn resuming(resumes: bool) -> Resuming {
    Resuming { agents: if resumes { vec![AgentId::new("a")] } else { Vec::new() }, attempts_max: 3 }
}

fn ids(claimed: &[ClaimedRun]) -> Vec<&str> {
    claimed.iter().map(|claimed| claimed.run.asked.id.as_str()).collect()
}

#[tokio::test]
async fn the_first_of_each_session_has_its_turn_and_the_longest_waiting_goes_first() {
    let desk = desk();
    desk.submit(&[("a1", "a"), ("a2", "a"), ("b1", "b"), ("c1", "c")]).await;
    let claimed = desk.claim(2).await;
    assert_eq!(ids(&claimed), ["a1", "b1"]);
    assert_eq!(ids(&desk.claim(9).await), ["c1"]);
    assert!(desk.claim(9).await.is_empty() && !desk.store.has_turn(&AgentId::new("a")).unwrap());
    assert_eq!(desk.end(&claimed[0], RunState::Failed).await, RunEnded::Done);
    assert_eq!(ids(&desk.claim(9).await), ["a2"]);
}

#[tokio::test]
async fn an_end_counts_once_and_only_under_its_lease() {
    let desk = desk();
    desk.submit(&[("a1", "a")]).await;
    let first = desk.claim_for(30, &[]).await.unwrap();
    desk.clock.advance(30_000);
    assert_eq!(desk.store.next_lapse().unwrap(), Some(desk.clock.now()));
    assert_eq!(desk.store.lapse_runs(resuming(true), RULES).await.unwrap(), (1, 0));
    assert_eq!(desk.end(&first, RunState::Succeeded).await, RunEnded::Stale);
    let second = desk.claim_for(30, &["z", "a"]).await.unwrap();
    assert_eq!((second.lease, second.run.attempts), (2, 2));
    assert_eq!(desk.end(&first, RunState::Succeeded).await, RunEnded::Stale);
    assert_eq!(desk.end(&second, RunState::Succeeded).await, RunEnded::Done);
    assert_eq!(desk.end(&second, RunState::Succeeded).await, RunEnded::Repeated);
    assert_eq!(desk.end(&second, RunState::Failed).await, RunEnded::Stale);
    assert_eq!((desk.count("message.sent"), desk.count("error.occurred")), (1, 1));
}

#[tokio::test]
async fn what_a_dead_process_left_is_begun_again_in_its_place_or_lost_once() {
    let mut desk = desk();
    desk.submit(&[("a1", "a"), ("a2", "a"), ("b1", "b")]).await;
    desk.claim(1).await;
    // A client lives on, whatever happens to this process.
    desk.claim_for(30, &["b"]).await.unwrap();
    for attempt in 2..=3 {
        assert_eq!(desk.restart(true).await, (1, 0));
        let again = desk.claim(9).await;
        assert_eq!((ids(&again), again[0].run.attempts), (vec!["a1"], attempt));
    }
    assert_eq!(desk.restart(true).await, (0, 1), "not for ever");
    assert_eq!(desk.state("a1"), RunState::Lost);
    assert_eq!(ids(&desk.claim(9).await), ["a2"]);
    assert_eq!(desk.restart(false).await, (0, 1));
    assert_eq!(desk.restart(false).await, (0, 0));
    assert_eq!((desk.state("a2"), desk.state("b1")), (RunState::Lost, RunState::Running));
    assert_eq!(desk.count("error.occurred"), 4);
}

#[tokio::test]
async fn every_end_is_told_once_beside_the_url_that_was_given_and_both_are_forgotten_together() {
    let mut desk = desk();
    let with_url = |id: &str| NewRun {
        callback_url: Some(format!("https://x.example/{id}")),
        ..new(id, id, SessionMode::Isolated)
    };
    let runs = ["cancelled", "lapsed", "lost", "ended"].map(with_url).into_iter().chain([new(
        "silent",
        "silent",
        SessionMode::Isolated,
    )]);
    desk.submit_all(runs.collect()).await;
    let finished = |desk: &Desk| -> Vec<_> {
        let events = desk.store.undispatched(1_000).unwrap().into_iter();
        let ends = events.filter(|event| event.kind == "run.finished");
        ends.map(|end| (end.session.unwrap().as_str().to_owned(), end.callback_url)).collect()
    };
    let end = |id: &str| (id.to_owned(), Some(format!("https://x.example/{id}")));
    desk.store.cancel_run(&RunId::new("cancelled"), RULES).await.unwrap();
    assert!(desk.claim_for(1, &["lapsed"]).await.is_some());
    desk.clock.advance(1_000);
    assert_eq!(desk.store.lapse_runs(resuming(true), RULES).await.unwrap(), (1, 0));
    assert_eq!(finished(&desk), [end("cancelled")], "one that is begun again has not ended");
    assert!(desk.claim_for(1, &["lapsed"]).await.is_some());
    desk.clock.advance(1_000);
    assert_eq!(desk.store.lapse_runs(resuming(false), RULES).await.unwrap(), (0, 1));
    let claimed = desk.claim(9).await;
    assert_eq!(ids(&claimed), ["lost", "ended", "silent"]);
    for run in &claimed[1..] {
        assert_eq!(desk.end(run, RunState::Succeeded).await, RunEnded::Done);
        assert_eq!(desk.end(run, RunState::Succeeded).await, RunEnded::Repeated);
    }
    assert_eq!(desk.restart(false).await, (0, 1));
    let silent = ("silent".to_owned(), None);
    assert_eq!(finished(&desk), [end("cancelled"), end("lapsed"), end("ended"), silent, end("lost")]);

    // All but the newest, which is never deleted.
    let newest = desk.store.newest_event().unwrap().unwrap();
    desk.store.dispatch(newest, Vec::new()).await.unwrap();
    desk.clock.advance(1_000);
    while desk.store.forget_outbound(desk.clock.now(), desk.clock.now()).await.unwrap() {}
    let db = rusqlite::Connection::open(desk.dir.path().join("sandclaw.db")).unwrap();
    let left: i64 = db.query_row("SELECT count(*) FROM callbacks", [], |row| row.get(0)).unwrap();
    assert_eq!(left, 1);
}

#[tokio::test]
async fn a_cancelled_run_never_begins_and_one_under_way_is_told() {
    let mut desk = desk();
    desk.submit(&[("a1", "a"), ("a2", "a"), ("a3", "a")]).await;
    let cancel = async |id: &str| desk.store.cancel_run(&RunId::new(id), RULES).await.unwrap();
    let first = desk.claim(1).await.remove(0);
    assert_eq!(cancel("a2").await, RunCancelled::Done);
    assert_eq!(cancel("a2").await, RunCancelled::Ended(RunState::Cancelled));
    assert_eq!(cancel("nobody").await, RunCancelled::Missing);
    assert!(desk.store.runs_to_stop().unwrap().is_empty());
    assert_eq!(cancel("a1").await, RunCancelled::Asked);
    assert_eq!(desk.store.runs_to_stop().unwrap(), [RunId::new("a1")]);
    let told = desk.store.tell_run(first.run.seq, first.lease, Vec::new(), None, RULES).await.unwrap();
    assert_eq!(told, RunTold::Done { is_to_stop: true });
    // Wanted by nobody any more, so not begun again.
    assert_eq!(desk.restart(true).await, (0, 1));
    assert_eq!(desk.state("a1"), RunState::Cancelled);
    assert_eq!(ids(&desk.claim(9).await), ["a3"]);
}

#[tokio::test]
async fn a_session_remembers_what_its_runner_calls_it_until_nobody_uses_it() {
    let desk = desk();
    desk.submit(&[("a1", "a"), ("a2", "a")]).await;
    let first = desk.claim(1).await.remove(0);
    assert_eq!(first.runner_session, None);
    let news = vec![
        RunNews::Session("thread-7".into()),
        RunNews::ToolCalled { id: "1".into(), name: "read".into() },
        RunNews::ToolCompleted { id: "1".into(), name: "read".into(), ok: true },
        RunNews::Summary("reads".into()),
    ];
    desk.store.tell_run(first.run.seq, first.lease, news, None, RULES).await.unwrap();
    assert_eq!(desk.store.run(&RunId::new("a1")).unwrap().unwrap().summary.as_deref(), Some("reads"));
    desk.end(&first, RunState::Succeeded).await;
    let second = desk.claim(1).await.remove(0);
    assert_eq!(second.runner_session.as_deref(), Some("thread-7"));
    desk.clock.advance(10_000);
    let now = desk.clock.now();
    assert!(!desk.store.forget_runs(now, now).await.unwrap());
    assert_eq!(desk.count("session.ended"), 0, "it has an open run");
    desk.end(&second, RunState::Succeeded).await;
    desk.clock.advance(1);
    let now = desk.clock.now();
    assert!(!desk.store.forget_runs(now, now).await.unwrap());
    assert!(desk.store.runs(&RunQuery { recent: 9, ..RunQuery::default() }).unwrap().is_empty());
    let kinds =
        ["session.created", "tool.called", "tool.completed", "message.received", "message.sent", "session.ended"];
    assert_eq!(kinds.map(|kind| desk.count(kind)), [1, 1, 1, 2, 2, 1]);
}

#[tokio::test]
async fn an_isolated_run_is_a_session_of_its_own_and_still_waits_its_turn() {
    let desk = desk();
    let runs = ["a1", "a2"].map(|id| new(id, "a", SessionMode::Isolated)).to_vec();
    desk.submit_all(runs).await;
    let first = desk.claim(9).await;
    assert_eq!(ids(&first), ["a1"]);
    desk.end(&first[0], RunState::TimedOut).await;
    assert_eq!((desk.count("session.created"), desk.count("session.ended")), (2, 1));
}

#[tokio::test]
async fn lists_are_by_agent_and_state_and_whoever_waits_is_told() {
    let desk = desk();
    let mut changes = desk.store.runs_changed();
    desk.submit(&[("a1", "a"), ("a2", "a"), ("b1", "b")]).await;
    changes.changed().await.unwrap();
    let query = |agent: Option<&str>, states: &[RunState]| RunQuery {
        recent: 2,
        agent: agent.map(AgentId::new),
        states: states.to_vec(),
    };
    let list = |query: &RunQuery| -> Vec<String> {
        desk.store.runs(query).unwrap().iter().map(|run| run.asked.id.to_string()).collect()
    };
    assert_eq!(list(&query(None, &[])), ["b1", "a2"]);
    desk.claim(1).await;
    changes.changed().await.unwrap();
    assert_eq!(list(&query(None, &[RunState::Running])), ["a1"]);
    assert_eq!(list(&query(Some("a"), &[RunState::Running, RunState::Queued])), ["b1", "a2"]);
    assert_eq!(list(&query(Some("b"), &[])), Vec::<String>::new());
}
