import type { CoursePoint } from '../swarm-schema.ts'

export interface Point {
  readonly x: number
  readonly y: number
}

/** The losses of a course over its steps. */
export function lossPoints (course: readonly CoursePoint[]): Point[] {
  return course.flatMap(({ step, loss }) => loss === null ? [] : [{ x: step, y: loss }])
}

/** Steps at which a mean is taken: as many as a chart has room for. */
const MEAN_POINTS = 160

/**
 * The mean over peers at evenly spread steps, from where all who are counted have begun to where only one is left. Between two of its rounds a
 * peer's loss is taken to go straight; after its last one it counts no more.
 */
export function meanCourse (courses: ReadonlyArray<readonly Point[]>): Point[] {
  const counted = courses.filter(points => points.length > 1)
  if (counted.length < 2) return []
  const from = Math.max(...counted.map(points => points[0]?.x ?? 0))
  const to = Math.max(...counted.map(points => points.at(-1)?.x ?? 0))
  if (to <= from) return []
  return Array.from({ length: MEAN_POINTS + 1 }, (_, index) => from + (to - from) * index / MEAN_POINTS).flatMap(x => {
    const values = counted.flatMap(points => valueAt(points, x) ?? [])
    return values.length < 2 ? [] : [{ x, y: values.reduce((sum, value) => sum + value, 0) / values.length }]
  })
}

/** On the line through the points; undefined outside of it. */
export function valueAt (points: readonly Point[], x: number): number | undefined {
  const after = points.findIndex(point => point.x >= x)
  const right = points[after]
  if (right === undefined) return undefined
  const left = points[after - 1]
  if (right.x === x || left === undefined) return right.x === x ? right.y : undefined
  return left.y + (right.y - left.y) * (x - left.x) / (right.x - left.x)
}

/** The point whose x is nearest. */
export function nearest (points: readonly Point[], x: number): Point | undefined {
  let best: Point | undefined
  for (const point of points) if (best === undefined || Math.abs(point.x - x) < Math.abs(best.x - x)) best = point
  return best
}
