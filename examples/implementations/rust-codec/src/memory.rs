//! Memory that lasts until the next reset.
//!
//! The host may add pages of its own to the memory, so a stretch of pages that we add need not
//! follow the one before. Each stretch is a chunk, and the chunks form a list:
//!
//! ```text
//! ┌──────┬──────┬────────────┐     ┌──────┬──────┬──────────────┐
//! │ next │ size │ blocks …   │ ──▶ │ next │ size │ blocks …     │ ──▶ 0
//! └──────┴──────┴────────────┘     └──────┴──────┴──────────────┘
//! ```

use core::arch::wasm32::memory_grow;

const PAGE: usize = 65536;
const ALIGNMENT: usize = 16; // also the room for the head of a chunk

#[derive(Clone, Copy)]
struct Chunk {
    next: usize,
    size: usize,
}

pub struct Arena {
    first: usize,
    current: usize, // 0: there is none
    used: usize,    // bytes of the current chunk
}

fn head(chunk: usize) -> *mut Chunk {
    core::ptr::with_exposed_provenance_mut(chunk)
}

impl Arena {
    pub const fn new() -> Arena {
        Arena { first: 0, current: 0, used: 0 }
    }

    /// Gives all blocks back.
    pub fn reset(&mut self) {
        self.current = self.first;
        self.used = ALIGNMENT;
    }

    /// The address of a block of `size` bytes; 0: there is no memory.
    pub fn allocate(&mut self, size: usize) -> usize {
        let Some(size) = size.checked_next_multiple_of(ALIGNMENT) else { return 0 };
        while self.current != 0 {
            // SAFETY: current is the address of a chunk that grow made.
            let chunk = unsafe { *head(self.current) };
            if size <= chunk.size - self.used {
                let block = self.current + self.used;
                self.used += size;
                return block;
            }
            if chunk.next == 0 {
                break;
            }
            self.current = chunk.next;
            self.used = ALIGNMENT;
        }
        if self.grow(size) {
            self.allocate(size)
        } else {
            0
        }
    }

    /// Adds a chunk with room for a block behind the current one, and moves on to it.
    fn grow(&mut self, size: usize) -> bool {
        let Some(needed) = size.checked_add(ALIGNMENT) else { return false };
        let pages = needed.div_ceil(PAGE);
        let before = memory_grow(0, pages);
        if before == usize::MAX {
            return false;
        }
        let chunk = before * PAGE;
        // SAFETY: the pages from `before` on are new and ours alone; current, if it is not 0, is
        // the address of the last chunk.
        unsafe {
            *head(chunk) = Chunk { next: 0, size: pages * PAGE };
            if self.current == 0 {
                self.first = chunk;
            } else {
                (*head(self.current)).next = chunk;
            }
        }
        self.current = chunk;
        self.used = ALIGNMENT;
        true
    }
}
