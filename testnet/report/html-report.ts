import { htmlPage } from './html-page.ts'
import { escapeText } from './line-chart.ts'
import { NATS_A_TOKEN, peerFigures, peerTable, storySummary } from './peer-stories.ts'
import type { PeerStory } from './run-story.ts'

/** So many kinds of warnings of a peer are read at a glance. */
const UNFOLDED = 3

/** A run's report as one HTML file: it needs nothing else, no script and no network. */
export function htmlReport (stories: readonly PeerStory[]): string {
  const started = stories.map(story => story.started).find(event => event !== undefined)
  return htmlPage(`Run ${started?.runName ?? 'unknown'}`, [
    `<p class="faint">${escapeText(started?.runId ?? '')}</p>`,
    `<p>${escapeText(storySummary(stories))}</p>`,
    peerTable(stories),
    ...peerFigures(stories, NATS_A_TOKEN),
    warningList(stories)
  ])
}

/** Each peer's, folded away where they are many: the same sentence once, with how often it came. */
function warningList (stories: readonly PeerStory[]): string {
  const told = stories.filter(({ warnings }) => warnings.length > 0).map(({ name, warnings }) => {
    const kinds = [...new Set(warnings)]
    const items = kinds.map(kind => `<li>${escapeText(kind)}${timesOf(warnings.filter(sentence => sentence === kind).length)}</li>`)
    return `<details${kinds.length <= UNFOLDED ? ' open' : ''}><summary>${escapeText(name)}: ${warnings.length}</summary><ul>${items.join('')}</ul></details>`
  })
  return told.length === 0 ? '' : `<h2>Warnings</h2>${told.join('')}`
}

function timesOf (count: number): string {
  return count === 1 ? '' : ` <span class="faint">(${count} times)</span>`
}
