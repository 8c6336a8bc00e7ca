import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { UploadGauge } from '../../../node/network/upload-gauge.ts'

describe('the upload gauge', () => {
  it('follows payloads that keep the link busy, and ignores what fits into buffers', () => {
    const gauge = new UploadGauge()
    gauge.sent(1000, 1)
    expect(gauge.bytesPerSecond).toBeUndefined()
    gauge.sent(1_000_000, 1000)
    expect(gauge.bytesPerSecond).toBe(1_000_000)
    gauge.sent(2_000_000, 1000)
    expect(gauge.bytesPerSecond).toBe(1_300_000)
  })

  /** A link of such a speed behind a socket that takes its first bytes at once, on a clock of its own. */
  const takenMs = (bytes: number, bytesPerSecond: number, buffer: number): number => 1000 * Math.max(0, bytes - buffer) / bytesPerSecond

  it('finds out what a link carries, within what its buffers hide, and follows when that changes', () => {
    const rate = fc.integer({ min: 5_000, max: 50_000_000 })
    const sizes = fc.array(fc.integer({ min: 256 * 1024, max: 8 * 1024 * 1024 }), { minLength: 12, maxLength: 12 })
    fc.assert(fc.property(rate, rate, sizes, fc.integer({ min: 0, max: 64 * 1024 }), (before, after, payloads, buffer) => {
      const gauge = new UploadGauge()
      for (const speed of [before, after]) {
        const first = gauge.bytesPerSecond ?? speed
        for (const bytes of payloads) gauge.sent(bytes, takenMs(bytes, speed, buffer))
        const remembered = 0.7 ** payloads.length * first
        // of 256 kB a buffer of 64 kB hides a quarter
        expect(gauge.bytesPerSecond).toBeGreaterThanOrEqual((1 - 0.7 ** payloads.length) * speed * 0.999)
        expect(gauge.bytesPerSecond).toBeLessThanOrEqual(remembered + speed * 4 / 3 * 1.001)
      }
    }))
  })
})
