import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeSafetensors, encodeSafetensors } from '../../../src/checkpoint/safetensors.ts'
import type { Tensor, TensorFile } from '../../../src/checkpoint/safetensors.ts'
import { exportModel } from '../../../src/interop/export-model.ts'
import { foreignTensors } from '../../../src/interop/formats.ts'
import type { ForeignFormat } from '../../../src/interop/formats.ts'
import { floatsOf } from '../../../src/interop/half-floats.ts'
import { huggingFaceConfig, specOfConfig } from '../../../src/interop/hugging-face-config.ts'
import { importModel } from '../../../src/interop/import-model.ts'
import type { GptSpec, LlamaSpec, ModelSpec } from '../../../src/manifest/schema.ts'
import { genesisWeights } from '../../../src/models/genesis.ts'

const gpt: GptSpec = { kind: 'gpt', layers: 2, width: 8, heads: 2, context: 6, vocabulary: 11 }
const llama: LlamaSpec = {
  kind: 'llama', layers: 2, width: 12, heads: 3, groups: 1, hidden: 7, context: 6, vocabulary: 11, ropeBase: 500_000, tied: false
}
const cases: ReadonlyArray<[ForeignFormat, ModelSpec]> = [
  ['gpt2', gpt], ['llama', llama], ['llama', { ...llama, tied: true }], ['llama', { ...llama, heads: 6, groups: 2 }], ['llama', { ...llama, groups: 3, tied: true }], ['plain', gpt], ['plain', llama]
]

function through (file: TensorFile): TensorFile {
  const chunks = encodeSafetensors(file)
  const bytes = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0))
  chunks.reduce((at, chunk) => { bytes.set(chunk, at); return at + chunk.length }, 0)
  return decodeSafetensors(bytes)
}

function tensor (file: TensorFile, name: string): Tensor {
  return file.tensors.find(candidate => candidate.name === name)!
}

describe.each(cases)('the layout %s of %o', (format, spec) => {
  const weights = genesisWeights(spec, 3)

  it('gives back the weights bit for bit, from its own description and from config.json', () => {
    const file = through(exportModel(spec, weights, format))
    expect(importModel(file)).toEqual({ spec, format, weights })
    const config: unknown = JSON.parse(JSON.stringify(huggingFaceConfig(spec)))
    expect(importModel({ ...file, metadata: {} }, config)).toEqual({ spec, format, weights })
  })

  it('holds every value once', () => {
    const count = foreignTensors(spec, format).reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0)
    expect(count).toBe(weights.length)
  })
})

describe.each<ModelSpec>([
  { kind: 'mlp', inputs: 5, hidden: [4, 3], classes: 2 }, { kind: 'cnn', height: 4, width: 4, channels: 2, filters: [3, 4], classes: 3 }
])('a classifier of kind $kind', spec => {
  it('comes back from our own layout bit for bit, and has no other', () => {
    const weights = genesisWeights(spec, 3)
    expect(importModel(through(exportModel(spec, weights, 'plain')))).toEqual({ spec, format: 'plain', weights })
    expect(() => exportModel(spec, weights, 'gpt2')).toThrow(expect.objectContaining({ code: 'USAGE', tryThis: '--format plain' }) as Error)
    expect(() => huggingFaceConfig(spec)).toThrow(expect.objectContaining({ code: 'USAGE' }) as Error)
  })
})

