// The page of results. Every number in it, and every judgement, comes from the measurements.
import { FLOP_FORMULA } from './problem.mjs'

/** Largest difference in nats between contestants' losses of the same step. */
const LOSS_TOLERANCE = 1e-3
/** Steps whose losses are compared: rounding grows from step to step. */
const COMPARED_STEPS = 5
const TARGETS = { timesStock: 10, shareOfPeak: 0.7, rssBytes: 350 * 2 ** 20 }

/** @returns the page in Markdown, and whether all contestants computed the same losses */
export function enginePage ({ setup, problem, contestants, declined }) {
  const trainers = contestants.filter(({ stepMs }) => stepMs.length > 0).map(contestant => ({ ...contestant, ...figuresOf(contestant, problem) }))
  const stock = trainers.find(({ title }) => title === 'stock tfjs wasm')
  const single = fastest(trainers.filter(({ isOneThread }) => isOneThread))
  const losses = comparison(trainers)
  const page = [
    '# The training engine against others',
    '',
    'Written by `npm run bench:engine`; raw numbers in [engine.json](engine.json).' + (setup.quick ? ' **A quick run on a small problem: its figures say nothing.**' : ''),
    '',
    setupLines(setup, problem),
    '',
    ...judgement(single, stock, problem),
    '',
    '## Training steps',
    '',
    '| engine | device, kernels | ms a step, median (least) | tokens/s, median (best) | × stock wasm, medians (bests) | GFLOP/s of the whole step | share of its own matmul | peak RSS, MiB | tensors constant |',
    '|---|---|---|---|---|---|---|---|---|',
    ...trainers.map(trainer => trainerRow(trainer, stock)),
    '',
    `A step: loss, gradients, clipping, AdamW, and the loss read back. Operations a step: ${FLOP_FORMULA} = ${(problem.flopPerStep / 1e9).toFixed(3)} GFLOP, matrix products alone,`,
    'the masked half of attention left out. The share divides the best step by the best product in the next table, both of the same process and run.',
    `${losses.sentence}`,
    '',
    `## Square matrix products, ${problem.matmulSize}³`,
    '',
    '| engine | device, kernels | GFLOP/s, median (best) | share of the fastest native, bests |',
    '|---|---|---|---|',
    ...contestants.map(contestant => matmulRow(contestant, contestants, problem)),
    '',
    ...declined.length === 0 ? [] : ['Not measured:', '', ...declined.map(({ title, reason }) => `- ${title}: ${reason}`), ''],
    '## What is compared',
    '',
    'Stock is the same GPT in plain tfjs operations with tfjs’s own gradients, on backends as they ship, in processes that never load our kernels',
    '([stock-gpt.mjs](../../test/bench/engine/stock-gpt.mjs)); its embedding is a product with a one-hot matrix, for a gather has no gradient on the stock wasm backend.',
    'Native products are yardsticks: they do not train. Peak RSS is that of the contestant’s whole process, Node included.',
    ''
  ].join('\n')
  return { page, losses }
}

function setupLines ({ cpu, cores, node, platform, commit, date, rounds, loadBefore, loadAfter }, { model, inner, parameters }) {
  return `Setup: ${cpu}, ${cores} cores, ${platform}, Node ${node}, commit ${commit}, ${date}; load average ${loadBefore.toFixed(2)} before and ${loadAfter.toFixed(2)} after (this run included). ` +
    `Model: GPT, ${model.layers} layers, width ${model.width}, ${model.heads} heads, context ${model.context}, vocabulary ${model.vocabulary}, ${parameters.toLocaleString('en')} parameters; ` +
    `batch ${inner.batch}, AdamW. Rounds: ${rounds}; in each, one contestant after the other computes a few steps.`
}

function figuresOf ({ stepMs, matmulMs, tensors }, { model, inner, flopPerStep, matmulSize }) {
  const steps = stepMs.flat()
  const tokens = inner.batch * model.context
  const bestMs = Math.min(...steps)
  const bestProductMs = Math.min(...matmulMs.flat())
  const gflops = flopPerStep / bestMs / 1e6
  return {
    medianMs: median(steps), bestMs, tokensMedian: tokens / median(steps) * 1000, tokensBest: tokens / bestMs * 1000,
    gflops, shareOfPeak: gflops / (2 * matmulSize ** 3 / bestProductMs / 1e6), keepsTensors: new Set(tensors).size === 1
  }
}

