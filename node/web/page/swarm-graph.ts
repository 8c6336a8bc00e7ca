import type { Meeting, SwarmAnswer } from '../swarm-schema.ts'
import { dataTable, drawn, element } from './elements.ts'
import type { Colours } from './colours.ts'
import { nameOf } from './numbers.ts'

const SIZE = 340
const RADIUS = 122
const NODE_RADIUS = 23
/** A crowded circle has smaller peers. */
const CROWD = 16
const SMALL_NODE_RADIUS = 12
/** Rounds whose meetings are drawn; older ones are fainter. */
const SHOWN_ROUNDS = 4
const TABLE_ROWS = 40

/** Everyone on a circle, and a line between those who averaged: strong for the newest round, fainter for those before. */
export class SwarmGraph {
  readonly #figure = element('figure', { role: 'img', tabindex: '0' })
  readonly #note = element('p', { class: 'note' })
  readonly #table: ReturnType<typeof dataTable>
  #answer: SwarmAnswer | undefined
  #newestSeen = ''

  constructor (parent: HTMLElement) {
    this.#table = dataTable('Meetings', ['round', 'who'], () => (this.#answer?.meetings ?? []).slice(-TABLE_ROWS).reverse().map(meeting => [String(meeting.round), this.#sentence(meeting)]))
    parent.append(this.#note, this.#figure, this.#table.root)
  }

  update (answer: SwarmAnswer, colours: Colours): void {
    this.#answer = answer
    const here = answer.peers.filter(({ present, course }) => present || course.length > 0)
    const places = new Map(here.map(({ peerId }, index) => [peerId, placeOf(index, here.length)]))
    const newest = answer.meetings.at(-1)
    const key = newest === undefined ? '' : `${newest.round} ${newest.members.join()}`
    const label = newest === undefined ? 'Nobody has averaged yet.' : `Round ${newest.round}: ${this.#sentence(newest)}`
    this.#note.textContent = label
    this.#figure.setAttribute('aria-label', `${here.length} ${here.length === 1 ? 'peer' : 'peers'}. ${label}`)
    this.#figure.replaceChildren(drawn('svg', { viewBox: `0 0 ${SIZE} ${SIZE}`, 'aria-hidden': 'true' },
      ...edgesOf(answer.meetings, places, key !== this.#newestSeen),
      ...here.map(({ peerId, present }, index) => {
        const { x, y } = placeOf(index, here.length)
        const radius = here.length > CROWD ? SMALL_NODE_RADIUS : NODE_RADIUS
        const isSelf = peerId === answer.self
        return drawn('g', { class: `node${isSelf ? ' self' : ''}${present ? '' : ' gone'}` },
          drawn('title', {}, `${peerId}${isSelf ? ' (this peer)' : ''}${present ? '' : ', gone'}`),
          ...isSelf ? [drawn('circle', { class: 'halo', cx: x, cy: y, r: radius + 9 })] : [],
          drawn('circle', { class: colours.of(peerId), cx: x, cy: y, r: radius }),
          ...here.length > CROWD ? [] : [drawn('text', { x, y: y + 0.5 }, nameOf(peerId))],
          ...isSelf ? [drawn('text', { class: 'name', x, y: y + radius + 20 }, 'this peer')] : [])
      })))
    this.#newestSeen = key
    this.#table.update()
  }

  #sentence ({ members }: Meeting): string {
    return members.map(member => member === this.#answer?.self ? `${nameOf(member)} (this peer)` : nameOf(member)).join(' with ')
  }
}

/** This peer at the bottom, the others around. */
function placeOf (index: number, count: number): { readonly x: number, readonly y: number } {
  if (count === 1) return { x: SIZE / 2, y: SIZE / 2 }
  const angle = Math.PI / 2 + 2 * Math.PI * index / count
  return { x: SIZE / 2 + RADIUS * Math.cos(angle), y: SIZE / 2 - 10 + RADIUS * Math.sin(angle) }
}

function edgesOf (meetings: readonly Meeting[], places: ReadonlyMap<string, { readonly x: number, readonly y: number }>, isFresh: boolean): SVGElement[] {
  const newest = meetings.at(-1)?.round ?? 0
  return meetings.filter(({ round }) => newest - round < SHOWN_ROUNDS).flatMap((meeting, _, shown) => {
    const age = newest - meeting.round
    const fresh = isFresh && meeting === shown.at(-1)
    return pairsOf(meeting.members).flatMap(([a, b]) => {
      const [from, to] = [places.get(a), places.get(b)]
      if (from === undefined || to === undefined) return []
      return [drawn('line', {
        class: `edge${fresh ? ' fresh' : ''}`, x1: from.x, y1: from.y, x2: to.x, y2: to.y, 'stroke-width': Math.max(1, 5 - 1.4 * age), opacity: Math.max(0.12, 0.95 - 0.28 * age)
      })]
    })
  })
}

/** All pairs of a small group; in a large one everyone with the first alone, or the lines would cover it all. */
function pairsOf (members: readonly string[]): Array<readonly [string, string]> {
  const [hub] = members
  if (members.length > CROWD && hub !== undefined) return members.slice(1).map(member => [hub, member] as const)
  return members.flatMap((a, index) => members.slice(index + 1).map(b => [a, b] as const))
}
