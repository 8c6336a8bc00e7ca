import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { checkpointTensors, decodeCheckpoint } from '../../src/checkpoint/checkpoint.ts'
import type { Checkpoint } from '../../src/checkpoint/checkpoint.ts'
import { layOutSafetensors } from '../../src/checkpoint/safetensors.ts'
import { reasonOf, ShoalError } from '../../src/errors.ts'
import type { ParameterLayout } from '../../src/parameters/layout.ts'
import { writeFileAtomically } from './atomic-file.ts'

/** The newest and one to fall back on; each is a few times the model's size. */
const KEPT_CHECKPOINTS = 2
const FILE_NAME = /^step-(\d{12})\.safetensors$/

/** The checkpoints of one peer in one run: written whole or not at all, the last ones kept, damaged ones left alone. */
export class CheckpointFiles {
  readonly #folder: string
  readonly #layout: ParameterLayout

  constructor (runFolder: string, layout: ParameterLayout) {
    this.#folder = join(runFolder, 'checkpoints')
    this.#layout = layout
  }

  /**
   * Writes a checkpoint and then removes all but the last ones. The event loop runs on meanwhile: keep the checkpoint's
   * vectors unchanged until it resolves.
   *
   * @returns its path
   */
  async write (checkpoint: Checkpoint): Promise<string> {
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 })
    const path = join(this.#folder, `step-${String(checkpoint.step).padStart(12, '0')}.safetensors`)
    const file = layOutSafetensors(checkpointTensors(checkpoint, this.#layout))
    file.seal(await sha256InSlices(file.chunks))
    await writeFileAtomically(path, file.chunks)
    for (const old of this.#newestFirst().slice(KEPT_CHECKPOINTS)) rmSync(old, { force: true })
    return path
  }

  /**
   * The newest checkpoint that can be read; of those that cannot `warn` is told, and they stay as they are.
   *
   * @throws ShoalError CHECKPOINT_CORRUPT when there are some and none can be read, CHECKPOINT_INCOMPATIBLE
   */
  newest (warn: (sentence: string) => void): { readonly checkpoint: Checkpoint, readonly path: string } | undefined {
    const paths = this.#newestFirst()
    for (const path of paths) {
      try {
        return { checkpoint: decodeCheckpoint(readFileSync(path), this.#layout, sha256), path }
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
    if (!existsSync(this.#folder)) return []
    return readdirSync(this.#folder).filter(name => FILE_NAME.test(name)).sort().reverse().map(name => join(this.#folder, name))
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

/** The platform's SHA-256, several times faster than the portable one. */
function sha256 (chunks: Iterable<Uint8Array>): Uint8Array {
  const hash = createHash('sha256')
  for (const chunk of chunks) hash.update(chunk)
  return hash.digest()
}
