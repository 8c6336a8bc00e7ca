import { readFileSync, readdirSync } from 'node:fs'
import { expect, it } from 'vitest'
import type { ArmResult } from '../../../testnet/experiments/learning-arms.ts'
import { learningTable } from '../../../testnet/experiments/learning-table.ts'

const published = new URL('../../../docs/results/', import.meta.url)
/** The seed on which the published bench tuned its learning rates. */
const TUNING_SEED = 100

it('the published page of the learning bench is what its published numbers give', () => {
  const cells = new URL('learning/', published)
  const runs = readdirSync(cells).map(name => JSON.parse(readFileSync(new URL(name, cells), 'utf8')) as ArmResult)
  const page = readFileSync(new URL('learning.md', published), 'utf8')
  const setup = /Setup: (.*?); seeds/.exec(page)?.[1] ?? ''
  expect(learningTable(runs.filter(({ seed }) => seed !== TUNING_SEED), runs.filter(({ seed }) => seed === TUNING_SEED), setup)).toBe(page)
})
