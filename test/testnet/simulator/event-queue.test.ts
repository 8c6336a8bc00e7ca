import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { EventQueue } from '../../../testnet/simulator/event-queue.ts'
import type { Timed } from '../../../testnet/simulator/event-queue.ts'

/** Moments of the same day, of neighbouring ones and of days far apart, and never. */
const moment = fc.oneof(fc.nat(40).map(quarters => quarters / 4), fc.nat(5_000), fc.constant(Infinity))

describe('EventQueue', () => {
  it('gives what comes first, however adding and taking alternate', () => {
    fc.assert(fc.property(fc.array(fc.oneof(moment, fc.constant('take' as const)), { maxLength: 300 }), doings => {
      const queue = new EventQueue<Timed>()
      const waiting: Timed[] = []
      doings.forEach((doing, sequence) => {
        if (doing === 'take') {
          expect(queue.first).toBe(waiting[0])
          queue.removeFirst()
          waiting.shift()
        } else {
          const item = { atMs: doing, sequence }
          queue.add(item)
          waiting.push(item)
          waiting.sort((one, other) => one.atMs === other.atMs ? one.sequence - other.sequence : one.atMs - other.atMs)
        }
        expect(queue.length).toBe(waiting.length)
      })
      for (const item of waiting) {
        expect(queue.first).toBe(item)
        queue.removeFirst()
      }
      expect(queue.first).toBeUndefined()
    }))
  })
})
