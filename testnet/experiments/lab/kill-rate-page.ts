import { lineChartSvg } from '../../report/line-chart.ts'
import { estimate } from '../../report/statistics.ts'
import type { Estimate } from '../../report/statistics.ts'
import { whyNotCalm } from '../churn-trial.ts'
import type { ChurnTrial } from '../churn-trial.ts'
import { excessOf, isAtMost, shownEstimate, shownShare } from './comparison.ts'
import type { Verdict } from './comparison.ts'
import { COMEBACKS, EVERY_STEPS, KILL_ARMS, KILL_SEEDS, KILL_SETTING } from './kill-arms.ts'
import type { Comeback, KillArm } from './kill-arms.ts'
import { preface, table } from './page.ts'
import type { Results } from './study.ts'

/** The design allows a loss one percent above that of an undisturbed run. */
const ALLOWED = 0.01
const WORDS: Readonly<Record<Comeback, string>> = { returns: 'killed; comes back from its last checkpoint', replaced: 'killed; a newcomer takes its place', leaves: 'leaves politely; comes back with what it left with' }
/** Undisturbed runs take so many tokens, and a share of them more or less is worth telling beside a verdict. */
const WORTH_TELLING = 0.05
/** The unit of slopes: a tenth of the peers more that go in a round. */
const PER_RATE = 0.1

interface Found {
  readonly arm: KillArm
  /** Of the trials, in their order. */
  readonly seeds: readonly number[]
  readonly trials: readonly ChurnTrial[]
  readonly excess: Estimate
}

export function killRatePage (study: { readonly name: string }, results: Results<ChurnTrial>): ReadonlyArray<readonly [string, string]> {
  const of = (arm: KillArm | undefined): ReadonlyArray<readonly [number, ChurnTrial]> => KILL_SEEDS.flatMap(seed => {
    const trial = results.get(`${arm?.name ?? ''}-seed${seed}`)?.result
    return trial === undefined ? [] : [[seed, trial] as const]
  })
  const undisturbed = of(KILL_ARMS[0])
  const refused = undisturbed.flatMap(([seed, trial]) => whyNotCalm(trial) === undefined ? [] : [`Of seed ${seed} nothing is told, for it has nothing to be compared with: in its undisturbed run ${whyNotCalm(trial)}.`])
  const calm = new Map(undisturbed.filter(([, trial]) => whyNotCalm(trial) === undefined))
  const found = KILL_ARMS.flatMap((arm): Found[] => {
    const paired = of(arm).filter(([seed]) => calm.has(seed))
    return paired.length === 0 ? [] : [{ arm, seeds: paired.map(([seed]) => seed), trials: paired.map(([, trial]) => trial), excess: excessOf(paired.map(([, { loss }]) => loss), paired.map(([seed]) => calm.get(seed)?.loss ?? NaN)) }]
  })
  const text = [
    ...preface(study, 'Loss against kill rate', results, KILL_SEEDS.filter(seed => found.some(({ seeds }) => seeds.includes(seed)))), '',
    `Eight peers train for ${KILL_SETTING.steps} steps each by \`noloco\`, every ${EVERY_STEPS} steps, in virtual time with real training (the ground of [methods.md](methods.md)). In every round but the first and the last two each of them goes with the stated probability: it is killed, and a round’s time later comes back from its last checkpoint, of which a run has ten, ` +
    'or a newcomer takes its place, which begins from a member’s replica, with its data and an inner optimizer that warms up; or it leaves politely, and a round’s time later comes back with what it left with. Loss: held-out nats per byte of the merge of all who are there in the end; ± is the 95 % interval over paired seeds. What single disturbances cost: [churn.md](churn.md).', '',
    ...refused.flatMap(sentence => [sentence, '']),
    ...table(
      ['gone a round', 'how', 'loss:', 'above undisturbed:', 'tokens:', 'rounds averaged:', 'one-sided commits:', 'broken promises:', `at most ${100 * ALLOWED} % above`],
      found.map(({ arm, trials, excess }) => [
        `${100 * arm.rate} %`, arm.rate === 0 ? '–' : WORDS[arm.comeback], shownEstimate(estimate(trials.map(({ loss }) => loss))), arm.rate === 0 ? '–' : shownShare(excess),
        `${Math.round(meanOf(trials, ({ tokens }) => tokens) / 1000)}k`, `${Math.round(100 * meanOf(trials, ({ averagedRounds, rounds }) => averagedRounds / rounds))} %`,
        meanOf(trials, ({ oneSided }) => oneSided).toFixed(1), String(trials.flatMap(({ violations }) => violations).length), arm.rate === 0 ? '–' : isAtMost(excess, ALLOWED)
      ])
    ), '',
    '![Loss against kill rate](kill-rate.svg)', '',
    ...COMEBACKS.map(comeback => `- ${WORDS[comeback]}: ${sentence(found.filter(({ arm }) => arm.comeback === comeback && arm.rate > 0), calm)}`), '',
    'Tokens are what the counts of all who ever were there hold: what who came back had lost with the kill is not in them, nor what was skipped by taking up the step at which the swarm is; where newcomers begin behind the one whose place they take, steps are taken twice, and more tokens are in the model than without any kill. None of it is corrected for: ' +
    `rates at which tokens differ by more than ${100 * WORTH_TELLING} % from those of an undisturbed run say so. Intervals are of one cell each: of twenty, one misses.`, ''
  ].join('\n')
  return found.length < 2 ? [['kill-rate.md', text]] : [['kill-rate.md', text], ['kill-rate.svg', chart(found)]]
}

