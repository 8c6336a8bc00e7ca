import util from 'node:util'

/** Node 20 lacks `Promise.withResolvers`, which libp2p calls; Node 22 has it. Every entry point imports this file first. */
interface MaybeWithResolvers { withResolvers?: unknown }

if (typeof (Promise as MaybeWithResolvers).withResolvers !== 'function') {
  Object.defineProperty(Promise, 'withResolvers', {
    configurable: true,
    writable: true,
    value: function withResolvers<T> (this: PromiseConstructor) {
      let resolve!: (value: T | PromiseLike<T>) => void
      let reject!: (reason: unknown) => void
      const promise = new this<T>((onResolve, onReject) => { resolve = onResolve; reject = onReject })
      return { promise, resolve, reject }
    }
  })
}

/** Node 23 dropped what tfjs-node 4.22 still calls (tensorflow/tfjs#8425). */
const dropped = util as { isNullOrUndefined?: (value: unknown) => boolean, isArray?: (value: unknown) => boolean }
dropped.isNullOrUndefined ??= value => value === null || value === undefined
dropped.isArray ??= value => Array.isArray(value)
