const BARS = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█']

/** The course of some values in one line of `width` columns at most; the newest is on the right. */
export function sparkline (values: readonly number[], width: number): string {
  const shown = resample(values.filter(Number.isFinite), width)
  if (shown.length === 0) return ''
  const low = Math.min(...shown)
  const range = Math.max(...shown) - low
  return shown.map(value => BARS[range === 0 ? 0 : Math.round((value - low) / range * (BARS.length - 1))] ?? '').join('')
}

/** At most `count` values, each the mean of an equal part of the given ones. */
export function resample (values: readonly number[], count: number): number[] {
  if (values.length <= count) return [...values]
  return Array.from({ length: Math.max(0, count) }, (_, index) => {
    const part = values.slice(Math.floor(index * values.length / count), Math.floor((index + 1) * values.length / count))
    return part.reduce((sum, value) => sum + value, 0) / part.length
  })
}
