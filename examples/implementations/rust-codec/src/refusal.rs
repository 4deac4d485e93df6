//! Refusals (spec chapter 01). The numbers are those of `spec/registry/codes.json` and `abi.json`.

#[derive(Clone, Copy, PartialEq)]
pub enum Code {
    TruncatedHeader = 1,
    TruncatedBody = 2,
    LengthMismatch = 3,
    Trailing = 4,
    BadType = 5,
    TooLarge = 6,
    NameTooLong = 7,
    BadSuccess = 8,
    BadUtf8 = 9,
    EmptyName = 10,
    NulInName = 11,
    StatusConflict = 12,
    ReservedId = 13,
    NonzeroLength = 14,
    BufferTooSmall = 64,
    BadArgument = 65,
    NoMemory = 66,
}

#[derive(Clone, Copy, PartialEq)]
pub enum Field {
    None = 0,
    Type = 1,
    RequestId = 2,
    TotalLength = 3,
    ModuleNameLen = 4,
    FunctionNameLen = 5,
    KwargsLen = 6,
    BodyLen = 7,
    StatusCode = 8,
    ErrorMessageLen = 9,
    Success = 10,
    ModuleName = 16,
    FunctionName = 17,
    Kwargs = 18,
    Body = 19,
    ErrorMessage = 20,
    Trailing = 21,
}

#[derive(Clone, Copy)]
pub struct Refusal {
    pub code: Code,
    pub offset: usize,
    pub field: Field,
}

pub type Result<T> = core::result::Result<T, Refusal>;

pub fn refuse<T>(code: Code, offset: usize, field: Field) -> Result<T> {
    Err(Refusal { code, offset, field })
}

/// A refusal that points at no byte.
pub fn fail<T>(code: Code) -> Result<T> {
    refuse(code, 0, Field::None)
}
