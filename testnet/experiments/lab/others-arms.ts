import { GROUND, armOf } from './arms.ts'
import type { Arm } from './arms.ts'
import { bestOf } from './lab-rows.ts'
import type { LabRow } from './lab-rows.ts'

const [EVERY, RATE] = [40, 0.02] as const
/** An all-to-all of whole replicas sends each of them N − 1 times, a ring 2(N − 1)/N times: N/2 times as much. */
const ALL_TO_ALL = GROUND.peers / 2

/** What others put on the wire, on our ground; H where they leave it open is the one that served `diloco` best in methods.md. */
export const OTHERS: readonly Arm[] = [
  armOf('diloco', 'fp16', RATE, { everySteps: EVERY, codec: 'fp16' }, 'OpenDiLoCo: Nesterov 0.7, 0.9 on deltas in fp16'),
  armOf('diloco', 'int8', RATE, { everySteps: EVERY, codec: 'int8(4096)' }, 'OpenDiLoCo and PRIME: the same in int8, blocks of 4096'),
  { ...armOf('noloco', 'two-tensors', RATE, { everySteps: EVERY, codec: 'fp32' }, 'NoLoCo’s code: pairs, weights and deltas in fp32'), sentTimes: 2 },
  armOf('ddp', 'fp16', 0.04, { codec: 'fp16' }, 'hivemind: gradients of a common batch in fp16')
]

/** Of systems whose method is one of the presets that methods.md has measured. */
export function asOthersSend (published: readonly LabRow[]): readonly LabRow[] {
  const as = (preset: string, what: string, sentTimes = 1, everySteps?: number): readonly LabRow[] => {
    const row = bestOf(published.filter(candidate => candidate.what === preset && (everySteps === undefined || candidate.everySteps === everySteps)))
    return row === undefined ? [] : [{ ...row, what, sentTimes }]
  }
  return [
    ...as('fedavg', 'DISCO: whole weights in fp32 from everyone to everyone, at the same H', ALL_TO_ALL, EVERY),
    ...as('fedavg', 'DISCO, at its best H', ALL_TO_ALL),
    ...as('sparseloco', 'templar, Covenant: SparseLoCo'), ...as('demo', 'Psyche: DeMo, one-bit'), ...as('streaming-diloco', 'torchft, Streaming DiLoCo in four bits')
  ]
}
