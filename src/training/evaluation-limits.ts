import { modelLayout } from '../models/model-layout.ts'
import type { TextSpec } from '../manifest/schema.ts'

/**
 * Floating-point operations that judging a text may cost: two a parameter and token (arXiv 2001.08361). Models of up to
 * 4 million parameters judge all of 64 KiB of bytes; one of 124 million judges 2,000 tokens, which is a minute or two on
 * a CPU and less than one training step of it.
 */
const FLOPS_PER_EVALUATION = 2 ** 39
/** Tokens judged in one call: enough to keep the matrix product busy, few enough to hold little memory. */
const TOKENS_PER_CALL = 2048
/** Logits of one call: 64 MiB. A call has one window at least, whatever its logits take. */
const LOGITS_PER_CALL = 2 ** 24

export interface EvaluationLimits {
  /** Of a longer text so many tokens are judged, spread over all of it; Infinity for all. */
  readonly tokens: number
  /** Tokens judged in one call, where one window has fewer. */
  readonly tokensPerCall: number
}

/** Limits that depend on the model alone, so that all peers of a run judge the same tokens and their losses compare. */
export function evaluationLimits (spec: TextSpec): EvaluationLimits {
  return {
    tokens: Math.max(1, Math.floor(FLOPS_PER_EVALUATION / (2 * modelLayout(spec).size))),
    tokensPerCall: Math.min(TOKENS_PER_CALL, Math.max(1, Math.floor(LOGITS_PER_CALL / spec.vocabulary)))
  }
}

/** What a small model may do. */
export const NO_LIMITS: EvaluationLimits = { tokens: Infinity, tokensPerCall: TOKENS_PER_CALL }
