/** Resolves once all that was resolved by now has been noticed: what virtual time waits for after a step of code that is written with promises. */
export async function settled (): Promise<void> {
  await new Promise(resolve => { setImmediate(resolve) })
}
