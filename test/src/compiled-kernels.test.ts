import { describe, expect, it } from 'vitest'
import { SOURCE_HASH as CODEC_SOURCES } from '../../src/codec-kernels/source-hash.ts'
import { sourceHash as codecHash } from '../../src/codec-kernels/generated/kernel-binary.ts'
import { checkSources } from '../../src/compiled-kernels.ts'
import { SOURCE_HASH } from '../../src/kernels/source-hash.ts'
import { sourceHash as noiseHash } from '../../src/noise-kernels/generated/kernel-binary.ts'
import { SOURCE_HASH as NOISE_SOURCES } from '../../src/noise-kernels/source-hash.ts'
import { loadBinary } from '../../src/kernels/wasm-binaries.ts'

describe('compiled kernels', () => {
  it('are of the sources of this version, every variant', async () => {
    expect(codecHash).toBe(CODEC_SOURCES)
    expect(noiseHash).toBe(NOISE_SOURCES)
    for (const instructions of ['simd', 'relaxed'] as const) for (const isShared of [false, true]) expect((await loadBinary(instructions, isShared)).length).toBeGreaterThan(0)
  })

  it('of other sources are refused with the command that compiles them', () => {
    checkSources(SOURCE_HASH, SOURCE_HASH)
    let refusal: unknown
    try { checkSources('old', SOURCE_HASH) } catch (error) { refusal = error }
    expect(refusal).toMatchObject({ code: 'BACKEND_UNAVAILABLE', why: expect.stringContaining('npm run build') as string, tryThis: 'npm run build' })
  })
})
