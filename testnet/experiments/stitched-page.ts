import { estimate } from '../report/statistics.ts'
import type { Estimate } from '../report/statistics.ts'
import type { Mark, StitchedTrial } from './stitched-trial.ts'

export interface StitchedCell extends StitchedTrial {
  readonly everySteps: number
}

const percent = ({ mean, margin }: Estimate): string => `${(100 * mean).toFixed(2)} % ± ${(100 * margin).toFixed(2)}`
const meanOf = (values: readonly number[]): number => estimate(values).mean

/** Over the seeds that both arms have. */
function table (cells: readonly StitchedCell[]): string[] {
  const stitched = cells.filter(({ fromOne }) => !fromOne)
  const whole = stitched.map(({ seed }) => cells.find(cell => cell.fromOne && cell.seed === seed)).filter(cell => cell !== undefined)
  const marks = stitched[0]?.marks ?? []
  const over = (arm: readonly StitchedCell[], place: number, value: (mark: Mark) => number): number[] => arm.map(({ marks: own }) => value(own[place] as Mark))
  return [
    '| rounds since joining | members: mean | their worst | joiner from one member | against the members | joiner from several | against the members | several against one |', '|---|---|---|---|---|---|---|---|',
    ...marks.map(({ rounds }, place) => {
      const joiners = (arm: readonly StitchedCell[]): Joiners => ({ losses: over(arm, place, mark => mark.joiner), over: over(arm, place, mark => mark.joiner / mark.members - 1) })
      const [one, several] = [joiners(whole), joiners(stitched)]
      const paired = several.losses.map((loss, seed) => loss / (one.losses[seed] ?? NaN) - 1)
      const cellsOfRow = [
        String(rounds), meanOf(over(stitched, place, mark => mark.members)).toFixed(4), meanOf(over(stitched, place, mark => mark.worst)).toFixed(4),
        meanOf(one.losses).toFixed(4), percent(estimate(one.over)), meanOf(several.losses).toFixed(4), percent(estimate(several.over)), percent(estimate(paired))
      ]
      return `| ${cellsOfRow.join(' | ')} |`
    })
  ]
}

/** By seed. */
interface Joiners {
  readonly losses: readonly number[]
  readonly over: readonly number[]
}

/** The page of what was measured. */
export function stitchedPage (cells: readonly StitchedCell[], { steps, stepMs, members }: { readonly steps: number, readonly stepMs: number, readonly members: number }): string {
  const seeds = [...new Set(cells.map(({ seed }) => seed))]
  const sections = [...new Set(cells.map(({ everySteps }) => everySteps))].flatMap(everySteps => {
    const mine = cells.filter(cell => cell.everySteps === everySteps)
    const stitched = mine.filter(({ fromOne }) => !fromOne)
    const givers = stitched.map(({ shares }) => shares.length)
    const [fewest, most] = [Math.min(...givers), Math.max(...givers)]
    return [
      `## A round every ${everySteps} steps`, '',
      `The replica is of step ${[...new Set(mine.map(({ step }) => step))].join(' or ')}. Put together, it has values of ${fewest === most ? fewest : `${fewest} to ${most}`} members, at most`,
      `${Math.round(100 * Math.max(...stitched.map(({ shares }) => shares[0] ?? 0)))} % of one. The mean of the members’ replicas has a loss of ${meanOf(stitched.map(({ merged }) => merged)).toFixed(4)} then.`, '',
      ...table(mine), ''
    ]
  })
  return [
    '# What is a replica worth that was put together?', '',
    `Command: \`npm run bench:stitched\`. ${members} members train a small language model for ${steps} inner steps by NoLoCo, in virtual time with real training (wasm, one thread; a step takes ${stepMs} ms); one more joins under way, fetches a replica by the`,
    'code of real peers, and goes on. Members’ replicas differ, and chunks come from several of them at once: a joiner begins with a mixture that nobody trained. Beside it one that takes every chunk from the same member. Losses are held-out nats per',
    `byte, all at the same step; seeds ${seeds.join(', ')}, paired, ± is a 95 % interval over them. Whose value each weight is was looked up, not assumed (where several had the same, it counts for whoever gave the one before); ${cells.flatMap(({ violations }) => violations).length} promises were broken.`, '',
    ...sections
  ].join('\n')
}