function meanOf (trials: readonly ChurnTrial[], value: (trial: ChurnTrial) => number): number {
  return estimate(trials.map(value)).mean
}

function sentence (found: readonly Found[], calm: ReadonlyMap<number, ChurnTrial>): string {
  if (found.length === 0) return 'not measured yet.'
  const calmTokens = meanOf([...calm.values()], ({ tokens }) => tokens)
  const calmLosses = new Map([...calm].map(([seed, { loss }]) => [seed, loss]))
  const shown = ({ arm, trials }: Found): string => {
    const more = meanOf(trials, ({ tokens }) => tokens) / calmTokens - 1
    return `${100 * arm.rate} %${Math.abs(more) > WORTH_TELLING ? ` (on ${Math.abs(100 * more).toFixed(0)} % ${more > 0 ? 'more' : 'fewer'} tokens)` : ''}`
  }
  const rates = (verdict: Verdict): string => {
    const such = found.filter(({ excess }) => isAtMost(excess, ALLOWED) === verdict).map(shown)
    return such.length === 0 ? 'no rate' : such.join(', ')
  }
  return `at most ${100 * ALLOWED} % above an undisturbed run **holds** at ${rates('holds')}; cannot be told with these seeds at ${rates('cannot be told with these seeds')}; does not hold at ${rates('does not hold')}.${slope(found, calmLosses)}`
}

/** Through the undisturbed run, over the rates that a seed has: of each seed for itself, so that its interval is that of paired seeds. */
function slope (found: readonly Found[], calmLosses: ReadonlyMap<number, number>): string {
  const slopes = KILL_SEEDS.flatMap(seed => {
    const points = found.flatMap(({ arm, seeds, trials }) => {
      const trial = trials[seeds.indexOf(seed)]
      return trial === undefined ? [] : [{ rate: arm.rate, excess: trial.loss / (calmLosses.get(seed) ?? NaN) - 1 }]
    })
    return points.length < found.length ? [] : [points.reduce((sum, { rate, excess }) => sum + rate * excess, 0) / points.reduce((sum, { rate }) => sum + rate ** 2, 0)]
  })
  const { mean, margin, count } = estimate(slopes.map(one => one * PER_RATE))
  return count < 2 ? '' : ` Over all rates: ${shownShare({ mean, margin, count })} in loss for each ${100 * PER_RATE} % that go a round (${count} seeds).`
}

function chart (found: readonly Found[]): string {
  const calm = found.filter(({ arm }) => arm.rate === 0)
  return lineChartSvg({
    title: 'Held-out loss above that of an undisturbed run', xLabel: 'peers that go in a round, %', yLabel: 'percent above',
    series: COMEBACKS.filter(comeback => found.some(({ arm }) => arm.comeback === comeback && arm.rate > 0)).map(comeback => ({
      name: WORDS[comeback],
      points: [...calm, ...found.filter(({ arm }) => arm.comeback === comeback && arm.rate > 0)].map(({ arm, excess }) => ({ x: 100 * arm.rate, y: 100 * excess.mean, ...Number.isFinite(excess.margin) ? { margin: 100 * excess.margin } : {} }))
    }))
  })
}
