/** Standard output carries data, standard error carries messages for people. */
export interface Output {
  /** Whether standard output is a terminal on which lines may be redrawn. */
  readonly interactive: boolean
  readonly colours: boolean
  readonly width: number
  /** One line of data. */
  readonly line: (text: string) => void
  /** A piece of a line. */
  readonly text: (piece: string) => void
  /** One JSON document, or one line of NDJSON. */
  readonly json: (value: unknown) => void
  /** One line for the person who watches. */
  readonly message: (text: string) => void
}

export interface OutputOptions {
  readonly colours: boolean
}

/** A pipe or a file has no width; tables are laid out for this many columns. */
const DEFAULT_WIDTH = 100

/** A reader that goes away (`| head`) ends the program quietly, whoever writes: help too. */
export function endWithReader (): void {
  process.stdout.on('error', endQuietly)
}

/** The process's own streams. */
export function processOutput (options: OutputOptions): Output {
  const { stdout, stderr } = process
  return {
    interactive: stdout.isTTY,
    colours: options.colours && stdout.isTTY && process.env['NO_COLOR'] === undefined,
    get width () { return stdout.isTTY ? stdout.columns : DEFAULT_WIDTH },
    line: text => { stdout.write(`${text}\n`) },
    text: piece => { stdout.write(piece) },
    json: value => { stdout.write(`${JSON.stringify(value)}\n`) },
    message: text => { stderr.write(`${text}\n`) }
  }
}

function endQuietly (error: NodeJS.ErrnoException): void {
  if (error.code === 'EPIPE') process.exit(0)
  throw error
}
