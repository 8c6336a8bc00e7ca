import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import type { PeerEvent, StampedEvent } from '../../src/events.ts'
import { ShoalError } from '../../src/errors.ts'
import type { ErrorCode } from '../../src/errors.ts'
import type { Conduct } from '../dishonesty/conduct.ts'
import type { Order } from '../dishonesty/liar.ts'

export type StartedEvent = Extract<PeerEvent, { type: 'started' }>

export interface PeerProcessOptions {
  /** What people call this peer: A, B, C, … */
  readonly name: string
  readonly dataDirectory: string
  /** Arguments after `shoal join`. */
  readonly joinArguments: readonly string[]
  readonly onEvent: (event: StampedEvent) => void
  /** Another build's `shoal.js`, to compare with; this one's when left out. */
  readonly program?: string | undefined
  /** Of a peer that lies, at once or when it is told to; an honest one when left out. */
  readonly conduct?: Conduct | undefined
  /** Of Node, beside what this process was started with. */
  readonly nodeOptions?: string | undefined
  /** Beside this process's own. */
  readonly environment?: Readonly<Record<string, string>>
  /** A program and arguments that start the process in its place, such as a namespace's. */
  readonly launcher?: readonly string[]
}

export interface PeerExit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/** Enough of a dying peer's last words for its error message. */
const STDERR_TAIL_BYTES = 4096

const PROGRAM = programAt('shoal.js')
const LIAR = programAt('liar.js')

/** One peer of a local testnet: a separate process that talks NDJSON on its standard output. */
export class PeerProcess {
  readonly name: string
  readonly dataDirectory: string
  /** Resolves once the peer listens; rejects when it ends before. */
  readonly started: Promise<StartedEvent>
  readonly exited: Promise<PeerExit>
  readonly #child: ChildProcess
  #lastWords = ''

  constructor (options: PeerProcessOptions) {
    this.name = options.name
    this.dataDirectory = options.dataDirectory
    const [starter, ...between] = options.launcher ?? []
    const { conduct, program = conduct === undefined ? PROGRAM : LIAR } = options
    const lies = conduct?.attack === undefined ? [] : ['--attack', conduct.attack]
    const words = [...between, ...starter === undefined ? [] : [process.execPath], program, 'join', ...options.joinArguments, ...lies, '--data-dir', options.dataDirectory, '--json']
    this.#child = spawn(starter ?? process.execPath, words, {
      stdio: ['ignore', 'pipe', 'pipe', ...conduct === undefined ? [] : ['ipc' as const]],
      env: { ...process.env, ...options.nodeOptions === undefined ? {} : { NODE_OPTIONS: options.nodeOptions }, ...options.environment },
      // A terminal's Ctrl-C must reach the launcher alone, which then stops its peers in order.
      detached: process.platform !== 'win32'
    })
    this.#child.stderr?.on('data', (chunk: Buffer) => { this.#lastWords = (this.#lastWords + chunk.toString()).slice(-STDERR_TAIL_BYTES) })
    // A launcher that is ended by force leaves nobody behind.
    const end = (): void => { this.#child.kill('SIGKILL') }
    process.once('exit', end)
    this.exited = new Promise(resolve => this.#child.once('close', (code, signal) => {
      process.off('exit', end)
      resolve({ code, signal })
    }))
    this.started = this.#readEvents(options.onEvent)
    // Whoever waits for the start sees the failure; nobody else must crash over it.
    this.started.catch(() => undefined)
  }

  get pid (): number | undefined {
    return this.#child.pid
  }

  get running (): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null
  }

  /** What the peer last wrote to its standard error. */
  get lastWords (): string {
    return this.#lastWords.trim()
  }

  /** Asks the peer to stop gracefully; ends it after `patienceMs`. */
  async stop (patienceMs: number): Promise<PeerExit> {
    if (!this.running) return this.exited
    this.#child.kill('SIGINT')
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), patienceMs)
    try { return await this.exited } finally { clearTimeout(timer) }
  }

  kill (): void {
    this.#child.kill('SIGKILL')
  }

  /** False where the process is gone or the system knows no such signal. */
  send (signal: 'SIGSTOP' | 'SIGCONT'): boolean {
    return process.platform !== 'win32' && this.#child.kill(signal)
  }

  /** Tells a peer that was started to lie some day that it does from here on; one that is gone hears nothing. */
  lie (order: Order): void {
    if (this.#child.connected) this.#child.send(order, () => undefined)
  }

  async #readEvents (onEvent: (event: StampedEvent) => void): Promise<StartedEvent> {
    return new Promise((resolve, reject) => {
      const output = this.#child.stdout
      if (output === null) throw new Error('a peer process has no standard output')
      createInterface({ input: output }).on('line', line => {
        const event = parseEvent(line)
        if (event === undefined) return
        onEvent(event)
        if (event.type === 'started') resolve(event)
      })
      this.#child.once('error', reject)
      this.#child.once('close', code => reject(this.#failure(code)))
    })
  }

  #failure (code: number | null): ShoalError {
    return toldError(this.lastWords) ?? new ShoalError({
      code: 'TRAINER_FAILED',
      what: `peer ${this.name} ended before it was ready`,
      why: this.lastWords === '' ? `exit code ${String(code)}, and it said nothing` : this.lastWords,
      tryThis: `shoal join … --data-dir ${this.dataDirectory} --verbose shows more`
    })
  }
}

/** Node cannot run TypeScript, so tests that run from source start the built program. */
function programAt (file: string): string {
  return fileURLToPath(new URL(import.meta.url.endsWith('.ts') ? `../../dist/testnet/${file}` : `../${file}`, import.meta.url))
}

const toldErrorSchema = z.object({ error: z.object({ code: z.string(), message: z.string(), why: z.string(), try: z.string() }) })

/** The error that a peer itself reported, as its own: code and with it the exit code stay. */
function toldError (words: string): ShoalError | undefined {
  try {
    const { error } = toldErrorSchema.parse(JSON.parse(words.split('\n').at(-1) ?? ''))
    return new ShoalError({ code: error.code as ErrorCode, what: error.message, why: error.why, tryThis: error.try })
  } catch {
    // It ended without a word that this launcher understands.
    return undefined
  }
}

function parseEvent (line: string): StampedEvent | undefined {
  try {
    return JSON.parse(line) as StampedEvent
  } catch {
    // A line that is no event is some library's; the event log of the peer has it.
    return undefined
  }
}
