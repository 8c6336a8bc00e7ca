import { disturbs } from '../scenarios/plan.ts'
import type { RunTestnetOptions } from './run-testnet.ts'

/** What of a testnet says how it runs, before anyone watches it. */
type Plan = Pick<RunTestnetOptions, 'name' | 'root' | 'seats' | 'faults' | 'expect'>

/** The same testnet and seed with nothing going wrong and nobody lying, in a folder beside its own; undefined where nothing is expected of the two together. */
export function undisturbedTestnet<T extends Plan> (plan: T): T | undefined {
  const { name, root, seats, faults = [], expect } = plan
  if (expect?.withinPercentOfUndisturbed === undefined) return undefined
  const honest = seats?.map(seat => ({ ...seat, conduct: undefined }))
  return { ...plan, ...honest === undefined ? {} : { seats: honest }, name: `${name}-undisturbed`, root: `${root}-undisturbed`, faults: faults.filter(({ kind }) => !disturbs(kind)), expect: { allEnd: expect.allEnd } }
}
