//! Records: how messages travel through the WebAssembly interface (spec chapter 08).

use crate::parts::u32_at;
use crate::refusal::{fail, Code, Result};
use crate::request::{self, Request};
use crate::response::{self, Response};

const SIZE: usize = 40;

#[derive(Clone, Copy)]
pub enum Direction {
    Requests,
    Responses,
}

/// The first `size` bytes of an output.
pub fn room(out: &mut [u8], size: usize) -> Result<&mut [u8]> {
    match out.get_mut(..size) {
        Some(room) => Ok(room),
        None => fail(Code::BufferTooSmall),
    }
}

/// The record of a message that was decoded.
pub struct Record([u32; SIZE / 4]);

impl Record {
    /// Decodes exactly one message.
    pub fn decode(direction: Direction, bytes: &[u8], max_message: u32) -> Result<Record> {
        match direction {
            Direction::Requests => Request::decode(bytes, max_message).map(|r| r.record()),
            Direction::Responses => Response::decode(bytes, max_message).map(|r| r.record()),
        }
    }

    /// Writes the record to the start of `out`; returns its size.
    pub fn write(&self, out: &mut [u8]) -> Result<usize> {
        for (place, number) in room(out, SIZE)?.chunks_exact_mut(4).zip(self.0) {
            place.copy_from_slice(&number.to_le_bytes());
        }
        Ok(SIZE)
    }
}

impl Request<'_> {
    pub fn record(&self) -> Record {
        let [module, function, kwargs] = self.parts.map(|part| part.len() as u32);
        let module_at = request::HEADER as u32;
        let function_at = module_at + module;
        let kwargs_at = function_at + function;
        let total = kwargs_at + kwargs;
        let kind = u32::from(self.kind);
        Record([
            kind,
            self.id,
            total,
            module_at,
            module,
            function_at,
            function,
            kwargs_at,
            kwargs,
            total,
        ])
    }
}

impl Response<'_> {
    pub fn record(&self) -> Record {
        let (body, message) = (self.body.len() as u32, self.message.len() as u32);
        let body_at = response::HEADER as u32;
        let message_at = body_at + body;
        let total = message_at + message;
        let [kind, status, success] = [self.kind.into(), self.status.into(), self.success.into()];
        Record([kind, self.id, total, body_at, body, message_at, message, status, success, total])
    }
}

/// A record of a message to be encoded. Nothing in it is believed.
pub struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    pub fn new(bytes: &'a [u8]) -> Result<Fields<'a>> {
        if bytes.len() < SIZE {
            return fail(Code::BadArgument);
        }
        Ok(Fields(bytes))
    }

    pub fn number(&self, k: usize) -> u32 {
        u32_at(self.0, 4 * k)
    }

    /// A number whose field in the message is narrower than in the record.
    pub fn narrow<T: TryFrom<u32>>(&self, k: usize) -> Result<T> {
        self.number(k).try_into().or(fail(Code::BadArgument))
    }

    /// The part whose offset is the number `k`, and its length the one after it.
    pub fn part(&self, k: usize) -> Result<&'a [u8]> {
        let (offset, size) = (self.number(k) as usize, self.number(k + 1) as usize);
        if size == 0 {
            return Ok(&[]);
        }
        match offset.checked_add(size).and_then(|end| self.0.get(offset..end)) {
            Some(part) if offset >= SIZE => Ok(part),
            _ => fail(Code::BadArgument),
        }
    }
}
