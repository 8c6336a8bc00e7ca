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
})
