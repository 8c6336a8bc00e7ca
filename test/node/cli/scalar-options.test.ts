import { describe, expect, it } from 'vitest'
import { axisOptions } from '../../../node/cli/method-options.ts'
import { anyMethodOf } from '../../../node/cli/scalar-options.ts'
import { scalarPresets } from '../../../src/spsa/scalar-methods.ts'

describe('a method of scalars', () => {
  it.each(axisOptions.map(axis => [axis]))('has no %s', axis => {
    expect(() => anyMethodOf({ method: 'one-byte', [axis]: 'x' })).toThrow(expect.objectContaining({ code: 'USAGE', why: 'its peers send scalars, and these options are about averaging weights' }) as Error)
  })

  it('is no method of the frame, whose options are refused the other way', () => {
    expect(anyMethodOf({ method: 'one-byte' }).kind).toBe('one-byte')
    expect(() => anyMethodOf({ method: 'noloco', epsilon: '0.1' })).toThrow(expect.objectContaining({ code: 'USAGE', why: 'it is no method of scalars' }) as Error)
  })
})

describe('the margin above what is usual', () => {
  it.each(['fedkseed', 'fedkseed-pro', 'ferret'])('is a number of %s', method => {
    expect(anyMethodOf({ method, margin: '3' })).toMatchObject({ levelsAboveMedian: 3 })
  })

  it('is one of one-byte’s clipping, beside what the preset says of the rest', () => {
    expect(anyMethodOf({ method: 'one-byte', margin: '0' })).toMatchObject({ clip: { ...scalarPresets['one-byte'].clip, levelsAboveMedian: 0 } })
  })

  it.each(['-1', '128', '1.5', 'wide', ''])('is refused as %j', margin => {
    expect(() => anyMethodOf({ method: 'fedkseed', margin })).toThrow(expect.objectContaining({ code: 'USAGE', message: `--margin ${margin} cannot be used`, why: 'it has to be a whole number from 0 to 127' }) as Error)
  })

  it('is none of a method of the frame', () => {
    expect(() => anyMethodOf({ method: 'noloco', margin: '3' })).toThrow(expect.objectContaining({ code: 'USAGE', why: 'it is no method of scalars' }) as Error)
  })
})

describe('a method of rounds', () => {
  it('takes its numbers from the command line', () => {
    expect(anyMethodOf({ method: 'fedkseed', pool: '128', localSteps: '5', scalarRate: '0.01', largestLevel: '80', swarm: '3', checkEvery: '2' }, { steps: 100 }))
      .toMatchObject({ kind: 'fedkseed', poolSize: 128, localSteps: 5, learningRate: 0.01, largestLevel: 80, peers: 3, checkEvery: 2, importance: false })
    expect(anyMethodOf({ method: 'fedkseed-pro' }, { steps: 100 })).toMatchObject({ importance: true })
    expect(anyMethodOf({ method: 'ferret', directions: '64', blockSize: '512', smallest: '1e-7', noise: 'gaussian' }, { steps: 100 }))
      .toMatchObject({ kind: 'ferret', directions: 64, blockSize: 512, smallest: 1e-7, noise: 'gaussian' })
  })

  it.each([
    ['ferret', { scalarDecay: 'cosine' }, '--scalar-decay'], ['one-byte', { pool: '4' }, '--pool'], ['one-byte', { largestLevel: '4' }, '--largest-level'],
    ['ferret', { epsilon: '0.1' }, '--epsilon'], ['ferret', { pack: '8' }, '--pack']
  ])('of %s has none of another’s: %j', (method, options, flag) => {
    expect(() => anyMethodOf({ method, ...options })).toThrow(expect.objectContaining({ code: 'USAGE', message: `${flag} cannot be used with --method ${method}`, why: 'it has no such number' }) as Error)
  })

  it.each([
    ['pack', '--pack', 'its packs are its rounds'], ['directions', '--directions', 'more of them (--local-steps) are its more directions'], ['momentum', '--momentum', 'along all seeds before it'], ['adapterRank', '--adapter-rank', 'factors are trained by one-byte']
  ])('of fedkseed has no %s, and says why', (option, flag, why) => {
    expect(() => anyMethodOf({ method: 'fedkseed', [option]: '4' })).toThrow(expect.objectContaining({ code: 'USAGE', message: `${flag} cannot be used with --method fedkseed`, why: expect.stringContaining(why) as string }) as Error)
  })

  it('is held to the steps of its run', () => {
    expect(() => anyMethodOf({ method: 'fedkseed' }, { steps: 30 })).toThrow(expect.objectContaining({ code: 'METHOD_CONTRADICTORY' }) as Error)
  })
})

