// Writes checkpoints one after the other until it is killed: node checkpoint-writer.mjs FOLDER FIRST_STEP. Tells each before and after.
import { CheckpointFiles } from '../../../../dist/node/store/checkpoint-files.js'
import { createLayout } from '../../../../dist/src/parameters/layout.js'

const [folder, firstStep] = process.argv.slice(2)
const layout = createLayout([{ name: 'table', shape: [512, 256] }, { name: 'bias', shape: [7] }])
const files = new CheckpointFiles(folder, layout)

/** Told when it is on its way: a process that is killed says nothing more. */
const tell = async message => new Promise(resolve => { process.send(message, resolve) })

for (let step = Number(firstStep); ; step++) {
  const vector = () => new Float32Array(layout.size).fill(step)
  await tell({ began: step })
  await files.write({
    runId: 'run', peerId: 'peer', step, round: step, tokens: step, kernelVariant: 'none', samplingSeed: 1, syncedStep: step, counters: {}, heldOutLoss: 10 - step % 5,
    weights: vector(), slow: vector(), momentum: vector(), adamFirst: vector(), adamSecond: vector()
  })
  await tell({ ended: step })
}
