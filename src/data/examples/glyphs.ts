import { integerBelow } from '../../random/draw.ts'
import { STREAMS, words } from '../../random/words.ts'
import type { Words } from '../../random/words.ts'
import { DIGITS, DIGIT_COLUMNS, DIGIT_ROWS } from './digits.ts'
import type { ExampleSet } from './example-set.ts'

/** Pixels of an image's side; an image has one channel. */
export const GLYPH_SIDE = 12
export const GLYPH_CLASSES = DIGITS.length

/** A pixel is cut into SUBPIXELS² points, in or out of the glyph: lengths below are in these. */
const SUBPIXELS = 4
const SIDE = GLYPH_SIDE * SUBPIXELS
/** From narrow to wide, from low to as tall as the image. */
const WIDTHS = { least: 18, most: 36 }
const HEIGHTS = { least: 30, most: 46 }
/** Largest slant: columns by which the top leans from the bottom, out of the glyph's height times this. */
const SLANT_PARTS = 64
const LARGEST_SLANT = 20
const LARGEST_VALUE = 255
/** Strokes are never fainter than this. */
const FAINTEST = 120
/** Most that noise adds to or takes from a pixel. */
const NOISE = 70

/** How one glyph stands in its image. */
interface Pose {
  readonly left: number
  readonly top: number
  readonly width: number
  readonly height: number
  readonly slant: number
}

/**
 * A set of digits drawn by program: of any width, height, slant, place and darkness, under noise. Integer
 * arithmetic from the seed, so the same bits on every machine and nothing to download.
 *
 * @param seed 32-bit natural
 */
export function glyphSet (seed: number, count: number): ExampleSet {
  const source = (index: number): Words => words(seed, STREAMS.glyphs, index)
  const classOf = (from: Words): number => integerBelow(from, GLYPH_CLASSES)
  return {
    targets: Int32Array.from({ length: count }, (_, index) => classOf(source(index))),
    length: GLYPH_SIDE ** 2,
    classes: GLYPH_CLASSES,
    write (index, target) {
      const own = source(index)
      draw(classOf(own), own, target)
    }
  }
}

function draw (digit: number, source: Words, target: Float32Array): void {
  const pose = drawPose(source)
  const darkness = between(source, FAINTEST, LARGEST_VALUE)
  for (let pixel = 0; pixel < target.length; pixel++) {
    const ink = Math.floor(darkness * pointsInside(digit, pose, pixel) / SUBPIXELS ** 2)
    const noisy = ink + between(source, -NOISE, NOISE)
    target[pixel] = Math.min(LARGEST_VALUE, Math.max(0, noisy)) / LARGEST_VALUE
  }
}

function drawPose (source: Words): Pose {
  const width = between(source, WIDTHS.least, WIDTHS.most)
  const height = between(source, HEIGHTS.least, HEIGHTS.most)
  return {
    width, height, slant: between(source, -LARGEST_SLANT, LARGEST_SLANT), left: between(source, 0, SIDE - width), top: between(source, 0, SIDE - height)
  }
}

/** A uniform integer, both ends included. */
function between (source: Words, least: number, most: number): number {
  return least + integerBelow(source, most - least + 1)
}

/** How many of a pixel's points lie in a stroke. */
function pointsInside (digit: number, pose: Pose, pixel: number): number {
  const [left, top] = [pixel % GLYPH_SIDE * SUBPIXELS, Math.floor(pixel / GLYPH_SIDE) * SUBPIXELS]
  let inside = 0
  for (let point = 0; point < SUBPIXELS ** 2; point++) {
    if (isInside(digit, pose, left + point % SUBPIXELS, top + Math.floor(point / SUBPIXELS))) inside++
  }
  return inside
}

function isInside (digit: number, { left, top, width, height, slant }: Pose, x: number, y: number): boolean {
  const down = y - top
  const lean = Math.floor((height - 2 * down) * slant / (2 * SLANT_PARTS))
  const column = Math.floor((x - left - lean) * DIGIT_COLUMNS / width)
  const row = Math.floor(down * DIGIT_ROWS / height)
  return DIGITS[digit]?.[row]?.[column] === '#'
}
