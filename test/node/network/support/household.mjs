// Two peers on one local network with a router, in a network namespace that was made for this: prints what came of it as one line of JSON.
import { gateway } from './gateway.mjs'
import { startPeer, until } from './network.mjs'

// the library gives the router a second to take mappings back, and this machine may stand still for longer
const timeout = AbortSignal.timeout.bind(AbortSignal)
AbortSignal.timeout = limitMs => timeout(100 * limitMs)

const INSIDE = '192.168.7.2'
const OUTSIDE = '11.0.0.9'
const asked = []
await gateway({ inside: INSIDE, outside: OUTSIDE, onAsked: (action, what) => { asked.push({ action, ...what }) } })

const one = await startPeer([`/ip4/${INSIDE}/tcp/0`], { mdns: true, upnp: true })
const two = await startPeer([`/ip4/${INSIDE}/tcp/0`], { mdns: true })
// nothing but the local network could tell them of each other
const port = Number(/\/tcp\/(\d+)/.exec(one.addresses()[0])[1])
const outer = () => one.addresses().find(address => address.startsWith(`/ip4/${OUTSIDE}/tcp/${port}/`))
await until(() => one.present().length === 1 && two.present().length === 1 && outer() !== undefined)
const address = outer()
for (const peer of [one, two]) await peer.stop()
await until(() => asked.some(({ action }) => action === 'DeletePortMapping'))
console.log(JSON.stringify({ self: one.self, port, address, asked }))
process.exit(0)
