import type { Exchange, Peers } from '../../../src/ports.ts'

/** An honest peer whose offers and answers alone arrive before a round. */
export function withoutWeightsUntil (round: number, peers: Peers): Peers {
  const lossy = (exchange: Exchange): Exchange => ({
    partner: exchange.partner,
    close: reason => { exchange.close(reason) },
    send: message => { if (message.kind === 'offer' || message.kind === 'accept' || message.kind === 'reject' || message.round >= round) exchange.send(message) }
  })
  return { ...peers, openExchange: (partner, events) => lossy(peers.openExchange(partner, events)), onExchange: accept => { peers.onExchange(exchange => accept(lossy(exchange))) } }
}
