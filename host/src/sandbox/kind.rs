//! The kinds of components: what each exports, what it is bound to and may be given. All the rest (checks, limits, lanes, poison) is the same for
//! every kind and written once, over this trait.

use wasmtime::component::{ComponentNamedList, ComponentType, Lift, Linker, Lower};

use super::guest::GuestState;
use super::outcome::Failure;
use crate::model::{Grants, Power};

/// One kind of component. A value of it holds what all runs of one slot share.
pub(super) trait Kind: Sized + Send + Sync + 'static {
    /// What a run is bound to, in its store. Host functions are linked for one kind's store, so a function of the session does not even type-check
    /// for a kind that is bound to none.
    type Bound: Send + 'static;
    /// What its function is called with.
    type Input: Send + Sync + 'static;
    /// The same as the function takes it.
    type Params<'a>: ComponentNamedList + Lower + Send + Sync;
    /// What the function returns.
    type Answer: ComponentType + Lift + Send + Sync + 'static;
    /// What is made of it.
    type Verdict;

    /// What one is called in messages, with its article.
    const NAME: &'static str;
    /// The interface that makes a component one.
    const INTERFACE: &'static str;
    /// The function of the interface.
    const FUNCTION: &'static str;
    /// What one may be granted at all.
    const POWERS: &'static [Power];
    /// Whether there is a request to ask about.
    const HAS_REQUEST: bool;
    /// Whether equal inputs must give equal answers: then what is random without a grant is the same in every run, and time is measured from the
    /// first instruction on, since nobody waits for the answer within microseconds.
    const IS_PURE: bool;

    /// What a run without an input is bound to.
    fn idle(&self) -> Self::Bound;
    /// Puts the ambient base and every granted function into a linker.
    fn link(linker: &mut Linker<GuestState<Self>>, grants: &Grants) -> wasmtime::Result<()>;
    /// The function's arguments.
    fn params(input: &Self::Input) -> Self::Params<'_>;
    /// How much of the output limit an answer takes, in bytes.
    fn weigh(answer: &Self::Answer) -> usize;
    /// What a guest returns is input, not truth.
    fn judge(answer: Self::Answer) -> Result<Self::Verdict, Failure>;
}
