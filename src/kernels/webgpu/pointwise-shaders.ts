import { EACH_VALUE, THREADS, shader } from './shader.ts'
import type { Shader } from './shader.ts'

/** tanh by one exponential; the clamp keeps it finite, and beyond it float32 knows only ±1. */
const TANGENT = 'fn tangent(x: f32) -> f32 { return 1f - 2f / (exp(2f * clamp(x, -15f, 15f)) + 1f); }'
/** The logistic function; the clamp keeps the exponential finite. */
const SIGMOID = 'fn sigmoid(x: f32) -> f32 { return 1f / (1f + exp(min(-x, 80f))); }'
const GELU_SCALE = Math.sqrt(2 / Math.PI)
const GELU_CUBIC = 0.044715

function eachValue (name: string, reads: readonly string[], write: string, declarations: string, body: string): Shader {
  return shader({
    name,
    writes: { [write]: 'f32' },
    reads: Object.fromEntries(reads.map(read => [read, 'f32'])),
    scalars: { count: 'u32' },
    threads: THREADS,
    declarations,
    body: `${EACH_VALUE}\n${body}`
  })
}

export const geluShader = eachValue('gelu', ['x'], 'y', TANGENT, `
  let value = x[index];
  y[index] = 0.5f * value * (1f + tangent(${GELU_SCALE}f * (value + ${GELU_CUBIC}f * value * value * value)));`)

export const geluGradientShader = eachValue('geluGradient', ['x', 'dy'], 'dx', TANGENT, `
  let value = x[index];
  let t = tangent(${GELU_SCALE}f * (value + ${GELU_CUBIC}f * value * value * value));
  let inner = ${GELU_SCALE}f * (1f + ${3 * GELU_CUBIC}f * value * value);
  dx[index] = dy[index] * 0.5f * (1f + t + value * (1f - t * t) * inner);`)

function eachGate (name: string, reads: readonly string[], write: string, body: string): Shader {
  return shader({
    name,
    writes: { [write]: 'f32' },
    reads: Object.fromEntries(reads.map(read => [read, 'f32'])),
    scalars: { count: 'u32', hidden: 'u32' },
    threads: THREADS,
    declarations: SIGMOID,
    body: `${EACH_VALUE}
  let row = index / scalars.hidden;
  let gatePlace = 2u * row * scalars.hidden + index % scalars.hidden;
  let upPlace = gatePlace + scalars.hidden;
  let gate = x[gatePlace];
  let open = sigmoid(gate);
  ${body}`
  })
}

export const swigluShader = eachGate('swiglu', ['x'], 'y', 'y[index] = gate * open * x[upPlace];')

export const swigluGradientShader = eachGate('swigluGradient', ['x', 'dy'], 'dx', `
  let slope = dy[index];
  dx[gatePlace] = slope * x[upPlace] * open * (1f + gate * (1f - open));
  dx[upPlace] = slope * gate * open;`)
