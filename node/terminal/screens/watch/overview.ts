import { brailleChart } from '../../braille-chart.ts'
import { clip } from '../../table.ts'
import type { Theme } from '../../theme.ts'
import { formatBytes } from '../../units.ts'
import type { WatchSnapshot } from '../../watch-snapshot.ts'
import { bytesLine, headline, lossLine, peersLine, yardstickLine } from '../status.ts'
import { createTheme } from '../../theme.ts'
import type { Pane } from './pane.ts'

const SMALLEST_CHART_ROWS = 4
const plain = createTheme(false)

/** What the peer does and why, its loss as a curve, what it sends. */
export function overviewScreen ({ status, bandwidth, losses, log }: WatchSnapshot, { columns, rows }: Pane, theme: Theme): string[] {
  const [head = '', ...rest] = flow(headline(status, plain), columns)
  const lines = [
    // Colours where nothing is cut: half of one would colour the rest of the screen.
    rest.length === 0 ? headline(status, theme) : head, ...rest,
    ...flow(status.sentence, columns), '',
    ...[lossLine(status), ...yardstickLine(status), peersLine(status), bytesLine(status), rateLine(bandwidth)].flatMap(line => flow(line, columns))
  ]
  const newest = log.slice(-2).map(({ text }) => theme.faint(clip(text, columns)))
  const room = rows - lines.length - newest.length - 2
  const chart = room < SMALLEST_CHART_ROWS ? [] : ['', ...brailleChart([{ points: losses.map(({ step, loss }) => ({ x: step, y: loss })) }], { width: columns, height: room }, 'training loss by step')]
  return [...lines, ...chart, '', ...newest]
}

function rateLine ({ rate, promise }: WatchSnapshot['bandwidth']): string {
  return `now ↑ ${formatBytes(rate.sentPerSecond)}/s   ↓ ${formatBytes(rate.receivedPerSecond)}/s${promise === '' ? '' : `   promised at most ${promise}`}`
}

const PART_GAP = '   '

/** Parts of a line that do not fit beside each other go below each other; one that does not fit alone is cut. */
function flow (line: string, columns: number): string[] {
  const lines: string[] = []
  for (const part of line.split(PART_GAP)) {
    const joined = lines.length === 0 ? part : `${lines.at(-1) ?? ''}${PART_GAP}${part}`
    if (lines.length > 0 && Array.from(joined).length <= columns) lines[lines.length - 1] = joined
    else lines.push(lines.length === 0 ? part : `${PART_GAP}${part}`)
  }
  return lines.map(text => clip(text, columns))
}
