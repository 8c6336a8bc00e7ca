import { ShoalError } from '../../src/errors.ts'

const SECONDS: Readonly<Record<string, number>> = { m: 60, h: 3600, d: 86_400, w: 604_800 }

/**
 * Seconds of a span such as 30m, 12h, 7d or 2w; Infinity for `never`.
 *
 * @throws ShoalError USAGE
 */
export function durationOption (name: string, text: string): number {
  if (text === 'never') return Infinity
  const [, number = '', unit = ''] = /^(\d{1,4})([mhdw])$/.exec(text) ?? []
  const seconds = Number(number) * (SECONDS[unit] ?? 0)
  if (seconds > 0) return seconds
  throw new ShoalError({ code: 'USAGE', what: `--${name} ${text} cannot be used`, why: 'it has to be a number of minutes, hours, days or weeks, or never', tryThis: `--${name} 7d` })
}
