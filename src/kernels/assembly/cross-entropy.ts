import { naturalLogarithm } from './lanes'
import { exponentials, largest, scaleInPlace } from './softmax'

/**
 * Mean over the rows of −ln softmax(row)[target], in nats. `probabilities` gets each row's softmax, for the gradient.
 * A target outside the classes gives NaN.
 */
export function crossEntropy (logits: usize, targets: usize, probabilities: usize, rows: i32, classes: i32): f64 {
  let total: f64 = 0
  for (let row: i32 = 0; row < rows; row++) {
    const target = load<i32>(targets + (<usize>row << 2))
    if (target < 0 || target >= classes) return NaN
    const shift = largest(logits, classes)
    const sum = exponentials(logits, probabilities, classes, 1, shift)
    scaleInPlace(probabilities, classes, 1 / sum)
    total += naturalLogarithm(<f64>sum) + <f64>shift - <f64>load<f32>(logits + (<usize>target << 2))
    logits += <usize>classes << 2
    probabilities += <usize>classes << 2
  }
  return total / <f64>rows
}

/** dlogits = (softmax − one-hot(target)) · factor */
export function crossEntropyGradient (probabilities: usize, targets: usize, dlogits: usize, rows: i32, classes: i32, factor: f32): void {
  memory.copy(dlogits, probabilities, <usize>(rows * classes) << 2)
  scaleInPlace(dlogits, rows * classes, factor)
  for (let row: i32 = 0; row < rows; row++) {
    const target = load<i32>(targets + (<usize>row << 2))
    if (target < 0 || target >= classes) continue
    const place = dlogits + (<usize>(row * classes + target) << 2)
    store<f32>(place, load<f32>(place) - factor)
  }
}
