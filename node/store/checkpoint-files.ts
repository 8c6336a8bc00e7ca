import { createHash } from 'node:crypto'
import { closeSync, existsSync, mkdirSync, openSync, readSync, readdirSync, rmSync, statSync } from 'node:fs'
import { basename, join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { checkpointSummary, checkpointTensors, decodeCheckpoint } from '../../src/checkpoint/checkpoint.ts'
import type { Checkpoint } from '../../src/checkpoint/checkpoint.ts'
import { layOutSafetensors, readMetadata } from '../../src/checkpoint/safetensors.ts'
import { reasonOf, ShoalError } from '../../src/errors.ts'
import type { ParameterLayout } from '../../src/parameters/layout.ts'
import { writeFileAtomically } from './atomic-file.ts'
import { platformSha256, readWholeFile } from './whole-file.ts'

/** The newest and one to fall back on; each is a few times the model's size. */
export const DEFAULT_KEPT_CHECKPOINTS = 2
const FILE_NAME = /^step-(\d{12})\.safetensors$/
/** What a process that was killed while it wrote has left. */
const CUT_OFF_NAME = /^step-\d{12}\.safetensors\.\d+\.tmp$/

export interface FoundCheckpoint {
  readonly checkpoint: Checkpoint
  readonly path: string
}

/** A checkpoint as it is listed, unread. */
export interface ListedCheckpoint {
  readonly step: number
  readonly path: string
  readonly bytes: number
  readonly heldOutLoss: number | undefined
  readonly isBest: boolean
}

type Warn = (sentence: string) => void

/**
 * The checkpoints of one peer in one run: written whole or not at all; the last ones stay, and the one with the lowest
 * held-out loss. Which one that is stands in the files themselves, so no pointer can be torn from what it points to.
 */
export class CheckpointFiles {
  readonly #folder: string
  readonly #layout: ParameterLayout
  readonly #kept: number

  /** @param kept newest checkpoints that stay, beside the best; at least 1 */
  constructor (runFolder: string, layout: ParameterLayout, kept = DEFAULT_KEPT_CHECKPOINTS) {
    this.#folder = join(runFolder, 'checkpoints')
    this.#layout = layout
    this.#kept = kept
  }

  /**
   * Writes a checkpoint and then removes all but the last ones and the best. The event loop runs on meanwhile: keep the
   * checkpoint's vectors unchanged until it resolves. One write at a time.
   *
   * @returns its path
   */
  async write (checkpoint: Checkpoint): Promise<string> {
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 })
    this.#removeCutOff()
    const path = join(this.#folder, `step-${String(checkpoint.step).padStart(12, '0')}.safetensors`)
    const file = layOutSafetensors(checkpointTensors(checkpoint, this.#layout))
    file.seal(await sha256InSlices(file.chunks))
    await writeFileAtomically(path, file.chunks)
    const [best] = this.#bestFirst()
    for (const old of this.#newestFirst().slice(this.#kept)) if (old !== best?.path) rmSync(old, { force: true })
    return path
  }

  /**
   * The newest checkpoint that can be read; of those that cannot `warn` is told, and they stay as they are.
   *
   * @throws ShoalError CHECKPOINT_CORRUPT when there are some and none can be read, CHECKPOINT_INCOMPATIBLE
   */
  newest (warn: Warn): FoundCheckpoint | undefined {
    return this.#firstReadable(this.#newestFirst(), warn)
  }

  /**
   * The readable checkpoint with the lowest held-out loss, the earlier of equals; none when no checkpoint was measured.
   *
   * @throws ShoalError as `newest`
   */
  best (warn: Warn): FoundCheckpoint | undefined {
    return this.#firstReadable(this.#bestFirst().map(({ path }) => path), warn)
  }

  /** The lowest held-out loss among the checkpoints, as their headers tell it. */
  bestLoss (): number | undefined {
    return this.#bestFirst()[0]?.loss
  }

  /** What lies there, newest first, as headers and directory tell it. */
  list (): ListedCheckpoint[] {
    const [best] = this.#bestFirst()
    return this.#newestFirst().map(path => ({
      step: Number(FILE_NAME.exec(basename(path))?.[1] ?? 0), path, bytes: statSync(path, { throwIfNoEntry: false })?.size ?? 0,
      heldOutLoss: summaryOf(path)?.heldOutLoss, isBest: path === best?.path
    }))
  }

  #firstReadable (paths: readonly string[], warn: Warn): FoundCheckpoint | undefined {
    for (const path of paths) {
      try {
        return { checkpoint: readCheckpoint(path, this.#layout), path }
      } catch (error) {
        if (error instanceof ShoalError && error.code === 'CHECKPOINT_INCOMPATIBLE') throw error
        warn(`${path} cannot be read and stays as it is: ${reasonOf(error)}`)
      }
    }
    if (paths.length === 0) return undefined
    throw new ShoalError({
      code: 'CHECKPOINT_CORRUPT',
      what: 'none of this peer’s checkpoints can be read',
      why: `${paths.length} lie in ${this.#folder}, all of them damaged`,
      tryThis: 'move that folder away to begin again, or join with a fresh --data-dir'
    })
  }

  #newestFirst (): string[] {
    return this.#names().filter(name => FILE_NAME.test(name)).sort().reverse().map(name => join(this.#folder, name))
  }

  #bestFirst (): Array<{ readonly path: string, readonly loss: number }> {
    const measured = this.#newestFirst().reverse().flatMap(path => {
      const loss = summaryOf(path)?.heldOutLoss
      return loss === undefined ? [] : [{ path, loss }]
    })
    return measured.sort((a, b) => a.loss - b.loss)
  }

  /** A data directory is one process's, so what another one was writing will never be finished. */
  #removeCutOff (): void {
    for (const name of this.#names()) if (CUT_OFF_NAME.test(name)) rmSync(join(this.#folder, name), { force: true })
  }

  #names (): string[] {
    return existsSync(this.#folder) ? readdirSync(this.#folder) : []
  }
}

/** Reads and verifies one checkpoint file. @throws ShoalError CHECKPOINT_CORRUPT, CHECKPOINT_INCOMPATIBLE, or the file system's error */
export function readCheckpoint (path: string, layout: ParameterLayout): Checkpoint {
  return decodeCheckpoint(readWholeFile(path), layout, platformSha256)
}

/** The run that a checkpoint file says it is of. @throws ShoalError CHECKPOINT_CORRUPT, or the file system's error */
export function runIdOfCheckpoint (path: string): string | undefined {
  return checkpointSummary(metadataOf(path)).runId
}

/** What a file's header says; nothing for one that has none, which is then left to whoever reads it whole. */
function summaryOf (path: string): ReturnType<typeof checkpointSummary> | undefined {
  try {
    return checkpointSummary(metadataOf(path))
  } catch {
    return undefined
  }
}

function metadataOf (path: string): Readonly<Record<string, string>> {
  const file = openSync(path, 'r')
  try {
    return readMetadata((offset, length) => {
      const bytes = new Uint8Array(length)
      return bytes.subarray(0, readSync(file, bytes, 0, length, offset))
    })
  } finally {
    closeSync(file)
  }
}

/** About 5 ms of hashing; then the event loop has its turn. */
const SLICE_BYTES = 1024 * 1024

async function sha256InSlices (chunks: readonly Uint8Array[]): Promise<Uint8Array> {
  const hash = createHash('sha256')
  for (const chunk of chunks) {
    for (let at = 0; at < chunk.length; at += SLICE_BYTES) {
      hash.update(chunk.subarray(at, at + SLICE_BYTES))
      await nextTurn()
    }
  }
  return hash.digest()
}
