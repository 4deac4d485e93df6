// Records: how messages travel through the interface (spec chapter 08).

import { ACCEPTED, Code, fail } from "./refusal";

export const RECORD: u32 = 40;

/** The number at index k of a record. */
export function number(rec: usize, k: u32): u32 {
  return load<u32>(rec + 4 * k);
}

export function setNumber(rec: usize, k: u32, value: u32): void {
  store<u32>(rec + 4 * k, value);
}

/** Checks that the part whose offset is number k lies behind the record and inside its `size` bytes. */
export function checkPart(rec: usize, size: u32, k: u32): i32 {
  const offset = number(rec, k), length = number(rec, k + 1);
  const inside = offset >= RECORD && u64(offset) + u64(length) <= u64(size);
  return length == 0 || inside ? ACCEPTED : fail(Code.BadArgument);
}

/** The address of a part that has been checked. */
export function part(rec: usize, k: u32): usize {
  return rec + number(rec, k);
}
