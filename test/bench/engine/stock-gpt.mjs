// The same GPT and AdamW as Shoal's, written as a tfjs user would: plain operations, differentiated by tfjs's own gradients.

const EPSILON = 1e-5
const MASKED = -1e9

/** @param layout Shoal's, so that both begin with the same weights in the same order */
export function stockTrainer (tf, { model, inner }, { layout, weights }) {
  const parameters = layout.slots.map(({ offset, shape }) => {
    const size = shape.reduce((a, b) => a * b, 1)
    return tf.tensor(weights.slice(offset, offset + size), [...shape])
  })
  const indexOf = new Map(layout.slots.map(({ name }, index) => [name, index]))
  const mask = tf.tensor(Float32Array.from({ length: model.context ** 2 }, (_, at) => at % model.context > Math.floor(at / model.context) ? MASKED : 0), [1, model.context, model.context])
  const adamw = stockAdamw(tf, inner, parameters)
  const named = tensors => name => tensors[indexOf.get(name)]
  return async (step, batch) => {
    const inputs = tf.tensor1d(batch.inputs, 'int32')
    const targets = tf.tensor1d(batch.targets, 'int32')
    const { value, grads } = tf.tidy(() => tf.valueAndGrads((...tensors) => stockLoss(tf, model, mask, named(tensors), inputs, targets))(parameters))
    await adamw(step, grads)
    const [loss] = await value.data()
    tf.dispose([inputs, targets, value, grads])
    return loss
  }
}

function stockLoss (tf, { layers, width, heads, context, vocabulary }, mask, named, inputs, targets) {
  const rows = inputs.size / context
  const headWidth = width / heads
  // A gather has no gradient on the stock wasm backend, so rows are taken by a product. A direct one-hot of floats is wrong there.
  const oneHot = ids => tf.cast(tf.oneHot(ids, vocabulary), 'float32')
  const norm = (x, name) => {
    const centred = tf.sub(x, tf.mean(x, -1, true))
    const variance = tf.mean(tf.square(centred), -1, true)
    return tf.add(tf.mul(tf.mul(centred, tf.rsqrt(tf.add(variance, EPSILON))), named(`${name}.gain`)), named(`${name}.bias`))
  }
  const linear = (x, name) => tf.add(tf.matMul(x, named(`${name}.weight`)), named(`${name}.bias`))
  const byHead = x => tf.reshape(tf.transpose(tf.reshape(x, [rows, context, heads, headWidth]), [0, 2, 1, 3]), [rows * heads, context, headWidth])
  const attention = x => {
    const [queries, keys, values] = tf.split(x, 3, 1).map(byHead)
    const scores = tf.add(tf.mul(tf.matMul(queries, keys, false, true), 1 / Math.sqrt(headWidth)), mask)
    const mixed = tf.reshape(tf.matMul(tf.softmax(scores), values), [rows, heads, context, headWidth])
    return tf.reshape(tf.transpose(mixed, [0, 2, 1, 3]), [rows * context, width])
  }
  const gelu = x => tf.mul(tf.mul(x, 0.5), tf.add(tf.tanh(tf.mul(tf.add(x, tf.mul(tf.mul(tf.mul(x, x), x), 0.044715)), Math.sqrt(2 / Math.PI))), 1))

  const table = named('embedding.token')
  const embedded = tf.reshape(tf.matMul(oneHot(inputs), table), [rows, context, width])
  let stream = tf.reshape(tf.add(embedded, named('embedding.position')), [rows * context, width])
  for (let layer = 0; layer < layers; layer++) {
    const own = name => `layer.${layer}.${name}`
    stream = tf.add(stream, linear(attention(linear(norm(stream, own('attention.norm')), own('attention.qkv'))), own('attention.out')))
    stream = tf.add(stream, linear(gelu(linear(norm(stream, own('mlp.norm')), own('mlp.in'))), own('mlp.out')))
  }
  const logits = tf.matMul(norm(stream, 'norm'), table, false, true)
  return tf.losses.softmaxCrossEntropy(oneHot(targets), logits)
}

/** AdamW (Loshchilov and Hutter 2019) with the global norm clipped, one tensor a parameter; replaces `parameters`' entries. */
function stockAdamw (tf, { learningRate, beta1, beta2, epsilon, weightDecay, clipNorm }, parameters) {
  const first = parameters.map(tensor => tf.zerosLike(tensor))
  const second = parameters.map(tensor => tf.zerosLike(tensor))
  return async (step, gradients) => {
    const squared = tf.tidy(() => tf.addN(gradients.map(gradient => tf.sum(tf.square(gradient)))))
    const normOfAll = Math.sqrt((await squared.data())[0])
    squared.dispose()
    const scale = normOfAll > clipNorm ? clipNorm / normOfAll : 1
    const rate = learningRate / (1 - beta1 ** (step + 1))
    const correction = 1 / (1 - beta2 ** (step + 1))
    gradients.forEach((raw, index) => {
      const keep = raw.rank > 1 ? 1 - learningRate * weightDecay : 1
      const next = tf.tidy(() => {
        const gradient = tf.mul(raw, scale)
        const mean = tf.add(tf.mul(first[index], beta1), tf.mul(gradient, 1 - beta1))
        const square = tf.add(tf.mul(second[index], beta2), tf.mul(tf.square(gradient), 1 - beta2))
        const update = tf.div(tf.mul(mean, rate), tf.add(tf.sqrt(tf.mul(square, correction)), epsilon))
        return [tf.sub(tf.mul(parameters[index], keep), update), mean, square]
      })
      tf.dispose([parameters[index], first[index], second[index]])
      ;[parameters[index], first[index], second[index]] = next
    })
  }
}