describe('a GPT-2 file', () => {
  const file = exportModel(gpt, genesisWeights(gpt, 3), 'gpt2')

  it('has the names and shapes of GPT2Model', () => {
    expect(file.metadata['format']).toBe('pt')
    expect(file.tensors.map(({ name, shape }) => `${name} ${shape.join('x')}`)).toEqual([
      'wte.weight 11x8', 'wpe.weight 6x8',
      ...[0, 1].flatMap(layer => [
        'ln_1.weight 8', 'ln_1.bias 8', 'attn.c_attn.weight 8x24', 'attn.c_attn.bias 24', 'attn.c_proj.weight 8x8', 'attn.c_proj.bias 8',
        'ln_2.weight 8', 'ln_2.bias 8', 'mlp.c_fc.weight 8x32', 'mlp.c_fc.bias 32', 'mlp.c_proj.weight 32x8', 'mlp.c_proj.bias 8'
      ].map(name => `h.${layer}.${name}`)),
      'ln_f.weight 8', 'ln_f.bias 8'
    ])
  })

  it('is read with the names of GPT2LMHeadModel and with tensors that nobody needs', () => {
    const tensors = file.tensors.map(it => ({ ...it, name: `transformer.${it.name}` }))
    const mask: Tensor = { name: 'transformer.h.0.attn.bias', dtype: 'BOOL', shape: [1], bytes: new Uint8Array(1) }
    expect(importModel({ ...file, tensors: [...tensors, mask] }).weights).toEqual(genesisWeights(gpt, 3))
  })
})

describe('a Llama file', () => {
  const weights = genesisWeights(llama, 3)
  const file = exportModel(llama, weights, 'llama')

  it('has the names and shapes of LlamaForCausalLM', () => {
    expect(file.tensors.map(({ name, shape }) => `${name} ${shape.join('x')}`)).toEqual([
      'model.embed_tokens.weight 11x12',
      ...[0, 1].flatMap(layer => [
        'input_layernorm.weight 12', 'self_attn.q_proj.weight 12x12', 'self_attn.k_proj.weight 4x12', 'self_attn.v_proj.weight 4x12', 'self_attn.o_proj.weight 12x12',
        'post_attention_layernorm.weight 12', 'mlp.gate_proj.weight 7x12', 'mlp.up_proj.weight 7x12', 'mlp.down_proj.weight 12x7'
      ].map(name => `model.layers.${layer}.${name}`)),
      'model.norm.weight 12', 'lm_head.weight 11x12'
    ])
  })

  it('keeps [outputs, inputs]: the key of row 3 and column 5 is ours of row 5 and column 12 + 3', () => {
    const keys = floatsOf('F32', tensor(file, 'model.layers.0.self_attn.k_proj.weight').bytes)!
    const ours = floatsOf('F32', tensor(exportModel(llama, weights, 'plain'), 'layer.0.attention.qkv.weight').bytes)!
    expect(keys[3 * 12 + 5]).toBe(ours[5 * 20 + 12 + 3])
  })
})

describe('what does not fit is refused in a sentence:', () => {
  const file = exportModel(gpt, genesisWeights(gpt, 3), 'gpt2')
  const config = huggingFaceConfig(llama)
  const why = (text: string): Error => expect.objectContaining({ code: 'CHECKPOINT_INCOMPATIBLE', why: expect.stringContaining(text) as string }) as Error
  const changed = (change: Partial<Tensor>): TensorFile => ({ ...file, tensors: file.tensors.map((it, index) => index === 1 ? { ...it, ...change } : it) })

  it.each<[string, () => unknown, string]>([
    ['no description', () => importModel({ ...file, metadata: {} }), 'config.json is missing'],
    ['a description that is no JSON', () => importModel({ ...file, metadata: { 'shoal.model': '{' } }), 'no JSON'],
    ['a description of nothing', () => importModel({ ...file, metadata: { 'shoal.model': '{}' } }), 'no model here'],
    ['a tensor too few', () => importModel({ ...file, tensors: file.tensors.slice(1, -1) }), 'lacks the tensor'],
    ['another shape', () => importModel(changed({ shape: [8, 6] })), 'shape [8, 6], not [6, 8]'],
    ['whole numbers', () => importModel(changed({ dtype: 'I32' })), 'holds I32'],
    ['no finite number', () => importModel(changed({ bytes: new Uint8Array(192).fill(0xff) })), 'not finite'],
    ['another kind', () => specOfConfig({ model_type: 'bert' }), 'gpt2 and llama'],
    ['no object', () => specOfConfig(7), 'gpt2 and llama'],
    ['another ε', () => specOfConfig({ ...config, rms_norm_eps: 1e-6 }), 'rms_norm_eps'],
    ['rope scaling', () => specOfConfig({ ...config, rope_scaling: { factor: 8 } }), 'rope_scaling'],
    ['wider heads', () => specOfConfig({ ...config, head_dim: 64 }), 'head_dim'],
    ['a biased attention', () => specOfConfig({ ...config, attention_bias: true }), 'attention_bias'],
    ['odd groups', () => specOfConfig({ ...config, num_key_value_heads: 2 }), 'heads must be a multiple of groups']
  ])('%s', (_, action, text) => {
    expect(action).toThrow(why(text))
  })

  it('a layout of another model', () => {
    expect(() => exportModel(llama, genesisWeights(llama, 1), 'gpt2')).toThrow(expect.objectContaining({ code: 'USAGE', tryThis: '--format llama' }) as Error)
  })

  it('weights of another size', () => {
    expect(() => exportModel(gpt, new Float32Array(3), 'gpt2')).toThrow(RangeError)
  })
})

