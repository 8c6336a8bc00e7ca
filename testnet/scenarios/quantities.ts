import { z } from 'zod'

const BITS_PER_BYTE = 8
const RATE = /^(\d+(?:\.\d+)?) ?([kmg])bit$/
const VOLUME = /^(\d+(?:\.\d+)?) ?([kMG]?)B$/
const DURATION = /^(\d+(?:\.\d+)?) ?(ms|s|m|h|d)$/
const POWERS: Readonly<Record<string, number>> = { '': 1, k: 1e3, m: 1e6, M: 1e6, g: 1e9, G: 1e9 }
const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1e3, m: 60e3, h: 3600e3, d: 86_400e3 }

/** `1mbit`: bytes a second. */
export const rate = quantity(RATE, POWERS, 1 / BITS_PER_BYTE, 'a rate such as 500kbit or 10mbit')
/** `2MB`: bytes. */
export const volume = quantity(VOLUME, POWERS, 1, 'a volume such as 500kB or 2GB')
/** `20ms`, `1.5s`, `2m`, `1h`, `1d`: milliseconds. */
export const duration = quantity(DURATION, UNIT_MS, 1, 'a duration such as 20ms, 1.5s, 2m or 1h')

function quantity (pattern: RegExp, units: Readonly<Record<string, number>>, scale: number, form: string): z.ZodType<number, string> {
  return z.string(`must be ${form}`).regex(pattern, `must be ${form}`).transform(text => {
    const [, amount, unit = ''] = pattern.exec(text) ?? []
    return Number(amount) * (units[unit] ?? NaN) * scale
  })
}
