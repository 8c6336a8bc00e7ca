const BYTE_UNITS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB']

/** Bytes in decimal units with three digits at most: `0 B`, `950 B`, `1.25 MB`. */
export function formatBytes (bytes: number): string {
  let value = Math.abs(bytes)
  let unit = 0
  // 999.5 would be shown as 1000 of the smaller unit.
  while (value >= 999.5 && unit < BYTE_UNITS.length - 1) {
    value /= 1000
    unit++
  }
  const digits = unit === 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2
  return `${bytes < 0 ? '−' : ''}${value.toFixed(digits)} ${BYTE_UNITS[unit] ?? ''}`
}

/** Seconds as people say them: `0.4 s`, `42 s`, `3 min 05 s`, `2 h 10 min`. */
export function formatSeconds (seconds: number): string {
  if (!Number.isFinite(seconds)) return '–'
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`
  const whole = Math.round(seconds)
  if (whole < 60) return `${whole} s`
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, '0')} s`
  return `${Math.floor(whole / 3600)} h ${String(Math.floor(whole % 3600 / 60)).padStart(2, '0')} min`
}

/** A count with its noun: `1 piece`, `2 pieces`. */
export function counted (count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}

/** Whole numbers with thin groups: `1 234 567`; `–` when there is no number. */
export function formatCount (count: number): string {
  if (!Number.isFinite(count)) return '–'
  return Math.round(count).toString().replace(/\B(?=(\d{3})+$)/g, ' ')
}

/** A number with fixed digits; `–` when there is none. */
export function formatNumber (value: number | null | undefined, digits: number): string {
  return typeof value === 'number' && Number.isFinite(value) ? value.toFixed(digits) : '–'
}

/** How many times less: `412×`; `–` without a comparison. */
export function formatRatio (ratio: number): string {
  if (!Number.isFinite(ratio) || ratio <= 0) return '–'
  return ratio >= 10 ? `${Math.round(ratio)}×` : `${ratio.toFixed(1)}×`
}