function trainerRow (trainer, stock) {
  const { title, device, variant, medianMs, bestMs, tokensMedian, tokensBest, gflops, shareOfPeak, peakRssBytes, keepsTensors, tensors } = trainer
  const times = stock === undefined ? '–' : `${(stock.medianMs / medianMs).toFixed(1)} (${(stock.bestMs / bestMs).toFixed(1)})`
  return `| ${title} | ${device}; ${variant} | ${medianMs.toFixed(1)} (${bestMs.toFixed(1)}) | ${whole(tokensMedian)} (${whole(tokensBest)}) | ${times} | ${gflops.toFixed(2)} | ` +
    `${percent(shareOfPeak)} | ${mebibytes(peakRssBytes)} | ${keepsTensors ? `yes, ${tensors[0]}` : `no: ${tensors.join(', ')}`} |`
}

function matmulRow ({ title, device, variant, matmulMs }, contestants, { matmulSize }) {
  const speed = ms => 2 * matmulSize ** 3 / ms / 1e6
  const natives = contestants.filter(({ kind }) => kind === 'native').map(native => Math.min(...native.matmulMs.flat()))
  const best = Math.min(...matmulMs.flat())
  const share = natives.length === 0 ? '–' : percent(Math.min(...natives) / best)
  return `| ${title} | ${device}; ${variant} | ${speed(median(matmulMs.flat())).toFixed(2)} (${speed(best).toFixed(2)}) | ${share} |`
}

/** What was asked for, and whether it is met. */
function judgement (single, stock, problem) {
  if (single === undefined) return ['Our engine did not take part on one thread of wasm, so no target is judged.']
  const met = condition => condition ? 'met' : '**missed**'
  const times = stock === undefined ? undefined : stock.medianMs / single.medianMs
  return [
    `On one thread, with ${single.variant}: ${whole(single.tokensMedian)} tokens/s at the median, ${whole(single.tokensBest)} at best.`,
    '',
    times === undefined ? `- at least ${TARGETS.timesStock} × stock tfjs wasm: not judged, stock did not take part`
      : `- at least ${TARGETS.timesStock} × stock tfjs wasm: ${times.toFixed(1)} × by medians, ${met(times >= TARGETS.timesStock)}`,
    `- whole-step FLOP/s at least ${percent(TARGETS.shareOfPeak)} of the same kernel's peak on a square product: ${percent(single.shareOfPeak)}, ${met(single.shareOfPeak >= TARGETS.shareOfPeak)}` +
      ` (were the masked half of attention counted, which is skipped: ${percent(single.shareOfPeak * problem.flopPerStepUnmasked / problem.flopPerStep)})`,
    `- peak RSS of the training process at most ${mebibytes(TARGETS.rssBytes)} MiB: ${mebibytes(single.peakRssBytes)} MiB, ${met(single.peakRssBytes <= TARGETS.rssBytes)}`,
    `- no tensor leaks: ${single.keepsTensors ? `${single.tensors[0]} tensors after every turn, met` : `${single.tensors.join(', ')} tensors after the turns, **missed**`}`
  ]
}

function comparison (trainers) {
  const [reference, ...others] = trainers
  if (reference === undefined) return { agree: true, largest: 0, sentence: '' }
  const differences = others.flatMap(({ losses }) => losses.slice(0, COMPARED_STEPS).map((loss, step) => Math.abs(loss - reference.losses[step])))
  const largest = Math.max(0, ...differences)
  const agree = differences.every(difference => difference <= LOSS_TOLERANCE)
  return {
    agree, largest,
    sentence: `Losses of the first steps (at most ${COMPARED_STEPS}): they differ between engines by at most ${largest.toExponential(1)} nats; ${LOSS_TOLERANCE} is allowed${agree ? '' : ', so **they do not compute the same**'}.`
  }
}

function fastest (trainers) {
  return [...trainers].sort((a, b) => a.medianMs - b.medianMs)[0]
}

function median (values) {
  return [...values].sort((a, b) => a - b)[values.length >> 1]
}

const whole = value => Math.round(value).toLocaleString('en')
const percent = share => `${(share * 100).toFixed(0)} %`
const mebibytes = bytes => Math.round(bytes / 2 ** 20)
