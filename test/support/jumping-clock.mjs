// Started with --import: at each SIGUSR2 the time of day of this process jumps, to an hour ahead, to an hour behind and back to what it was. What counts from its start goes on,
// as on a machine whose clock somebody sets.
import { isMainThread } from 'node:worker_threads'

const HOUR_MS = 3_600_000
const JUMPS = [HOUR_MS, -HOUR_MS, 0]

let shiftMs = 0
const realNow = Date.now
const now = () => realNow() + shiftMs
globalThis.Date = new Proxy(Date, {
  construct: (target, given, newTarget) => Reflect.construct(target, given.length === 0 ? [now()] : given, newTarget),
  get: (target, name) => name === 'now' ? now : Reflect.get(target, name)
})
if (isMainThread) {
  process.on('SIGUSR2', () => {
    const next = JUMPS.shift() ?? 0
    JUMPS.push(next)
    shiftMs = next
  })
}
