import type { Batch } from '../data/batch.ts'
import { tf } from '../kernels/tensor.ts'
import type { Tensor } from '../kernels/tensor.ts'
import type { Decoder } from '../models/decoding.ts'
import type { Model } from '../models/model.ts'
import { batchTensors } from './batch-tensors.ts'
import type { Evaluation } from './evaluation.ts'

/** How several experts of one model answer together. */
export interface EnsembleRule {
  /** What each counts before it has seen anything; they sum to 1. */
  readonly shares: readonly number[]
  /** Whether shares follow how well each expert foresaw the tokens of the text so far (Branch-Train-Merge's domain posterior, arXiv 2208.03306, section 3.4). */
  readonly posterior: boolean
}

export interface EnsembleEvaluation {
  readonly ensemble: Evaluation
  /** Of each alone, in the order given. */
  readonly experts: readonly Evaluation[]
  /** What each counted, on average over the targets. */
  readonly shares: readonly number[]
}

/** The mixture Σ_k p_k softmax(logits_k) of experts, one row after the other; p_k is the posterior of the rows before, or stays as given. */
export class Mixture {
  readonly #rule: EnsembleRule
  /** Probabilities of the row that was mixed last. */
  #experts: Float64Array[] = []
  #mixed = new Float64Array(0)
  #logShares: number[] = []

  constructor (rule: EnsembleRule) {
    this.#rule = rule
    this.restart()
  }

  /** Nothing has been seen any more. */
  restart (): void {
    this.#logShares = this.#rule.shares.map(Math.log)
  }

