import '../polyfills.ts'
import { parentPort, workerData } from 'node:worker_threads'
import { RoundWork } from '../../src/averaging/round-work.ts'
import { errorParts } from '../trainer-worker/messages.ts'
import { lowerPriority } from '../trainer-worker/throttle.ts'
import { handedOver } from './messages.ts'
import type { FromRoundThread, RoundThreadInit, ToRoundThread } from './messages.ts'

if (parentPort === null) throw new Error('this file runs in a worker thread')
const port = parentPort

function post (message: FromRoundThread): void {
  port.postMessage(message, handedOver(message))
}

function main ({ compute, ...options }: RoundThreadInit): void {
  lowerPriority(compute)
  const work = new RoundWork(options)
  port.on('message', (task: ToRoundThread) => { work.ask(task, result => { post({ kind: 'result', result }) }) })
  post({ kind: 'ready', fragmentLengths: work.fragmentLengths })
}

try {
  main(workerData as RoundThreadInit)
} catch (error) {
  post({ kind: 'failed', error: errorParts(error) })
}
