import { presetNames } from '../../src/averaging/methods.ts'
import { machineStates, matrixFaults } from '../../testnet/simulator/fault-matrix.ts'
import type { MatrixCell, MatrixFault } from '../../testnet/simulator/fault-matrix.ts'
import { scalarFaults, scalarNames, scalarStates } from '../../testnet/simulator/scalar-fault-matrix.ts'
import type { ScalarCell } from '../../testnet/simulator/scalar-fault-matrix.ts'

type Cell = MatrixCell | ScalarCell

/** What begins the part about runs of scalars. */
const SCALARS = '## Runs of scalars\n'

/** Both parts of the page about what holds when something breaks; each is written by itself. */
export function partsOf (page: string): { readonly averaging: string, readonly scalars: string } {
  const at = page.indexOf(SCALARS)
  return { averaging: page.slice(0, at), scalars: page.slice(at) }
}

/** What holds where peers average, from the cells that were played: none of them is broken. */
export function averagingPart (cells: readonly MatrixCell[]): string {
  const absent = presetNames.filter(preset => cells.some(cell => cell.preset === preset && cell.outcome === 'absent'))
  return [
    '# What holds when something breaks',
    '',
    `Every fault meets every state of a peer's round machine under every method: ${matrixFaults.length} faults, ${machineStates.length} states, ${presetNames.length} methods, each in a swarm of four in virtual time`,
    '(`testnet/simulator/fault-matrix.ts`; `npm run docs:matrix` plays all and writes this page). Whatever happens, in each of them no peer applies half a round or counts',
    'anybody twice, nobody but the peer that is struck rests for longer than twice the grace of its method, and nobody waits forever.',
    '',
    ...tableOf(cells, matrixFaults, machineStates),
    '',
    'A cell says for how many methods the guarantee held, of those whose machine is ever in that state.',
    ...absent.length === 0 ? [] : [`The machine of ${absent.join(' and ')} meets nobody and is never ${statesMissed(cells).join(', ')}.`],
    '',
    ''
  ].join('\n')
}

/** What holds in runs of scalars, from the cells that were played. */
export function scalarPart (cells: readonly ScalarCell[]): string {
  const broken = cells.filter(({ outcome }) => outcome === 'broken')
  const absent = cells.filter(({ outcome }) => outcome === 'absent')
  return SCALARS + [
    '',
    `The same faults under ${scalarNames.join(', ')}: what a struck peer does is wait for others before its first step, measure, have a pack on its way, or ask for entries that it lacks.`,
    'Nobody waits for anybody in such a run. Everybody who takes all its steps is to end with the same weights to the bit.',
    '',
    ...tableOf(cells, scalarFaults, scalarStates),
    '',
    ...absent.length === 0 ? [] : ['Not played, since the peer that was to be struck was never in that state:', '', ...absent.map(({ fault, state, preset }) => `- ${preset}, ${fault} while ${state}`), ''],
    ...broken.length === 0 ? ['No cell is broken.'] : ['Broken, and not mended yet:', '', ...broken.map(({ fault, state, preset, broken: [first] }) => `- ${preset}, ${fault} while ${state}: ${first ?? ''}`)],
    ''
  ].join('\n')
}

function tableOf (cells: readonly Cell[], faults: readonly MatrixFault[], states: readonly Cell['state'][]): readonly string[] {
  return [
    `| fault | what is guaranteed besides | ${states.join(' | ')} |`,
    `|---|---|${states.map(() => '---').join('|')}|`,
    ...faults.map(({ name, guarantee }) => `| ${name} | ${guarantee} | ${states.map(state => cellOf(cells.filter(cell => cell.fault === name && cell.state === state))).join(' | ')} |`)
  ]
}

function cellOf (cells: readonly Cell[]): string {
  const played = cells.filter(({ outcome }) => outcome !== 'absent')
  return `${played.filter(({ outcome }) => outcome === 'held').length} of ${played.length}`
}

function statesMissed (cells: readonly MatrixCell[]): readonly string[] {
  return machineStates.filter(state => cells.some(cell => cell.state === state && cell.outcome === 'absent'))
}
