//! Runs of agents: what was accepted, who works on it, what became of it. Which run is begun when is decided above; here it is kept, one
//! transaction a decision.

mod submit;
