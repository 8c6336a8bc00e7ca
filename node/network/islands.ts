import { MAXIMUM_KNOWN_PEERS } from '../../protocols/wire/limits.ts'
import type { Hello } from '../../protocols/hello/messages.ts'
import { counted } from '../terminal/units.ts'

/**
 * Says so when somebody new comes with company of whom nobody is known here, while this peer has company of its own: two parts of one run
 * that did not know of each other. Where views are too large to be told whole, strangers are no sign of that.
 *
 * @param known members here before the newcomer
 */
export function meetingOfIslands (known: readonly string[], { peers, progress }: Pick<Hello, 'peers' | 'progress'>, ownRound: number): string | undefined {
  const isPart = known.length + 1 >= MAXIMUM_KNOWN_PEERS || peers.length >= MAXIMUM_KNOWN_PEERS
  if (isPart || known.length === 0 || peers.length === 0 || peers.some(({ peerId }) => known.includes(peerId))) return undefined
  return `two islands of this run met: ${counted(peers.length + 1, 'peer')} at round ${progress.round} there, ${counted(known.length + 1, 'peer')} at round ${ownRound} here; they are introduced to each other and meet in rounds from now on`
}
