//! Requests: what a master sends.

use crate::parts::{check_size, check_text, total, u32_at, Part};
use crate::refusal::{refuse, Code, Field, Result};

pub const HEADER: usize = 21;
const NAME_MAX: u32 = 1024;

const REQUEST: u8 = 1;
const SHUTDOWN: u8 = 3;
const CANCEL: u8 = 4;

/// The length fields, where they lie, and the parts that they speak of.
const LENGTHS: [(Field, usize, Field); 3] = [
    (Field::ModuleNameLen, 9, Field::ModuleName),
    (Field::FunctionNameLen, 13, Field::FunctionName),
    (Field::KwargsLen, 17, Field::Kwargs),
];

pub struct Header {
    pub kind: u8,
    pub id: u32,
    pub total: u64,
    pub lengths: [u32; 3],
}

impl Header {
    pub fn read(bytes: &[u8]) -> Result<Header> {
        if bytes.len() < HEADER {
            let field = match bytes.len() {
                0 => Field::Type,
                1..=4 => Field::RequestId,
                5..=8 => Field::TotalLength,
                n => LENGTHS[(n - 9) / 4].0,
            };
            return refuse(Code::TruncatedHeader, bytes.len(), field);
        }
        Ok(Header {
            kind: bytes[0],
            id: u32_at(bytes, 1),
            total: u64::from(u32_at(bytes, 5)),
            lengths: LENGTHS.map(|(_, offset, _)| u32_at(bytes, offset)),
        })
    }

    fn parts(&self) -> [Part; 3] {
        core::array::from_fn(|k| Part { length: self.lengths[k], field: LENGTHS[k].2 })
    }

    /// What can be said before the payload is there.
    pub fn check(&self, max_message: u32) -> Result<()> {
        if !matches!(self.kind, REQUEST | SHUTDOWN | CANCEL) {
            return refuse(Code::BadType, 0, Field::Type);
        }
        if self.total != total(HEADER, &self.parts()) {
            return refuse(Code::LengthMismatch, 5, Field::TotalLength);
        }
        if self.total > u64::from(max_message) {
            return refuse(Code::TooLarge, 5, Field::TotalLength);
        }
        for (length, (field, offset, _)) in self.lengths.into_iter().zip(LENGTHS).take(2) {
            if length > NAME_MAX {
                return refuse(Code::NameTooLong, offset, field);
            }
        }
        Ok(())
    }
}

pub struct Request<'a> {
    pub kind: u8,
    pub id: u32,
    /// Module name, function name, kwargs.
    pub parts: [&'a [u8]; 3],
}

impl<'a> Request<'a> {
    /// Decodes exactly one message.
    pub fn decode(bytes: &'a [u8], max_message: u32) -> Result<Request<'a>> {
        let header = Header::read(bytes)?;
        header.check(max_message)?;
        check_size(HEADER, &header.parts(), bytes.len())?;
        let mut rest = &bytes[HEADER..];
        let parts = header.lengths.map(|length| {
            let (part, behind) = rest.split_at(length as usize);
            rest = behind;
            part
        });
        let request = Request { kind: header.kind, id: header.id, parts };
        request.check_contents()?;
        Ok(request)
    }

    /// Checks the request as a decoder would, and returns the length of its message.
    pub fn check(&self, max_message: u32) -> Result<usize> {
        let lengths = self.parts.map(|part| part.len() as u32);
        let mut header = Header { kind: self.kind, id: self.id, total: 0, lengths };
        header.total = total(HEADER, &header.parts());
        header.check(max_message)?;
        self.check_contents()?;
        Ok(header.total as usize)
    }

    /// Writes a request that has been checked; `out` has the length of its message.
    pub fn encode(&self, out: &mut [u8]) {
        let size = out.len() as u32;
        let (header, mut rest) = out.split_at_mut(HEADER);
        header[0] = self.kind;
        header[1..5].copy_from_slice(&self.id.to_le_bytes());
        header[5..9].copy_from_slice(&size.to_le_bytes());
        for (part, (_, offset, _)) in self.parts.iter().zip(LENGTHS) {
            header[offset..offset + 4].copy_from_slice(&(part.len() as u32).to_le_bytes());
            let (place, behind) = rest.split_at_mut(part.len());
            place.copy_from_slice(part);
            rest = behind;
        }
    }

    fn check_contents(&self) -> Result<()> {
        if (self.id == 0) != (self.kind == SHUTDOWN) {
            return refuse(Code::ReservedId, 1, Field::RequestId);
        }
        if self.kind != REQUEST {
            return match self.parts.iter().zip(LENGTHS).find(|(part, _)| !part.is_empty()) {
                Some((_, (field, offset, _))) => refuse(Code::NonzeroLength, offset, field),
                None => Ok(()),
            };
        }
        let names = || self.parts.into_iter().zip(LENGTHS).take(2);
        if let Some((_, (field, offset, _))) = names().find(|(name, _)| name.is_empty()) {
            return refuse(Code::EmptyName, offset, field);
        }
        let mut start = HEADER;
        for (name, (_, _, field)) in names() {
            check_text(name, start, field)?;
            if let Some(zero) = name.iter().position(|&byte| byte == 0) {
                return refuse(Code::NulInName, start + zero, field);
            }
            start += name.len();
        }
        Ok(())
    }
}
