import type { OneByteSpec } from '../manifest/scalar-schema.ts'

/**
 * How steps of training lie in a ledger of bytes: what it calls a step is a place, one for each scalar of a step, so that several directions of a step
 * are links, windows and snapshots like any others.
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

/** One place a step. */
export const ONE_A_STEP: Places = placesOf({ window: 1 })

export function placesOf ({ directions: perStep = 1, window }: Pick<OneByteSpec, 'window' | 'directions'>): Places {
  return { perStep, perWindow: window * perStep, stepAt: place => Math.floor(place / perStep), placeAt: step => step * perStep }
}
