import type { Attack } from '../scenarios/attacks.ts'

/** What a peer does to the others; undefined while it is honest. */
export interface Conduct {
  attack: Attack | undefined
}

/** Of a seed's words: what is drawn at random to lie with. */
export const LIES_STREAM = 106
