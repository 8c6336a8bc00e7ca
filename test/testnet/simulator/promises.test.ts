import { describe, expect, it } from 'vitest'
import { methodPreset } from '../../../src/averaging/methods.ts'
import type { UploadPromise } from '../../../src/budget/upload-promise.ts'
import { createLayout } from '../../../src/parameters/layout.ts'
import { calmSwarm } from '../../../testnet/simulator/scenarios.ts'
import type { Scenario, SimulationResult } from '../../../testnet/simulator/simulation.ts'
import { simulate } from '../../../testnet/simulator/simulation.ts'

/** A round a second of 4 kB. */
const PARAMETERS = 1000
const calm: Scenario = {
  ...calmSwarm, peers: 4, steps: 1800, stepMs: [100, 100], parameters: PARAMETERS, limitMs: 1e7,
  method: methodPreset('noloco', { everySteps: 10, codec: 'fp32', graceMs: 4000, ladder: [] })
}
const promise: UploadPromise = { bytesPerSecond: 1600, windowSeconds: 60 }
const first = 'peer-0'

/** When a peer's averaged rounds ended, in milliseconds. */
const averagedAt = ({ lines }: SimulationResult, peer: string): number[] =>
  lines.filter(line => line.includes(` ${peer} round `) && line.includes('averaged with')).map(line => Number(line.split(' ')[0]))

describe('a promise about the uplink in virtual time', () => {
  it('is kept in every window by letting rounds pass, told in sentences, and costs the others no wait', () => {
    const result = simulate({ ...calm, promises: [promise] })
    expect(result.violations).toEqual([])
    const moments = averagedAt(result, first)
    for (const moment of moments) {
      const within = moments.filter(other => other <= moment && moment - other < 60_000).length
      expect(within * 4 * PARAMETERS).toBeLessThanOrEqual(promise.bytesPerSecond * promise.windowSeconds)
    }
    const seconds = (result.peers[0]?.endedMs ?? 0) / 1000
    const [sent = 0, ...others] = result.peers.map(({ sentBytes }) => sentBytes)
    expect(sent).toBeLessThanOrEqual(promise.bytesPerSecond * (seconds + promise.windowSeconds))
    // and nearly all of it is used
    expect(sent).toBeGreaterThan(0.8 * promise.bytesPerSecond * seconds)
    for (const other of others) expect(other).toBeGreaterThan(1.5 * sent)
    const own = result.records.filter(({ peer }) => peer === first)
    const rests = own.filter(({ reason }) => reason.startsWith('solo: rests'))
    expect(rests.length).toBeGreaterThan(own.length / 2)
    for (const { reason } of rests) {
      expect(reason).toMatch(/^solo: rests( to keep 96.0 kB in 60 s: a round costs .*; the next fits in \d+ s|: sends \d+ % of its rounds, as fp32 \(codec 1 of 1\), to keep 96.0 kB in 60 s, and this round is not among them)$/)
    }
    const waits = result.records.filter(({ peer }) => peer !== first).map(({ waitedMs }) => waitedMs)
    expect(Math.max(...waits)).toBeLessThan(1000)
    for (const { endedMs } of result.peers) expect(endedMs / 1000).toBeLessThan(1.15 * seconds)
  })

  it('changes nothing where it is large enough', () => {
    const result = simulate({ ...calm, steps: 300, promises: [{ bytesPerSecond: 10_000, windowSeconds: 60 }] })
    expect(result.hash).toBe(simulate({ ...calm, steps: 300 }).hash)
  })

  it('that not even one round fits into says what would', () => {
    const result = simulate({ ...calm, steps: 100, promises: [{ bytesPerSecond: 50, windowSeconds: 60 }] })
    const own = result.records.filter(({ peer }) => peer === first)
    expect(own.filter(({ outcome }) => outcome === 'averaged')).toEqual([])
    expect(own[1]?.reason).toContain('fewer bits or more fragments would fit')
    expect(result.violations).toEqual([])
  })

  it('lowers bits first, which costs it no round and the others neither', () => {
    const method = methodPreset('noloco', { everySteps: 10, codec: 'fp32', graceMs: 4000 })
    const result = simulate({ ...calm, method, steps: 900, promises: [promise] })
    expect(result.violations).toEqual([])
    const own = result.records.filter(({ peer }) => peer === first)
    // the first round, before the pace is known, and whatever rests until its window has passed
    expect(own.filter(({ outcome }) => outcome === 'averaged').length).toBeGreaterThan(0.9 * own.length)
    const seconds = (result.peers[0]?.endedMs ?? 0) / 1000
    expect(result.peers[0]?.sentBytes).toBeLessThanOrEqual(promise.bytesPerSecond * (seconds + promise.windowSeconds))
    expect(result.lines.find(line => line.includes(first) && line.includes('sends as'))).toMatch(/sends as uniform\(6\) \| rans \(codec 2 of 4\) to keep 96.0 kB in 60 s/)
    for (const { sentBytes } of result.peers.slice(1)) expect(sentBytes).toBeGreaterThan(3 * (result.peers[0]?.sentBytes ?? 0))
  })

  it('has a peer send fewer fragments, each of them as often as the others, where no codec is coarse enough', () => {
    const method = methodPreset('shoal', { everySteps: 20, fragments: 2, overlapSteps: 0, graceMs: 4000, finalMerge: false })
    const layout = createLayout([{ name: 'a', shape: [500] }, { name: 'b', shape: [500] }])
    const result = simulate({ ...calm, method, layout, steps: 4000, promises: [{ bytesPerSecond: 150, windowSeconds: 60 }] })
    expect(result.violations).toEqual([])
    const averaged = result.records.filter(({ peer, outcome }) => peer === first && outcome === 'averaged')
    const byFragment = [0, 1].map(fragment => averaged.filter(({ round }) => (round - 1) % 2 === fragment).length)
    expect(Math.min(...byFragment)).toBeGreaterThan(0.8 * Math.max(...byFragment))
    expect(result.records.some(({ peer, reason }) => peer === first && /rests: sends \d+ % of its rounds, as uniform\(3\) \| rans \(codec 2 of 2\)/.test(reason))).toBe(true)
  })

  it('holds for groups of everyone, which go on without whoever rests', () => {
    const method = methodPreset('fedavg', { everySteps: 10, graceMs: 4000 })
    const result = simulate({ ...calm, method, steps: 1200, promises: [{ bytesPerSecond: 4000, windowSeconds: 60 }] })
    expect(result.violations).toEqual([])
    const seconds = (result.peers[0]?.endedMs ?? 0) / 1000
    expect(result.peers[0]?.sentBytes).toBeLessThanOrEqual(4000 * (seconds + 60))
    expect(result.records.filter(({ peer, reason }) => peer !== first && reason.includes('3 of')).length).toBeGreaterThan(0)
  })
})
