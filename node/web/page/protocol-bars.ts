import type { SwarmAnswer } from '../swarm-schema.ts'
import { formatBytes } from '../../terminal/units.ts'
import { drawn, element } from './elements.ts'

/** What each protocol sent and received, the greatest first. */
export class ProtocolBars {
  readonly #list = element('ul', { class: 'bars' })
  readonly #empty = element('div', { class: 'empty' }, 'Nothing has gone over the network yet.')

  constructor (parent: HTMLElement) {
    const key = (name: string): SVGElement => drawn('svg', { viewBox: '0 0 18 8', 'aria-hidden': 'true' }, drawn('rect', { class: name, width: 18, height: 8, rx: 4 }))
    parent.append(element('ul', { class: 'legend' }, element('li', {}, key('sent'), 'sent'), element('li', {}, key('received'), 'received')), this.#list, this.#empty)
  }

  update ({ protocols }: SwarmAnswer): void {
    const sorted = [...protocols].sort((a, b) => b.sent + b.received - a.sent - a.received)
    const most = Math.max(1, ...sorted.map(({ sent, received }) => sent + received))
    this.#empty.hidden = sorted.length > 0
    this.#list.replaceChildren(...sorted.map(({ protocol, kind, sent, received }) => {
      const share = (bytes: number): number => 100 * bytes / most
      return element('li', {},
        element('div', { class: 'name' }, element('span', {}, shortProtocol(protocol)), element('span', {}, `↑ ${formatBytes(sent)}  ↓ ${formatBytes(received)}`)),
        drawn('svg', { viewBox: '0 0 100 10', preserveAspectRatio: 'none', role: 'img', 'aria-label': `${protocol}, ${kind}: ${formatBytes(sent)} sent, ${formatBytes(received)} received` },
          drawn('rect', { class: 'sent', width: share(sent), height: 10 }), drawn('rect', { class: 'received', x: share(sent), width: share(received), height: 10 })))
    }))
  }
}

/** `/shoal/exchange/1` → `exchange`; others keep what tells them apart. */
function shortProtocol (protocol: string): string {
  return /^\/shoal\/([a-z]+)\/\d+$/.exec(protocol)?.[1] ?? protocol.replace(/^\//, '')
}
