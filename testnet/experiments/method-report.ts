import { join } from 'node:path'
import { writeFileAtomically } from '../../node/store/atomic-file.ts'
import type { MethodOutcome } from './method-bench.ts'
import type { Grid } from './method-grid.ts'
export async function writeMethodReport (folder: string, grid: Grid, outcomes: readonly MethodOutcome[]): Promise<string> {
  const page = join(folder, 'methods.md')
  await writeFileAtomically(page, [])
  return page + String(grid.links.length + outcomes.length)
}
