//! Responses: what a worker sends.

use crate::parts::{check_size, check_text, total, u32_at, Part};
use crate::refusal::{refuse, Code, Field, Result};

pub const HEADER: usize = 20;

const RESPONSE: u8 = 2;

pub struct Header {
    pub kind: u8,
    pub id: u32,
    pub total: u64,
    pub body_length: u32,
    pub status: u16,
    pub message_length: u32,
    pub success: u8,
}

impl Header {
    pub fn read(bytes: &[u8]) -> Result<Header> {
        if bytes.len() < HEADER {
            let field = match bytes.len() {
                0 => Field::Type,
                1..=4 => Field::RequestId,
                5..=8 => Field::TotalLength,
                9..=12 => Field::BodyLen,
                13..=14 => Field::StatusCode,
                15..=18 => Field::ErrorMessageLen,
                _ => Field::Success,
            };
            return refuse(Code::TruncatedHeader, bytes.len(), field);
        }
        Ok(Header {
            kind: bytes[0],
            id: u32_at(bytes, 1),
            total: u64::from(u32_at(bytes, 5)),
            body_length: u32_at(bytes, 9),
            status: u16::from_le_bytes([bytes[13], bytes[14]]),
            message_length: u32_at(bytes, 15),
            success: bytes[19],
        })
    }

    fn parts(&self) -> [Part; 2] {
        [
            Part { length: self.body_length, field: Field::Body },
            Part { length: self.message_length, field: Field::ErrorMessage },
        ]
    }

    /// What can be said before the payload is there.
    pub fn check(&self, max_message: u32) -> Result<()> {
        if self.kind != RESPONSE {
            return refuse(Code::BadType, 0, Field::Type);
        }
        if self.total != total(HEADER, &self.parts()) {
            return refuse(Code::LengthMismatch, 5, Field::TotalLength);
        }
        if self.total > u64::from(max_message) {
            return refuse(Code::TooLarge, 5, Field::TotalLength);
        }
        Ok(())
    }
}

pub struct Response<'a> {
    pub kind: u8,
    pub id: u32,
    pub status: u16,
    pub success: u8,
    pub body: &'a [u8],
    pub message: &'a [u8],
}

impl<'a> Response<'a> {
    /// Decodes exactly one message.
    pub fn decode(bytes: &'a [u8], max_message: u32) -> Result<Response<'a>> {
        let header = Header::read(bytes)?;
        header.check(max_message)?;
        check_size(HEADER, &header.parts(), bytes.len())?;
        let (body, message) = bytes[HEADER..].split_at(header.body_length as usize);
        let Header { kind, id, status, success, .. } = header;
        let response = Response { kind, id, status, success, body, message };
        response.check_contents()?;
        Ok(response)
    }

    /// Checks the response as a decoder would, and returns the length of its message.
    pub fn check(&self, max_message: u32) -> Result<usize> {
        let mut header = Header {
            kind: self.kind,
            id: self.id,
            total: 0,
            body_length: self.body.len() as u32,
            status: self.status,
            message_length: self.message.len() as u32,
            success: self.success,
        };
        header.total = total(HEADER, &header.parts());
        header.check(max_message)?;
        self.check_contents()?;
        Ok(header.total as usize)
    }

    /// Writes a response that has been checked; `out` has the length of its message.
    pub fn encode(&self, out: &mut [u8]) {
        let size = out.len() as u32;
        let (header, payload) = out.split_at_mut(HEADER);
        header[0] = self.kind;
        header[1..5].copy_from_slice(&self.id.to_le_bytes());
        header[5..9].copy_from_slice(&size.to_le_bytes());
        header[9..13].copy_from_slice(&(self.body.len() as u32).to_le_bytes());
        header[13..15].copy_from_slice(&self.status.to_le_bytes());
        header[15..19].copy_from_slice(&(self.message.len() as u32).to_le_bytes());
        header[19] = self.success;
        let (body, message) = payload.split_at_mut(self.body.len());
        body.copy_from_slice(self.body);
        message.copy_from_slice(self.message);
    }

    fn check_contents(&self) -> Result<()> {
        if self.id == 0 {
            return refuse(Code::ReservedId, 1, Field::RequestId);
        }
        let good = match self.success {
            0 => 400..=599,
            1 => 200..=299,
            _ => return refuse(Code::BadSuccess, 19, Field::Success),
        };
        if !good.contains(&self.status) {
            return refuse(Code::StatusConflict, 13, Field::StatusCode);
        }
        if self.success == 1 && !self.message.is_empty() {
            return refuse(Code::StatusConflict, 15, Field::ErrorMessageLen);
        }
        check_text(self.message, HEADER + self.body.len(), Field::ErrorMessage)
    }
}
