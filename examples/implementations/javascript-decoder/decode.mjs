// Decodes one message (spec chapter 01). The checks stand in the order of the chapter.

const utf8 = new TextDecoder("utf-8", { fatal: true });

class Refusal extends Error {}

function refuseIf(fault, code) {
  if (fault) throw new Refusal(code);
}

function isText(part) {
  try {
    utf8.decode(part);
    return true;
  } catch {
    return false;
  }
}

function checkName(name) {
  refuseIf(!isText(name), "BAD_UTF8"); // WIRE-014, 016
  refuseIf(name.includes(0), "NUL_IN_NAME"); // WIRE-015, 017
}

function checkRequest(type, id, module, func, kwargs) {
  refuseIf((id === 0) !== (type === 3), "RESERVED_ID"); // WIRE-011, 018, 019
  if (type === 1) {
    refuseIf(module.length === 0 || func.length === 0, "EMPTY_NAME"); // WIRE-012, 013
    checkName(module);
    checkName(func);
  } else {
    refuseIf(module.length + func.length + kwargs.length > 0, "NONZERO_LENGTH"); // WIRE-020
  }
}

function checkResponse(id, status, success, message) {
  refuseIf(id === 0, "RESERVED_ID"); // WIRE-021
  refuseIf(success > 1, "BAD_SUCCESS"); // WIRE-022
  const [first, last] = success === 1 ? [200, 299] : [400, 599];
  refuseIf(status < first || status > last, "STATUS_CONFLICT"); // WIRE-023, 024
  refuseIf(success === 1 && message.length > 0, "STATUS_CONFLICT"); // WIRE-025
  refuseIf(!isText(message), "BAD_UTF8"); // WIRE-026
}

// Returns the fields, or throws a Refusal. `bytes` is a Buffer.
function fieldsOf(bytes, isRequest, maxMessage) {
  const header = isRequest ? 21 : 20;
  refuseIf(bytes.length < header, "TRUNCATED_HEADER"); // WIRE-001
  const type = bytes[0];
  const id = bytes.readUInt32LE(1);
  const total = bytes.readUInt32LE(5);
  const lengths = (isRequest ? [9, 13, 17] : [9, 15]).map((offset) => bytes.readUInt32LE(offset));

  refuseIf(!(isRequest ? [1, 3, 4] : [2]).includes(type), "BAD_TYPE"); // WIRE-002, 003
  // Numbers are exact up to 2^53, so this sum cannot wrap (WIRE-004).
  const sum = lengths.reduce((a, b) => a + b, header);
  refuseIf(total !== sum, "LENGTH_MISMATCH"); // WIRE-005
  refuseIf(total > maxMessage, "TOO_LARGE"); // WIRE-006
  refuseIf(isRequest && (lengths[0] > 1024 || lengths[1] > 1024), "NAME_TOO_LONG"); // WIRE-007, 008
  refuseIf(bytes.length < total, "TRUNCATED_BODY"); // WIRE-009
  refuseIf(bytes.length > total, "TRAILING"); // WIRE-010

  let end = header;
  const parts = lengths.map((length) => bytes.subarray(end, (end += length)));
  const common = { type, request_id: id, total_length: total, consumed: total };
  if (isRequest) {
    const [module_name, function_name, kwargs] = parts;
    checkRequest(type, id, module_name, function_name, kwargs);
    return { ...common, module_name, function_name, kwargs };
  }
  const [body, error_message] = parts;
  const status_code = bytes.readUInt16LE(13);
  const success = bytes[19];
  checkResponse(id, status_code, success, error_message);
  return { ...common, body, error_message, status_code, success };
}

// Decodes in the manner of spec chapter 08: whole numbers as strings, bytes as hex.
export function decode(bytes, isRequest, maxMessage) {
  try {
    const fields = Object.entries(fieldsOf(bytes, isRequest, maxMessage));
    const written = ([name, value]) => [name, value.toString(typeof value === "number" ? 10 : "hex")];
    return { ok: Object.fromEntries(fields.map(written)) };
  } catch (error) {
    if (error instanceof Refusal) return { reject: error.message };
    throw error;
  }
}
