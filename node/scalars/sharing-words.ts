import { shortId } from '../../src/membership/short-id.ts'
import type { OneByteReport } from '../../src/spsa/one-byte-messages.ts'
import { peerOfKey } from './keys.ts'

type ReportOf<Kind extends OneByteReport['kind']> = Extract<OneByteReport, { readonly kind: Kind }>

/** Reasons told of half losses that count nothing; the others are as many of the same kinds. */
const MOST_REASONS = 3

const nameOf = (key: string): string => shortId(peerOfKey(key))

/** Whose passes of its window are a peer's, told; nothing in a run whose peers share none. */
export class SharingWords {
  current: ReportOf<'sharing'> | undefined

  /** Which part of a step it measures, before the step's number. */
  get part (): string {
    const side = this.current?.side
    return side === undefined ? '' : ` the ${side === 'above' ? 'plus' : 'minus'} half of`
  }

  /** With whom, after it. */
  get partner (): string {
    const partner = this.current?.partner
    return partner === undefined ? '' : ` with ${nameOf(partner)}`
  }

  /** What is to be said of a pack. */
  remarks (): string[] {
    if (this.current === undefined) return []
    const { partner, members } = this.current
    if (partner !== undefined) return [`measured${this.part} its steps${this.partner}`]
    return [`measured both halves of its steps, ${members === 0 ? 'as nobody’s packs are in the weights yet' : `left over of ${members}, or new to them`}`]
  }
}

export function awaitingSentence ({ peers }: ReportOf<'awaiting'>, step: number): string {
  return `waiting for the pack from step ${step} of ${peers.map(nameOf).join(', ')}: partners measure at the same weights`
}

export function unpairedSentence ({ reasons }: ReportOf<'unpaired'>, step: number): string {
  const told = reasons.slice(0, MOST_REASONS).join('; ')
  return `${reasons.length} ${reasons.length === 1 ? 'pack' : 'packs'} of half losses before step ${step} moved nothing: ${told}${reasons.length > MOST_REASONS ? '; and so on' : ''}`
}
