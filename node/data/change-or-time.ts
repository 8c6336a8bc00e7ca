import type { Peers } from '../../src/ports.ts'

/** Resolves when members come, go or move on, at the latest after `timeoutMs`. @throws the signal's reason */
export async function changeOrTime (peers: Pick<Peers, 'onChange'>, timeoutMs: number, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted()
  await new Promise<void>((resolve, reject) => {
    const release = (): void => {
      clearTimeout(timer)
      unsubscribe()
      signal.removeEventListener('abort', onAbort)
    }
    const settle = (): void => {
      release()
      resolve()
    }
    const onAbort = (): void => {
      release()
      reject(signal.reason as Error)
    }
    const timer = setTimeout(settle, timeoutMs)
    const unsubscribe = peers.onChange(settle)
    signal.addEventListener('abort', onAbort, { once: true })
  })
}
