// Memory that lasts until the next reset.
//
// The host may add pages of its own, so pages that we add need not follow the ones before: they
// form a list of chunks. A chunk starts with the address of the next one and its own end.

const PAGE: u32 = 65536;
const HEAD: u32 = 16;

let first: usize = 0;
let current: usize = 0;
let free: usize = 0; // the first free byte of the current chunk

function nextOf(chunk: usize): usize {
  return load<usize>(chunk);
}

function endOf(chunk: usize): usize {
  return load<usize>(chunk, 4);
}

/** Takes all blocks back. */
export function releaseAll(): void {
  current = first;
  free = first + HEAD;
}

/** The address of a block of `size` bytes, aligned to 16; 0: there is no memory. */
export function allocate(size: u32): usize {
  if (size > 0xffff0000 - HEAD) return 0;
  size = (size + 15) & ~15;
  while (current != 0) {
    if (endOf(current) - free >= size) {
      const block = free;
      free += size;
      return block;
    }
    if (nextOf(current) == 0) break;
    current = nextOf(current);
    free = current + HEAD;
  }
  const pages = (size + HEAD + PAGE - 1) / PAGE;
  const before = memory.grow(pages);
  if (before < 0) return 0;
  const chunk = usize(before) * PAGE;
  if (current == 0) first = chunk;
  else store<usize>(current, chunk);
  store<usize>(chunk, 0);
  // The end of the last page of all needs 33 bits, so a few bytes before it remain unused.
  store<usize>(chunk, chunk + pages * PAGE - HEAD, 4);
  current = chunk;
  free = chunk + HEAD + size;
  return chunk + HEAD;
}
