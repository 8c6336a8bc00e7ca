import { setTimeout as pause } from 'node:timers/promises'
import { shortId } from '../../src/membership/short-id.ts'
import type { PresentPeer } from '../../src/ports.ts'
import { FIRST_PEERS_TIMEOUT_MS, presentPeers } from '../../src/transfer/come-in.ts'
import type { SwarmNetwork } from '../network/swarm-network.ts'
import type { PeerOptions } from '../peer/peer-parts.ts'
import { wallClock } from '../peer/wall-clock.ts'
import { keyOf } from './keys.ts'

export interface MeetingOptions {
  readonly peer: Pick<PeerOptions, 'settings' | 'source'>
  readonly network: SwarmNetwork
  /** Goes on from a snapshot of theirs where that is needed, or takes less time. */
  readonly joinLedger: (present: () => readonly PresentPeer[]) => Promise<void>
  /** Asks a member, by its key, for whatever this peer lacks. */
  readonly inquire: (key: string) => void
  /** Whether that conversation is over. */
  readonly isSettled: (key: string) => boolean
  readonly say: (phase: 'waiting' | 'seeking', sentence: string) => void
}

/** Members asked for their ledger before this peer takes its first step. */
const SOURCES_TRIED = 3
/** A ledger of a long run is a few megabytes; one that does not come within this is asked of somebody else. */
const LEDGER_TIMEOUT_MS = 60_000
const LOOK_EVERY_MS = 100
/** What a broken stream lost is not sent again; whoever is only slow answers twice. */
const ASK_AGAIN_MS = 5_000

/** Waits for whom the settings say, and takes over the ledger of somebody who is there: a first step from old weights would be one from long ago. */
export async function meetOthers (options: MeetingOptions, stop: AbortSignal): Promise<void> {
  const { network, say, peer: { settings: { waitFor, bootstrap }, source } } = options
  say('waiting', waitFor === 0 ? 'looking for the peers of the run' : `waiting for ${waitFor} other ${waitFor === 1 ? 'peer' : 'peers'}`)
  while (network.present().length < waitFor) await pause(LOOK_EVERY_MS, undefined, { signal: stop })
  const isInvited = source.bootstrap.length + bootstrap.length > 0
  const present = await presentPeers({ clock: wallClock, peers: network, fits: () => true, timeoutMs: isInvited ? FIRST_PEERS_TIMEOUT_MS : 0, signal: stop })
  if (present.length > 0) await options.joinLedger(() => network.present())
  for (const { peerId } of present.slice(0, SOURCES_TRIED)) {
    say('seeking', `asking ${shortId(peerId)} for the bytes that this peer lacks`)
    if (await takeLedger(peerId, options, stop)) return
  }
}

async function takeLedger (peerId: string, { network, inquire, isSettled }: MeetingOptions, stop: AbortSignal): Promise<boolean> {
  const key = keyOf(peerId)
  for (let waitedMs = 0; waitedMs < LEDGER_TIMEOUT_MS; waitedMs += LOOK_EVERY_MS) {
    if (waitedMs % ASK_AGAIN_MS === 0) inquire(key)
    if (isSettled(key)) return true
    if (!network.present().some(peer => peer.peerId === peerId)) return false
    await pause(LOOK_EVERY_MS, undefined, { signal: stop })
  }
  return false
}
