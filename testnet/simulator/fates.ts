import type { Fault } from './simulation-scenario.ts'
import type { SimulatedPeer } from './simulated-peer.ts'
import type { VirtualNetwork } from './virtual-network.ts'

export interface FateOptions {
  readonly network: VirtualNetwork
  readonly peers: readonly SimulatedPeer[]
  readonly log: (sentence: string) => void
  /** One that was to end will not, in this life. */
  readonly lost: (peer: SimulatedPeer) => void
  readonly join: (peer: SimulatedPeer) => void
}

/** Lets a fault happen. */
export function inflict (fault: Fault, options: FateOptions): void {
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

function strike (fault: PeerFault, peer: SimulatedPeer | undefined, { network, log, lost, join }: FateOptions): void {
  if (peer === undefined) return
  if (fault.kind === 'join') { if (peer.clock === undefined || peer.isGone || peer.ended === 'stopped') join(peer); return }
  const { clock, averaging } = peer
  if (clock === undefined || peer.isGone) return
  log(`${fault.kind} ${peer.id}`)
  switch (fault.kind) {
    case 'freeze': network.freeze(peer.id); break
    case 'thaw': network.thaw(peer.id); break
    case 'stop':
      if (averaging !== undefined) { void averaging.stop(); break }
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
    case 'diskFull': case 'diskFree': peer.store.isFull = fault.kind === 'diskFull'; break
    case 'lie': peer.conduct.attack = fault.attack; break
  }
}
