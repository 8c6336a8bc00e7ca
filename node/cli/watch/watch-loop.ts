import type { Output } from '../output.ts'
import { FullScreen } from '../../terminal/full-screen.ts'
import { keysOf } from '../../terminal/keys.ts'
import { watchScreen } from '../../terminal/screens/watch/watch-screen.ts'
import { createTheme } from '../../terminal/theme.ts'
import type { WatchSnapshot } from '../../terminal/watch-snapshot.ts'
import { initialWatchState, pressKey } from '../../terminal/watch-state.ts'
import type { WatchState } from '../../terminal/watch-state.ts'

/** Often enough to look alive, seldom enough to cost nothing. */
const FRAME_EVERY_MS = 250

export interface WatchLoopOptions {
  /** What is to be seen now, by what the person chose; told how long the last frame stood. */
  readonly snapshot: (state: WatchState, elapsedMs: number) => WatchSnapshot
  readonly output: Output
  readonly signal: AbortSignal
  /** Resolves when there is nothing more to come, for sources that end. */
  readonly ended?: Promise<unknown>
}

/** Shows a full screen until the person leaves, the source ends or `signal` aborts; the terminal is as it was before, whatever happens. */
export async function runWatchLoop ({ snapshot, output, signal, ended }: WatchLoopOptions): Promise<'left' | 'ended'> {
  const { stdin, stdout } = process
  const screen = new FullScreen(stdout)
  const theme = createTheme(output.colours)
  let state = initialWatchState
  let held: WatchSnapshot | undefined
  let drawnAtMs = performance.now()
  const draw = (): void => {
    const nowMs = performance.now()
    const now = snapshot(state, nowMs - drawnAtMs)
    drawnAtMs = nowMs
    held = state.isFrozen ? held ?? now : undefined
    screen.draw(watchScreen(held ?? now, state, { columns: stdout.columns, rows: stdout.rows }, theme))
  }
  let leave: () => void = () => undefined
  const left = new Promise<'left'>(resolve => { leave = () => { resolve('left') } })
  const onInput = (input: Buffer): void => {
    state = keysOf(input.toString()).reduce(pressKey, state)
    if (state.isOver) leave()
    else draw()
  }
  const wasRaw = stdin.isRaw
  const timer = setInterval(draw, FRAME_EVERY_MS)
  try {
    if (stdin.isTTY) stdin.setRawMode(true)
    stdin.on('data', onInput).resume()
    stdout.on('resize', draw)
    signal.addEventListener('abort', leave, { once: true })
    if (signal.aborted) leave()
    draw()
    return await Promise.race([left, ...ended === undefined ? [] : [ended.then(() => 'ended' as const)]])
  } finally {
    clearInterval(timer)
    signal.removeEventListener('abort', leave)
    stdout.off('resize', draw)
    stdin.off('data', onInput).pause()
    if (stdin.isTTY) stdin.setRawMode(wasRaw)
    screen.close()
  }
}
