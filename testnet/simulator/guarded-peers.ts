import { Standings } from '../../node/network/standings.ts'
import { rejection } from '../../protocols/wire/rejection.ts'
import type { Clock, ContributionFault, ExchangeEvents, Peers } from '../../src/ports.ts'

/** Who was blamed for what, by whom. */
export type Blames = Map<string, Set<ContributionFault>>

const DEAF: ExchangeEvents = { message: () => undefined, closed: () => undefined }

/** The others, without those whom this peer has banned: what the door of a real peer does, in virtual time. */
export function guardedPeers (peers: Peers, clock: Pick<Clock, 'nowMs'>, blames: Blames): Peers {
  const standings = new Standings()
  const isWelcome = (peerId: string): boolean => standings.refusal(peerId, clock.nowMs()) === undefined
  return {
    ...peers,
    present: () => peers.present().filter(({ peerId }) => isWelcome(peerId)),
    onExchange: accept => {
      peers.onExchange(exchange => {
        if (isWelcome(exchange.partner)) return accept(exchange)
        exchange.close('it is banned')
        return DEAF
      })
    },
    blame: (partner, fault, why) => {
      const faults = blames.get(partner) ?? new Set()
      blames.set(partner, faults.add(fault))
      standings.blame(partner, rejection(fault, { detail: why }), clock.nowMs())
    }
  }
}
