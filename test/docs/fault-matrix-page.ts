import { presetNames } from '../../src/averaging/methods.ts'
import { machineStates, matrixFaults } from '../../testnet/simulator/fault-matrix.ts'
import type { MatrixCell } from '../../testnet/simulator/fault-matrix.ts'

/** The page about what holds when something breaks, from the cells that were played. */
export function faultMatrixPage (cells: readonly MatrixCell[]): string {
  const broken = cells.filter(({ outcome }) => outcome === 'broken')
  const absent = presetNames.filter(preset => cells.some(cell => cell.preset === preset && cell.outcome === 'absent'))
  return [
    '# What holds when something breaks',
    '',
    `Every fault meets every state of a peer's round machine under every method: ${matrixFaults.length} faults, ${machineStates.length} states, ${presetNames.length} methods, each in a swarm of four in virtual time`,
    '(`testnet/simulator/fault-matrix.ts`; `npm run docs:matrix` plays all and writes this page). Whatever happens, in each of them no peer applies half a round or counts',
    'anybody twice, nobody but the peer that is struck rests for longer than twice the grace of its method, and nobody waits forever.',
    '',
    `| fault | what is guaranteed besides | ${machineStates.join(' | ')} |`,
    `|---|---|${machineStates.map(() => '---').join('|')}|`,
    ...matrixFaults.map(({ name, guarantee }) => `| ${name} | ${guarantee} | ${machineStates.map(state => cellOf(cells.filter(cell => cell.fault === name && cell.state === state))).join(' | ')} |`),
    '',
    'A cell says for how many methods the guarantee held, of those whose machine is ever in that state.',
    ...absent.length === 0 ? [] : [`The machine of ${absent.join(' and ')} meets nobody and is never ${statesMissed(cells).join(', ')}.`],
    '',
    ...broken.length === 0 ? ['No cell is broken.'] : ['Broken:', '', ...broken.map(({ fault, state, preset, broken: [first] }) => `- ${preset}, ${fault} while ${state}: ${first ?? ''}`)],
    ''
  ].join('\n')
}

function cellOf (cells: readonly MatrixCell[]): string {
  const played = cells.filter(({ outcome }) => outcome !== 'absent')
  return `${played.filter(({ outcome }) => outcome === 'held').length} of ${played.length}`
}

function statesMissed (cells: readonly MatrixCell[]): readonly string[] {
  return machineStates.filter(state => cells.some(cell => cell.state === state && cell.outcome === 'absent'))
}
