import { existsSync } from 'node:fs'
import { rotate } from '../logging/rotate.ts'
import type { DataDirectory } from './data-directory.ts'

/** Brings a data directory from one layout to the next. May be begun again after it was cut off, and loses nothing. */
export interface Migration {
  readonly from: number
  readonly what: string
  readonly run: (directory: DataDirectory) => void
}

/** In order; each leads to the number after its own. */
export const MIGRATIONS: readonly Migration[] = [
  {
    from: 1,
    what: 'the log, in which every training step had a line, is set aside',
    run: ({ logFile }) => {
      if (existsSync(logFile)) rotate(logFile)
    }
  }
]
