import { EACH_VALUE, THREADS, shader, workgroupSum } from './shader.ts'
import type { Shader } from './shader.ts'

/** Values that a workgroup of the squared norm reads at most. */
export const VALUES_PER_SUM = 32 * THREADS

/** One AdamW step in place; the scalars are `AdamwCoefficients`. */
export const adamwShader = shader({
  name: 'adamw',
  writes: { weights: 'f32', first: 'f32', second: 'f32' },
  reads: { gradient: 'f32' },
  scalars: { count: 'u32', scale: 'f32', beta1: 'f32', beta2: 'f32', rate: 'f32', correction: 'f32', epsilon: 'f32', keep: 'f32' },
  threads: THREADS,
  body: `${EACH_VALUE}
  let slope = gradient[index] * scalars.scale;
  let newFirst = scalars.beta1 * first[index] + (1f - scalars.beta1) * slope;
  let newSecond = scalars.beta2 * second[index] + (1f - scalars.beta2) * (slope * slope);
  first[index] = newFirst;
  second[index] = newSecond;
  weights[index] = scalars.keep * weights[index] - scalars.rate * newFirst / (sqrt(newSecond * scalars.correction) + scalars.epsilon);`
})

/** One step of gradient descent with momentum in place; the scalars are `SgdCoefficients`. */
export const sgdShader = shader({
  name: 'sgd',
  writes: { weights: 'f32', first: 'f32' },
  reads: { gradient: 'f32' },
  scalars: { count: 'u32', scale: 'f32', momentum: 'f32', rate: 'f32', keep: 'f32' },
  threads: THREADS,
  body: `${EACH_VALUE}
  let newFirst = scalars.momentum * first[index] + gradient[index] * scalars.scale;
  first[index] = newFirst;
  weights[index] = scalars.keep * weights[index] - scalars.rate * newFirst;`
})

/** One Lion step in place; the scalars are `LionCoefficients`. */
export const lionShader = shader({
  name: 'lion',
  writes: { weights: 'f32', first: 'f32' },
  reads: { gradient: 'f32' },
  scalars: { count: 'u32', scale: 'f32', beta1: 'f32', beta2: 'f32', rate: 'f32', keep: 'f32' },
  threads: THREADS,
  body: `${EACH_VALUE}
  let slope = gradient[index] * scalars.scale;
  let old = first[index];
  weights[index] = scalars.keep * weights[index] - scalars.rate * sign(scalars.beta1 * old + (1f - scalars.beta1) * slope);
  first[index] = scalars.beta2 * old + (1f - scalars.beta2) * slope;`
})

/** out[offset + workgroup] = Σ x² over a workgroup's share of a tensor, in a fixed order. */
export const squareSumShader: Shader = shader({
  name: 'squareSum',
  writes: { out: 'f32' },
  reads: { x: 'f32' },
  scalars: { count: 'u32', offset: 'u32' },
  threads: THREADS,
  declarations: workgroupSum('total', THREADS),
  body: `
  let place = group.y * groups.x + group.x;
  let first = place * ${VALUES_PER_SUM}u;
  if (first >= scalars.count) { return; }
  let last = min(first + ${VALUES_PER_SUM}u, scalars.count);
  var sum = 0f;
  for (var index = first + lane; index < last; index += ${THREADS}u) { sum += x[index] * x[index]; }
  let result = total(lane, sum);
  if (lane == 0u) { out[scalars.offset + place] = result; }`
})

/** out[0] = Σ x over the workgroups' results, by one workgroup. */
export const sumShader: Shader = shader({
  name: 'sum',
  writes: { out: 'f32' },
  reads: { x: 'f32' },
  scalars: { count: 'u32', divisor: 'f32' },
  threads: THREADS,
  declarations: workgroupSum('total', THREADS),
  body: `
  var sum = 0f;
  for (var index = lane; index < scalars.count; index += ${THREADS}u) { sum += x[index]; }
  let result = total(lane, sum);
  if (lane == 0u) { out[0] = result / scalars.divisor; }`
})
