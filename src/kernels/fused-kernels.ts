import type { NamedTensorInfoMap, TensorInfo } from '@tensorflow/tfjs-core'
import type { Kernels } from './kernels.ts'
import { tf } from './tensor.ts'
import type { TensorMemory } from './tensor-memory.ts'

/** Names under which the fused kernels are registered with tfjs. */
export const FUSED = {
  embed: 'ShoalEmbed',
  embedGradient: 'ShoalEmbedGradient',
  layerNorm: 'ShoalLayerNorm',
  layerNormGradient: 'ShoalLayerNormGradient',
  gelu: 'ShoalGelu',
  geluGradient: 'ShoalGeluGradient',
  causalAttention: 'ShoalCausalAttention',
  causalAttentionGradient: 'ShoalCausalAttentionGradient',
  crossEntropy: 'ShoalCrossEntropy',
  crossEntropyGradient: 'ShoalCrossEntropyGradient',
  columnSum: 'ShoalColumnSum',
  lookup: 'ShoalLookup',
  lookupGradient: 'ShoalLookupGradient',
  rmsNorm: 'ShoalRmsNorm',
  rmsNormGradient: 'ShoalRmsNormGradient',
  swiglu: 'ShoalSwiglu',
  swigluGradient: 'ShoalSwigluGradient',
  spreadHeads: 'ShoalSpreadHeads',
  gatherHeads: 'ShoalGatherHeads'
} as const

/** Shape of an attention: `heads` parts of each row of width 3 · heads · headWidth. */
export interface AttentionShape {
  readonly batch: number
  readonly length: number
  readonly heads: number
}

/** Shape of a grouped-query attention: each of `groups` keys and values serves heads / groups queries. */
export interface GroupedAttentionShape extends AttentionShape {
  readonly groups: number
}

interface Call {
  readonly input: (name: string) => TensorInfo
  readonly attribute: (name: string) => number
}

type Fused = (call: Call) => TensorInfo | TensorInfo[]

function dimension (tensor: TensorInfo, axis: number): number {
  return tensor.shape.at(axis) ?? 1
}

function sizeOf (tensor: TensorInfo): number {
  return tf.util.sizeFromShape(tensor.shape)
}

/** Registers every fused kernel for one backend, over that backend's memory. Registering again replaces. */
export function registerFusedKernels<Address> (backendName: string, kernels: Kernels<Address>, memory: TensorMemory<Address>): void {
  const all = { ...pointwise(kernels, memory), ...attention(kernels, memory), ...losses(kernels, memory), ...embeddings(kernels, memory), ...gates(kernels, memory), ...groupedHeads(kernels, memory) }
  for (const [kernelName, fused] of Object.entries<Fused>(all)) {
    replaceKernel(kernelName, backendName, (inputs, attributes) => fused({
      input: name => inputs[name] ?? missing(kernelName, name),
      attribute: name => typeof attributes[name] === 'number' ? attributes[name] : missing(kernelName, name)
    }))
  }
}

function missing (kernelName: string, name: string): never {
  throw new TypeError(`${kernelName} needs ${name}`)
}

/** Registers a kernel, in place of the one that is there. */
export function replaceKernel (
  kernelName: string, backendName: string, compute: (inputs: NamedTensorInfoMap, attributes: Record<string, unknown>) => TensorInfo | TensorInfo[]
): void {
  const present: unknown = tf.getKernel(kernelName, backendName)
  if (present !== undefined) tf.unregisterKernel(kernelName, backendName)
  tf.registerKernel({ kernelName, backendName, kernelFunc: ({ inputs, attrs }) => compute(inputs, attrs ?? {}) })
}

