import type { Member } from './lockstep.ts'

/** Losses ½ λ_k (x_k − target_ik)²: each member's own optimum, all curvatures exact. */
export const CURVATURES = [1, 0.5, 2, 0.25, 1.5, 0.75, 1, 0.1]
export const RATE = 0.1

export const targetOf = (index: number, at: number): number => Math.sin(3 * index + at) + 0.5 * index

export const gradientAt = (index: number, at: number, value: number): number => CURVATURES[at % CURVATURES.length]! * (value - targetOf(index, at))

/** One step of plain gradient descent on the member's own loss. */
export function descend ({ fast }: Member, index: number): void {
  for (let at = 0; at < fast.length; at++) fast[at] = fast[at]! - RATE * gradientAt(index, at, fast[at]!)
}

/** The same in float64, for references. */
export function descendExactly (values: Float64Array, index: number): void {
  for (let at = 0; at < values.length; at++) values[at] = values[at]! - RATE * gradientAt(index, at, values[at]!)
}

export const zeros = (peers: number, size = CURVATURES.length): Float64Array[] => Array.from({ length: peers }, () => new Float64Array(size))
