/** FNV-1a over the text's code units, salted and then mixed: 32 bits. */
export function hashText (text: string, salt: number): number {
  let hash = 0x811c9dc5 ^ salt
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193)
  return mix(hash)
}

/** MurmurHash3's finalizer: every bit of the input moves half of the output's. */
export function mix (value: number): number {
  let hash = value
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}

/** A salt from the run's 32-bit seed and a natural number below 2⁵³. */
export function saltOf (seed: number, count: number): number {
  return mix(mix(seed ^ mix(count >>> 0)) ^ Math.floor(count / 2 ** 32))
}

/** The order of ids, the same everywhere: by code units. */
export function byCodeUnits (a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** Everyone once, this peer included, in order. */
export function sortedMembers (self: string, members: Iterable<string>): string[] {
  return [...new Set([self, ...members])].sort(byCodeUnits)
}