function pointwise<Address> (kernels: Kernels<Address>, memory: TensorMemory<Address>): Record<string, Fused> {
  const { addressOf, allocate } = memory
  return {
    [FUSED.layerNorm]: ({ input }) => {
      const [x, gain, bias] = [input('x'), input('gain'), input('bias')]
      const width = dimension(x, -1)
      const rows = sizeOf(x) / width
      const [y, statistics] = [allocate(x.shape), allocate([rows, 2])]
      kernels.layerNorm(addressOf(x), addressOf(gain), addressOf(bias), addressOf(y), addressOf(statistics), rows, width)
      return [y, statistics]
    },
    [FUSED.layerNormGradient]: ({ input }) => {
      const [x, gain, dy, statistics] = [input('x'), input('gain'), input('dy'), input('statistics')]
      const width = dimension(x, -1)
      const [dx, dgain, dbias] = [allocate(x.shape), allocate([width]), allocate([width])]
      kernels.layerNormGradient(
        addressOf(x), addressOf(gain), addressOf(dy), addressOf(statistics), addressOf(dx), addressOf(dgain), addressOf(dbias), sizeOf(x) / width, width
      )
      return [dx, dgain, dbias]
    },
    [FUSED.gelu]: ({ input }) => {
      const x = input('x')
      const y = allocate(x.shape)
      kernels.gelu(addressOf(x), addressOf(y), sizeOf(x))
      return y
    },
    [FUSED.geluGradient]: ({ input }) => {
      const [x, dy] = [input('x'), input('dy')]
      const dx = allocate(x.shape)
      kernels.geluGradient(addressOf(x), addressOf(dy), addressOf(dx), sizeOf(x))
      return dx
    },
    [FUSED.columnSum]: ({ input }) => {
      const x = input('x')
      const width = dimension(x, -1)
      const out = allocate([width])
      kernels.columnSum(addressOf(x), addressOf(out), sizeOf(x) / width, width)
      return out
    }
  }
}

function attention<Address> (kernels: Kernels<Address>, memory: TensorMemory<Address>): Record<string, Fused> {
  const { addressOf, allocate, free } = memory
  return {
    [FUSED.causalAttention]: ({ input, attribute }) => {
      const qkv = input('qkv')
      const [batch, length, heads] = [attribute('batch'), attribute('length'), attribute('heads')]
      const width = dimension(qkv, -1) / 3
      const [out, probabilities] = [allocate([batch * length, width]), allocate([batch * heads, length, length])]
      kernels.causalAttention(addressOf(qkv), addressOf(out), addressOf(probabilities), batch, length, heads, width / heads)
      return [out, probabilities]
    },
    [FUSED.causalAttentionGradient]: ({ input, attribute }) => {
      const [qkv, probabilities, dout] = [input('qkv'), input('probabilities'), input('dout')]
      const [batch, length, heads] = [attribute('batch'), attribute('length'), attribute('heads')]
      const headWidth = dimension(qkv, -1) / 3 / heads
      const [dqkv, scratch] = [allocate(qkv.shape), allocate([length, length])]
      kernels.causalAttentionGradient(
        addressOf(qkv), addressOf(probabilities), addressOf(dout), addressOf(dqkv), addressOf(scratch), batch, length, heads, headWidth
      )
      free(scratch)
      return dqkv
    }
  }
}

function losses<Address> (kernels: Kernels<Address>, memory: TensorMemory<Address>): Record<string, Fused> {
  const { addressOf, allocate, view } = memory
  return {
    [FUSED.crossEntropy]: ({ input }) => {
      const [logits, targets] = [input('logits'), input('targets')]
      const classes = dimension(logits, -1)
      const [loss, probabilities] = [allocate([]), allocate(logits.shape)]
      const mean = kernels.crossEntropy(addressOf(logits), addressOf(targets), addressOf(probabilities), sizeOf(logits) / classes, classes)
      view(loss)[0] = mean
      return [loss, probabilities]
    },
    [FUSED.crossEntropyGradient]: ({ input }) => {
      const [probabilities, targets, dloss] = [input('probabilities'), input('targets'), input('dloss')]
      const classes = dimension(probabilities, -1)
      const rows = sizeOf(probabilities) / classes
      const dlogits = allocate(probabilities.shape)
      const factor = (view(dloss)[0] ?? NaN) / rows
      kernels.crossEntropyGradient(addressOf(probabilities), addressOf(targets), addressOf(dlogits), rows, classes, factor)
      return dlogits
    }
  }
}

