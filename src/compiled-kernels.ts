import { ShoalError } from './errors.ts'

/** What every module with a memory of its own exports. */
export interface OwnMemory {
  readonly memory: { readonly buffer: ArrayBuffer }
  /** First free byte: everything behind it is the caller's scratch. */
  arenaStart (): number
}

/** The part of the WebAssembly API that is used; TypeScript declares it only together with the DOM. */
interface WebAssemblyApi {
  readonly Module: new (bytes: Uint8Array) => object
  readonly Instance: new (module: object) => { readonly exports: unknown }
}

/**
 * An instance of kernels with a memory of their own.
 *
 * @param found hash of the sources that `binary` was compiled from
 * @param expected of those of this version
 * @throws ShoalError BACKEND_UNAVAILABLE when they differ
 */
export function instantiateKernels (binary: Uint8Array, found: string, expected: string): OwnMemory {
  checkSources(found, expected)
  const { WebAssembly } = globalThis as unknown as { WebAssembly: WebAssemblyApi }
  return new WebAssembly.Instance(new WebAssembly.Module(binary)).exports as OwnMemory
}

/** Addresses of regions of so many bytes, in their order from `start` on. */
export function layOut<Name extends string> (start: number, bytes: Readonly<Record<Name, number>>): Readonly<Record<Name, number>> {
  let next = start
  const regions = Object.entries<number>(bytes).map(([name, size]) => {
    const at = next
    next += size
    return [name, at] as const
  })
  return Object.fromEntries(regions) as Record<Name, number>
}

/** @throws ShoalError BACKEND_UNAVAILABLE when kernels were compiled from other sources than those of this version */
export function checkSources (found: string, expected: string): void {
  if (found === expected) return
  throw new ShoalError({
    code: 'BACKEND_UNAVAILABLE', what: 'the compiled kernels are not those of this version',
    why: `they were compiled from sources ${found}, here are sources ${expected}; npm run build compiles them`, tryThis: 'npm run build'
  })
}
