//! The little that stages need of threads.

use std::num::NonZero;
use std::thread::{ScopedJoinHandle, available_parallelism};

/// How many things are worth doing at once.
pub(super) fn cores() -> usize {
    available_parallelism().map_or(1, NonZero::get)
}

/// The result of a thread; a panic in it goes on here.
pub(super) fn joined<T>(thread: ScopedJoinHandle<'_, T>) -> T {
    thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}
