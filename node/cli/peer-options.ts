import { DEFAULT_PAGE_PORT } from '../config/settings.ts'
import { computeFlags } from './compute-flags.ts'
import { numberOption } from './numbers.ts'

/** Options of a peer that runs, as the command line gives them. */
export interface PeerCommandOptions {
  readonly config?: string
  readonly listen?: string[]
  readonly bootstrap?: string[]
  readonly networkKey?: string
  readonly mdns?: string
  readonly dht?: string
  readonly relay?: string
  readonly upnp?: string
  readonly backend?: string
  readonly threads?: string
  readonly throttle?: string
  readonly lane?: string
  readonly shard?: string
  readonly data?: string[]
  readonly waitFor?: string
  readonly evaluateEvery?: string
  readonly checkpointEverySeconds?: string
  readonly keepCheckpoints?: string
  readonly upload?: string
  readonly bytesPerDay?: string
  readonly api?: string
  readonly web?: string | true
  readonly metrics?: string
  readonly tensorboard?: string
  readonly csv?: string
  readonly logLevel?: string
}

/** Those that are given, by the names that settings have. @throws ShoalError USAGE */
export function settingFlags (options: PeerCommandOptions): Record<string, unknown> {
  const { bootstrap, networkKey, mdns, dht, relay, upnp, backend, lane, upload, bytesPerDay, api, metrics, logLevel } = options
  const number = (name: string, text: string | undefined, minimum: number): number | undefined => text === undefined ? undefined : numberOption(name, text, { minimum })
  return {
    listen: options.listen?.includes('none') === true ? [] : options.listen, bootstrap, networkKey, mdns, dht, relay, upnp, backend, lane, upload, bytesPerDay, api, metrics, logLevel, web: options.web === true ? DEFAULT_PAGE_PORT : options.web, data: options.data, ...computeFlags(options),
    shard: number('shard', options.shard, 1),
    waitFor: number('wait-for', options.waitFor, 0),
    evaluateEvery: number('evaluate-every', options.evaluateEvery, 0),
    checkpointEverySeconds: number('checkpoint-every-seconds', options.checkpointEverySeconds, 1),
    keepCheckpoints: number('keep-checkpoints', options.keepCheckpoints, 1)
  }
}