function embeddings<Address> (kernels: Kernels<Address>, memory: TensorMemory<Address>): Record<string, Fused> {
  const { addressOf, allocate } = memory
  return {
    [FUSED.embed]: ({ input }) => {
      const [table, positions, ids] = [input('table'), input('positions'), input('ids')]
      const [vocabulary, width, length, count] = [dimension(table, 0), dimension(table, 1), dimension(ids, -1), sizeOf(ids)]
      const out = allocate([count, width])
      kernels.embed(addressOf(table), addressOf(positions), addressOf(ids), addressOf(out), count, length, width, vocabulary)
      return out
    },
    [FUSED.embedGradient]: ({ input, attribute }) => {
      const [dout, ids] = [input('dout'), input('ids')]
      const [vocabulary, context] = [attribute('vocabulary'), attribute('context')]
      const [width, length] = [dimension(dout, -1), dimension(ids, -1)]
      const [dtable, dpositions] = [allocate([vocabulary, width]), allocate([context, width])]
      kernels.embedGradient(
        addressOf(dout), addressOf(ids), addressOf(dtable), addressOf(dpositions), sizeOf(ids), length, width, vocabulary, context
      )
      return [dtable, dpositions]
    },
    [FUSED.lookup]: ({ input }) => {
      const [table, ids] = [input('table'), input('ids')]
      const [vocabulary, width, count] = [dimension(table, 0), dimension(table, 1), sizeOf(ids)]
      const out = allocate([count, width])
      kernels.lookup(addressOf(table), addressOf(ids), addressOf(out), count, width, vocabulary)
      return out
    },
    [FUSED.lookupGradient]: ({ input, attribute }) => {
      const [dout, ids] = [input('dout'), input('ids')]
      const [vocabulary, width] = [attribute('vocabulary'), dimension(dout, -1)]
      const dtable = allocate([vocabulary, width])
      kernels.lookupGradient(addressOf(dout), addressOf(ids), addressOf(dtable), sizeOf(ids), width, vocabulary)
      return dtable
    }
  }
}

function gates<Address> (kernels: Kernels<Address>, memory: TensorMemory<Address>): Record<string, Fused> {
  const { addressOf, allocate } = memory
  return {
    [FUSED.rmsNorm]: ({ input }) => {
      const [x, gain] = [input('x'), input('gain')]
      const width = dimension(x, -1)
      const rows = sizeOf(x) / width
      const [y, statistics] = [allocate(x.shape), allocate([rows])]
      kernels.rmsNorm(addressOf(x), addressOf(gain), addressOf(y), addressOf(statistics), rows, width)
      return [y, statistics]
    },
    [FUSED.rmsNormGradient]: ({ input }) => {
      const [x, gain, dy, statistics] = [input('x'), input('gain'), input('dy'), input('statistics')]
      const width = dimension(x, -1)
      const [dx, dgain] = [allocate(x.shape), allocate([width])]
      kernels.rmsNormGradient(
        addressOf(x), addressOf(gain), addressOf(dy), addressOf(statistics), addressOf(dx), addressOf(dgain), sizeOf(x) / width, width
      )
      return [dx, dgain]
    },
    [FUSED.swiglu]: ({ input }) => {
      const x = input('x')
      const hidden = dimension(x, -1) / 2
      const rows = sizeOf(x) / 2 / hidden
      const y = allocate([rows, hidden])
      kernels.swiglu(addressOf(x), addressOf(y), rows, hidden)
      return y
    },
    [FUSED.swigluGradient]: ({ input }) => {
      const [x, dy] = [input('x'), input('dy')]
      const hidden = dimension(dy, -1)
      const dx = allocate(x.shape)
      kernels.swigluGradient(addressOf(x), addressOf(dy), addressOf(dx), sizeOf(dy) / hidden, hidden)
      return dx
    }
  }
}

function groupedHeads<Address> (kernels: Kernels<Address>, memory: TensorMemory<Address>): Record<string, Fused> {
  const { addressOf, allocate } = memory
  return {
    [FUSED.spreadHeads]: ({ input, attribute }) => {
      const [grouped, angles] = [input('grouped'), input('angles')]
      const [count, length, heads, groups] = [dimension(grouped, 0), attribute('length'), attribute('heads'), attribute('groups')]
      const headWidth = dimension(grouped, -1) / (heads + 2 * groups)
      const qkv = allocate([count, 3 * heads * headWidth])
      kernels.spreadHeads(addressOf(grouped), addressOf(angles), addressOf(qkv), count, length, heads, groups, headWidth)
      return qkv
    },
    [FUSED.gatherHeads]: ({ input, attribute }) => {
      const [dqkv, angles] = [input('dqkv'), input('angles')]
      const [count, length, heads, groups] = [dimension(dqkv, 0), attribute('length'), attribute('heads'), attribute('groups')]
      const headWidth = dimension(dqkv, -1) / 3 / heads
      const dgrouped = allocate([count, (heads + 2 * groups) * headWidth])
      kernels.gatherHeads(addressOf(dqkv), addressOf(angles), addressOf(dgrouped), count, length, heads, groups, headWidth)
      return dgrouped
    }
  }
}
