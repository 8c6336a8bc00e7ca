import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { PeerEvent, StampedEvent } from '../../src/events.ts'

const PROGRAM = fileURLToPath(new URL('../../dist/testnet/shoal.js', import.meta.url))

export interface Finished {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs `shoal` with these words to its end, on a data directory of its own unless told otherwise. */
export async function shoal (words: readonly string[], environment: Record<string, string> = {}): Promise<Finished> {
  return new ShoalProcess(words, environment).finished
}

type EventOf<Type extends PeerEvent['type']> = Extract<StampedEvent, { type: Type }>

/** A running `shoal`; with `--json` its events can be awaited. */
export class ShoalProcess {
  readonly finished: Promise<Finished>
  readonly events: StampedEvent[] = []
  readonly #child: ChildProcess
  readonly #waiting = new Set<() => void>()
  #stdout = ''
  #stderr = ''
  /** It has ended and all that it said is here; a process may have exited long before that. */
  #isOver = false

  /** @param launcher words that run a command elsewhere, in a network namespace for instance */
  constructor (words: readonly string[], environment: Record<string, string> = {}, launcher: readonly string[] = []) {
    const [program = process.execPath, ...rest] = [...launcher, process.execPath, PROGRAM, ...words]
    this.#child = spawn(program, rest, { env: { ...process.env, NO_COLOR: '1', ...environment }, stdio: ['ignore', 'pipe', 'pipe'] })
    this.#child.stderr?.on('data', (chunk: Buffer) => { this.#stderr += chunk.toString() })
    createInterface({ input: this.#child.stdout ?? process.stdin }).on('line', line => {
      this.#stdout += `${line}\n`
      if (line.startsWith('{"type"')) this.events.push(JSON.parse(line) as StampedEvent)
      for (const wake of this.#waiting) wake()
    })
    this.finished = new Promise(resolve => this.#child.once('close', code => {
      this.#isOver = true
      for (const wake of this.#waiting) wake()
      resolve({ code, stdout: this.#stdout, stderr: this.#stderr })
    }))
  }

  kill (signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  /** The first event of this type that fits; rejects when the process ends without one. */
  async event<Type extends PeerEvent['type']> (type: Type, fits: (event: EventOf<Type>) => boolean = () => true): Promise<EventOf<Type>> {
    for (;;) {
      const found = this.events.find((event): event is EventOf<Type> => event.type === type && fits(event as EventOf<Type>))
      if (found !== undefined) return found
      if (this.#isOver) throw new Error(`shoal ended without ${type}: ${this.#stderr}`)
      await new Promise<void>(resolve => {
        const wake = (): void => { this.#waiting.delete(wake); resolve() }
        this.#waiting.add(wake)
      })
    }
  }
}

/** A folder that is gone after the test. */
export async function temporaryFolder (): Promise<{ readonly path: string, remove (): Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), 'shoal-e2e-'))
  return { path, remove: async () => rm(path, { recursive: true, force: true, maxRetries: 3 }) }
}
