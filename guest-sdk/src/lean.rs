//! An allocator for a guest that lives for one call: it hands out memory in a line and takes back only what was handed out
//! last. The instance is thrown away after the call, and all of its memory with it, so there is nothing to keep books about.
//!
//! It starts in a block of its own, inside the memory that the module is born with, because `memory.grow` costs more than the rest of a small
//! request (two `mprotect` calls in the host). The libc allocator is left alone: both may be in one guest.

/// Leaves out what a guest that needs no `std` does not need: memory is never given back, and a panic is a bare trap.
///
/// For a crate with `#![cfg_attr(target_arch = "wasm32", no_std)]` that takes the SDK with `default-features = false`. Its memory is the
/// sum of all it ever allocates, so it suits a plugin that answers and is gone, not one that turns over much data. With the
/// feature `json` there is a `std`, and panics stay with it. Outside WebAssembly this is nothing.
#[cfg(all(target_arch = "wasm32", not(feature = "json")))]
#[macro_export]
macro_rules! lean_runtime {
    () => {
        $crate::__lean_allocator!();

        #[panic_handler]
        fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
            core::arch::wasm32::unreachable()
        }
    };
}

/// Leaves out what a guest that needs no `std` does not need: memory is never given back.
#[cfg(all(target_arch = "wasm32", feature = "json"))]
#[macro_export]
macro_rules! lean_runtime {
    () => {
        $crate::__lean_allocator!();
    };
}

/// What both of the above put into a guest; no part of the SDK's interface.
#[cfg(target_arch = "wasm32")]
#[doc(hidden)]
#[macro_export]
macro_rules! __lean_allocator {
    () => {
        #[global_allocator]
        static ALLOCATOR: $crate::__private::Bump = $crate::__private::Bump::new();

        /// Where the host asks for memory: without this one it would be the allocator of libc, and what comes from there would
        /// be handed to this one.
        #[allow(unsafe_code, reason = "an export of the canonical ABI")]
        #[unsafe(no_mangle)]
        unsafe extern "C" fn cabi_realloc(old: *mut u8, old_bytes: usize, align: usize, bytes: usize) -> *mut u8 {
            unsafe { ALLOCATOR.cabi_realloc(old, old_bytes, align, bytes) }
        }
    };
}

/// Leaves out what a guest that needs no `std` does not need: memory is never given back, and a panic is a bare trap.
///
/// For a crate with `#![cfg_attr(target_arch = "wasm32", no_std)]` that takes the SDK with `default-features = false`. Its memory is the
/// sum of all it ever allocates, so it suits a plugin that answers and is gone, not one that turns over much data. With the
/// feature `json` there is a `std`, and panics stay with it. Outside WebAssembly this is nothing.
#[cfg(not(target_arch = "wasm32"))]
#[macro_export]
macro_rules! lean_runtime {
    () => {};
}

#[cfg(target_arch = "wasm32")]
pub use bump::Bump;

#[cfg(target_arch = "wasm32")]
#[expect(unsafe_code, reason = "an allocator deals in raw memory; a guest has one thread, so a cell is enough")]
mod bump {
    use core::alloc::{GlobalAlloc, Layout};
    use core::arch::wasm32::memory_grow;
    use core::cell::{Cell, UnsafeCell};
    use core::ptr::{copy_nonoverlapping, null_mut};

    /// With a stack of 16 KiB and some kilobytes of data this fills the one page that a small guest starts with; beside a stack of 64 KiB and
    /// what serde_json brings along, the smaller one fills two.
    const FIRST_BLOCK_BYTES: usize = if cfg!(feature = "json") { 20 << 10 } else { 40 << 10 };

    /// What is asked of `memory.grow` at least: few calls, and little asked for in vain, since the host counts it.
    const GROW_BYTES: usize = 256 << 10;

    const PAGE_BYTES: usize = 64 << 10;

