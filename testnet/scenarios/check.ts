import { nearest } from '../../src/text/nearest.ts'
import type { FaultEntry } from './faults.ts'
import { knownLinks } from './links.ts'
import { namedPeers } from './names.ts'
import type { ScenarioFile } from './schema.ts'

/** What the schema cannot see: names that stand for nothing, moments that are none. A sentence, or nothing for a scenario that can be used. */
export function checkScenario (scenario: ScenarioFile): string | undefined {
  const groups = scenario.peers.map(group => group.name)
  const links = [...Object.keys(knownLinks), ...Object.keys(scenario.links)]
  const peers = namedPeers(scenario).map(({ name }) => name)
  const training = namedPeers(scenario).filter(({ group }) => group.lane === 'first-order')
  const names = new Set(training.flatMap(({ name, group }) => [name, group.name]))
  const wrong = [
    twice('groups', groups) ?? twice('peers', peers),
    lanesInOrder(scenario),
    lyingLane(scenario),
    sharesPassesOfBytes(scenario),
    ...scenario.peers.map(({ link }, index) => unknown(`peers.${index}.link`, link, links)),
    ...scenario.routes.flatMap(({ from, to, link }, index) =>
      [unknown(`routes.${index}.from`, from, groups), unknown(`routes.${index}.to`, to, groups), unknown(`routes.${index}.link`, link, links)]),
    ...scenario.faults.flatMap((fault, index) => checkFault(`faults.${index}`, fault, [...names], links))
  ]
  return wrong.find(sentence => sentence !== undefined)
}

/** The first peer makes the run, and faults strike by place. */
function lanesInOrder ({ peers }: ScenarioFile): string | undefined {
  const at = peers.findIndex(({ lane }, index) => lane === 'scalars' && (index === 0 || peers.slice(index).some(group => group.lane === 'first-order')))
  return at === -1 ? undefined : `peers.${at}.lane: groups of scalar peers come after all that train`
}

function lyingLane ({ peers }: ScenarioFile): string | undefined {
  const at = peers.findIndex(({ lane, attack }) => lane === 'scalars' && attack !== undefined)
  return at === -1 ? undefined : `peers.${at}.attack: those who train may lie, scalar peers beside them do not`
}

function sharesPassesOfBytes ({ run: { method, passes } }: ScenarioFile): string | undefined {
  return passes === 'shared' && method !== 'one-byte' ? `run.passes: two share the passes of one-byte, and the method is ${method}` : undefined
}

function checkFault (where: string, fault: FaultEntry, peers: readonly string[], links: readonly string[]): Array<string | undefined> {
  const { kind, time, round, repeat } = fault
  const named = 'sides' in fault ? fault.sides.flat() : 'peers' in fault ? fault.peers ?? [] : []
  const isBoth = 'share' in fault && fault.share !== undefined && fault.count !== undefined
  const moment = time === undefined ? 'rounds' : 'time'
  return [
    ...named.map(name => unknown(`${where} (${kind})`, name, peers)),
    'link' in fault ? unknown(`${where}.link`, fault.link, links) : undefined,
    (time === undefined) === (round === undefined) ? `${where} (${kind}): needs either time or round` : undefined,
    repeat !== undefined && (repeat.rounds === undefined) === (repeat.time === undefined) ? `${where}.repeat: needs either rounds or time` : undefined,
    repeat !== undefined && repeat[moment] === undefined ? `${where}.repeat: needs ${moment}, as the fault’s own moment is in ${moment}` : undefined,
    isBoth ? `${where} (${kind}): share and count contradict each other` : undefined
  ]
}

function twice (what: string, names: readonly string[]): string | undefined {
  const sorted = [...names].sort()
  const name = sorted.find((each, index) => sorted[index + 1] === each)
  return name === undefined ? undefined : `peers: two ${what} are called ${name}`
}

function unknown (where: string, word: string, known: readonly string[]): string | undefined {
  if (known.includes(word)) return undefined
  const near = nearest(word, known)
  return `${where}: there is no ${word}${near === undefined ? '' : ` (did you mean ${near}?)`}`
}
