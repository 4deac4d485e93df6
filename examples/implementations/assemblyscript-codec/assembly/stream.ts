// Frames that follow one another in a stream.

import { allocate } from "./memory";
import { Code, fail } from "./refusal";
import { REQUEST_HEADER, decodeRequest, requestLength } from "./request";
import { RESPONSE_HEADER, decodeResponse, responseLength } from "./response";

const NONE: u32 = 0;
const REQUESTS: u32 = 1;
const RESPONSES: u32 = 2;

let direction: u32 = NONE;
let ended = false;

// What has come and was not taken: the bytes from start to end of a block that is replaced by one
// of twice the size when it is full.
let block: usize = 0;
let room: u32 = 0;
let start: u32 = 0;
let end: u32 = 0;

export function forgetStream(): void {
  direction = NONE;
  ended = false;
  block = 0;
  room = 0;
  start = 0;
  end = 0;
}

export function openStream(which: u32): i32 {
  if (which != REQUESTS && which != RESPONSES) return fail(Code.BadArgument);
  forgetStream();
  direction = which;
  return 0;
}

/** Takes the next bytes; none: the stream has ended. */
export function pushStream(bytes: usize, size: u32): i32 {
  if (direction == NONE || ended) return fail(Code.BadArgument);
  if (size == 0) {
    ended = true;
    return 0;
  }
  if (size > room - end && !makeRoom(size)) return fail(Code.NoMemory);
  memory.copy(block + end, bytes, size);
  end += size;
  return size;
}

/** Makes room for `size` bytes behind what is kept, which moves to the start of a block. */
function makeRoom(size: u32): bool {
  const kept = end - start;
  const needed = 2 * (u64(kept) + u64(size));
  let next = block;
  if (needed > u64(room)) {
    if (needed > u64(u32.MAX_VALUE)) return false;
    next = allocate(u32(needed));
    if (next == 0) return false;
    room = u32(needed);
  }
  memory.copy(next, block + start, kept);
  block = next;
  start = 0;
  end = kept;
  return true;
}

/** Copies the next frame and writes its record; returns its length, or 0 if there is none. */
export function nextOfStream(rec: usize, cap: u32, out: usize, outCap: u32): i32 {
  if (direction == NONE) return fail(Code.BadArgument);
  const frame = block + start;
  let size = end - start;
  const header = direction == REQUESTS ? REQUEST_HEADER : RESPONSE_HEADER;
  let whole = false;
  if (size >= header) {
    const length = direction == REQUESTS ? requestLength(frame) : responseLength(frame);
    if (length < 0) return i32(length); // and again each time: nothing is taken any more
    whole = length <= i64(size);
    if (whole) size = u32(length);
  }
  if (!whole && (!ended || size == 0)) return 0;
  // At the end of the stream, what there is of a frame is judged as a message.
  if (whole && outCap < size) return fail(Code.BufferTooSmall);
  const result = direction == REQUESTS
    ? decodeRequest(frame, size, rec, cap)
    : decodeResponse(frame, size, rec, cap);
  if (result < 0) return result;
  memory.copy(out, frame, size);
  start += size;
  return size;
}