    /// See the module. Addresses as numbers; `end` 0 is "not begun".
    pub struct Bump {
        first: UnsafeCell<[u8; FIRST_BLOCK_BYTES]>,
        next: Cell<usize>,
        end: Cell<usize>,
    }

    // SAFETY: the contract's guests have one thread.
    unsafe impl Sync for Bump {}

    impl Bump {
        /// Nothing handed out yet.
        #[expect(clippy::new_without_default, reason = "only ever a static")]
        pub const fn new() -> Self {
            Self { first: UnsafeCell::new([0; FIRST_BLOCK_BYTES]), next: Cell::new(0), end: Cell::new(0) }
        }

        /// Makes room for `bytes` from `start` on, in this block or at the start of a new one: where that room is.
        #[cold]
        #[inline(never)]
        fn make_room(&self, start: usize, bytes: usize, align: usize) -> Option<usize> {
            if self.end.get() == 0 {
                let first = self.first.get() as usize;
                self.next.set(first);
                self.end.set(first + FIRST_BLOCK_BYTES);
                return self.place(bytes, align);
            }
            let pages = bytes.checked_add(align)?.max(GROW_BYTES).div_ceil(PAGE_BYTES);
            let before = memory_grow(0, pages);
            if before == usize::MAX {
                return None;
            }
            let block = before * PAGE_BYTES;
            if block != self.end.get() {
                self.next.set(block); // the block before is not next to it, as after the first
            } else {
                self.next.set(start);
            }
            self.end.set(block.saturating_add(pages * PAGE_BYTES));
            self.place(bytes, align)
        }

        /// The function of the canonical ABI by which the host gets memory for what it hands in. Traps when there is none.
        ///
        /// # Safety
        /// `old` is null, or came from here with this length and alignment; `align` is a power of two.
        #[inline]
        pub unsafe fn cabi_realloc(&self, old: *mut u8, old_bytes: usize, align: usize, bytes: usize) -> *mut u8 {
            if bytes == 0 {
                return core::ptr::without_provenance_mut(align);
            }
            // SAFETY: as promised by the caller.
            let place = unsafe {
                match old_bytes {
                    0 => self.alloc(Layout::from_size_align_unchecked(bytes, align)),
                    _ => self.realloc(old, Layout::from_size_align_unchecked(old_bytes, align), bytes),
                }
            };
            if place.is_null() { core::arch::wasm32::unreachable() } else { place }
        }

        #[inline]
        fn place(&self, bytes: usize, align: usize) -> Option<usize> {
            let start = self.next.get().checked_add(align - 1)? & !(align - 1);
            let next = start.checked_add(bytes)?;
            if next > self.end.get() {
                return self.make_room(start, bytes, align);
            }
            self.next.set(next);
            Some(start)
        }
    }

    // SAFETY: what is handed out lies between `next` and `end` of memory that nobody else has, and `next` moves past it.
    unsafe impl GlobalAlloc for Bump {
        #[inline(never)] // a call costs nothing beside the copies of this that would be everywhere
        unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
            self.place(layout.size(), layout.align()).map_or(null_mut(), |start| start as *mut u8)
        }

        #[inline]
        unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
            if ptr as usize + layout.size() == self.next.get() {
                self.next.set(ptr as usize);
            }
        }

        #[inline(never)]
        unsafe fn realloc(&self, ptr: *mut u8, layout: Layout, new_bytes: usize) -> *mut u8 {
            let start = ptr as usize;
            let is_last = start + layout.size() == self.next.get();
            if is_last && new_bytes <= self.end.get() - start {
                self.next.set(start + new_bytes);
                return ptr;
            }
            if new_bytes <= layout.size() {
                return ptr;
            }
            // SAFETY: the new block has at least the bytes of the old one, and does not overlap it.
            unsafe {
                let moved = self.alloc(Layout::from_size_align_unchecked(new_bytes, layout.align()));
                if !moved.is_null() {
                    copy_nonoverlapping(ptr, moved, layout.size());
                }
                moved
            }
        }
    }
}
