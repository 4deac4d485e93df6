// Responses: what a worker sends.
//
//   0     1            5              9          13            15                  19        20
//   type  request_id   total_length   body_len   status_code   error_message_len   success   payload

import { maxMessage } from "./limits";
import { RECORD, checkPart, number, part, setNumber } from "./record";
import { ACCEPTED, Code, Field, fail, refuse } from "./refusal";
import { textLength } from "./text";

export const RESPONSE_HEADER: u32 = 20;

const RESPONSE: u32 = 2;

/** The header field that contains an offset. */
function fieldAt(offset: u32): Field {
  if (offset < 1) return Field.Type;
  if (offset < 5) return Field.RequestId;
  if (offset < 9) return Field.TotalLength;
  if (offset < 13) return Field.BodyLen;
  if (offset < 15) return Field.StatusCode;
  if (offset < 19) return Field.ErrorMessageLen;
  return Field.Success;
}

/** What can be said before the payload is there. */
function checkLengths(type: u32, total: u64, body: u32, message: u32): i32 {
  if (type != RESPONSE) return refuse(Code.BadType, 0, Field.Type);
  if (total != u64(RESPONSE_HEADER) + u64(body) + u64(message)) {
    return refuse(Code.LengthMismatch, 5, Field.TotalLength);
  }
  if (total > u64(maxMessage())) return refuse(Code.TooLarge, 5, Field.TotalLength);
  return ACCEPTED;
}

/** What can be said when the payload is there. */
function checkContents(id: u32, status: u32, success: u32, body: u32, messageAt: usize, message: u32): i32 {
  if (id == 0) return refuse(Code.ReservedId, 1, Field.RequestId);
  if (success > 1) return refuse(Code.BadSuccess, 19, Field.Success);
  const agrees = success == 1 ? status >= 200 && status <= 299 : status >= 400 && status <= 599;
  if (!agrees) return refuse(Code.StatusConflict, 13, Field.StatusCode);
  if (success == 1 && message != 0) return refuse(Code.StatusConflict, 15, Field.ErrorMessageLen);
  const good = textLength(messageAt, message);
  if (good < message) return refuse(Code.BadUtf8, RESPONSE_HEADER + body + good, Field.ErrorMessage);
  return ACCEPTED;
}

/** The length of the message whose header lies at an address, or a refusal. */
export function responseLength(header: usize): i64 {
  const total = load<u32>(header, 5);
  const fault = checkLengths(load<u8>(header), total, load<u32>(header, 9), load<u32>(header, 15));
  return fault != ACCEPTED ? fault : total;
}

/** Decodes exactly one message into a record. */
export function decodeResponse(response: usize, size: u32, rec: usize, cap: u32): i32 {
  if (size < RESPONSE_HEADER) return refuse(Code.TruncatedHeader, size, fieldAt(size));
  const total = responseLength(response);
  if (total < 0) return i32(total);
  const type: u32 = load<u8>(response), id = load<u32>(response, 1);
  const body = load<u32>(response, 9), message = load<u32>(response, 15);
  const status: u32 = load<u16>(response, 13), success: u32 = load<u8>(response, 19);
  const bodyAt = RESPONSE_HEADER, messageAt = bodyAt + body;
  if (size < messageAt) return refuse(Code.TruncatedBody, size, Field.Body);
  if (size < u32(total)) return refuse(Code.TruncatedBody, size, Field.ErrorMessage);
  if (size > u32(total)) return refuse(Code.Trailing, u32(total), Field.Trailing);
  const fault = checkContents(id, status, success, body, response + messageAt, message);
  if (fault != ACCEPTED) return fault;
  if (cap < RECORD) return fail(Code.BufferTooSmall);
  setNumber(rec, 0, type);
  setNumber(rec, 1, id);
  setNumber(rec, 2, u32(total));
  setNumber(rec, 3, bodyAt);
  setNumber(rec, 4, body);
  setNumber(rec, 5, messageAt);
  setNumber(rec, 6, message);
  setNumber(rec, 7, status);
  setNumber(rec, 8, success);
  setNumber(rec, 9, u32(total));
  return RECORD;
}

/** Encodes the record at the start of `size` bytes. */
export function encodeResponse(rec: usize, size: u32, out: usize, cap: u32): i32 {
  if (size < RECORD) return fail(Code.BadArgument);
  const type = number(rec, 0), id = number(rec, 1), body = number(rec, 4), message = number(rec, 6);
  const status = number(rec, 7), success = number(rec, 8);
  if (type > 0xff || status > 0xffff || success > 0xff) return fail(Code.BadArgument);
  let fault = checkPart(rec, size, 3);
  if (fault != ACCEPTED) return fault;
  fault = checkPart(rec, size, 5);
  if (fault != ACCEPTED) return fault;
  const total = u64(RESPONSE_HEADER) + u64(body) + u64(message);
  fault = checkLengths(type, total, body, message);
  if (fault != ACCEPTED) return fault;
  fault = checkContents(id, status, success, body, part(rec, 5), message);
  if (fault != ACCEPTED) return fault;
  if (cap < u32(total)) return fail(Code.BufferTooSmall);
  store<u8>(out, type);
  store<u32>(out, id, 1);
  store<u32>(out, u32(total), 5);
  store<u32>(out, body, 9);
  store<u16>(out, status, 13);
  store<u32>(out, message, 15);
  store<u8>(out, success, 19);
  out += RESPONSE_HEADER;
  memory.copy(out, part(rec, 3), body);
  memory.copy(out + body, part(rec, 5), message);
  return i32(total);
}
