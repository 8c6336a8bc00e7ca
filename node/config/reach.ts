import { onlyLoopback, type ReachOptions } from '../network/reach-options.ts'
import { promiseOf } from './promise.ts'
import type { Settings } from './settings.ts'

/** How a peer finds others and is found, by its settings. What asks the network around is of no use on loopback alone. @throws ShoalError USAGE */
export function reachOf (settings: Settings, networkKey: Uint8Array | undefined): ReachOptions {
  const { listen, mdns, dht, relay, upnp } = settings
  const alone = onlyLoopback(listen)
  return {
    mdns: mdns === 'on' && !alone,
    dht: dht === 'on',
    relay: relay === 'on' || (relay === 'auto' && promiseOf(settings) === undefined),
    upnp: upnp === 'on' && listen.length > 0 && !alone,
    networkKey
  }
}
