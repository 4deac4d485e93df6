// Refusals (spec chapter 01). The numbers are those of spec/registry/codes.json and abi.json.

export const enum Code {
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

export const enum Field {
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

/** The result of a check that found nothing. A refusal is negative. */
export const ACCEPTED: i32 = 0;

let lastOffset: u32 = 0;
let lastField: u32 = Field.None;

/** Keeps where the fault is, and returns what an export returns for it. */
export function refuse(code: Code, offset: u32, field: Field): i32 {
  lastOffset = offset;
  lastField = field;
  return -code;
}

/** Refuses what has no place in a message. */
export function fail(code: Code): i32 {
  return refuse(code, 0, Field.None);
}

export function forgetRefusal(): void {
  lastOffset = 0;
  lastField = Field.None;
}

/** Writes the error record of the last refusal. */
export function writeError(out: usize, cap: u32): i32 {
  if (cap < 8) return -Code.BufferTooSmall; // and leave what is asked for as it is
  store<u32>(out, lastOffset);
  store<u32>(out, lastField, 4);
  return 8;
}
