import '../../../node/polyfills.ts'
import { execFileSync } from 'node:child_process'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { EXIT } from '../../../node/cli/exit-codes.ts'
import { gracefulShutdown } from '../../../node/cli/graceful-shutdown.ts'
import { writeFileAtomically } from '../../../node/store/atomic-file.ts'
import { ProgressLine } from '../../cli/progress-line.ts'
import { CellStore } from '../method-store.ts'
import type { CellOrigin } from '../method-store.ts'
import { STUDIES } from './studies.ts'
import type { Measured, Study } from './study.ts'
import { listStudy, runStudy } from './study.ts'

/**
 * `npm run bench:<study>`: measures what is not stored yet, and writes the study’s page. Words after the command choose cells by parts of their names: one that no cell has
 * writes the page alone. `--list` measures nothing: it says what is stored and how long the rest takes. Ctrl-C ends it after the cell under way, and the same command goes on where this one ended.
 */
const RESULTS = fileURLToPath(new URL('../../../../docs/results/', import.meta.url))
/** A cell takes two minutes at most where nothing else runs; what is under way when Ctrl-C comes is finished and stored. */
const STOP_LIMIT_MS = 300_000

const LIST = '--list'
const [name = '', ...others] = process.argv.slice(2)
const words = others.filter(word => word !== LIST)
const open = STUDIES[name]
if (open === undefined) {
  process.stderr.write(`there is no study "${name}": ${Object.keys(STUDIES).join(', ')}\n`)
  process.exit(EXIT.usage)
}
const progress = new ProgressLine()
const say = (sentence: string): void => {
  progress.clear()
  process.stderr.write(`${sentence}\n`)
}
const shutdown = gracefulShutdown({ say, stopping: 'ending after the cell under way; what is stored stays', limitMs: STOP_LIMIT_MS })
process.stdout.write(`${await (others.includes(LIST) ? list : run)(await open(RESULTS))}\n`)
process.exit(shutdown.signal.aborted ? EXIT.interrupted : EXIT.ok)

async function run<Result> (study: Study<Result>): Promise<string> {
  const results = await runStudy({
    study, store: storeOf(study), origin: originOf(), only: words, signal: shutdown.signal, say, show: (share, cell) => { progress.show(share, cell) }
  })
  progress.clear()
  const files = study.report(results)
  for (const [file, text] of files) await writeFileAtomically(join(RESULTS, file), [new TextEncoder().encode(text)])
  const page = `${study.name}.md`
  return [...firstTable(files.find(([file]) => file === page)?.[1] ?? ''), join(RESULTS, page)].join('\n')
}

/** What a study compares first, for whoever waits at the terminal. */
function firstTable (page: string): readonly string[] {
  const lines = page.split('\n')
  const from = lines.findIndex(line => line.startsWith('|'))
  return from < 0 ? [] : [...lines.slice(from, lines.indexOf('', from)), '']
}

async function list<Result> (study: Study<Result>): Promise<string> {
  return (await listStudy({ study, store: storeOf(study), only: words })).join('\n')
}

function storeOf<Result> ({ name: folder }: Study<Result>): CellStore<Measured<Result>> {
  return new CellStore<Measured<Result>>(join(RESULTS, folder))
}

function originOf (): CellOrigin {
  const commit = execFileSync('git', ['rev-parse', '--short=10', 'HEAD'], { cwd: fileURLToPath(new URL('.', import.meta.url)), encoding: 'utf8' }).trim()
  return { commit, date: new Date().toISOString().slice(0, 10), setup: `${process.version}, ${cpus()[0]?.model.trim() ?? 'unknown processor'}, wasm on one thread` }
}
