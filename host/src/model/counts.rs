//! How many tasks a flow has, by status and by runtime.

use super::view::Members;
use super::{TaskRuntime, TaskStatus};

/// Counts of a flow's tasks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TaskCounts {
    by_status: [u64; TaskStatus::ALL.len()],
    by_runtime: [u64; TaskRuntime::ALL.len()],
}

impl TaskCounts {
    /// Counts `more` tasks of this status and runtime.
    pub fn add(&mut self, status: TaskStatus, runtime: TaskRuntime, more: u64) {
        self.by_status[status as usize] += more;
        self.by_runtime[runtime as usize] += more;
    }

    /// All tasks.
    pub fn total(&self) -> u64 {
        self.by_status.iter().sum()
    }

    /// Those queued or running.
    pub fn active(&self) -> u64 {
        self.sum_of(TaskStatus::is_active)
    }

    /// Those that failed, timed out or were lost.
    pub fn failures(&self) -> u64 {
        self.sum_of(TaskStatus::is_failure)
    }

    fn sum_of(&self, wanted: impl Fn(TaskStatus) -> bool) -> u64 {
        TaskStatus::ALL.iter().zip(self.by_status).filter(|(status, _)| wanted(**status)).map(|(_, count)| count).sum()
    }

    /// Appends `{"total","active","terminal","failures","byStatus":{…},"byRuntime":{…}}`, every counter present.
    pub fn write(&self, out: &mut String) {
        let mut members = Members::begin(out);
        members.number("total", self.total());
        members.number("active", self.active());
        members.number("terminal", self.total() - self.active());
        members.number("failures", self.failures());
        members.object("byStatus", TaskStatus::ALL.iter().map(|status| status.as_str()).zip(self.by_status));
        members.object("byRuntime", TaskRuntime::ALL.iter().map(|runtime| runtime.as_str()).zip(self.by_runtime));
        members.end();
    }

    /// What [`write`](Self::write) appends.
    pub fn view(&self) -> String {
        let mut out = String::with_capacity(256);
        self.write(&mut out);
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_counter_is_present_in_the_order_of_openclaw() {
        let mut counts = TaskCounts::default();
        counts.add(TaskStatus::Queued, TaskRuntime::Subagent, 4);
        counts.add(TaskStatus::Running, TaskRuntime::Acp, 2);
        counts.add(TaskStatus::Lost, TaskRuntime::Cron, 1);
        assert_eq!(
            counts.view(),
            concat!(
                r#"{"total":7,"active":6,"terminal":1,"failures":1,"byStatus":{"queued":4,"running":2,"succeeded":0,"failed":0,"#,
                r#""timed_out":0,"cancelled":0,"lost":1},"byRuntime":{"subagent":4,"acp":2,"cli":0,"cron":1}}"#
            )
        );
    }
}
