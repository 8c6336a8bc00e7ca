import { z } from 'zod'
import { parseBytesPerDay, parseUpload } from '../../src/budget/upload-promise.ts'
import { BACKEND_CHOICES, DEFAULT_COMPUTE, MAXIMUM_THREADS, MINIMUM_THROTTLE } from '../backends/contract.ts'

function isPromise (parse: (text: string) => unknown): (text: string) => boolean {
  return text => {
    try {
      return text === '' || parse(text) !== undefined
    } catch {
      return false
    }
  }
}

const onOrOff = z.enum(['on', 'off'])

/** Everything that can be set in `config.toml`, in the environment as SHOAL_…, and on the command line. */
export const settingsSchema = z.strictObject({
  /** Multiaddrs to listen on; port 0 takes any free one. None for a peer that is reached through members alone. */
  listen: z.array(z.string().startsWith('/', 'must be a multiaddr such as /ip4/0.0.0.0/tcp/4001, or --listen none')),
  /** Multiaddrs of peers to begin with, beside those of the invite. */
  bootstrap: z.array(z.string().startsWith('/', 'must be a multiaddr that ends in /p2p/<peer id>')),
  /** A file with the key of a private run's network; empty for the one that came with its invite. */
  networkKey: z.string(),
  /** Ask the local network for members of the run. */
  mdns: onOrOff,
  /** Find members by run id in the table that peers of all runs keep. */
  dht: onOrOff,
  /** Carry connections of members that nobody can dial; auto: unless upload is promised. */
  relay: z.enum(['auto', 'on', 'off']),
  /** Ask the router to forward a port. */
  upnp: onOrOff,
  backend: z.enum(BACKEND_CHOICES),
  /** Processor threads that compute; 0 lets the backend choose. */
  threads: z.int().min(0).max(MAXIMUM_THREADS),
  /** Share of the time that training may compute; below 1 it rests after each step, at a lower priority. */
  throttle: z.number().min(MINIMUM_THROTTLE).max(1),
  /** Whether this peer trains, or runs forward passes alone beside those who do. */
  lane: z.enum(['first-order', 'scalars']),
  /** 1 to the run's number of shards; 0 lets the peer id choose. */
  shard: z.int().min(0),
  /** Files and directories with data of this peer's own. */
  data: z.array(z.string().min(1)),
  /** Other peers to wait for before the first step. */
  waitFor: z.int().min(0).max(1000),
  checkpointEverySeconds: z.number().min(1),
  /** Newest checkpoints that stay, beside the one with the lowest held-out loss. */
  keepCheckpoints: z.int().min(1).max(1000),
  /** Held-out loss every so many rounds; 0 only at the start and the end. */
  evaluateEvery: z.int().min(0),
  /** Most that leaves this peer, as lines are sold: 1mbit; empty for no limit. */
  upload: z.string().refine(isPromise(parseUpload), 'must be a rate from 16kbit to 100gbit, such as 1mbit'),
  /** The same as volumes are sold: 2GB a day. */
  bytesPerDay: z.string().refine(isPromise(parseBytesPerDay), 'must be a volume of 173MB or more, such as 2GB'),
  /** The local API on TCP too, for who has the token: 127.0.0.1:4400; empty for its socket alone. */
  api: z.string().regex(/^$|:\d{1,5}$/, 'must be an address and a port such as 127.0.0.1:4400'),
  /** The page: a port of this machine, or one of its addresses and a port; empty for none. */
  web: z.string().regex(/^$|^(?:.+:)?\d{1,5}$/, 'must be a port, or an address and a port such as 192.168.1.20:8420'),
  /** Metrics for Prometheus, in the same words. */
  metrics: z.string().regex(/^$|^(?:.+:)?\d{1,5}$/, 'must be a port, or an address and a port such as 192.168.1.20:9464'),
  logLevel: z.enum(['debug', 'info', 'warn', 'error'])
})

export type Settings = z.infer<typeof settingsSchema>
export type SettingName = keyof Settings

export const defaultSettings: Settings = {
  listen: ['/ip4/0.0.0.0/tcp/0'],
  bootstrap: [],
  networkKey: '',
  mdns: 'on',
  dht: 'on',
  relay: 'auto',
  upnp: 'on',
  ...DEFAULT_COMPUTE,
  lane: 'first-order',
  shard: 0,
  data: [],
  waitFor: 0,
  checkpointEverySeconds: 60,
  keepCheckpoints: 2,
  evaluateEvery: 0,
  upload: '',
  bytesPerDay: '',
  api: '',
  web: '',
  metrics: '',
  logLevel: 'info'
}

/** Where the page is when nobody says where. */
export const DEFAULT_PAGE_PORT = '8420'

/** `checkpointEverySeconds` ← SHOAL_CHECKPOINT_EVERY_SECONDS. */
export function environmentName (name: SettingName): string {
  return `SHOAL_${name.replace(/[A-Z]/g, letter => `_${letter}`).toUpperCase()}`
}
