import { replaceKernel } from '../fused-kernels.ts'
import type { FUSED } from '../fused-kernels.ts'
import { tf } from '../tensor.ts'
import type { Tensor } from '../tensor.ts'
import { attention } from './attention.ts'
import type { Composed } from './call.ts'
import { gates } from './gates.ts'
import { groupedHeads } from './grouped-heads.ts'
import { losses } from './losses.ts'
import { norms } from './norms.ts'
import { tables } from './tables.ts'

type FusedName = typeof FUSED[keyof typeof FUSED]

const ALL: Readonly<Record<FusedName, Composed>> = { ...norms, ...gates, ...attention, ...groupedHeads, ...losses, ...tables }

/**
 * Registers every fused kernel for a backend as a composition of tfjs operations, for backends into whose memory no kernel
 * of ours can reach. They must be run through tfjs' engine, which gives kernels tensors. Registering again replaces.
 */
export function registerComposedKernels (backendName: string): void {
  for (const [kernelName, composed] of Object.entries(ALL)) {
    replaceKernel(kernelName, backendName, (inputs, attributes) => tf.tidy(() => composed({
      input: name => (inputs[name] as Tensor | undefined) ?? missing(kernelName, name),
      attribute: name => typeof attributes[name] === 'number' ? attributes[name] : missing(kernelName, name)
    })))
  }
}

function missing (kernelName: string, name: string): never {
  throw new TypeError(`${kernelName} needs ${name}`)
}
