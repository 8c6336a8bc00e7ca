// XXH32 (Yann Collet, xxHash specification 0.1.1), in pieces: a whole message never has to lie in this memory.
const PRIME_1: u32 = 0x9E3779B1
const PRIME_2: u32 = 0x85EBCA77
const PRIME_3: u32 = 0xC2B2AE3D
const PRIME_4: u32 = 0x27D4EB2F
const PRIME_5: u32 = 0x165667B1

let first: u32 = 0
let second: u32 = 0
let third: u32 = 0
let fourth: u32 = 0
let startSeed: u32 = 0
let hashedBytes: u32 = 0

export function hashBegin (seed: u32): void {
  first = seed + PRIME_1 + PRIME_2
  second = seed + PRIME_2
  third = seed
  fourth = seed - PRIME_1
  startSeed = seed
  hashedBytes = 0
}

@inline
function mix (lane: u32, word: u32): u32 {
  return rotl<u32>(lane + word * PRIME_2, 13) * PRIME_1
}

/** Takes in `bytes` bytes, a multiple of 16. */
export function hashUpdate (from: usize, bytes: u32): void {
  let a = first
  let b = second
  let c = third
  let d = fourth
  const end = from + bytes
  for (; from < end; from += 16) {
    a = mix(a, load<u32>(from))
    b = mix(b, load<u32>(from, 4))
    c = mix(c, load<u32>(from, 8))
    d = mix(d, load<u32>(from, 12))
  }
  first = a
  second = b
  third = c
  fourth = d
  hashedBytes += bytes
}

/** Takes in the last 0 to 15 bytes and gives the hash of everything. */
export function hashEnd (from: usize, bytes: u32): u32 {
  let hash = hashedBytes > 0 ? rotl<u32>(first, 1) + rotl<u32>(second, 7) + rotl<u32>(third, 12) + rotl<u32>(fourth, 18) : startSeed + PRIME_5
  hash += hashedBytes + bytes
  const end = from + bytes
  for (; from + 4 <= end; from += 4) hash = rotl<u32>(hash + load<u32>(from) * PRIME_3, 17) * PRIME_4
  for (; from < end; from++) hash = rotl<u32>(hash + <u32>load<u8>(from) * PRIME_5, 11) * PRIME_1
  hash = (hash ^ (hash >> 15)) * PRIME_2
  hash = (hash ^ (hash >> 13)) * PRIME_3
  return hash ^ (hash >> 16)
}
