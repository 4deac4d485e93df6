// Decodes messages with the JavaScript parser that Kaitai Struct generates from spec/wire.ksy.
// Speaks JSON lines on standard input and output (spec chapter 08), for the profile decode.
"use strict";

const readline = require("node:readline");
const KaitaiStream = require("kaitai-struct/KaitaiStream");
const { Wire } = require("./generated/Wire.js");

const INFO = {
  name: "ringwire-kaitai-javascript",
  version: "1.0.0",
  language: "JavaScript",
  profiles: ["decode"],
  max_message: "67108864",
};
const HEADER = { decode_request: 21, decode_response: 20 };
const UTF8 = new TextDecoder("utf-8", { fatal: true });
// Fields of a message, and what the generated parser calls them.
const NUMBERS = {
  type: "type",
  request_id: "requestId",
  total_length: "totalLength",
  status_code: "statusCode",
  success: "success",
};
const PARTS = {
  module_name: "moduleName",
  function_name: "functionName",
  kwargs: "kwargs",
  body: "body",
  error_message: "errorMessage",
};

// The code that chapter 01 has for what a `valid` of wire.ksy refuses. `end` is where the refused
// field ends, `kind` the type of the message.
function codeOfValidation(op, end, kind, value) {
  if (end === 1) return "BAD_TYPE";
  if (end === 5) return "RESERVED_ID";
  if (op === "decode_response") {
    if (end === 19) return "LENGTH_MISMATCH";
    return value > 1 ? "BAD_SUCCESS" : "STATUS_CONFLICT";
  }
  if (end === 21) return kind === 1 || value === 0 ? "LENGTH_MISMATCH" : "NONZERO_LENGTH";
  if (value === 0) return "EMPTY_NAME";
  return value > 1024 ? "NAME_TOO_LONG" : "NONZERO_LENGTH";
}

function textFault({ moduleName = [], functionName = [], errorMessage = [] }) {
  for (const text of [moduleName, functionName, errorMessage]) {
    try {
      UTF8.decode(Uint8Array.from(text));
    } catch {
      return "BAD_UTF8";
    }
    if (text !== errorMessage && text.includes(0)) return "NUL_IN_NAME";
  }
  return undefined;
}

function decode(op, data, maxMessage) {
  const stream = new KaitaiStream(data.buffer.slice(data.byteOffset, data.byteOffset + data.length));
  const Parser = op === "decode_request" ? Wire.Request : Wire.Response;
  let message;
  try {
    message = new Parser(stream);
  } catch (error) {
    if ("actual" in error) {
      return { reject: codeOfValidation(op, stream.pos, data[0], error.actual) };
    }
    // The runtime cuts a length to 32 bits with a sign, and so may run into a negative one.
    if (error instanceof KaitaiStream.EOFError || error instanceof RangeError) {
      return { reject: data.length < HEADER[op] ? "TRUNCATED_HEADER" : "TRUNCATED_BODY" };
    }
    throw error;
  }
  // What a parser of Kaitai Struct cannot be told.
  if (message.totalLength > maxMessage) return { reject: "TOO_LARGE" };
  if (!stream.isEof()) return { reject: "TRAILING" };
  const fault = textFault(message);
  if (fault !== undefined) return { reject: fault };
  const fields = { consumed: String(stream.pos) };
  for (const [name, member] of Object.entries(NUMBERS)) {
    if (message[member] !== undefined) fields[name] = String(message[member]);
  }
  for (const [name, member] of Object.entries(PARTS)) {
    if (message[member] !== undefined) fields[name] = Buffer.from(message[member]).toString("hex");
  }
  return { ok: fields };
}

function answer(command) {
  switch (command.cmd) {
    case "start":
      return INFO;
    case "stop":
      return process.exit(0);
  }
  const { seq, op } = command;
  if (!(op in HEADER)) return { seq, skip: "only decodes" };
  return { seq, ...decode(op, Buffer.from(command.hex, "hex"), Number(command.max_message)) };
}

readline.createInterface({ input: process.stdin }).on("line", (line) => {
  process.stdout.write(JSON.stringify(answer(JSON.parse(line))) + "\n");
});
