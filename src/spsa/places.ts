import type { OneByteSpec } from '../manifest/scalar-schema.ts'
import { TAG_PLACES } from './window-tag.ts'

/**
 * How steps of training lie in a ledger of bytes: what it calls a step is a place, one for each scalar of a step, so that several directions of a step
 * are links, windows and snapshots like any others; windows whose passes are shared begin with the places of a tag.
 */
export interface Places {
  /** Places of a step: its directions. */
  readonly perStep: number
  /** Places of a window, within which an entry lies. */
  readonly perWindow: number
  /** The step that a place is of. */
  stepAt (place: number): number
  /** The first place of a step; a window's first one where it begins there. */
  placeAt (step: number): number
}

/** Steps of a run without an end, which none reaches; a chain's are counted in 32 bits. */
export const WITHOUT_END = 2 ** 31 - 1

/** One place a step. */
export const ONE_A_STEP: Places = placesOf({ window: 1 })

export function placesOf ({ directions: perStep = 1, window, passes }: Pick<OneByteSpec, 'window' | 'directions' | 'passes'>): Places {
  const head = passes === 'shared' ? TAG_PLACES : 0
  const perWindow = head + window * perStep
  return {
    perStep, perWindow,
    stepAt: place => Math.floor(place / perWindow) * window + Math.max(0, Math.floor((place % perWindow - head) / perStep)),
    placeAt: step => Math.floor(step / window) * perWindow + (step % window === 0 ? 0 : head + step % window * perStep)
  }
}
