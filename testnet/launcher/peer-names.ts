const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ'

/** A, B, …, Z, A2, B2, … */
export function peerName (index: number): string {
  const letter = ALPHABET[index % ALPHABET.length] ?? 'A'
  const lap = Math.floor(index / ALPHABET.length)
  return lap === 0 ? letter : `${letter}${lap + 1}`
}
