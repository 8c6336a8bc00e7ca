import { lineChartSvg } from '../../report/line-chart.ts'
import { estimate } from '../../report/statistics.ts'
import type { Estimate } from '../../report/statistics.ts'
import type { ChurnTrial } from '../churn-trial.ts'
import { PUBLISHED_SEEDS } from './arms.ts'
import { excessOf, isAtMost, shownEstimate, shownShare } from './comparison.ts'
import type { Verdict } from './comparison.ts'
import { EVERY_STEPS, KILL_ARMS, KILL_SETTING } from './kill-arms.ts'
import type { Comeback, KillArm } from './kill-arms.ts'
import { preface, table } from './page.ts'
import type { Results } from './study.ts'

/** The design allows a loss one percent above that of an undisturbed run. */
const ALLOWED = 0.01
const WORDS: Readonly<Record<Comeback, string>> = { returns: 'comes back from its last checkpoint', replaced: 'a newcomer takes its place' }

interface Found {
  readonly arm: KillArm
  readonly trials: readonly ChurnTrial[]
  readonly excess: Estimate
}

export function killRatePage (study: { readonly name: string }, results: Results<ChurnTrial>): ReadonlyArray<readonly [string, string]> {
  const of = (arm: KillArm | undefined): ReadonlyArray<readonly [number, ChurnTrial]> => PUBLISHED_SEEDS.flatMap(seed => {
    const trial = results.get(`${arm?.name ?? ''}-seed${seed}`)?.result
    return trial === undefined ? [] : [[seed, trial] as const]
  })
  const calm = new Map(of(KILL_ARMS[0]))
  const found = KILL_ARMS.flatMap((arm): Found[] => {
    const paired = of(arm).filter(([seed]) => calm.has(seed))
    return paired.length === 0 ? [] : [{ arm, trials: paired.map(([, trial]) => trial), excess: excessOf(paired.map(([, { loss }]) => loss), paired.map(([seed]) => calm.get(seed)?.loss ?? NaN)) }]
  })
  const text = [
    ...preface(study, 'Loss against kill rate', results, PUBLISHED_SEEDS.slice(0, Math.max(...found.map(({ trials }) => trials.length)))), '',
    `Eight peers train for ${KILL_SETTING.steps} steps each by \`noloco\`, every ${EVERY_STEPS} steps, in virtual time with real training (the ground of [methods.md](methods.md)). In every round but the first and the last two each of them is killed with the stated probability; a round’s time later it comes back from its last checkpoint, of which a run has ten, ` +
    'or a newcomer takes its place, which begins from a member’s replica, with its data and an inner optimizer that warms up. Loss: held-out nats per byte of the merge of all who are there in the end; ± is the 95 % interval over paired seeds. What single disturbances cost: [churn.md](churn.md).', '',
    ...table(
      ['killed a round', 'then', 'loss:', 'above undisturbed:', 'tokens:', 'rounds averaged:', 'one-sided commits:', 'broken promises:', `at most ${100 * ALLOWED} % above`],
      found.map(({ arm, trials, excess }) => [
        `${100 * arm.rate} %`, arm.rate === 0 ? '–' : WORDS[arm.comeback], shownEstimate(estimate(trials.map(({ loss }) => loss))), arm.rate === 0 ? '–' : shownShare(excess),
        `${Math.round(meanOf(trials, ({ tokens }) => tokens) / 1000)}k`, `${Math.round(100 * meanOf(trials, ({ averagedRounds, rounds }) => averagedRounds / rounds))} %`,
        meanOf(trials, ({ oneSided }) => oneSided).toFixed(1), String(trials.flatMap(({ violations }) => violations).length), arm.rate === 0 ? '–' : isAtMost(excess, ALLOWED)
      ])
    ), '',
    '![Loss against kill rate](kill-rate.svg)', '',
    ...(['returns', 'replaced'] as const).map(comeback => `- Where who was killed ${comeback === 'returns' ? 'comes back' : 'is replaced'}: ${sentence(found.filter(({ arm }) => arm.comeback === comeback && arm.rate > 0))}`), '',
    'Tokens are what the counts of all who ever were there hold: what who came back had lost with the kill is not in them, nor what was skipped by taking up the step at which the swarm is. Neither is corrected for.', ''
  ].join('\n')
  return found.length < 2 ? [['kill-rate.md', text]] : [['kill-rate.md', text], ['kill-rate.svg', chart(found)]]
}

function meanOf (trials: readonly ChurnTrial[], value: (trial: ChurnTrial) => number): number {
  return estimate(trials.map(value)).mean
}

function sentence (found: readonly Found[]): string {
  if (found.length === 0) return 'not measured yet.'
  const rates = (verdict: Verdict): string => {
    const such = found.filter(({ excess }) => isAtMost(excess, ALLOWED) === verdict).map(({ arm }) => `${100 * arm.rate} %`)
    return such.length === 0 ? 'no rate' : such.join(', ')
  }
  return `at most ${100 * ALLOWED} % above an undisturbed run **holds** at ${rates('holds')}; cannot be told with these seeds at ${rates('cannot be told with these seeds')}; does not hold at ${rates('does not hold')}.`
}

function chart (found: readonly Found[]): string {
  const calm = found.filter(({ arm }) => arm.rate === 0)
  return lineChartSvg({
    title: 'Held-out loss above that of an undisturbed run', xLabel: 'peers killed in a round, %', yLabel: 'percent above',
    series: (['returns', 'replaced'] as const).filter(comeback => found.some(({ arm }) => arm.comeback === comeback && arm.rate > 0)).map(comeback => ({
      name: WORDS[comeback],
      points: [...calm, ...found.filter(({ arm }) => arm.comeback === comeback && arm.rate > 0)].map(({ arm, excess }) => ({ x: 100 * arm.rate, y: 100 * excess.mean, ...Number.isFinite(excess.margin) ? { margin: 100 * excess.margin } : {} }))
    }))
  })
}
