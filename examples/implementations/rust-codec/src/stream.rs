//! Frames that follow one another in a stream.

use crate::memory::Arena;
use crate::record::{Direction, Record};
use crate::refusal::{fail, Code, Refusal, Result};
use crate::{request, response};

pub struct Stream {
    direction: Direction,
    bytes: Bytes,
    ended: bool,
    refusal: Option<Refusal>,
}

impl Stream {
    pub fn new(direction: Direction) -> Stream {
        Stream { direction, bytes: Bytes::new(), ended: false, refusal: None }
    }

    /// Takes the next bytes; none: the stream has ended.
    pub fn push(&mut self, more: &[u8], arena: &mut Arena) -> Result<()> {
        if self.ended {
            return fail(Code::BadArgument);
        }
        self.ended = more.is_empty();
        self.bytes.append(more, arena)
    }

    /// The next frame, if there is one: its record and its length. After a refusal nothing else
    /// comes.
    pub fn next(&mut self, max_message: u32) -> Result<Option<(Record, usize)>> {
        if let Some(refusal) = self.refusal {
            return Err(refusal);
        }
        let result = self.find(max_message);
        self.refusal = result.as_ref().err().copied();
        result
    }

    fn find(&self, max_message: u32) -> Result<Option<(Record, usize)>> {
        let bytes = self.bytes();
        let total = match self.total(max_message) {
            Err(refusal) if refusal.code == Code::TruncatedHeader => usize::MAX,
            total => total?,
        };
        let frame = match bytes.get(..total) {
            Some(frame) => frame,
            None if !self.ended || bytes.is_empty() => return Ok(None),
            None => bytes, // the stream ended inside a frame: judge what there is of it
        };
        Ok(Some((Record::decode(self.direction, frame, max_message)?, frame.len())))
    }

    /// The length of the next frame, from its header.
    fn total(&self, max_message: u32) -> Result<usize> {
        Ok(match self.direction {
            Direction::Requests => {
                let header = request::Header::read(self.bytes())?;
                header.check(max_message)?;
                header.total as usize
            }
            Direction::Responses => {
                let header = response::Header::read(self.bytes())?;
                header.check(max_message)?;
                header.total as usize
            }
        })
    }

    /// The bytes that have come and have not been taken.
    pub fn bytes(&self) -> &[u8] {
        self.bytes.get()
    }

    /// Drops a frame that `next` has found.
    pub fn take(&mut self, size: usize) {
        self.bytes.start += size;
    }
}

/// Bytes in a block that is replaced by one of twice the size when it is full.
struct Bytes {
    block: usize,
    room: usize,
    start: usize,
    end: usize,
}

impl Bytes {
    const fn new() -> Bytes {
        Bytes { block: 0, room: 0, start: 0, end: 0 }
    }

    fn get(&self) -> &[u8] {
        if self.block == 0 {
            return &[];
        }
        // SAFETY: the block is ours until the reset that also forgets the stream.
        unsafe { &core::slice::from_raw_parts(self.pointer(), self.end)[self.start..] }
    }

    fn pointer(&self) -> *mut u8 {
        core::ptr::with_exposed_provenance_mut(self.block)
    }

    fn append(&mut self, more: &[u8], arena: &mut Arena) -> Result<()> {
        let kept = self.end - self.start;
        let size = kept + more.len();
        if self.end + more.len() > self.room {
            let mut next = Bytes { room: self.room, block: self.block, start: 0, end: kept };
            let twice = size.saturating_mul(2);
            if twice > self.room {
                next.room = twice;
                next.block = arena.allocate(next.room);
                if next.block == 0 {
                    return fail(Code::NoMemory);
                }
            }
            // SAFETY: both blocks are ours, have room for what is kept, and may be the same.
            unsafe { core::ptr::copy(self.pointer().add(self.start), next.pointer(), kept) };
            *self = next;
        }
        if !more.is_empty() {
            // SAFETY: the room was checked; the host's bytes are not in our block.
            unsafe {
                core::ptr::copy_nonoverlapping(
                    more.as_ptr(),
                    self.pointer().add(self.end),
                    more.len(),
                );
            }
            self.end += more.len();
        }
        Ok(())
    }
}
