import { readFile, readdir, writeFile } from 'node:fs/promises'
import { lineChartSvg } from '../report/line-chart.ts'
import { FINETUNE } from './finetune-ground.ts'
import type { FinetunePoint } from './finetune-arms.ts'
import type { FinetuneResult } from './finetune.ts'

/** A chart starts here where nothing is sent or run yet: its axis is logarithmic. */
const FIRST = 1

/** What fine-tuning came to, as a section, with its charts beside; says so where nothing was measured. @param folder of results */
export async function finetuneSection (folder: URL): Promise<string> {
  const results = await readResults(new URL('finetune/', folder))
  const [first] = results
  if (first === undefined) return '## Fine-tuning\n\nNot measured yet: `node dist/testnet/experiments/finetune.js`.\n'
  await draw(folder, 'forward passes of a peer (a backward pass is two)', 'finetune-passes.svg', results, point => point.forwardPasses)
  await draw(folder, 'bytes that a peer sends', 'finetune-bytes.svg', results, point => point.bytes)
  const start = first.points[0]?.loss ?? NaN
  const rows = results.map(({ title, arm, points, secondsTotal }) => {
    const last = points.at(-1)
    const best = Math.min(...points.map(({ loss }) => loss))
    return `| ${title} (\`${arm}\`) | ${last?.forwardPasses ?? ''} | ${inUnits(last?.bytes ?? NaN)} | ${best.toFixed(4)} | ${(last?.loss ?? NaN).toFixed(4)} | ${secondsTotal} |`
  })
  return `## Fine-tuning

Command: \`node dist/testnet/experiments/finetune.js\` (results are kept, and what is there is not run again). A GPT (${FINETUNE.model}, ${(first.parameters / 1e6).toFixed(2)} M parameters) was pretrained for ${FINETUNE.pretrainSteps} steps of ${FINETUNE.pretrainBatch} rows on the State of the Union addresses of all eras but the last, then tuned by ${FINETUNE.peers} peers of ${FINETUNE.batch} rows a step to the addresses of ${first.era}, dealt to them. Loss: nats per byte on every fifth of those addresses, which nobody trains on. Real models, virtual time, one seed; every rate that was tried is listed. Bytes of scalar methods include the signed frame of each pack; those of gradients are a ring's. Peak memory is that of ${FINETUNE.model} above: measuring for scalars, training for gradients and Ferret's local steps.

Before tuning: ${start.toFixed(4)}.

| | forward passes a peer | bytes a peer | least loss | last loss | seconds |
|---|---|---|---|---|---|
${rows.join('\n')}

${verdict(results, start)}

![Loss over forward passes](finetune-passes.svg)

![Loss over bytes](finetune-bytes.svg)
`
}

async function readResults (folder: URL): Promise<FinetuneResult[]> {
  const names = (await readdir(folder).catch(() => [])).filter(name => name.endsWith('.json')).sort()
  return await Promise.all(names.map(async name => JSON.parse(await readFile(new URL(name, folder), 'utf8')) as FinetuneResult))
}

async function draw (folder: URL, xLabel: string, name: string, results: readonly FinetuneResult[], x: (point: FinetunePoint) => number): Promise<void> {
  const series = results.map(({ arm, points }) => ({ name: arm, points: points.map(point => ({ x: Math.max(FIRST, x(point)), y: point.loss })) }))
  await writeFile(new URL(name, folder), lineChartSvg({ title: 'Tuning to an era that was left out', xLabel, yLabel: 'held-out nats per byte', logarithmicX: true, series }))
}

/** What each kind of method gained at its best, in words that the numbers choose. */
function verdict (results: readonly FinetuneResult[], start: number): string {
  const gainOf = ({ points }: FinetuneResult): number => start - Math.min(...points.map(({ loss }) => loss))
  const isFirstOrder = ({ arm }: FinetuneResult): boolean => arm.startsWith('ddp') || arm.startsWith('ferret')
  const best = (chosen: readonly FinetuneResult[]): FinetuneResult | undefined => [...chosen].sort((a, b) => gainOf(b) - gainOf(a))[0]
  const [gradients, scalars] = [best(results.filter(isFirstOrder)), best(results.filter(result => !isFirstOrder(result)))]
  if (gradients === undefined || scalars === undefined) return ''
  const [gained, lesser] = [gainOf(gradients), gainOf(scalars)]
  const comparison = lesser < gained
    ? `Zeroth order loses here: ${lesser <= 0 ? 'no scalar method gained anything' : `at its best (\`${scalars.arm}\`) it gained ${lesser.toFixed(4)} nats, ${(100 * lesser / gained).toFixed(1)} % of the ${gained.toFixed(4)} that \`${gradients.arm}\` gained`}.`
    : `Zeroth order (\`${scalars.arm}\`) gained ${lesser.toFixed(4)} nats, \`${gradients.arm}\` ${gained.toFixed(4)}.`
  const worse = results.filter(({ points }) => (points.at(-1)?.loss ?? NaN) > start).map(({ arm }) => `\`${arm}\``)
  return `${comparison}${worse.length === 0 ? '' : ` Ended worse than they began: ${worse.join(', ')}.`} A direction of random signs holds 1/P of the gradient's energy on average, and a window of n directions lets the rate be no more than about 1/(n + P) of a gradient step's: that is what a byte costs where the tuning does not live in a few directions.`
}

function inUnits (bytes: number): string {
  return bytes >= 1e6 ? `${(bytes / 1e6).toFixed(1)} MB` : `${(bytes / 1e3).toFixed(1)} kB`
}
