import { z } from 'zod'
import type { Progress } from '../../src/ports.ts'
import { countSchema, timeSchema } from '../wire/counts.ts'
import { WireError } from '../wire/errors.ts'
import { decodeMessage, encodeMessage } from '../wire/frames.ts'
import { MAXIMUM_ANNOUNCED_ADDRESS_LENGTH, MAXIMUM_DUE_MS, MAXIMUM_MET_PEERS, MAXIMUM_PROGRESS_BYTES, MAXIMUM_UPLOAD_BYTES_PER_SECOND } from '../wire/limits.ts'

const progressSchema = z.object({
  round: countSchema,
  step: countSchema,
  training: z.boolean(),
  /** CBOR of ours has no NaN: null stands for "not measured yet". */
  loss: z.number().nullable(),
  tokensPerSecond: z.number().min(0).nullable(),
  dueInMs: z.number().min(0).max(MAXIMUM_DUE_MS).optional(),
  uploadBytesPerSecond: z.number().min(0).max(MAXIMUM_UPLOAD_BYTES_PER_SECOND).optional(),
  /** Orders what one peer tells; from version 2 on. */
  toldMs: timeSchema.optional(),
  /** Where the peer is dialled, in swarms whose peers know a part of each other alone. */
  address: z.string().regex(/^[\x21-\x7e]+$/).max(MAXIMUM_ANNOUNCED_ADDRESS_LENGTH).optional(),
  met: z.array(z.string().regex(/^[\x21-\x7e]{1,16}$/)).max(MAXIMUM_MET_PEERS).optional()
})

/** The gossip topic of a run; the pub-sub layer signs what is published on it. */
export function progressTopic (runId: string): string { return `/shoal/progress/1/${runId}` }

const orNull = (value: number): number | null => Number.isFinite(value) ? value : null
const orNaN = (value: number | null): number => value ?? Number.NaN

/** Whole numbers are the shortest; what is not known is left out. */
function bounded (name: string, value: number | undefined, limit: number): Readonly<Record<string, number>> {
  return value === undefined || !Number.isFinite(value) ? {} : { [name]: Math.min(limit, Math.max(0, Math.round(value))) }
}

/** At most `MAXIMUM_PROGRESS_BYTES`, by construction. */
export function encodeProgress (progress: Progress): Uint8Array {
  const { round, step, training, loss, tokensPerSecond, dueInMs, uploadBytesPerSecond, toldMs, address, met = [] } = progress
  return encodeMessage({
    round, step, training, loss: orNull(loss), tokensPerSecond: orNull(tokensPerSecond), ...bounded('dueInMs', dueInMs, MAXIMUM_DUE_MS),
    ...bounded('uploadBytesPerSecond', uploadBytesPerSecond, MAXIMUM_UPLOAD_BYTES_PER_SECOND),
    ...toldMs === undefined ? {} : { toldMs },
    ...address === undefined ? {} : { address },
    ...met.length === 0 ? {} : { met: met.slice(0, MAXIMUM_MET_PEERS) }
  })
}

/** @throws WireError */
export function decodeProgress (bytes: Uint8Array): Progress {
  if (bytes.byteLength > MAXIMUM_PROGRESS_BYTES) throw new WireError('too-long', `an announcement exceeds ${MAXIMUM_PROGRESS_BYTES} bytes`)
  const { loss, tokensPerSecond, ...progress } = decodeMessage(bytes, progressSchema)
  return { ...progress, loss: orNaN(loss), tokensPerSecond: orNaN(tokensPerSecond) }
}

/** Whether bytes are an announcement, for whoever passes them on. */
export function isProgress (bytes: Uint8Array): boolean {
  try {
    decodeProgress(bytes)
    return true
  } catch {
    return false
  }
}
