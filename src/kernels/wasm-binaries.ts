import { checkSources } from '../compiled-kernels.ts'
import { SOURCE_HASH } from './source-hash.ts'

/** Which of the engine's vector instructions the matrix product uses: `relaxed` rounds a product and its sum once, `simd` each. */
export type WasmInstructions = 'simd' | 'relaxed'

/** Names the code and thereby the bits: a change in any kernel's rounding must change it. Stored in checkpoints; the golden bits are those of `simd`. */
export const WASM_VARIANTS: Readonly<Record<WasmInstructions, string>> = { simd: 'wasm-simd-1', relaxed: 'wasm-relaxed-1' }

/** The part of the WebAssembly API that is used; TypeScript declares it only together with the DOM. */
export interface WebAssemblyApi {
  readonly Module: new (bytes: Uint8Array) => object
  readonly Instance: new (module: object) => { readonly exports: unknown }
  validate (bytes: Uint8Array): boolean
  instantiate (bytes: Uint8Array, imports: { env: { memory: object } }): Promise<{ instance: { exports: unknown } }>
}

export const webAssembly = (globalThis as unknown as { readonly WebAssembly: WebAssemblyApi }).WebAssembly

/**
 * A module with one function `f`: relaxed_madd(x, x, y) of x = 1 + 2⁻¹² and y = −(1 + 2⁻¹¹). The exact x² + y is 2⁻²⁴; where x² is
 * rounded first, that is lost and the result is 0.
 */
const PROBE = Uint8Array.of(
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 125, 3, 2, 1, 0, 7, 5, 1, 1, 102, 0, 0, 10, 31, 1, 29, 0, 67, 0, 8, 128, 63,
  253, 19, 67, 0, 8, 128, 63, 253, 19, 67, 0, 16, 128, 191, 253, 19, 253, 133, 2, 253, 31, 0, 11
)

/**
 * The best that engine and processor have. Relaxed instructions may give either rounding, and only the fused one is worth a
 * variant of its own: so `relaxed` names the same bits on every machine.
 */
export function bestInstructions (): WasmInstructions {
  if (!webAssembly.validate(PROBE)) return 'simd'
  const { f } = new webAssembly.Instance(new webAssembly.Module(PROBE)).exports as { f: () => number }
  return f() === 2 ** -24 ? 'relaxed' : 'simd'
}

/** The module that the build makes of the kernels' sources. */
interface KernelModule {
  readonly kernelBinary: Uint8Array
  readonly sourceHash: string
}

/** The kernels' code; `isShared` for memory that several threads share. @throws ShoalError BACKEND_UNAVAILABLE for code of other sources */
export async function loadBinary (instructions: WasmInstructions, isShared: boolean): Promise<Uint8Array> {
  const { kernelBinary, sourceHash } = await loadModule(instructions, isShared)
  checkSources(sourceHash, SOURCE_HASH)
  return kernelBinary
}

async function loadModule (instructions: WasmInstructions, isShared: boolean): Promise<KernelModule> {
  if (isShared) return instructions === 'simd' ? await import('./generated/shared-simd.ts') : await import('./generated/shared-relaxed.ts')
  return instructions === 'simd' ? await import('./generated/simd.ts') : await import('./generated/relaxed.ts')
}
