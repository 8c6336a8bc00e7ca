import type { TensorKernels, TrainedTensor } from '../register.ts'
import { tf } from '../tensor.ts'
import type { Tensor } from '../tensor.ts'

/** Puts what `compute` gives for each part in the place of the tensors that are there. */
function replaceAll (trained: TrainedTensor, compute: () => Partial<TrainedTensor>): void {
  const fresh = tf.tidy(() => compute() as Record<string, Tensor>) as Partial<TrainedTensor>
  for (const part of ['weights', 'first', 'second'] as const) {
    const by = fresh[part]
    if (by !== undefined) replace(trained, part, by)
  }
}

function replace (trained: TrainedTensor, part: keyof TrainedTensor, by: Tensor): void {
  trained[part].dispose()
  trained[part] = tf.keep(by)
}

/** share · old + (1 − share) · fresh, rounded as every implementation rounds it. */
function blend (old: Tensor, fresh: Tensor, share: number): Tensor {
  return tf.add(tf.mul(old, share), tf.mul(fresh, Math.fround(1 - Math.fround(share))))
}

/** What training does to tensors, of tfjs operations on the active backend: tensors are never written, only replaced. */
export function composedTensorKernels (variant: string): TensorKernels {
  return {
    variant,
    read: async tensor => (await tensor.data<'float32'>()).slice(),
    write (trained, part, values) { replace(trained, part, tf.tensor(values.slice(), trained[part].shape)) },
    replace,
    async squaredNorm (tensors) {
      const sums = tf.tidy(() => tf.stack([tf.scalar(0), ...tensors.map(tensor => tf.sum(tf.square(tensor)))]))
      try {
        return (await sums.data<'float32'>()).reduce((total, sum) => total + sum, 0)
      } finally {
        sums.dispose()
      }
    },
    adamw (trained, gradient, { scale, beta1, beta2, rate, correction, epsilon, keep }) {
      replaceAll(trained, () => {
        const slope = tf.mul(gradient, scale)
        const first = blend(trained.first, slope, beta1)
        const second = blend(trained.second, tf.square(slope), beta2)
        const size = tf.add(tf.sqrt(tf.mul(second, correction)), epsilon)
        return { first, second, weights: tf.sub(tf.mul(trained.weights, keep), tf.div(tf.mul(first, rate), size)) }
      })
    },
    sgd (trained, gradient, { scale, momentum, rate, keep }) {
      replaceAll(trained, () => {
        const first = tf.add(tf.mul(trained.first, momentum), tf.mul(gradient, scale))
        return { first, weights: tf.sub(tf.mul(trained.weights, keep), tf.mul(first, rate)) }
      })
    },
    lion (trained, gradient, { scale, beta1, beta2, rate, keep }) {
      replaceAll(trained, () => {
        const slope = tf.mul(gradient, scale)
        const direction = tf.sign(blend(trained.first, slope, beta1))
        return { first: blend(trained.first, slope, beta2), weights: tf.sub(tf.mul(trained.weights, keep), tf.mul(direction, rate)) }
      })
    }
  }
}
