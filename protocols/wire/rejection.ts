import { z } from 'zod'
import type { RejectionCode } from '../../src/ports.ts'
import { plainText } from './frames.ts'
import { MAXIMUM_SENTENCE_LENGTH } from './limits.ts'

/** A coded refusal with the sentence that people read on both sides. */
export interface Rejection {
  readonly code: RejectionCode
  readonly sentence: string
}

interface Difference { readonly refusing: string, readonly refused: string }

/** The values that each sentence needs. `refusing` is the peer that says no, `refused` the one that hears it. */
export interface RejectionValues {
  WRONG_RUN: Difference
  WRONG_PROTOCOL: Difference
  WRONG_LAYOUT: Difference
  WRONG_CODEC: Difference
  NOT_ADMITTED: { readonly what: string }
  BUSY: { readonly what: string }
  NOT_MY_PARTNER: { readonly round: number }
  ROUND_PASSED: { readonly asked: number, readonly current: number }
  NOT_TRAINING: { readonly what: string }
  BAD_MESSAGE: { readonly detail: string }
  BAD_SNAPSHOT: { readonly detail: string }
  BAD_CONTRIBUTION: { readonly detail: string }
  FAR_CONTRIBUTION: { readonly detail: string }
  REPEATED_CONTRIBUTION: { readonly detail: string }
  TOO_MANY_REQUESTS: { readonly what: string, readonly limit: number }
  BANNED: { readonly until: string, readonly why: string }
  UNKNOWN: { readonly detail: string }
}

type Sentences = { readonly [Code in RejectionCode]: (values: RejectionValues[Code]) => string }

const SENTENCES: Sentences = {
  WRONG_RUN: v => `the refused peer trains run ${v.refused}, the refusing peer trains run ${v.refusing}`,
  WRONG_PROTOCOL: v => `the refused peer speaks protocol versions ${v.refused}, the refusing peer ${v.refusing}; the older of the two needs a newer Shoal`,
  WRONG_LAYOUT: v => `the refused peer lays out its weights as ${v.refused}, the refusing peer as ${v.refusing}; their software builds different models`,
  WRONG_CODEC: v => `the refused peer encodes weights with ${v.refused}, the refusing peer with ${v.refusing}`,
  NOT_ADMITTED: v => `the refused peer is not a member of the run: ${v.what}`,
  BUSY: v => `the refusing peer is busy: ${v.what}`,
  NOT_MY_PARTNER: v => `the refusing peer has another partner in round ${v.round}`,
  ROUND_PASSED: v => `round ${v.asked} has passed, the refusing peer is in round ${v.current}`,
  NOT_TRAINING: v => `the refusing peer is not training: ${v.what}`,
  BAD_MESSAGE: v => `the refused peer sent bytes that make no sense: ${v.detail}`,
  BAD_SNAPSHOT: v => `the refused peer gave a snapshot that is not to be believed: ${v.detail}`,
  BAD_CONTRIBUTION: v => `the refused peer contributed what no weight may see: ${v.detail}`,
  FAR_CONTRIBUTION: v => `the refused peer contributed something too far from the others: ${v.detail}`,
  REPEATED_CONTRIBUTION: v => `the refused peer contributed what was sent before: ${v.detail}`,
  TOO_MANY_REQUESTS: v => `the refused peer asks too often: at most ${v.limit} ${v.what}`,
  BANNED: v => `the refusing peer has banned the refused one until ${v.until}: ${v.why}`,
  UNKNOWN: v => v.detail
}

/** The sentence for a rejection, with the values filled in; the same on both sides. */
export function rejectionSentence<Code extends RejectionCode> (code: Code, values: RejectionValues[Code]): string {
  return SENTENCES[code](values)
}

export function rejection<Code extends RejectionCode> (code: Code, values: RejectionValues[Code]): Rejection {
  return { code, sentence: rejectionSentence(code, values) }
}

/** A sentence from a peer: bounded, and without characters that would play with a terminal. */
export const sentenceSchema = z.string().max(MAXIMUM_SENTENCE_LENGTH).transform(plainText)

const CODES = Object.keys(SENTENCES) as [RejectionCode, ...RejectionCode[]]

/** A rejection code; one that a newer peer invented reads as `UNKNOWN`, its sentence still tells the story. */
export const rejectionCodeSchema = z.string().max(40).transform((code): RejectionCode => CODES.find(known => known === code) ?? 'UNKNOWN')

export const rejectionSchema = z.strictObject({ code: rejectionCodeSchema, sentence: sentenceSchema })
