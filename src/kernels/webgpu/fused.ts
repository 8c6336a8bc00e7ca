import type { TensorInfo } from '@tensorflow/tfjs-core'
import { FUSED, replaceKernel } from '../fused-kernels.ts'
import { tf } from '../tensor.ts'
import { attentionPlan, attentionShader, keyGradientShader, queryGradientShader, valueGradientShader } from './attention-shaders.ts'
import { sumColumns } from './columns.ts'
import { embedShader, lookupShader, positionSumShader, scatterAddShader } from './embedding-shaders.ts'
import type { Executor } from './executor.ts'
import { gatherHeadsShader, spreadHeadsShader } from './head-shaders.ts'
import { crossEntropyGradientShader, crossEntropyShader } from './loss-shaders.ts'
import { layerNormInputGradientShader, layerNormShader, rmsNormInputGradientShader, rmsNormShader } from './norm-shaders.ts'
import { geluGradientShader, geluShader, swigluGradientShader, swigluShader } from './pointwise-shaders.ts'
import { NOT_A_NUMBER, THREADS } from './shader.ts'
import type { Shader } from './shader.ts'
import { sumShader } from './vector-shaders.ts'

interface Call {
  readonly input: (name: string) => TensorInfo
  readonly attribute: (name: string) => number
}

type Fused = (call: Call) => TensorInfo | TensorInfo[]

/** Registers every fused kernel with the webgpu backend. Registering again replaces. */
export function registerFusedShaders (executor: Executor): void {
  const all = { ...norms(executor), ...pointwise(executor), ...attention(executor), ...losses(executor), ...embeddings(executor), ...heads(executor) }
  for (const [kernelName, fused] of Object.entries<Fused>(all)) {
    const missing = (name: string): never => { throw new TypeError(`${kernelName} needs ${name}`) }
    replaceKernel(kernelName, 'webgpu', (inputs, attributes) => fused({
      input: name => inputs[name] ?? missing(name),
      attribute: name => typeof attributes[name] === 'number' ? attributes[name] : missing(name)
    }))
  }
}

function sizeOf (tensor: TensorInfo): number {
  return tf.util.sizeFromShape(tensor.shape)
}

function lastOf (tensor: TensorInfo): number {
  return tensor.shape.at(-1) ?? 1
}

/** One thread for each value of the first result. */
function eachValue (executor: Executor, shader: Shader, out: TensorInfo, reads: readonly TensorInfo[], scalars: readonly number[]): TensorInfo {
  executor.run(shader, { writes: [out], reads, scalars: [sizeOf(out), ...scalars], groups: Math.ceil(sizeOf(out) / THREADS) })
  return out
}

function norms (executor: Executor): Record<string, Fused> {
  const { allocate } = executor
  const forward = (shader: Shader, x: TensorInfo, parameters: readonly TensorInfo[], statisticsShape: readonly number[]): TensorInfo[] => {
    const width = lastOf(x)
    const rows = sizeOf(x) / width
    const [y, statistics] = [allocate(x.shape), allocate([rows, ...statisticsShape])]
    executor.run(shader, { writes: [y, statistics], reads: [x, ...parameters], scalars: [rows, width], groups: rows })
    return [y, statistics]
  }
  const inputGradient = (shader: Shader, { input }: Call): TensorInfo => {
    const [x, dx] = [input('x'), allocate(input('x').shape)]
    const rows = sizeOf(x) / lastOf(x)
    executor.run(shader, { writes: [dx], reads: [x, input('gain'), input('dy'), input('statistics')], scalars: [rows, lastOf(x)], groups: rows })
    return dx
  }
  return {
    [FUSED.layerNorm]: ({ input }) => forward(layerNormShader(lastOf(input('x'))), input('x'), [input('gain'), input('bias')], [2]),
    [FUSED.layerNormGradient]: call => {
      const [x, dy, statistics] = [call.input('x'), call.input('dy'), call.input('statistics')]
      return [
        inputGradient(layerNormInputGradientShader(lastOf(x)), call),
        sumColumns(executor, 'layerNormGain', dy, [x, dy, statistics]),
        sumColumns(executor, 'value', dy, [dy])
      ]
    },
    [FUSED.rmsNorm]: ({ input }) => forward(rmsNormShader(lastOf(input('x'))), input('x'), [input('gain')], []),
    [FUSED.rmsNormGradient]: call => {
      const [x, dy, statistics] = [call.input('x'), call.input('dy'), call.input('statistics')]
      return [inputGradient(rmsNormInputGradientShader(lastOf(x)), call), sumColumns(executor, 'rmsNormGain', dy, [x, dy, statistics])]
    },
    [FUSED.columnSum]: ({ input }) => sumColumns(executor, 'value', input('x'), [input('x')])
  }
}

function pointwise (executor: Executor): Record<string, Fused> {
  const { allocate } = executor
  return {
    [FUSED.gelu]: ({ input }) => eachValue(executor, geluShader, allocate(input('x').shape), [input('x')], []),
    [FUSED.geluGradient]: ({ input }) => eachValue(executor, geluGradientShader, allocate(input('x').shape), [input('x'), input('dy')], []),
    [FUSED.swiglu]: ({ input }) => {
      const x = input('x')
      const hidden = lastOf(x) / 2
      return eachValue(executor, swigluShader, allocate([sizeOf(x) / 2 / hidden, hidden]), [x], [hidden])
    },
    [FUSED.swigluGradient]: ({ input }) => {
      const [x, dy] = [input('x'), input('dy')]
      const dx = allocate(x.shape)
      executor.run(swigluGradientShader, { writes: [dx], reads: [x, dy], scalars: [sizeOf(dy), lastOf(dy)], groups: Math.ceil(sizeOf(dy) / THREADS) })
      return dx
    }
  }
}

