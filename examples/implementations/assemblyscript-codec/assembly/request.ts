// Requests: what a master sends.
//
//   0     1            5              9                  13                   17          21
//   type  request_id   total_length   module_name_len   function_name_len   kwargs_len   payload

import { NAME_MAX, maxMessage } from "./limits";
import { RECORD, checkPart, number, part, setNumber } from "./record";
import { ACCEPTED, Code, Field, fail, refuse } from "./refusal";
import { textLength } from "./text";

export const REQUEST_HEADER: u32 = 21;

const REQUEST: u32 = 1;
const SHUTDOWN: u32 = 3;
const CANCEL: u32 = 4;

/** The header field that contains an offset. */
function fieldAt(offset: u32): Field {
  if (offset < 1) return Field.Type;
  if (offset < 5) return Field.RequestId;
  if (offset < 9) return Field.TotalLength;
  if (offset < 13) return Field.ModuleNameLen;
  if (offset < 17) return Field.FunctionNameLen;
  return Field.KwargsLen;
}

/** What can be said before the payload is there. */
function checkLengths(type: u32, total: u64, module: u32, func: u32, kwargs: u32): i32 {
  if (type != REQUEST && type != SHUTDOWN && type != CANCEL) return refuse(Code.BadType, 0, Field.Type);
  if (total != u64(REQUEST_HEADER) + u64(module) + u64(func) + u64(kwargs)) {
    return refuse(Code.LengthMismatch, 5, Field.TotalLength);
  }
  if (total > u64(maxMessage())) return refuse(Code.TooLarge, 5, Field.TotalLength);
  if (module > NAME_MAX) return refuse(Code.NameTooLong, 9, Field.ModuleNameLen);
  if (func > NAME_MAX) return refuse(Code.NameTooLong, 13, Field.FunctionNameLen);
  return ACCEPTED;
}

/** What can be said when the payload is there. */
function checkContents(type: u32, id: u32, moduleAt: usize, module: u32, funcAt: usize, func: u32, kwargs: u32): i32 {
  if ((id == 0) != (type == SHUTDOWN)) return refuse(Code.ReservedId, 1, Field.RequestId);
  if (type != REQUEST) {
    if (module != 0) return refuse(Code.NonzeroLength, 9, Field.ModuleNameLen);
    if (func != 0) return refuse(Code.NonzeroLength, 13, Field.FunctionNameLen);
    if (kwargs != 0) return refuse(Code.NonzeroLength, 17, Field.KwargsLen);
    return ACCEPTED;
  }
  if (module == 0) return refuse(Code.EmptyName, 9, Field.ModuleNameLen);
  if (func == 0) return refuse(Code.EmptyName, 13, Field.FunctionNameLen);
  const fault = checkName(moduleAt, module, REQUEST_HEADER, Field.ModuleName);
  return fault != ACCEPTED ? fault : checkName(funcAt, func, REQUEST_HEADER + module, Field.FunctionName);
}

/** Checks a name that starts at an offset of its message. */
function checkName(name: usize, size: u32, offset: u32, field: Field): i32 {
  const good = textLength(name, size);
  if (good < size) return refuse(Code.BadUtf8, offset + good, field);
  for (let i: u32 = 0; i < size; i++) {
    if (load<u8>(name + i) == 0) return refuse(Code.NulInName, offset + i, field);
  }
  return ACCEPTED;
}

/** The length of the message whose header lies at an address, or a refusal. */
export function requestLength(header: usize): i64 {
  const total = load<u32>(header, 5);
  const fault = checkLengths(load<u8>(header), total, load<u32>(header, 9), load<u32>(header, 13), load<u32>(header, 17));
  return fault != ACCEPTED ? fault : total;
}

/** Decodes exactly one message into a record. */
export function decodeRequest(message: usize, size: u32, rec: usize, cap: u32): i32 {
  if (size < REQUEST_HEADER) return refuse(Code.TruncatedHeader, size, fieldAt(size));
  const total = requestLength(message);
  if (total < 0) return i32(total);
  const type: u32 = load<u8>(message), id = load<u32>(message, 1);
  const module = load<u32>(message, 9), func = load<u32>(message, 13), kwargs = load<u32>(message, 17);
  const moduleAt = REQUEST_HEADER, funcAt = moduleAt + module, kwargsAt = funcAt + func;
  if (size < funcAt) return refuse(Code.TruncatedBody, size, Field.ModuleName);
  if (size < kwargsAt) return refuse(Code.TruncatedBody, size, Field.FunctionName);
  if (size < u32(total)) return refuse(Code.TruncatedBody, size, Field.Kwargs);
  if (size > u32(total)) return refuse(Code.Trailing, u32(total), Field.Trailing);
  const fault = checkContents(type, id, message + moduleAt, module, message + funcAt, func, kwargs);
  if (fault != ACCEPTED) return fault;
  if (cap < RECORD) return fail(Code.BufferTooSmall);
  setNumber(rec, 0, type);
  setNumber(rec, 1, id);
  setNumber(rec, 2, u32(total));
  setNumber(rec, 3, moduleAt);
  setNumber(rec, 4, module);
  setNumber(rec, 5, funcAt);
  setNumber(rec, 6, func);
  setNumber(rec, 7, kwargsAt);
  setNumber(rec, 8, kwargs);
  setNumber(rec, 9, u32(total));
  return RECORD;
}

/** Encodes the record at the start of `size` bytes. */
export function encodeRequest(rec: usize, size: u32, out: usize, cap: u32): i32 {
  if (size < RECORD || number(rec, 0) > 0xff) return fail(Code.BadArgument);
  for (let k: u32 = 3; k < 9; k += 2) {
    const fault = checkPart(rec, size, k);
    if (fault != ACCEPTED) return fault;
  }
  const type = number(rec, 0), id = number(rec, 1);
  const module = number(rec, 4), func = number(rec, 6), kwargs = number(rec, 8);
  const total = u64(REQUEST_HEADER) + u64(module) + u64(func) + u64(kwargs);
  let fault = checkLengths(type, total, module, func, kwargs);
  if (fault != ACCEPTED) return fault;
  fault = checkContents(type, id, part(rec, 3), module, part(rec, 5), func, kwargs);
  if (fault != ACCEPTED) return fault;
  if (cap < u32(total)) return fail(Code.BufferTooSmall);
  store<u8>(out, type);
  store<u32>(out, id, 1);
  store<u32>(out, u32(total), 5);
  store<u32>(out, module, 9);
  store<u32>(out, func, 13);
  store<u32>(out, kwargs, 17);
  out += REQUEST_HEADER;
  memory.copy(out, part(rec, 3), module);
  memory.copy(out + module, part(rec, 5), func);
  memory.copy(out + module + func, part(rec, 7), kwargs);
  return i32(total);
}
