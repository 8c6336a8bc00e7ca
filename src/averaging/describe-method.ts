import type { MethodSpec, OuterSpec } from '../manifest/schema.ts'
import { sharesOf } from './arithmetic/method-traits.ts'

/** The axes of the frame in the words of a table, in the order in which a round passes them. */
export function methodAxes (method: MethodSpec): Readonly<Record<'group' | 'every' | 'fragments' | 'flight' | 'shares' | 'outer' | 'codec', string>> {
  const { groupSize, pairing, participants, everySteps, fragments, pattern, shares, codec, ladder = [], errorFeedback, momentumCorrection } = method
  return {
    group: joined([String(groupSize), pairing, participants === undefined ? undefined : `${participants} drawn`, quorumWords(method), method.robust]),
    every: String(everySteps),
    fragments: fragments === 1 ? '1' : joined([String(fragments), pattern]),
    flight: flightWords(method),
    shares: shares ?? 'weights',
    outer: outerWords(method.outer),
    codec: joined([[codec, ...ladder].join(' ≥ '), errorFeedback === undefined ? undefined : `feedback ${errorFeedback}`, momentumCorrection === undefined ? undefined : `correction ${momentumCorrection}`])
  }
}

/** What a method does, in a sentence or two. */
export function methodSentence (method: MethodSpec): string {
  const { everySteps, fragments, groupSize, errorFeedback, finalMerge, outer } = method
  const end = finalMerge === true ? ' At the end everyone who is there merges once.' : ''
  if (groupSize === 1) return `Every peer trains alone${outer.kind === 'average' ? '' : ` and takes its outer step (${outerWords(outer)}) every ${stepsWord(everySteps)}`}.${end}`
  const what = fragments === 1 ? whole[sharesOf(method)] : `one of ${fragments} fragments of ${whole[sharesOf(method)]}`
  const rhythm = fragments === 1 ? stepsWord(everySteps) : stepsWord(Number((everySteps / fragments).toFixed(1)))
  const feedback = errorFeedback === undefined ? '' : ' with error feedback'
  const [before, after] = stepWords(outer)
  return `Every ${rhythm} ${before}${groupWords(method)} average ${what} as ${method.codec}${feedback}${after}; ${waitingWords(method)}.${end}${laneSentence(method)}`
}

/** What peers that only run forward passes do beside. */
function laneSentence ({ scalarLane }: MethodSpec): string {
  if (scalarLane === undefined) return ''
  const { scalars, epsilon } = scalarLane
  return ` Beside them, peers of the scalar lane measure the loss at the shared weights ± ${epsilon}·z and send up to ${scalars} signed bytes a round, which count by their variance.`
}

/** What happens to the mean, or before it. */
function stepWords (outer: OuterSpec): readonly [before: string, after: string] {
  switch (outer.kind) {
    case 'average': return ['', '']
    case 'inner': return ['', ' and leave the mean to the inner optimizer']
    case 'gossip': return [`each peer takes its own outer step (${outerWords(outer)}), then `, '']
    default: return ['', `, then take the outer step (${outerWords(outer)})`]
  }
}

const whole = { weights: 'their weights', deltas: 'how far they moved from their shared weights', gradients: 'their gradients' } as const

function groupWords ({ groupSize, pairing, participants }: MethodSpec): string {
  const drawn = participants === undefined ? '' : ` among ${participants} peers drawn for the round`
  if (groupSize === 'all') return participants === undefined ? 'all peers' : `${participants} peers drawn for the round`
  if (groupSize === 2) return `${pairing === 'hypercube' ? 'pairs along a hypercube' : 'random pairs'}${drawn}`
  return `groups of ${groupSize}${drawn}`
}

function waitingWords (method: MethodSpec): string {
  const { overlapSteps, graceMs, quorum } = method
  const patience = `${quorum === undefined ? '' : `with ${quorum} there the others get a moment more, `}and whoever is not there within ${graceMs / 1000} s is gone without`
  return overlapSteps === 0 ? `training rests meanwhile, ${patience}` : `training goes on for ${overlapSteps === 1 ? "a step" : `${overlapSteps} steps`} meanwhile, ${patience}`
}

function flightWords ({ overlapSteps, mixing, late }: MethodSpec): string {
  if (overlapSteps === 0) return 'none'
  const landing = mixing === undefined ? undefined : mixing === 'carry' ? 'carried' : `α ${mixing}`
  return joined([overlapSteps === 1 ? '1 step' : `${overlapSteps} steps`, landing, late === 'age' ? 'aged' : undefined])
}

function quorumWords ({ quorum }: MethodSpec): string | undefined {
  return quorum === undefined ? undefined : `quorum ${quorum}`
}

function outerWords (outer: OuterSpec): string {
  const numbers = Object.entries(outer).filter(([key]) => key !== 'kind').map(([key, value]) => `${symbols[key] ?? key} ${String(value)}`)
  return [outer.kind, ...numbers].join(' ')
}

const symbols: Readonly<Record<string, string>> = { learningRate: 'η', momentum: 'μ', clipNorm: 'clip', momentumCodec: 'momentum as' }

function stepsWord (count: number): string {
  return count === 1 ? 'step' : `${count} steps`
}

function joined (words: ReadonlyArray<string | undefined>): string {
  return words.filter(word => word !== undefined).join(', ')
}
