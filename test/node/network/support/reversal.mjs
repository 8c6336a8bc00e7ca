// A relay, a peer that listens on nothing, and a public peer that knows only its place at the relay, in a network namespace that was made for this.
import { startPeer, until } from './network.mjs'

const relay = await startPeer(['/ip4/11.0.0.1/tcp/0'], { relay: true })
const hidden = await startPeer([], {}, relay.addresses())
await until(() => hidden.reach.describe().relays.includes(relay.self))
const joiner = await startPeer(['/ip4/11.0.0.2/tcp/0'], {}, hidden.addresses())
const seen = () => hidden.connectedPeers().find(({ peerId }) => peerId === joiner.self)
await until(() => seen() !== undefined)
// the joiner dialled it: whatever this peer dialled is another connection
await until(() => seen()?.direction === 'outbound')
const { relay: carrier, punched } = seen()
await relay.stop()
await until(() => hidden.present().length === 1 && joiner.present().length === 1)
hidden.announce({ round: 7, step: 70, training: true, loss: 1, tokensPerSecond: 1 })
await until(() => joiner.present()[0]?.round === 7)
console.log(JSON.stringify({ carrier: carrier ?? 'nobody', punched, heard: joiner.present()[0].round }))
process.exit(0)
