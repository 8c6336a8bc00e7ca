/** How a token is drawn from what a model thinks of all. */
export interface ChoiceRules {
  /** Divides the logits: below 1 is bolder towards the likely; 0 always takes the likeliest. */
  readonly temperature: number
  /** Only the k likeliest tokens are drawn from; 0 for all. */
  readonly topK: number
  /** Only the likeliest tokens that together have this probability are drawn from (nucleus, arXiv 1904.09751); 1, for all, when left out. */
  readonly topP?: number
}

interface Candidate {
  readonly token: number
  readonly logit: number
}

/** @throws RangeError for a rule out of its range */
export function checkChoiceRules ({ temperature, topK, topP = 1 }: ChoiceRules): void {
  if (!Number.isSafeInteger(topK) || topK < 0) throw new RangeError(`topK is a natural number or 0, not ${topK}`)
  if (!(temperature >= 0)) throw new RangeError(`the temperature cannot be ${temperature}`)
  if (!(topP > 0 && topP <= 1)) throw new RangeError(`topP is above 0 and at most 1, not ${topP}`)
}

/**
 * Draws from softmax(logits / temperature) over the k likeliest tokens and, of these, over the smallest nucleus of probability
 * `topP`, by inversion; ties go to the lower id.
 *
 * @param drawn uniform in [0, 1)
 */
export function chooseToken (logits: Float32Array, { temperature, topK, topP = 1 }: ChoiceRules, drawn: number): number {
  const candidates = likeliest(logits, temperature === 0 ? 1 : topK)
  const best = candidates[0]
  if (best === undefined) throw new RangeError('there is no token to choose')
  if (temperature === 0) return best.token
  const weights = candidates.map(({ logit }) => Math.exp((logit - best.logit) / temperature))
  const nucleus = nucleusOf(weights, topP)
  let left = drawn * nucleus.reduce((a, b) => a + b, 0)
  const chosen = nucleus.findIndex(weight => (left -= weight) < 0)
  return (candidates[chosen] ?? best).token
}

/** The `count` likeliest in order, all for 0. Where only some are asked for, the rest is never put in order: vocabularies are large. */
function likeliest (logits: Float32Array, count: number): Candidate[] {
  const isCut = count > 0 && count < logits.length
  const threshold = isCut ? logits.slice().sort().at(-count) ?? -Infinity : -Infinity
  const candidates: Candidate[] = []
  logits.forEach((logit, token) => { if (logit >= threshold) candidates.push({ token, logit }) })
  candidates.sort((a, b) => b.logit - a.logit || a.token - b.token)
  return isCut ? candidates.slice(0, count) : candidates
}

/** The fewest of the weights, largest first, that make up the share. */
function nucleusOf (weights: readonly number[], share: number): readonly number[] {
  if (share === 1) return weights
  const enough = share * weights.reduce((a, b) => a + b, 0)
  let sum = 0
  const last = weights.findIndex(weight => (sum += weight) >= enough)
  return last < 0 ? weights : weights.slice(0, last + 1)
}