function attention (executor: Executor): Record<string, Fused> {
  const { allocate, free } = executor
  const planOf = ({ input, attribute }: Call) => {
    const [batch, length, heads] = [attribute('batch'), attribute('length'), attribute('heads')]
    const headWidth = lastOf(input('qkv')) / 3 / heads
    const plan = attentionPlan(length, headWidth)
    const groups = batch * heads * Math.ceil(length / plan.threads)
    return { plan, rows: batch * length, statistics: [batch * heads, length], width: heads * headWidth, groups, scalars: [groups, length, heads, 1 / Math.sqrt(headWidth)] }
  }
  return {
    [FUSED.causalAttention]: call => {
      const { plan, rows, width, statistics, groups, scalars } = planOf(call)
      const writes = [allocate([rows, width]), allocate(statistics)]
      executor.run(attentionShader(plan), { writes, reads: [call.input('qkv')], scalars, groups })
      return writes
    },
    [FUSED.causalAttentionGradient]: call => {
      const { plan, statistics, groups, scalars } = planOf(call)
      const [qkv, dout, out, logarithms] = [call.input('qkv'), call.input('dout'), call.input('out'), call.input('probabilities')]
      const [dqkv, deltas] = [allocate(qkv.shape), allocate(statistics)]
      executor.run(queryGradientShader(plan), { writes: [dqkv, deltas], reads: [qkv, out, dout, logarithms], scalars, groups })
      executor.run(keyGradientShader(plan), { writes: [dqkv], reads: [qkv, dout, logarithms, deltas], scalars, groups })
      executor.run(valueGradientShader(plan), { writes: [dqkv], reads: [qkv, dout, logarithms], scalars, groups })
      free(deltas)
      return dqkv
    }
  }
}

function losses (executor: Executor): Record<string, Fused> {
  const { allocate, free } = executor
  return {
    [FUSED.crossEntropy]: ({ input }) => {
      const [logits, targets] = [input('logits'), input('targets')]
      const classes = lastOf(logits)
      const rows = sizeOf(logits) / classes
      const [loss, probabilities, rowLosses] = [allocate([]), allocate(logits.shape), allocate([rows])]
      executor.run(crossEntropyShader(classes), { writes: [probabilities, rowLosses], reads: [logits, targets], scalars: [rows, classes, NOT_A_NUMBER], groups: rows })
      executor.run(sumShader, { writes: [loss], reads: [rowLosses], scalars: [rows, rows], groups: 1 })
      free(rowLosses)
      return [loss, probabilities]
    },
    [FUSED.crossEntropyGradient]: ({ input }) => {
      const probabilities = input('probabilities')
      const classes = lastOf(probabilities)
      const reads = [probabilities, input('targets'), input('dloss')]
      return eachValue(executor, crossEntropyGradientShader, allocate(probabilities.shape), reads, [classes, sizeOf(probabilities) / classes])
    }
  }
}

function embeddings (executor: Executor): Record<string, Fused> {
  const { allocate, zeros } = executor
  const gather = (shader: Shader, table: TensorInfo, positions: readonly TensorInfo[], ids: TensorInfo): TensorInfo => {
    const [vocabulary = 0, width = 0] = table.shape
    return eachValue(executor, shader, allocate([sizeOf(ids), width]), [table, ...positions, ids], [width, vocabulary, lastOf(ids), NOT_A_NUMBER])
  }
  const scatter = (dout: TensorInfo, ids: TensorInfo, vocabulary: number): TensorInfo => {
    const dtable = zeros([vocabulary, lastOf(dout)])
    const rows = sizeOf(ids)
    executor.run(scatterAddShader(lastOf(dout)), { writes: [dtable], reads: [dout, ids], scalars: [rows, lastOf(dout), vocabulary], groups: rows })
    return dtable
  }
  return {
    [FUSED.embed]: ({ input }) => gather(embedShader, input('table'), [input('positions')], input('ids')),
    [FUSED.lookup]: ({ input }) => gather(lookupShader, input('table'), [], input('ids')),
    [FUSED.embedGradient]: ({ input, attribute }) => {
      const [dout, ids] = [input('dout'), input('ids')]
      const dpositions = allocate([attribute('context'), lastOf(dout)])
      return [
        scatter(dout, ids, attribute('vocabulary')),
        eachValue(executor, positionSumShader, dpositions, [dout], [lastOf(dout), lastOf(ids), sizeOf(ids)])
      ]
    },
    [FUSED.lookupGradient]: ({ input, attribute }) => scatter(input('dout'), input('ids'), attribute('vocabulary'))
  }
}

function heads (executor: Executor): Record<string, Fused> {
  const { allocate } = executor
  return {
    [FUSED.spreadHeads]: ({ input, attribute }) => {
      const grouped = input('grouped')
      const [length, heads, groups] = [attribute('length'), attribute('heads'), attribute('groups')]
      const headWidth = lastOf(grouped) / (heads + 2 * groups)
      const qkv = allocate([grouped.shape[0] ?? 0, 3 * heads * headWidth])
      return eachValue(executor, spreadHeadsShader, qkv, [grouped, input('angles')], [length, heads, groups, headWidth])
    },
    [FUSED.gatherHeads]: ({ input, attribute }) => {
      const dqkv = input('dqkv')
      const [length, heads, groups] = [attribute('length'), attribute('heads'), attribute('groups')]
      const headWidth = lastOf(dqkv) / 3 / heads
      const dgrouped = allocate([dqkv.shape[0] ?? 0, (heads + 2 * groups) * headWidth])
      return eachValue(executor, gatherHeadsShader, dgrouped, [dqkv, input('angles')], [length, heads, groups, headWidth])
    }
  }
}
