import { join } from 'node:path'
import { bytesStudy } from './bytes.ts'
import { claimsStudy } from './claims.ts'
import { killRateStudy } from './kill-rate.ts'
import { publishedRows, tuningCells } from './lab-rows.ts'
import { othersStudy } from './others.ts'
import { scalingStudy } from './scaling.ts'
import type { Study } from './study.ts'
import { TrainingCells } from './training-cells.ts'

/** Of the cells of methods.md, those of the link that was tuned on. */
const TUNED_LINK = 10

/** By the word behind `npm run bench:`. @param results the folder of pages, with what other benches have stored */
export const STUDIES: Readonly<Record<string, (results: string) => Promise<Study<unknown>>>> = {
  bytes: async results => erased(bytesStudy(await TrainingCells.open(), await publishedRows(join(results, 'methods'), TUNED_LINK), await tuningCells(join(results, 'methods'), TUNED_LINK))),
  others: async results => erased(othersStudy(await TrainingCells.open(), await publishedRows(join(results, 'methods'), TUNED_LINK))),
  claims: async results => erased(claimsStudy(await TrainingCells.open(), await publishedRows(join(results, 'methods'), TUNED_LINK))),
  scaling: async () => erased(scalingStudy(await TrainingCells.open())),
  'kill-rate': async () => erased(killRateStudy(await TrainingCells.open()))
}

/** What runs and stores a study does not look into its results. */
function erased<Result> (study: Study<Result>): Study<unknown> {
  return study as unknown as Study<unknown>
}
