import type { AnswerOf, Unversioned } from '../api/endpoints.ts'
import type { RoundAnswer } from '../api/schema.ts'

/** A line of the log as a screen shows it. */
export interface LogLine {
  readonly atMs: number
  readonly text: string
}

/** Everything that the screens of `top` and `replay` show at one moment, whether it comes from a daemon or from a recording. */
export interface WatchSnapshot {
  readonly status: Unversioned<AnswerOf<'status'>>
  readonly peers: Unversioned<AnswerOf<'peers'>>
  readonly bandwidth: Unversioned<AnswerOf<'bandwidth'>>
  /** The newest rounds, oldest first. */
  readonly rounds: readonly RoundAnswer[]
  /** Training loss by step. */
  readonly losses: ReadonlyArray<{ readonly step: number, readonly loss: number }>
  /** Oldest first. */
  readonly log: readonly LogLine[]
  /** Where these come from and how fresh they are: `live`, `replay 3× …`. */
  readonly source: string
}

/** Enough for the widest chart and the longest screen. */
export const REMEMBERED_POINTS = 1000
export const REMEMBERED_LINES = 500
export const REMEMBERED_ROUNDS = 500