describe('half floats', () => {
  it('are read exactly', () => {
    const halves = new Uint16Array([0x3c00, 0xc000, 0x0001, 0x03ff, 0x7bff, 0x7c00, 0x8000, 0x3555])
    expect([...floatsOf('F16', new Uint8Array(halves.buffer))!]).toEqual([1, -2, 2 ** -24, 1023 * 2 ** -24, 65504, Infinity, -0, Math.fround(0.333251953125)])
    expect(floatsOf('F16', new Uint8Array(new Uint16Array([0x7e00]).buffer))![0]).toBeNaN()
  })

  it('of Google\'s kind are the upper halves of floats', () => {
    fc.assert(fc.property(fc.float({ noNaN: true }), value => {
      const bits = new Uint32Array(Float32Array.of(value).buffer)
      const upper = new Uint8Array(Uint16Array.of(bits[0]! >>> 16).buffer)
      expect(floatsOf('BF16', upper)![0]).toBe(new Float32Array(Uint32Array.of(bits[0]! & 0xffff0000).buffer)[0])
    }))
  })
})

/** Why the check against Python's own reader cannot run here, if it cannot. */
function pythonLacks (): string | undefined {
  try {
    execFileSync('python3', ['-c', 'import numpy, safetensors.numpy'], { stdio: 'pipe' })
    return undefined
  } catch {
    return 'python3 with safetensors and numpy is not installed'
  }
}

const lacking = pythonLacks()

describe.skipIf(lacking !== undefined)(`Python's safetensors${lacking === undefined ? '' : ` (skipped: ${lacking})`}`, () => {
  it.each<[ForeignFormat, ModelSpec]>([['gpt2', gpt], ['llama', llama]])('reads the layout %s, and what it writes is read back bit for bit', (format, spec) => {
    const folder = mkdtempSync(join(tmpdir(), 'shoal-interop-'))
    try {
      const [ours, theirs] = [join(folder, 'ours.safetensors'), join(folder, 'theirs.safetensors')]
      const weights = genesisWeights(spec, 3)
      const file = exportModel(spec, weights, format)
      writeFileSync(ours, Buffer.concat(encodeSafetensors(file)))
      const script = [
        'import json, sys', 'from safetensors.numpy import load_file, save_file',
        'tensors = load_file(sys.argv[1])', 'save_file(tensors, sys.argv[2])',
        'print(json.dumps({name: [list(t.shape), float(t.astype("float64").sum())] for name, t in tensors.items()}))'
      ].join('\n')
      const seen = JSON.parse(execFileSync('python3', ['-c', script, ours, theirs], { encoding: 'utf8' })) as Record<string, [number[], number]>
      for (const { name, shape, bytes } of file.tensors) {
        expect(seen[name]![0]).toEqual(shape)
        expect(seen[name]![1]).toBeCloseTo(floatsOf('F32', bytes)!.reduce((sum, value) => sum + value, 0), 9)
      }
      const back = decodeSafetensors(new Uint8Array(readFileSync(theirs)))
      expect(importModel(back, huggingFaceConfig(spec)).weights).toEqual(weights)
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })
})
