import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { reasonOf } from '../../../src/errors.ts'

/** What QUIC is spoken with, when the user has installed it; its native library is quinn. */
export const QUIC_PACKAGE = '@chainsafe/libp2p-quic'

/** Its library without its transport: that one reads on while nobody takes, counts nothing, and under Node 20 breaks off its first stream. */
const LIBRARY = join('dist', 'src', 'napi.js')

/** The numbers of a connection that are used: what its datagrams carried, modulo 2³². */
export interface NativeStats {
  readonly udpTxBytes: number
  readonly udpRxBytes: number
}

export interface NativeStream {
  id (): string
  /** At most so many bytes; null at the end. Rejects when the stream was reset or its connection lost. */
  read (atMost: number): Promise<Uint8Array | null>
  /** Resolves once all of it waits in the send window. The bytes must not change until then. */
  write (bytes: Uint8Array): Promise<void>
  finishWrite (): Promise<void>
  resetWrite (): Promise<void>
  stopRead (): Promise<void>
}

export interface NativeConnection {
  inboundStream (): Promise<NativeStream>
  outboundStream (): Promise<NativeStream>
  /** Ends it at once, whatever is on its way. */
  abort (): void
  /** Milliseconds. */
  rtt (): number
  id (): string
  /** With the peer id that the handshake proved. */
  remoteMultiaddr (): string
  closed (): Promise<void>
  stats (): NativeStats
}

export interface NativeServer {
  port (): number
  /** One handshake from its first packet on. */
  inboundConnection (): Promise<NativeConnection>
  abort (): Promise<void>
}

export interface NativeClient {
  outboundConnection (host: string, port: number): Promise<NativeConnection>
  abort (): void
}

/** All of it must be given; times in milliseconds. */
export interface NativeOptions {
  readonly privateKeyProto: Uint8Array
  readonly handshakeTimeout: number
  readonly maxIdleTimeout: number
  readonly keepAliveInterval: number
  readonly maxConcurrentStreamLimit: number
  readonly maxStreamData: number
  readonly maxConnectionData: number
  readonly receiveBufferSize: number
  readonly sendBufferSize: number
}

export interface Binding {
  readonly QuinnConfig: new (options: NativeOptions) => object
  readonly Server: new (config: object, host: string, port: number) => NativeServer
  /** @param family 0 for IPv4, 1 for IPv6 */
  readonly Client: new (config: object, family: 0 | 1) => NativeClient
}

export type Loaded = { readonly binding: Binding, readonly version: string } | { readonly obstacle: string, readonly isInstalled: boolean }

let loaded: Promise<Loaded> | undefined

/** QUIC's library, beside this package or on NODE_PATH; why there is none where there is none. */
export async function loadQuic (): Promise<Loaded> {
  loaded ??= load(foldersOf(createRequire(import.meta.url)))
  return loaded
}

function foldersOf (require: NodeJS.Require): readonly string[] {
  return require.resolve.paths(QUIC_PACKAGE) ?? []
}

/** @param folders that packages lie in, the first one that has it counts */
export async function load (folders: readonly string[]): Promise<Loaded> {
  const folder = folders.map(place => join(place, QUIC_PACKAGE)).find(place => existsSync(join(place, 'package.json')))
  if (folder === undefined) return { obstacle: `${QUIC_PACKAGE} is not installed`, isInstalled: false }
  try {
    const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { readonly version: string }
    const binding = await import(pathToFileURL(join(folder, LIBRARY)).href) as Partial<Binding>
    if (binding.QuinnConfig === undefined || binding.Server === undefined || binding.Client === undefined) throw new Error(`version ${version} is not made as 2.1.1 is`)
    return { binding: binding as Binding, version }
  } catch (error) {
    return { obstacle: `${QUIC_PACKAGE} is installed and does not load: ${reasonOf(error).split('\n')[0] ?? ''}`, isInstalled: true }
  }
}
