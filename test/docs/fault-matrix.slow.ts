import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { presetNames } from '../../src/averaging/methods.ts'
import { machineStates, matrixFaults, playCell } from '../../testnet/simulator/fault-matrix.ts'
import type { MatrixCell } from '../../testnet/simulator/fault-matrix.ts'
import { playScalarCell, scalarFaults, scalarNames, scalarStates } from '../../testnet/simulator/scalar-fault-matrix.ts'
import type { ScalarCell } from '../../testnet/simulator/scalar-fault-matrix.ts'
import { averagingPart, partsOf, scalarPart } from './fault-matrix-page.ts'

const file = fileURLToPath(new URL('../../docs/fault-matrix.md', import.meta.url))
const written = (): ReturnType<typeof partsOf> => partsOf(readFileSync(file, 'utf8'))
const isWriting = process.env['UPDATE_DOCS'] === '1'

it('the fault matrix holds for every method that averages, and its part of the page is fresh; npm run docs:matrix -- -t averages writes it anew', async () => {
  const cells: MatrixCell[] = []
  for (const preset of presetNames) for (const fault of matrixFaults) for (const state of machineStates) cells.push(await playCell(fault, state, preset))
  expect(cells.filter(({ outcome }) => outcome === 'broken')).toEqual([])
  const part = averagingPart(cells)
  if (isWriting) writeFileSync(file, part + written().scalars)
  expect(written().averaging).toBe(part)
})

it('the fault matrix holds for every method of scalars, and its part of the page is fresh; npm run docs:matrix -- -t scalars writes it anew', async () => {
  const cells: ScalarCell[] = []
  for (const preset of scalarNames) for (const fault of scalarFaults) for (const state of scalarStates) cells.push(await playScalarCell(fault, state, preset))
  const part = scalarPart(cells)
  if (isWriting) writeFileSync(file, written().averaging + part)
  expect(written().scalars).toBe(part)
  expect(cells.filter(({ outcome }) => outcome === 'broken')).toEqual([])
})
