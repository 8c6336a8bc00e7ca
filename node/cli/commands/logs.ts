import { ShoalError } from '../../../src/errors.ts'
import { followLog } from '../../logging/follow-log.ts'
import { renderLogLine } from '../../logging/log-line.ts'
import { resolveDataDirectory } from '../../store/data-directory.ts'
import { createTheme } from '../../terminal/theme.ts'
import { action } from '../command.ts'
import { numberOption } from '../numbers.ts'
import { stopSignal } from '../stop-signal.ts'

interface LogsOptions {
  readonly follow: boolean
  readonly lines: string
}

const MAXIMUM_LINES = 1_000_000

export const logs = action<LogsOptions>(async ({ options, output }) => {
  const { logFile } = resolveDataDirectory(options.dataDir)
  const lines = numberOption('lines', options.lines, { minimum: 0, maximum: MAXIMUM_LINES })
  const theme = createTheme(output.colours)
  const stop = stopSignal()
  try {
    let isEmpty = true
    for await (const line of followLog(logFile, { lines, follow: options.follow, signal: stop.signal })) {
      isEmpty = false
      output.line(options.json ? line : renderLogLine(line, theme))
    }
    if (isEmpty && !options.follow && lines > 0) throw noLog(logFile)
    return undefined
  } finally {
    stop.release()
  }
})

function noLog (file: string): ShoalError {
  return new ShoalError({ code: 'DATA_DIRECTORY_MISSING', what: 'there is no log', why: `${file} is not there or empty`, tryThis: 'shoal join starts a peer; --data-dir or SHOAL_HOME says whose log you mean' })
}
