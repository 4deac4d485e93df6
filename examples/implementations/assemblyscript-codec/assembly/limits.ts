// Limits (spec chapter 07).

export const NAME_MAX: u32 = 1024;

let max: u32 = 67108864;

/** The longest message, in bytes. */
export function maxMessage(): u32 {
  return max;
}

export function setMaxMessage(value: u32): void {
  max = value;
}
