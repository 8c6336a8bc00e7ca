import { afterAll, beforeAll, expect, it } from 'vitest'
import { DEFAULT_COMPUTE } from '../../node/backends/contract.ts'
import { methodPreset } from '../../src/averaging/methods.ts'
import { runTestnet } from '../../testnet/launcher/run-testnet.ts'
import type { SeatPlan } from '../../testnet/launcher/seat.ts'
import { UNSHAPED } from '../../testnet/links/path.ts'
import { PATIENT } from '../support/patient.ts'
import { temporaryFolder } from '../support/shoal-process.ts'

let folder: Awaited<ReturnType<typeof temporaryFolder>>
beforeAll(async () => { folder = await temporaryFolder() })
afterAll(async () => folder.remove())

const honest: SeatPlan = { alias: 'honest', group: 'honest', link: UNSHAPED, throttle: 1, upload: '', lane: 'first-order', joinsLater: false }
/** A to C are honest; D lies from the start, E from a round on. */
const SEATS: readonly SeatPlan[] = [honest, honest, honest, { ...honest, conduct: { attack: 'nan' } }, { ...honest, conduct: { attack: undefined } }]
const STEPS_THAT_TEACH = 100

it('real peers that lie, at once or later, are refused with the reason, and the honest ones go on learning together', async () => {
  const [stop, stepped] = [new AbortController(), new Map<string, number>()]
  const [ids, warnings, refused, met] = [new Map<string, string>(), new Map<string, string>(), new Map<string, string>(), new Set<string>()]
  const isDone = (): boolean => refused.has('D') && refused.has('E') && met.size > 0 && [...stepped.values()].filter(step => step >= STEPS_THAT_TEACH).length === 3
  const report = await runTestnet({
    name: 'liars', root: `${folder.path}/liars`, peers: SEATS.length, seats: SEATS, method: methodPreset('noloco', { everySteps: 5, codec: 'fp32', ...PATIENT }), methodName: 'noloco', steps: 0, model: 'tiny', seed: 1,
    batch: 2, learningRate: 0.003, shards: SEATS.length, split: 'iid', evaluateEveryRounds: 0, listen: ['/ip4/127.0.0.1/tcp/0'], compute: { ...DEFAULT_COMPUTE, backend: 'wasm' }, signal: stop.signal,
    faults: [{ kind: 'lie', at: { round: 3 }, peers: [4], attack: 'garbage' }],
    onEvent: (name, event) => {
      if (event.type === 'started') ids.set(event.peerId, name)
      if (event.type === 'warning' && event.sentence.includes('on purpose')) warnings.set(name, event.sentence)
      if (name === 'D' || name === 'E') return
      if (event.type === 'peer-rejected' && event.by === 'us' && event.code === 'BAD_CONTRIBUTION') refused.set(ids.get(event.peerId) ?? event.peerId, event.sentence)
      if (event.type === 'round') {
        stepped.set(name, event.record.step)
        // that they meet in spite of both is what this waits for
        if (refused.size === 2 && event.record.outcome === 'averaged') met.add(name)
      }
      if (isDone()) stop.abort()
    }
  })
  expect([...refused.keys()].sort()).toEqual(['D', 'E'])
  expect(Object.fromEntries(warnings)).toEqual({ D: 'this peer lies on purpose: nan', E: 'this peer lies on purpose: garbage' })
  expect(report.perPeer.map(({ name }) => name)).toEqual(['A', 'B', 'C'])
  expect(report.peersLost).toEqual([])
  expect(report.liars).toEqual([{ name: 'D', attack: 'nan' }, { name: 'E', attack: 'garbage' }])
  expect(report.evalLossReplicas).toBeLessThan(report.startLoss - 1)
})
