import { hashText, mix, saltOf } from './pairing-hash.ts'

/** Keeps the draw of participants apart from the matching, which hashes the same ids. */
const PARTICIPANTS_SALT = 0x70617274

/**
 * Who takes part in a round: the members of smallest hash of (seed, round, member), as in MoDeST (arXiv 2302.13837). Views that differ in one member differ
 * in at most one participant.
 *
 * @returns in order of hash
 */
export function participantsOf (members: Iterable<string>, round: number, seed: number, count: number): readonly string[] {
  const salt = mix(saltOf(seed, round) ^ PARTICIPANTS_SALT)
  const ranked = [...new Set(members)].map(id => ({ id, hash: hashText(id, salt) }))
  ranked.sort((one, other) => one.hash - other.hash || (one.id < other.id ? -1 : 1))
  return ranked.slice(0, count).map(({ id }) => id)
}
