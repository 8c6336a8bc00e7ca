/** `unknown` is for what cannot be told from here and now, which is nobody's fault. */
export type Verdict = 'ok' | 'warn' | 'fail' | 'unknown'

/** One line of the doctor's report. */
export interface Finding {
  /** A stable name for scripts: `node`, `disk`, `clock`, … */
  readonly name: string
  readonly verdict: Verdict
  readonly finding: string
  /** What to do about it; absent for what is well. */
  readonly fix?: string
}

export function ok (name: string, finding: string): Finding {
  return { name, verdict: 'ok', finding }
}

export function warn (name: string, finding: string, fix: string): Finding {
  return { name, verdict: 'warn', finding, fix }
}

export function fail (name: string, finding: string, fix: string): Finding {
  return { name, verdict: 'fail', finding, fix }
}

export function unknown (name: string, finding: string, fix: string): Finding {
  return { name, verdict: 'unknown', finding, fix }
}
