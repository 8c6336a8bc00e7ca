import { EACH_ROW, EACH_VALUE, THREADS, shader, threadsForRow, workgroupReduction, workgroupSum } from './shader.ts'
import type { Shader } from './shader.ts'

/** Softmax and negative log-likelihood of each row, one workgroup a row; a target outside the classes gives `invalid`, which is no number. */
export function crossEntropyShader (classes: number): Shader {
  const threads = threadsForRow(classes)
  const eachClass = (body: string): string => `for (var class_ = lane; class_ < scalars.classes; class_ += ${threads}u) { ${body} }`
  return shader({
    name: `crossEntropy${threads}`,
    writes: { probabilities: 'f32', losses: 'f32' },
    reads: { logits: 'f32', targets: 'i32' },
    scalars: { rows: 'u32', classes: 'u32', invalid: 'u32' },
    threads,
    declarations: workgroupSum('total', threads) + workgroupReduction('largest', threads, (a, b) => `max(${a}, ${b})`),
    body: `${EACH_ROW}
  let start = row * scalars.classes;
  var peak = logits[start];
  ${eachClass('peak = max(peak, logits[start + class_]);')}
  let shift = largest(lane, peak);
  var powers = 0f;
  ${eachClass('powers += exp(logits[start + class_] - shift);')}
  let sum = total(lane, powers);
  ${eachClass('probabilities[start + class_] = exp(logits[start + class_] - shift) / sum;')}
  if (lane == 0u) {
    let wanted = targets[row];
    var loss = bitcast<f32>(scalars.invalid);
    if (wanted >= 0 && u32(wanted) < scalars.classes) { loss = log(sum) + shift - logits[start + u32(wanted)]; }
    losses[row] = loss;
  }`
  })
}

/** (softmax − one-hot) · slope / rows. */
export const crossEntropyGradientShader: Shader = shader({
  name: 'crossEntropyGradient',
  writes: { dlogits: 'f32' },
  reads: { probabilities: 'f32', targets: 'i32', dloss: 'f32' },
  scalars: { count: 'u32', classes: 'u32', rows: 'u32' },
  threads: THREADS,
  body: `${EACH_VALUE}
  let isTarget = targets[index / scalars.classes] == i32(index % scalars.classes);
  dlogits[index] = (probabilities[index] - select(0f, 1f, isTarget)) * dloss[0] / f32(scalars.rows);`
})
