import type { Status } from '../../api/schema.ts'
import type { SwarmAnswer } from '../swarm-schema.ts'
import { Colours } from './colours.ts'
import { lossPoints, meanCourse } from './courses.ts'
import { byId } from './elements.ts'
import { showHead } from './head.ts'
import { LineChart } from './line-chart.ts'
import type { ChartData, Line } from './line-chart.ts'
import { nameOf, percent } from './numbers.ts'
import { PeerApi } from './peer-api.ts'
import { ProtocolBars } from './protocol-bars.ts'
import { SampleBox } from './sample-box.ts'
import { SwarmGraph } from './swarm-graph.ts'
import { followTheme } from './theme.ts'
import { Timeline } from './timeline.ts'

/** Often enough to see a swarm live; an answer takes the peer a millisecond. */
const ASK_EVERY_MS = 1000
/** A peer that is gone is asked less often. */
const RETRY_EVERY_MS = 4000

const api = new PeerApi()
const colours = new Colours()
const loss = new LineChart(byId('loss'), { label: 'Loss of each peer over its steps, and their mean', xName: 'step', yName: 'nats a token', size: 'high', whenEmpty: 'The first loss comes with the first round.' })
const distance = new LineChart(byId('distance'), {
  label: 'Root mean square difference of weights to those averaged with, by step', xName: 'step', yName: 'distance', size: 'low', fromZero: true, whenEmpty: 'Known once a round has met somebody.'
})
const codec = new LineChart(byId('codec'), {
  label: 'Share of what was sent that the codec lost, by step', xName: 'step', yName: 'error', size: 'low', fromZero: true, formatY: percent, whenEmpty: 'Known once something was sent.'
})
const graph = new SwarmGraph(byId('graph'))
const bars = new ProtocolBars(byId('bytes'))
const timeline = new Timeline(byId('timeline'))

followTheme()
new SampleBox(api)
void watch()

async function watch (): Promise<never> {
  for (;;) {
    const isThere = await look()
    await new Promise(resolve => { setTimeout(resolve, isThere ? ASK_EVERY_MS : RETRY_EVERY_MS) })
    // A page that nobody sees asks nothing.
    while (document.hidden) await new Promise(resolve => { document.addEventListener('visibilitychange', resolve, { once: true }) })
  }
}

async function look (): Promise<boolean> {
  const lost = byId('lost')
  try {
    const [status, swarm] = await Promise.all([api.status(), api.swarm()])
    lost.hidden = true
    show(status, swarm)
    return true
  } catch (error) {
    lost.textContent = `No answer from the peer: ${error instanceof Error ? error.message : String(error)}. What you see is what it last told; asking again.`
    lost.hidden = false
    byId('state').dataset['mood'] = 'bad'
    byId('phase').textContent = 'no answer'
    return false
  }
}

function show (status: Status, swarm: SwarmAnswer): void {
  showHead(status, swarm)
  loss.update(lossData(swarm, status))
  distance.update(ownLine(swarm, ({ spread }) => spread))
  codec.update(ownLine(swarm, ({ codecError }) => codecError))
  graph.update(swarm, colours)
  bars.update(swarm)
  timeline.update(swarm, colours)
}

function lossData ({ peers, self }: SwarmAnswer, { yardstick }: Status): ChartData {
  const lines: Line[] = peers.map(({ peerId, course, present }) => ({
    name: peerId === self ? `${nameOf(peerId)} (this peer)` : nameOf(peerId), colour: colours.of(peerId), points: lossPoints(course), isGone: !present
  }))
  const mean = meanCourse(lines.map(({ points }) => points))
  const references = yardstick === null ? [] : [{ name: 'gzip -9', y: yardstick.gzipBitsPerCharacter / yardstick.bitsPerNat }]
  return { references, lines: mean.length === 0 ? lines : [...lines, { name: 'mean', colour: 's-mean', points: mean, isStrong: true }] }
}

function ownLine ({ rounds, self }: SwarmAnswer, valueOf: (round: SwarmAnswer['rounds'][number]) => number | null): ChartData {
  const points = rounds.flatMap(round => {
    const y = valueOf(round)
    return y === null ? [] : [{ x: round.step, y }]
  })
  return { lines: [{ name: nameOf(self), colour: colours.of(self), points, isStrong: true }] }
}
