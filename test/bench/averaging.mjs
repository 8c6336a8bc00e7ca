// Measures what a round costs the thread that it runs on: processor time of open, contribution, receive and commit.
//
//   node test/bench/averaging.mjs [--values 4000000] [--rounds 7]    from the last build; half a minute, and 1 GiB of memory
//
// Two replicas meet, as a pair or as owners of half a fragment each; one is measured. For an owner, `receive` is all of its part in the exchange: the
// other's contribution, its own mean, and the other's mean. Values are multiples of 1000.
//
// Machines and their neighbours differ, so each figure is given beside a plain pass over memory of the same length in the same process: one vector added
// to another, a value at a time.
import { parseArgs } from 'node:util'
import { FrameReplica } from '../../dist/src/averaging/frame-replica.js'
import { methodPreset } from '../../dist/src/averaging/methods.js'

const { values: { values, rounds } } = parseArgs({ options: { values: { type: 'string', default: '4000000' }, rounds: { type: 'string', default: '7' } } })
const SIZE = Number(values)
const ROUNDS = Number(rounds)
/** Until the loops are compiled and the heap has its size. */
const WARM_UP_ROUNDS = 3
const WIDTH = 1000
const CODECS = ['int8(64)', 'uniform(6) | rans']

const layout = { size: SIZE, slots: [{ name: 'weights', shape: [SIZE / WIDTH, WIDTH], offset: 0, size: SIZE }] }
const cases = [
  ...['noloco', 'fedavg-pairs'].flatMap(name => CODECS.map(codec => [name, { codec }])),
  ...CODECS.map(codec => ['shoal', { codec, fragments: 1, overlapSteps: 0 }]),
  ['shoal', {}],
  ...CODECS.map(codec => ['diloco', { codec }])
]

/** Learns a little, the same in each process. */
function moved (fast, seed) {
  let state = seed
  for (let index = 0; index < fast.length; index++) {
    state = Math.imul(state, 1664525) + 1013904223 | 0
    fast[index] += state * 2 ** -38
  }
}

function processorMs (work) {
  const { user, system } = process.cpuUsage()
  const result = work()
  const after = process.cpuUsage()
  return { result, ms: (after.user + after.system - user - system) / 1000 }
}

function middle (numbers) {
  return numbers.toSorted((one, other) => one - other)[numbers.length >> 1]
}

function passMs () {
  const [to, from] = [new Float32Array(SIZE), new Float32Array(SIZE).fill(1)]
  return middle(Array.from({ length: ROUNDS + WARM_UP_ROUNDS }, () => processorMs(() => {
    for (let index = 0; index < to.length; index++) to[index] += from[index]
  }).ms))
}

/** Milliseconds of each call of a, in one round of a and b. */
function roundMs (replicas, method, round) {
  const fragment = (round - 1) % method.fragments
  const { length } = replicas[0].fragments[fragment]
  const owned = method.groupSize === 'all' || method.groupSize > 2
  const parts = owned ? [{ start: 0, end: length >> 1, owner: 'a' }, { start: length >> 1, end: length, owner: 'b' }] : [{ start: 0, end: length }]
  const planned = { round, fragment, members: ['a', 'b'], parts, tokens: 100 }
  const opened = processorMs(() => replicas[0].open(planned))
  const [one, other] = [opened.result, replicas[1].open(planned)]
  const theirs = parts.map((_, part) => other.contribution(part))
  const costs = { open: opened.ms, contribution: processorMs(() => { parts.forEach((_, part) => { one.contribution(part) }) }).ms }
  if (owned) {
    other.receive(1, 'a', one.contribution(1))
    const mean = other.reduced(1)
    costs.receive = processorMs(() => { one.receive(0, 'b', theirs[0]); one.reduced(0); one.accept(1, mean) }).ms
    other.accept(0, one.reduced(0))
  } else {
    costs.receive = processorMs(() => { one.receive(0, 'b', theirs[0]) }).ms
    other.receive(0, 'a', one.contribution(0))
  }
  costs.commit = processorMs(() => { one.commit(0) }).ms
  other.commit(0)
  return costs
}

const unitMs = passMs()
console.log(`${process.version}, ${SIZE} values; a plain pass takes ${unitMs.toFixed(1)} ms of processor time. Milliseconds (plain passes):\n`)
console.log('| method | codec | fragments | open | contribution | receive | commit |\n|---|---|---|---|---|---|---|')
for (const [name, overrides] of cases) {
  const method = methodPreset(name, overrides)
  const start = new Float32Array(SIZE)
  moved(start, 1)
  const fasts = [start.slice(), start.slice()]
  const replicas = fasts.map((fast, index) => new FrameReplica({ self: 'ab'[index], method, layout, seed: 1, vectors: { fast } }))
  const costs = []
  for (let round = 1; round <= WARM_UP_ROUNDS + ROUNDS; round++) {
    fasts.forEach((fast, index) => { moved(fast, 10 * round + index) })
    costs.push(roundMs(replicas, method, round))
  }
  const cells = ['open', 'contribution', 'receive', 'commit'].map(step => {
    const ms = middle(costs.slice(WARM_UP_ROUNDS).map(each => each[step]))
    return `${ms.toFixed(0)} (${(ms / unitMs).toFixed(1)})`
  })
  console.log(`| ${name} | ${method.codec} | ${method.fragments} | ${cells.join(' | ')} |`)
}
