import { formatCount } from '../../terminal/units.ts'

/** Ticks at round numbers, about `wanted` of them, within the range. */
export function niceTicks (low: number, high: number, wanted: number): number[] {
  if (!(high > low)) return [low]
  const raw = (high - low) / Math.max(1, wanted)
  const power = 10 ** Math.floor(Math.log10(raw))
  const step = power * ([1, 2, 5, 10].find(factor => factor * power >= raw) ?? 10)
  const first = Math.ceil(low / step - 1e-9)
  const ticks = Math.floor(high / step + 1e-9) - first + 1
  return Array.from({ length: ticks }, (_, index) => Number(((first + index) * step).toPrecision(12)))
}

/** A range with some length, for values that may all be alike. */
export function rangeOf (values: readonly number[], fromZero = false): readonly [number, number] {
  const finite = values.filter(Number.isFinite)
  if (finite.length === 0) return [0, 1]
  const low = fromZero ? Math.min(0, ...finite) : Math.min(...finite)
  const high = Math.max(...finite)
  return high > low ? [low, high] : [low - Math.abs(low) * 0.05 - 1e-9, high + Math.abs(high) * 0.05 + 1e-9]
}

/** 3 significant digits, without a train of zeros. */
export function short (value: number | null | undefined): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return '–'
  if (value === 0) return '0'
  const size = Math.abs(value)
  if (size < 1e-3) return value.toExponential(1)
  return size >= 1000 ? formatCount(value) : String(Number(value.toPrecision(3)))
}

export function percent (share: number | null | undefined): string {
  return share === null || share === undefined || !Number.isFinite(share) ? '–' : `${short(100 * share)} %`
}

/** The end of a peer id, which tells peers of one run apart. */
export function nameOf (peerId: string): string {
  return peerId.slice(-4)
}
