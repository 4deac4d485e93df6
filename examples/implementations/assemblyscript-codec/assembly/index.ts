// A Ringwire codec for the WebAssembly interface 1.0 (spec chapter 08): the profiles decode, encode
// and stream. It uses no objects of AssemblyScript, only numbers and memory, so there is no garbage
// collector in the module, and no import.

import { setMaxMessage } from "./limits";
import { allocate, releaseAll } from "./memory";
import { Code, fail, forgetRefusal, writeError } from "./refusal";
import { decodeRequest, encodeRequest } from "./request";
import { decodeResponse, encodeResponse } from "./response";
import { forgetStream, nextOfStream, openStream, pushStream } from "./stream";

const INFO = '{"name":"ringwire-assemblyscript-codec","version":"1.0.0","language":"AssemblyScript",'
  + '"profiles":["decode","encode","stream"],"max_message":"67108864"}';

export function rw_abi_version(): i32 {
  return 1 << 16;
}

export function rw_info(out: usize, cap: u32): i32 {
  const size = INFO.length; // it is ASCII
  if (cap < u32(size)) return fail(Code.BufferTooSmall);
  for (let i = 0; i < size; i++) store<u8>(out + i, INFO.charCodeAt(i));
  return size;
}

export function rw_alloc(size: u32): usize {
  return allocate(size);
}

export function rw_reset(): void {
  releaseAll();
  forgetStream();
  forgetRefusal();
}

export function rw_error(out: usize, cap: u32): i32 {
  return writeError(out, cap);
}

export function rw_set_max_message(size: u32): i32 {
  setMaxMessage(size);
  return 0;
}

export function rw_decode_request(message: usize, size: u32, rec: usize, cap: u32): i32 {
  return decodeRequest(message, size, rec, cap);
}

export function rw_decode_response(message: usize, size: u32, rec: usize, cap: u32): i32 {
  return decodeResponse(message, size, rec, cap);
}

export function rw_encode_request(rec: usize, size: u32, out: usize, cap: u32): i32 {
  return encodeRequest(rec, size, out, cap);
}

export function rw_encode_response(rec: usize, size: u32, out: usize, cap: u32): i32 {
  return encodeResponse(rec, size, out, cap);
}

export function rw_stream_open(direction: u32): i32 {
  return openStream(direction);
}

export function rw_stream_push(bytes: usize, size: u32): i32 {
  return pushStream(bytes, size);
}

export function rw_stream_next(rec: usize, cap: u32, out: usize, outCap: u32): i32 {
  return nextOfStream(rec, cap, out, outCap);
}
