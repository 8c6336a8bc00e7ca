import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { presetNames } from '../../src/averaging/methods.ts'
import { machineStates, matrixFaults, playCell } from '../../testnet/simulator/fault-matrix.ts'
import type { MatrixCell } from '../../testnet/simulator/fault-matrix.ts'
import { playScalarCell, scalarFaults, scalarNames, scalarStates } from '../../testnet/simulator/scalar-fault-matrix.ts'
import { faultMatrixPage } from './fault-matrix-page.ts'

const file = fileURLToPath(new URL('../../docs/fault-matrix.md', import.meta.url))

it('the fault matrix holds for every method, and its page is fresh; npm run docs:matrix writes it anew', async () => {
  const cells: MatrixCell[] = []
  for (const preset of presetNames) for (const fault of matrixFaults) for (const state of machineStates) cells.push(await playCell(fault, state, preset))
  expect(cells.filter(({ outcome }) => outcome === 'broken')).toEqual([])
  const scalarCells = scalarNames.flatMap(preset => scalarFaults.flatMap(fault => scalarStates.map(state => playScalarCell(fault, state, preset))))
  expect(scalarCells.filter(({ outcome }) => outcome === 'broken')).toEqual([])
  const page = faultMatrixPage(cells, scalarCells)
  if (process.env['UPDATE_DOCS'] === '1') writeFileSync(file, page)
  expect(readFileSync(file, 'utf8')).toBe(page)
})
