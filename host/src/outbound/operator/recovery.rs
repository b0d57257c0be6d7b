//! Recoveries: everything since a time that an endpoint wants and did not get, delivered to it after all. Noted here as a row; the engine
//! carries it out in steps, and goes on where it was after a restart.

use super::views::{RecoveryForecast, RecoveryLine, RecoveryList};
use super::{Operator, OperatorError, is_disabled};
use crate::config::webhooks::Endpoint;
use crate::model::Millis;
use crate::store::Recovery;

/// Events that are looked at in one read.
const STEP: u32 = 500;

impl Operator {
    /// Recoveries, the newest first.
    pub fn recoveries(&self) -> Result<RecoveryList, OperatorError> {
        Ok(RecoveryList { recoveries: self.store.recoveries()?.iter().map(line).collect() })
    }

    /// Begins a recovery of what was stored at or after `since`.
    pub async fn recover(&self, endpoint: &str, since: Millis) -> Result<RecoveryLine, OperatorError> {
        let endpoint = self.recoverable(endpoint, since)?;
        let noted = self.store.start_recovery(self.recovery(endpoint, since)).await?;
        self.wake();
        Ok(line(&noted))
    }

    /// What such a recovery would do if it began now.
    pub fn forecast(&self, endpoint: &str, since: Millis) -> Result<RecoveryForecast, OperatorError> {
        let endpoint = self.recoverable(endpoint, since)?;
        let mut forecast = RecoveryForecast {
            endpoint: endpoint.name.to_string(),
            since: since.0,
            events: 0,
            would_revive: 0,
            would_create: 0,
        };
        let mut at = Recovery { until: i64::MAX, ..self.recovery(endpoint, since) };
        loop {
            let events = self.store.recoverable(&at, STEP)?;
            for (event, delivery) in &events {
                forecast.events += 1;
                match delivery {
                    // What was given up was wanted when it was made; whether it still is, is asked again as the engine does.
                    Some(state) if state.is_missed() && (self.wants)(&endpoint.name, event) => {
                        forecast.would_revive += 1
                    }
                    None if (self.wants)(&endpoint.name, event) => forecast.would_create += 1,
                    _ => {}
                }
            }
            match events.last() {
                // A read may be short because its events are large; only an empty one is the end.
                Some((event, _)) => at.cursor = event.seq,
                None => return Ok(forecast),
            }
        }
    }

    /// An endpoint that can be recovered from this time on.
    fn recoverable(&self, name: &str, since: Millis) -> Result<&Endpoint, OperatorError> {
        let endpoint = self.configured(name)?;
        let name = &endpoint.name;
        if since > self.clock.now() {
            return Err(OperatorError::Invalid("since: must not be in the future".into()));
        }
        if !endpoint.enabled {
            return Err(OperatorError::Refused(format!("the config switches {name} off (`enabled: false`)")));
        }
        match self.state_of(name)?.filter(|state| state.version == endpoint.version()).and_then(|state| state.disabled)
        {
            Some((_, why)) => Err(OperatorError::Refused(is_disabled(name, &why))),
            None => Ok(endpoint),
        }
    }

    fn recovery(&self, endpoint: &Endpoint, since: Millis) -> Recovery {
        Recovery {
            id: self.ids.job(),
            endpoint: endpoint.name.clone(),
            since,
            until: 0,
            cursor: 0,
            revived: 0,
            created: 0,
            is_done: false,
            created_at: self.clock.now(),
        }
    }
}

fn line(recovery: &Recovery) -> RecoveryLine {
    RecoveryLine {
        id: recovery.id.to_string(),
        endpoint: recovery.endpoint.to_string(),
        since: recovery.since.0,
        until: recovery.until,
        cursor: recovery.cursor,
        revived: recovery.revived,
        created: recovery.created,
        is_done: recovery.is_done,
        created_at: recovery.created_at.0,
    }
}
