import type { OwnRound, SwarmAnswer } from '../swarm-schema.ts'
import { formatSeconds } from '../../terminal/units.ts'
import type { Colours } from './colours.ts'
import { dataTable, drawn, element } from './elements.ts'
import { nameOf, niceTicks, short } from './numbers.ts'

/** What is shown at once. */
const WINDOW_MS = 5 * 60_000
const ROW_PX = 30
/** Dots of rounds that follow each other quickly are small. */
const [SMALLEST_DOT_PX, LARGEST_DOT_PX] = [2.5, 5.5]
const MARGIN = { left: 86, right: 14, top: 8, bottom: 26 }
const MINIMUM_WIDTH_PX = 280
const TABLE_ROWS = 60

/** A row for each peer over the last minutes: when it ended which round, with whom, and how long this peer rested for each. */
export class Timeline {
  readonly #figure = element('figure', { role: 'img', tabindex: '0' })
  readonly #table: ReturnType<typeof dataTable>
  #answer: SwarmAnswer | undefined
  #colours: Colours | undefined

  constructor (parent: HTMLElement) {
    this.#table = dataTable('Rounds of this peer', ['round', 'step', 'rested', 'with', 'why'], () => (this.#answer?.rounds ?? []).slice(-TABLE_ROWS).reverse().map(round => [
      String(round.round), short(round.step), formatSeconds(round.waitedMs / 1000), round.members.filter(member => member !== this.#answer?.self).map(nameOf).join(' ') || 'nobody', round.reason
    ]))
    parent.append(this.#figure, this.#table.root)
    new ResizeObserver(() => { this.#draw() }).observe(this.#figure)
  }

  update (answer: SwarmAnswer, colours: Colours): void {
    this.#answer = answer
    this.#colours = colours
    this.#draw()
    this.#table.update()
  }

  #draw (): void {
    const answer = this.#answer
    if (answer === undefined) return
    const rows = answer.peers.filter(({ course, present }) => present || course.length > 0).map(({ peerId }) => peerId)
    const last = answer.rounds.at(-1)
    this.#figure.setAttribute('aria-label', last === undefined ? 'No round is over yet.' : `The last round of this peer: ${last.round}, ${last.reason}`)
    if (last === undefined) {
      this.#figure.replaceChildren(element('div', { class: 'empty' }, 'No round is over yet. A peer trains a stretch of steps first.'))
      return
    }
    const width = Math.max(MINIMUM_WIDTH_PX, this.#figure.clientWidth)
    const firstMs = Math.min(...answer.peers.flatMap(({ course }) => course.map(point => point.atMs)))
    const fromMs = Math.max(firstMs - 2000, answer.nowMs - WINDOW_MS)
    const placeX = (ms: number): number => MARGIN.left + (ms - fromMs) / Math.max(1, answer.nowMs - fromMs) * (width - MARGIN.left - MARGIN.right)
    const placeY = (peerId: string): number => MARGIN.top + (rows.indexOf(peerId) + 0.5) * ROW_PX
    const height = MARGIN.top + rows.length * ROW_PX + MARGIN.bottom
    this.#figure.replaceChildren(drawn('svg', { height, viewBox: `0 0 ${width} ${height}`, 'aria-hidden': 'true' },
      ...rows.flatMap(peerId => [
        drawn('line', { class: 'grid', x1: MARGIN.left, x2: width - MARGIN.right, y1: placeY(peerId), y2: placeY(peerId) }),
        drawn('text', { x: 0, y: placeY(peerId) + 4 }, peerId === answer.self ? `${nameOf(peerId)} (this)` : nameOf(peerId))
      ]),
      ...niceTicks(0, (answer.nowMs - fromMs) / 1000, width / 130).map(seconds => drawn('text', {
        x: placeX(answer.nowMs - 1000 * seconds), y: height - 6, 'text-anchor': seconds === 0 ? 'end' : 'middle'
      }, seconds === 0 ? 'now' : `−${formatSeconds(seconds).replace('.0', '')}`)),
      ...stretches(answer.rounds, fromMs).flatMap(stretch => stretchBars(stretch, placeX, placeY(answer.self))),
      ...answer.meetings.filter(({ atMs, members }) => atMs >= fromMs && members.every(member => rows.includes(member))).map(({ round, atMs, members }) => {
        const heights = members.map(placeY)
        return drawn('line', { class: 'row-link', x1: placeX(atMs), x2: placeX(atMs), y1: Math.min(...heights), y2: Math.max(...heights) }, drawn('title', {}, `round ${round}`))
      }),
      ...this.#dots(answer, fromMs, placeX, placeY, width)))
  }

  #dots (answer: SwarmAnswer, fromMs: number, placeX: (ms: number) => number, placeY: (peerId: string) => number, width: number): SVGElement[] {
    const crowd = Math.max(1, ...answer.peers.map(({ course }) => course.filter(({ atMs }) => atMs >= fromMs).length))
    const radius = Math.min(LARGEST_DOT_PX, Math.max(SMALLEST_DOT_PX, width / crowd / 2))
    const alone = new Set(answer.rounds.filter(({ outcome }) => outcome === 'solo').map(({ round }) => round))
    return answer.peers.flatMap(({ peerId, course }) => course.filter(({ atMs }) => atMs >= fromMs).map(({ atMs, round, step }) => {
      const isSolo = peerId === answer.self && alone.has(round)
      return drawn('circle', { class: `row-dot ${isSolo ? 'solo' : this.#colours?.of(peerId) ?? ''}`, cx: placeX(atMs), cy: placeY(peerId), r: radius },
        drawn('title', {}, `${nameOf(peerId)}: round ${round}, step ${short(step)}`))
    }))
  }
}

interface Stretch {
  readonly fromMs: number
  readonly restMs: number
  readonly toMs: number
}

/** From one round to the next: training, then rest. */
function stretches (rounds: readonly OwnRound[], fromMs: number): Stretch[] {
  return rounds.flatMap((round, index) => {
    const before = rounds[index - 1]
    if (before === undefined || round.atMs < fromMs) return []
    const start = Math.max(before.atMs, fromMs)
    return [{ fromMs: start, restMs: Math.max(start, round.atMs - round.waitedMs), toMs: round.atMs }]
  })
}

function stretchBars ({ fromMs, restMs, toMs }: Stretch, placeX: (ms: number) => number, y: number): SVGElement[] {
  const bar = (kind: string, start: number, end: number): SVGElement => drawn('rect', { class: kind, x: placeX(start), y: y - 7, width: Math.max(0, placeX(end) - placeX(start)), height: 14, rx: 2 })
  return [bar('row-train', fromMs, restMs), bar('row-wait', restMs, toMs)]
}
