/** First free byte of this module's own memory: everything behind it is the caller's scratch. */
export function arenaStart (): usize {
  return (__heap_base + 63) & ~63
}
