import type { ByteTotals, StampedEvent } from '../../src/events.ts'
import type { ScalarValue } from './event-records.ts'

/** The scalars of one event, at the step that they belong to. */
export interface Scalars {
  readonly step: number
  readonly atMs: number
  readonly values: readonly ScalarValue[]
}

/** What an event says in numbers that a plot can show; undefined where it says none. Names have the groups that TensorBoard shows together. */
export function scalarsOf (event: StampedEvent): Scalars | undefined {
  switch (event.type) {
    case 'progress': return scalars(event, event.step, { 'train/loss': event.loss, 'train/tokens_per_second': event.tokensPerSecond, 'train/tokens': event.tokens })
    case 'evaluated': return scalars(event, event.step, { 'evaluation/loss': event.loss })
    case 'merged': return scalars(event, event.step, { 'merge/loss_before': event.lossBefore, 'merge/loss_after': event.lossAfter, 'merge/spread': event.spread, 'merge/members': event.members.length })
    case 'round': {
      const { record } = event
      return scalars(event, record.step, {
        'round/loss': record.loss, 'round/number': record.round, 'round/members': record.members.length, 'round/waited_seconds': record.waitedMs / 1000,
        'consensus/distance': record.spread, 'codec/relative_error': record.codecError, 'codec/bits_per_value': record.bitsPerValue, ...bytesOf(event.bytes)
      })
    }
    default: return undefined
  }
}

function bytesOf (bytes: ByteTotals): Readonly<Record<string, number>> {
  return {
    'bytes/payload_sent': bytes.payloadSent, 'bytes/payload_received': bytes.payloadReceived, 'bytes/wire_sent': bytes.wireSent, 'bytes/wire_received': bytes.wireReceived,
    'bytes/control_sent': bytes.controlSent, 'bytes/control_received': bytes.controlReceived
  }
}

/** Values that do not exist, as the spread of a round alone, are left out. */
function scalars ({ atMs }: StampedEvent, step: number, named: Readonly<Record<string, number | undefined>>): Scalars {
  const values = Object.entries(named).flatMap(([tag, value]) => value !== undefined && Number.isFinite(value) ? [{ tag, value }] : [])
  return { step, atMs, values }
}