describe('privacy', () => {
  it('takes a clip and noise together, and δ', () => {
    expect(anyMethodOf({ method: 'fedkseed', privacyClip: '2', privacyNoise: '3' })).toMatchObject({ privacy: { clip: 2, noiseMultiplier: 3, delta: 1e-5 } })
    expect(anyMethodOf({ method: 'one-byte', privacyClip: '2', privacyNoise: '3', privacyDelta: '1e-6' })).toMatchObject({ privacy: { delta: 1e-6 } })
  })

  it.each([{ privacyClip: '2' }, { privacyNoise: '3' }, { privacyDelta: '1e-6' }])('promises nothing by half: %j', options => {
    expect(() => anyMethodOf({ method: 'fedkseed', ...options })).toThrow(expect.objectContaining({ code: 'USAGE', message: 'privacy needs --privacy-clip and --privacy-noise' }) as Error)
  })

  it('is refused where its noise drowns in the clipping of bytes, and where no scalars are measured', () => {
    expect(() => anyMethodOf({ method: 'fedkseed', privacyClip: '100', privacyNoise: '3' })).toThrow(expect.objectContaining({ code: 'METHOD_CONTRADICTORY', why: 'noise of 3 × 100 is more than the largest scalar that counts, 51.7' }) as Error)
    expect(() => anyMethodOf({ method: 'ferret', privacyClip: '1', privacyNoise: '3' })).toThrow(expect.objectContaining({ code: 'USAGE' }) as Error)
  })
})

describe('variants', () => {
  it.each(['one-byte', 'fedkseed'])('of %s: a masked part of the weights, and signs alone', method => {
    expect(anyMethodOf({ method, sparse: '3', form: 'sign' })).toMatchObject({ sparse: { halvings: 3, mask: 0 }, form: 'sign' })
    expect(anyMethodOf({ method, sparse: '1', mask: '7', form: 'value' })).toMatchObject({ sparse: { halvings: 1, mask: 7 } })
    expect(anyMethodOf({ method })).not.toHaveProperty('sparse')
  })

  it.each(['one-byte', 'fedkseed'])('of %s: schedules of its rate and of ε', method => {
    expect(anyMethodOf({ method, scalarDecay: 'cosine', scalarWarmup: '10', epsilonDecay: 'linear' }, { steps: 1000 })).toMatchObject({ decay: 'cosine', warmup: 10, epsilonDecay: 'linear' })
    expect(anyMethodOf({ method, epsilonDecay: 'constant' })).not.toHaveProperty('epsilonDecay')
    expect(() => anyMethodOf({ method, scalarDecay: 'square' })).toThrow(expect.objectContaining({ code: 'USAGE' }) as Error)
    expect(() => anyMethodOf({ method, scalarWarmup: '1000' }, { steps: 1000 })).toThrow(expect.objectContaining({ code: 'METHOD_CONTRADICTORY' }) as Error)
  })

  it('of one-byte: several directions a step, momentum, and adapters', () => {
    expect(anyMethodOf({ method: 'one-byte', directions: '4', momentum: '0.8', adapterRank: '2' })).toMatchObject({ directions: 4, momentum: 0.8, adapters: { rank: 2 } })
    for (const options of [{ directions: '17' }, { directions: '0' }, { momentum: '1' }, { momentum: '0' }, { adapterRank: '0' }]) {
      expect(() => anyMethodOf({ method: 'one-byte', ...options })).toThrow(expect.objectContaining({ code: 'USAGE' }) as Error)
    }
  })

  it('have no mask of nothing, and none where nothing is measured', () => {
    expect(() => anyMethodOf({ method: 'fedkseed', mask: '7' })).toThrow(expect.objectContaining({ code: 'USAGE', message: '--mask needs --sparse' }) as Error)
    expect(() => anyMethodOf({ method: 'ferret', sparse: '1' })).toThrow(expect.objectContaining({ code: 'USAGE' }) as Error)
  })
})
