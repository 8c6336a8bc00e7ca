import { Command } from 'commander'
import { describe, expect, it } from 'vitest'
import { configureMethodOptions, methodOf } from '../../../node/cli/method-options.ts'
import type { MethodOptions } from '../../../node/cli/method-options.ts'
import { methodSentence } from '../../../src/averaging/describe-method.ts'
import { presetNames } from '../../../src/averaging/methods.ts'
import { presets } from '../../../src/averaging/presets.ts'
import type { MethodSpec } from '../../../src/manifest/schema.ts'

function parse (words: string, mostSteps?: number): MethodSpec {
  const command = new Command().exitOverride()
  configureMethodOptions(command)
  command.parse(words.split(' ').filter(word => word !== ''), { from: 'user' })
  return methodOf(command.opts<MethodOptions>(), mostSteps)
}

describe('the method of a command line', () => {
  it('is a preset as it is', () => {
    for (const name of presetNames) expect(parse(`--method ${name}`)).toEqual(presets[name])
  })

  it('is stretched no further than asked, and never shortened below its own', () => {
    for (const name of presetNames) expect(parse(`--method ${name}`, 20).everySteps, name).toBe(Math.min(20, presets[name].everySteps))
    expect(parse('--method ddp --every 1', 20).everySteps).toBe(1)
    expect(parse('--method noloco --every 70', 20).everySteps).toBe(70)
  })

  it('replaces every axis by its option', () => {
    expect(parse('--method noloco --group 3 --participants 12 --fragments 2 --pattern sequential --every 30 --overlap 4 --mixing 0.25 --outer-rate 0.4 --outer-momentum 0.25 --codec fp32 --quorum 2 --grace 1.5 --late age --final-merge')).toEqual({
      groupSize: 3, participants: 12, fragments: 2, pattern: 'sequential', everySteps: 30, overlapSteps: 4, mixing: 0.25, outer: { kind: 'noloco', learningRate: 0.4, momentum: 0.25 },
      codec: 'fp32', quorum: 2, graceMs: 1500, late: 'age', finalMerge: true
    })
    expect(parse('--method shoal --no-final-merge --pairing random --mixing carry')).toMatchObject({ finalMerge: false, pairing: 'random', mixing: 'carry' })
    expect(parse('--method diloco --group all --shares deltas --codec int4(64) --error-feedback 0.9')).toMatchObject({ groupSize: 'all', errorFeedback: 0.9 })
    const ladder = (specs: string): unknown => parse(`--method noloco --ladder ${specs}`).ladder
    expect(ladder('uniform(6)|rans,int4(64,mse),uniform(3)|rans')).toEqual(['uniform(6)|rans', 'int4(64,mse)', 'uniform(3)|rans'])
    expect(ladder('none')).toEqual([])
    expect('errorFeedback' in parse('--method sparseloco --codec fp32 --error-feedback none')).toBe(false)
    expect(Object.keys(parse('--method dgc --error-feedback none --momentum-correction none')).filter(axis => /feedback|correction/i.test(axis))).toEqual([])
    expect(parse('--method shoal --momentum-codec int4').outer).toEqual({ ...presets.shoal.outer, momentumCodec: 'int4' })
    expect(parse('--method co2 --clip 0.5').outer).toEqual({ ...presets.co2.outer, clipNorm: 0.5 })
    expect(parse('--method dgc --momentum-correction 0.5').momentumCorrection).toBe(0.5)
  })

  it('gives another outer optimizer the constants of the preset that has it', () => {
    expect(parse('--method noloco --outer gossip').outer).toEqual(presets.shoal.outer)
    expect(parse('--method noloco --outer gossip --outer-momentum 0.5').outer).toEqual({ ...presets.shoal.outer, momentum: 0.5 })
  })

  it('refuses what contradicts itself with the rule', () => {
    const refusals: ReadonlyArray<readonly [string, string, RegExp]> = [
      ['--method fedavg --outer-momentum 0.5', 'USAGE', /has no momentum/],
      ['--method noloco --momentum-codec int4', 'USAGE', /noloco has no momentum that is averaged/],
      ['--method diloco --clip 1', 'USAGE', /nesterov has no clipping norm/],
      ['--method shoal --momentum-codec topk(0.1)', 'METHOD_CONTRADICTORY', /topk needs deltas or gradients/],
      ['--method nolcoo', 'METHOD_UNSUPPORTED', /this version has/],
      ['--method noloco --outer-rate 3', 'METHOD_UNSTABLE', /contract only if/],
      ['--method noloco --error-feedback 0.9', 'METHOD_CONTRADICTORY', /share a reference/],
      ['--method diloco --group 2', 'METHOD_CONTRADICTORY', /share slow weights/],
      ['--method shoal --every 40 --fragments 4 --overlap 10', 'METHOD_CONTRADICTORY', /τ < H\/F/],
      ['--method noloco --mixing 1.5', 'USAGE', /from 0 to 1/],
      ['--method noloco --group 5000', 'USAGE', /from 1 to 1024/],
      ['--method noloco --every 1e9', 'USAGE', /from 1 to 100000/],
      ['--method noloco --pairing cube', 'USAGE', /random, hypercube/]
    ]
    for (const [words, code, why] of refusals) {
      expect(() => parse(words), words).toThrow(expect.objectContaining({ code, why: expect.stringMatching(why) as string }) as Error)
    }
  })

  it('is told in a sentence', () => {
    expect(methodSentence(parse('--method shoal --every 40 --fragments 4 --overlap 5 --codec int4(64)'))).toMatch(/^Every 10 steps each peer takes its own outer step \(gossip η 0\.7 μ 0\.3\), then pairs along a hypercube average one of 4 fragments of their weights as int4\(64\).* training goes on for 5 steps meanwhile.* everyone who is there merges once\.$/)
    expect(methodSentence(presets.ddp)).toMatch(/^Every step all peers average their gradients as fp32 and leave the mean to the inner optimizer;/)
    expect(methodSentence(presets.solo)).toBe('Every peer trains alone.')
    for (const name of presetNames) expect(methodSentence(presets[name])).toMatch(/^Every .*\.$/)
  })
})