  /** What each expert counts now; they sum to 1. */
  get shares (): readonly number[] {
    const largest = Math.max(...this.#logShares)
    const weights = this.#logShares.map(log => Math.exp(log - largest))
    const total = weights.reduce((sum, weight) => sum + weight, 0)
    return weights.map(weight => weight / total)
  }

  /** @param rows logits of each expert @returns the mixture's probabilities, until the next call */
  mix (rows: readonly Float32Array[]): Float64Array {
    const { shares } = this
    const classes = rows[0]?.length ?? 0
    if (this.#mixed.length !== classes) [this.#mixed, this.#experts] = [new Float64Array(classes), rows.map(() => new Float64Array(classes))]
    this.#mixed.fill(0)
    rows.forEach((logits, expert) => {
      const probabilities = this.ofExpert(expert)
      softmaxInto(probabilities, logits)
      const share = shares[expert] as number
      for (let index = 0; index < probabilities.length; index++) this.#mixed[index] = (this.#mixed[index] as number) + share * (probabilities[index] as number)
    })
    return this.#mixed
  }

  /** What an expert alone gave a class in the row that was mixed last. */
  ofExpert (expert: number): Float64Array {
    return this.#experts[expert] as Float64Array
  }

  /** The row that was mixed last had this class. */
  saw (target: number): void {
    if (!this.#rule.posterior) return
    this.#logShares = this.#logShares.map((log, expert) => log + logOf(this.ofExpert(expert)[target]))
  }
}

/**
 * Mean negative log-likelihood of the targets of all batches under the mixture, and under each expert alone. The posterior begins anew with each row of a batch.
 *
 * @param experts parameters of each, one tensor a slot
 * @throws RangeError when there is nothing to judge · Error when it was stopped
 */
export async function evaluateEnsemble (
  model: Model, experts: ReadonlyArray<readonly Tensor[]>, batches: Iterable<Batch>, rule: EnsembleRule, shouldStop: () => boolean = () => false
): Promise<EnsembleEvaluation> {
  const tallies = Array.from({ length: experts.length + 1 }, () => ({ nats: 0, right: 0 }))
  const shares = new Float64Array(experts.length)
  let tokens = 0
  for (const batch of batches) {
    const logits: Float32Array[] = []
    for (const parameters of experts) {
      if (shouldStop()) throw new Error('the evaluation was stopped')
      logits.push(await logitsOf(model, parameters, batch))
    }
    judge(logits, batch, rule, tallies, shares)
    tokens += batch.targets.length
  }
  if (tokens === 0) throw new RangeError('there is nothing to judge')
  const [ensemble, ...alone] = tallies.map(({ nats, right }): Evaluation => ({ loss: nats / tokens, accuracy: right / tokens, tokens }))
  return { ensemble: ensemble as Evaluation, experts: alone, shares: Array.from(shares, sum => sum / tokens) }
}

interface Tally { nats: number, right: number }

/** Counts a batch: in the first tally the mixture's, in the others each expert's own. */
function judge (logits: readonly Float32Array[], { rows, targets }: Batch, rule: EnsembleRule, tallies: readonly Tally[], shares: Float64Array): void {
  const classes = (logits[0]?.length ?? 0) / targets.length
  const mixture = new Mixture(rule)
  targets.forEach((target, at) => {
    if (at % (targets.length / rows) === 0) mixture.restart()
    const mixed = mixture.mix(logits.map(values => values.subarray(at * classes, (at + 1) * classes)))
    tallies.forEach((tally, index) => {
      const probabilities = index === 0 ? mixed : mixture.ofExpert(index - 1)
      tally.nats -= logOf(probabilities[target])
      if (likeliest(probabilities) === target) tally.right++
    })
    mixture.shares.forEach((share, expert) => { shares[expert] = (shares[expert] as number) + share })
    mixture.saw(target)
  })
}

async function logitsOf (model: Model, parameters: readonly Tensor[], batch: Batch): Promise<Float32Array> {
  const logits = tf.tidy(() => model.logits(parameters, batchTensors(batch).inputs))
  try {
    return await logits.data<'float32'>()
  } finally {
    logits.dispose()
  }
}

/**
 * Writes with the mixture of several decoders of one vocabulary. With a posterior it reads token by token, for each tells how well the experts foresaw it; the posterior
 * is that of the tokens it knows.
 */
export function createEnsembleDecoder (decoders: readonly Decoder[], rule: EnsembleRule): Decoder {
  const mixture = new Mixture(rule)
  const readAll = async (tokens: readonly number[]): Promise<Float64Array> => {
    const rows: Float32Array[] = []
    for (const decoder of decoders) rows.push(await decoder.read(tokens))
    return mixture.mix(rows)
  }
  let length = 0
  return {
    get length () { return length },
    clear () {
      for (const decoder of decoders) decoder.clear()
      mixture.restart()
      length = 0
    },
    async read (tokens) {
      if (tokens.length === 0) throw new RangeError('there is no token to read')
      let mixed: Float64Array | undefined
      for (const part of rule.posterior ? tokens.map(token => [token]) : [tokens]) {
        if (length > 0) mixture.saw(part[0] as number)
        mixed = await readAll(part)
        length += part.length
      }
      return Float32Array.from(mixed as Float64Array, logOf)
    }
  }
}

function softmaxInto (probabilities: Float64Array, logits: Float32Array): void {
  let largest = -Infinity
  for (const logit of logits) if (logit > largest) largest = logit
  let total = 0
  for (let index = 0; index < probabilities.length; index++) {
    const weight = Math.exp((logits[index] as number) - largest)
    probabilities[index] = weight
    total += weight
  }
  for (let index = 0; index < probabilities.length; index++) probabilities[index] = (probabilities[index] as number) / total
}

/** Finite, however little: logarithms are compared and added. */
function logOf (probability: number | undefined): number {
  return Math.log(Math.max(probability ?? 0, Number.MIN_VALUE))
}

/** The first of the likeliest. */
function likeliest (probabilities: Float64Array): number {
  let best = 0
  for (let index = 1; index < probabilities.length; index++) if ((probabilities[index] as number) > (probabilities[best] as number)) best = index
  return best
}
