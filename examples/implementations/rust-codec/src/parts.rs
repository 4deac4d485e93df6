//! What both headers have in common: fields of four bytes, parts of a length, text.

use crate::refusal::{refuse, Code, Field, Result};

/// The number at an offset that lies inside `bytes`.
pub fn u32_at(bytes: &[u8], offset: usize) -> u32 {
    u32::from_le_bytes([bytes[offset], bytes[offset + 1], bytes[offset + 2], bytes[offset + 3]])
}

/// A part of a message, and the field that speaks of its bytes.
pub struct Part {
    pub length: u32,
    pub field: Field,
}

/// `total_length` as it must be: in 64 bits, where it cannot wrap.
pub fn total(header: usize, parts: &[Part]) -> u64 {
    parts.iter().fold(header as u64, |sum, part| sum + u64::from(part.length))
}

/// Checks that a message has exactly the bytes that its header, which has been
/// checked, promises.
pub fn check_size(header: usize, parts: &[Part], size: usize) -> Result<()> {
    let mut end = header;
    for part in parts {
        end += part.length as usize;
        if size < end {
            return refuse(Code::TruncatedBody, size, part.field);
        }
    }
    if size > end {
        return refuse(Code::Trailing, end, Field::Trailing);
    }
    Ok(())
}

/// Checks a part that is text and starts at `offset`.
pub fn check_text(text: &[u8], offset: usize, field: Field) -> Result<()> {
    match core::str::from_utf8(text) {
        Ok(_) => Ok(()),
        Err(e) => refuse(Code::BadUtf8, offset + e.valid_up_to(), field),
    }
}
