// Text is UTF-8 as in RFC 3629.

/** The offset of the first ill-formed sequence; the size if there is none. */
export function textLength(text: usize, size: u32): u32 {
  let i: u32 = 0;
  while (i < size) {
    const n = sequenceLength(text + i, size - i);
    if (n == 0) return i;
    i += n;
  }
  return size;
}

/** The length of the well-formed sequence at the start of `size` bytes, at least one; 0: none. */
function sequenceLength(at: usize, size: u32): u32 {
  const lead = load<u8>(at);
  if (lead < 0x80) return 1;
  if (lead < 0xc2 || lead > 0xf4) return 0;
  const length: u32 = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  if (size < length) return 0;
  const second = load<u8>(at, 1);
  if (second < lowestSecond(lead) || second > highestSecond(lead)) return 0;
  for (let k: u32 = 2; k < length; k++) {
    if ((load<u8>(at + k) & 0xc0) != 0x80) return 0;
  }
  return length;
}

/** A lesser second byte would make an overlong form. */
function lowestSecond(lead: u8): u8 {
  return lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
}

/** A greater second byte would make a surrogate, or something above U+10FFFF. */
function highestSecond(lead: u8): u8 {
  return lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
}
