import type { Conduct } from '../dishonesty/conduct.ts'
import type { Fault } from './simulation-scenario.ts'
import type { MachineClock } from './virtual-clock.ts'
import type { VirtualNetwork } from './virtual-network.ts'

/** Whom a fault can strike, whatever it trains by. */
export interface Struck {
  readonly id: string
  /** Of the process on its machine; undefined for one that has not come yet. */
  readonly clock: MachineClock | undefined
  readonly isGone: boolean
  /** How it ended, once it has. */
  readonly ended: string | undefined
  readonly conduct: Conduct
  readonly store: { isFull: boolean }
  /** Ends in peace; false where it has not begun. */
  leave (): boolean
}

export interface FateOptions<Peer extends Struck> {
  readonly network: VirtualNetwork
  readonly peers: readonly Peer[]
  readonly log: (sentence: string) => void
  /** One that was to end will not, in this life. */
  readonly lost: (peer: Peer) => void
  readonly join: (peer: Peer) => void
}

/** Lets a fault happen. */
export function inflict<Peer extends Struck> (fault: Fault, options: FateOptions<Peer>): void {
  const { network, peers, log } = options
  switch (fault.kind) {
    case 'partition':
      log(`partition ${fault.sides.map(side => side.join(' ')).join(' | ')}`)
      network.partition(fault.sides.map(side => side.flatMap(index => peers[index]?.id ?? [])))
      break
    case 'heal':
      log('heal')
      network.heal()
      break
    case 'weather':
      log('other weather')
      network.turn(fault.conditions)
      break
    default: strike(fault, peers[fault.peer], options)
  }
}

type PeerFault = Extract<Fault, { readonly peer: number }>

function strike<Peer extends Struck> (fault: PeerFault, peer: Peer | undefined, { network, log, lost, join }: FateOptions<Peer>): void {
  if (peer === undefined) return
  if (fault.kind === 'join') { if (peer.clock === undefined || peer.isGone || peer.ended === 'stopped') join(peer); return }
  if (fault.kind === 'diskFull' || fault.kind === 'diskFree') {
    log(`${fault.kind} ${peer.id}`)
    peer.store.isFull = fault.kind === 'diskFull'
    return
  }
  const { clock } = peer
  if (clock === undefined || peer.isGone) return
  log(`${fault.kind} ${peer.id}`)
  switch (fault.kind) {
    case 'freeze': network.freeze(peer.id); break
    case 'thaw': network.thaw(peer.id); break
    case 'stop':
      if (peer.leave()) break
      // It has not begun, and ends at once.
      lost(peer)
      network.kill(peer.id)
      break
    case 'crash': case 'kill':
      lost(peer)
      network[fault.kind](peer.id)
      break
    case 'reset': network.reset(peer.id); break
    case 'stall': network.lineOf(peer.id)?.stall(fault.forMs); break
    case 'line': network.lineOf(peer.id)?.become(fault.line); break
    case 'clockJump': clock.jump(fault.byMs); break
    case 'lie': peer.conduct.attack = fault.attack; break
  }
}
