import { mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { StampedEvent } from '../../src/events.ts'
import { ShoalError } from '../../src/errors.ts'
import { formatInvite } from '../../src/manifest/invite.ts'
import type { SignedManifest } from '../../src/manifest/manifest.ts'
import type { ComputeSettings } from '../../node/backends/contract.ts'
import { inviteAddresses } from '../../node/peer/invite-addresses.ts'
import { acquireLock } from '../../node/store/lock.ts'
import type { Lock } from '../../node/store/lock.ts'
import { PeerProcess } from './peer-process.ts'
import type { StartedEvent } from './peer-process.ts'
import { applyEvent, newPeerView } from './swarm-view.ts'
import type { PeerView } from './swarm-view.ts'

export interface TestnetOptions {
  /** Folder that holds one data directory a peer. */
  readonly root: string
  readonly peers: number
  /** Addresses that each peer listens on, e.g. /ip4/127.0.0.1/tcp/0. */
  readonly listen: readonly string[]
  readonly compute: ComputeSettings
  /** Held-out losses are taken every so many rounds; 0 only at the start and the end. */
  readonly evaluateEveryRounds: number
  /** What each peer promises about its uplink; empty for nothing. */
  readonly upload: string
  readonly bytesPerDay: string
  /** A config file whose settings the peers follow where nothing above says otherwise. */
  readonly configFile?: string | undefined
  readonly onEvent: (name: string, event: StampedEvent) => void
  readonly onExit: (name: string, lost: boolean) => void
}

/** A stopping peer may finish its step, evaluate and write a checkpoint. */
const STOP_PATIENCE_MS = 12_000

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ'

/** A local swarm: real peers in processes of their own, on one machine. */
export class Testnet {
  readonly views: readonly PeerView[]
  readonly #runId: string
  readonly #processes: readonly PeerProcess[]
  readonly #addresses: ReadonlyArray<{ readonly addresses: readonly string[] }>

  private constructor (processes: readonly PeerProcess[], views: readonly PeerView[], started: readonly StartedEvent[]) {
    this.#processes = processes
    this.views = views
    this.#addresses = started
    this.#runId = started[0]?.runId ?? ''
  }

  /** With what one more peer can join now: it names two peers that are alive. */
  get invite (): string {
    const [first, ...others] = this.#addresses.filter((_, index) => this.views[index]?.alive === true)
    return first === undefined ? '' : formatInvite({ runId: this.#runId, addresses: inviteAddresses(first.addresses, others) })
  }

  /**
   * Starts the first peer from the manifest and all others from its invite.
   *
   * @throws ShoalError when a peer ends before it is ready; the others are stopped first
   */
  static async start (manifest: SignedManifest, options: TestnetOptions): Promise<Testnet> {
    const file = join(options.root, 'testnet.run')
    await mkdir(options.root, { recursive: true })
    await writeFile(file, manifest.bytes)
    const views = Array.from({ length: options.peers }, (_, index) => newPeerView(peerName(index)))
    const launch = (view: PeerView, index: number, source: string): PeerProcess => launchPeer(view, index, source, options)
    const processes: PeerProcess[] = []
    try {
      for (const [index, view] of views.entries()) {
        // The first peer's invite leads the others; it is special to them for this one moment only.
        const source = index === 0 ? file : (await processes[0]?.started)?.invite ?? file
        processes.push(launch(view, index, source))
      }
      const started = await Promise.all(processes.map(async process => process.started))
      return new Testnet(processes, views, started)
    } catch (error) {
      await Promise.all(processes.map(async process => process.stop(STOP_PATIENCE_MS)))
      throw error
    }
  }

  dataDirectoryOf (name: string): string {
    return this.#peer(name).dataDirectory
  }

  /** What the peers that ended early wrote to their standard errors. */
  lastWords (): string {
    return this.#processes.map(process => process.lastWords).filter(words => words !== '').join('\n')
  }

  /** Resolves when every peer has ended. */
  async finished (): Promise<void> {
    await Promise.all(this.#processes.map(async process => process.exited))
  }

  /** Stops every peer gracefully, all at once. */
  async stop (): Promise<void> {
    await Promise.all(this.#processes.map(async process => process.stop(STOP_PATIENCE_MS)))
  }

  /** Ends one peer as a power cut would. */
  kill (name: string): void {
    this.#peer(name).kill()
  }

  #peer (name: string): PeerProcess {
    const found = this.#processes.find(process => process.name === name)
    if (found !== undefined) return found
    throw new ShoalError({
      code: 'USAGE',
      what: `this testnet has no peer ${name}`,
      why: `its peers are ${this.#processes.map(process => process.name).join(', ')}`,
      tryThis: 'use one of these names'
    })
  }
}

/** A, B, …, Z, A2, B2, … */
export function peerName (index: number): string {
  const letter = ALPHABET[index % ALPHABET.length] ?? 'A'
  const lap = Math.floor(index / ALPHABET.length)
  return lap === 0 ? letter : `${letter}${lap + 1}`
}

const MARKER = 'testnet.lock'

/**
 * Takes a folder for a testnet and removes what an earlier one left in it, and nothing else.
 *
 * @throws ShoalError DATA_DIRECTORY_LOCKED when a testnet runs there, USAGE when the folder holds something else
 */
export async function takeRoot (root: string): Promise<Lock> {
  await mkdir(root, { recursive: true })
  const found = await readdir(root)
  const foreign = found.filter(name => name !== 'testnet.run' && !name.startsWith(MARKER) && !name.startsWith('peer-'))
  if (foreign.length > 0) {
    throw new ShoalError({
      code: 'USAGE', what: `${root} is no testnet's folder`, why: `it holds ${foreign.slice(0, 3).join(', ')}, which a testnet would not have made`,
      tryThis: '--dir with a folder that is empty or does not exist'
    })
  }
  const lock = acquireLock(join(root, MARKER))
  for (const name of found.filter(name => !name.startsWith(MARKER))) await rm(join(root, name), { recursive: true, force: true })
  return lock
}

export function peerDirectory (root: string, index: number): string {
  return join(root, `peer-${peerName(index).toLowerCase()}`)
}

function launchPeer (view: PeerView, index: number, source: string, options: TestnetOptions): PeerProcess {
  const process = new PeerProcess({
    name: view.name,
    dataDirectory: peerDirectory(options.root, index),
    joinArguments: [
      source,
      ...options.listen.flatMap(address => ['--listen', address]),
      '--shard', String(index + 1),
      '--wait-for', String(options.peers - 1),
      '--backend', options.compute.backend,
      ...options.compute.threads === 0 ? [] : ['--threads', String(options.compute.threads)],
      '--throttle', String(options.compute.throttle),
      '--evaluate-every', String(options.evaluateEveryRounds),
      ...options.upload === '' ? [] : ['--upload', options.upload],
      ...options.bytesPerDay === '' ? [] : ['--bytes-per-day', options.bytesPerDay],
      ...options.configFile === undefined ? [] : ['--config', options.configFile]
    ],
    onEvent: event => {
      applyEvent(view, event)
      options.onEvent(view.name, event)
    }
  })
  void process.exited.then(() => {
    view.alive = false
    options.onExit(view.name, view.report === undefined)
  })
  return process
}
