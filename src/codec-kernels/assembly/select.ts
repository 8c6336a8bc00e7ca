// The largest magnitudes of a chunk by radix selection: the bits of a finite float without its sign are ordered as its magnitude is.
const MAGNITUDE: u32 = 0x7fffffff
const MAGNITUDE_BITS: u32 = 31
/** Short chunks pay more for clearing the counts than for one more pass. */
const SHORT: u32 = 1024

/**
 * The magnitude of rank `rank`, from 1 for the largest.
 *
 * @param counts 2048 × u32 of scratch
 */
function magnitudeOfRank (values: usize, size: u32, rank: u32, counts: usize): u32 {
  const digitBits: u32 = size > SHORT ? 11 : 8
  let prefix: u32 = 0
  let known = MAGNITUDE_BITS
  while (known > 0) {
    const shift = known > digitBits ? known - digitBits : 0
    const digits: u32 = 1 << (known - shift)
    memory.fill(counts, 0, digits << 2)
    for (let i: u32 = 0; i < size; i++) {
      const magnitude = load<u32>(values + (i << 2)) & MAGNITUDE
      if (magnitude >> known !== prefix) continue
      const at = counts + (((magnitude >> shift) & (digits - 1)) << 2)
      store<u32>(at, load<u32>(at) + 1)
    }
    let digit = digits - 1
    for (; ; digit--) {
      const count = load<u32>(counts + (digit << 2))
      if (count >= rank) break
      rank -= count
    }
    prefix = (prefix << (known - shift)) | digit
    known = shift
  }
  return prefix
}

/**
 * Moves the `kept` largest magnitudes of each chunk of `size`, in their order and among equals the first ones, to the front of `values`, and writes
 * the gap before each: upper bits to `high`, the lowest `lowBits` to `low`, a byte each.
 */
export function keepLargest (values: usize, chunks: u32, size: u32, kept: u32, counts: usize, lowBits: u32, high: usize, low: usize): void {
  const lowMask: u32 = (1 << lowBits) - 1
  let to = values
  let from = values
  for (let chunk: u32 = 0; chunk < chunks; chunk++) {
    const threshold = magnitudeOfRank(from, size, kept, counts)
    let spare = kept
    for (let i: u32 = 0; i < size; i++) spare -= <u32>((load<u32>(from + (i << 2)) & MAGNITUDE) > threshold)
    let next: u32 = 0
    let left = kept
    for (let i: u32 = 0; left > 0; i++) {
      const bits = load<u32>(from + (i << 2))
      const magnitude = bits & MAGNITUDE
      if (magnitude < threshold) continue
      if (magnitude === threshold) {
        if (spare === 0) continue
        spare--
      }
      const gap = i - next
      next = i + 1
      left--
      store<u8>(high++, gap >> lowBits)
      store<u8>(low++, gap & lowMask)
      store<u32>(to, bits)
      to += 4
    }
    from += size << 2
  }
}
