import type { FrameReplicaOptions } from '../../src/averaging/frame-replica.ts'
import type { RoundResult, RoundTask, RoundTaskKind } from '../../src/averaging/round-worker.ts'
import type { ErrorParts } from '../../src/errors.ts'
import type { ComputeSettings } from '../backends/contract.ts'

/** What a thread for rounds is started with: `vectors` are the trainer's own, on shared memory. */
export interface RoundThreadInit extends FrameReplicaOptions {
  readonly compute: ComputeSettings
}

export type ToRoundThread = RoundTask

export type FromRoundThread =
  | { readonly kind: 'ready', readonly fragmentLengths: readonly number[] }
  /** It could not begin. */
  | { readonly kind: 'failed', readonly error: ErrorParts }
  /** Of the tasks, in the order in which they were asked. */
  | { readonly kind: 'result', readonly result: RoundResult<RoundTaskKind> }

/**
 * The memory of a message that can change hands instead of being copied: that of arrays which fill theirs. Shared memory is nobody's to give.
 */
export function handedOver (message: unknown): ArrayBuffer[] {
  const buffers = new Set<ArrayBuffer>()
  collect(message, buffers)
  return [...buffers]
}

function collect (value: unknown, buffers: Set<ArrayBuffer>): void {
  if (ArrayBuffer.isView(value)) {
    if (value.buffer instanceof ArrayBuffer && value.byteLength === value.buffer.byteLength) buffers.add(value.buffer)
  } else if (typeof value === 'object' && value !== null) {
    for (const part of Object.values(value)) collect(part, buffers)
  }
}
