import { permutation } from '../random/draw.ts'
import { words } from '../random/words.ts'
import type { Ledger } from './ledger.ts'
import { seedOfPairs } from './seeds.ts'

/** Who sent an entry of the window that begins at a place, in the order of their keys. */
export function authorsOf (ledger: Ledger, firstStep: number): string[] {
  return ledger.open().filter(entry => entry.firstStep === firstStep).map(({ peer }) => peer).sort()
}

/** With whom a peer shares the passes of a window: a draw that everybody makes alike who has the same members. Undefined for whoever is left over, or is none. */
export function partnerIn (members: readonly string[], peer: string, runId: string, window: number): string | undefined {
  const [seed, stream] = seedOfPairs(runId, window)
  const order = permutation(members.length, words(seed, stream)).map(index => members[index])
  const at = order.indexOf(peer)
  return at === -1 ? undefined : order[at ^ 1]
}
