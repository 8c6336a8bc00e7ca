import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { brailleChart } from '../../../node/terminal/braille-chart.ts'
import { FrameRenderer } from '../../../node/terminal/frame.ts'
import { resample, sparkline } from '../../../node/terminal/sparkline.ts'
import { clip, table } from '../../../node/terminal/table.ts'
import { formatBytes, formatCount, formatRatio, formatSeconds } from '../../../node/terminal/units.ts'

describe('units', () => {
  it('read as people say them', () => {
    expect([0, 950, 999.6, 1250, 12_345, 123_456, 999_600, 5e9].map(formatBytes))
      .toEqual(['0 B', '950 B', '1.00 kB', '1.25 kB', '12.3 kB', '123 kB', '1.00 MB', '5.00 GB'])
    expect([0.44, 42, 185, 7800].map(formatSeconds)).toEqual(['0.4 s', '42 s', '3 min 05 s', '2 h 10 min'])
    expect([1, 1234, 1234567, Number.NaN].map(formatCount)).toEqual(['1', '1 234', '1 234 567', '–'])
    expect([1.25, 412.4, Infinity].map(formatRatio)).toEqual(['1.3×', '412×', '–'])
  })
})

describe('a sparkline', () => {
  it('rises with its values and fits its width', () => {
    expect(sparkline([1, 2, 3, 4, 5, 6, 7, 8], 8)).toBe('▁▂▃▄▅▆▇█')
    expect(sparkline([], 8)).toBe('')
    expect(sparkline([3, 3], 8)).toBe('▁▁')
  })

  it('keeps the mean when it has fewer columns than values', () => {
    fc.assert(fc.property(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 10 }), (columns, each) => {
      const values = Array.from({ length: columns * each }, (_, index) => Math.sin(index))
      const mean = (numbers: readonly number[]): number => numbers.reduce((sum, value) => sum + value, 0) / numbers.length
      expect(mean(resample(values, columns))).toBeCloseTo(mean(values), 9)
    }))
  })
})

describe('a table', () => {
  it('aligns columns by letters, not bytes', () => {
    expect(table([{ title: 'peer' }, { title: 'loss', align: 'right' }], [['A', '2.5'], ['Ω–long', '12.25']])).toEqual([
      'peer     loss',
      'A         2.5',
      'Ω–long  12.25'
    ])
  })

  it('cuts a line that is too wide, and says so', () => {
    expect(clip('twelve letters', 8)).toBe('twelve …')
    expect(clip('short', 8)).toBe('short')
  })
})

describe('a braille chart', () => {
  it('has exactly the size it was given, whatever the points', () => {
    const number = fc.double({ min: -1e6, max: 1e6 })
    fc.assert(fc.property(fc.array(fc.record({ x: number, y: number })), fc.integer({ min: 20, max: 120 }), fc.integer({ min: 3, max: 20 }), (points, width, height) => {
      expect(brailleChart([{ points }], { width, height }, 'step')).toHaveLength(height)
    }))
  })

  it('draws a falling line from the upper left to the lower right', () => {
    const lines = brailleChart([{ points: [{ x: 0, y: 5 }, { x: 100, y: 2 }] }], { width: 19, height: 4 }, 'step')
    expect(lines).toEqual([
      '  5.00│⠉⠒⠤⣀',
      '      │    ⠉⠒⠤⣀',
      '  2.00│        ⠉⠒⠤⣀',
      '       0   step 100'
    ].map((line, index) => index < 3 ? line.padEnd(19) : line))
  })
})

describe('the frame renderer', () => {
  function screen (): { written: string[], terminal: { columns: number, rows: number, write (text: string): void } } {
    const written: string[] = []
    return { written, terminal: { columns: 80, rows: 24, write: text => { written.push(text) } } }
  }

  it('writes only the lines that changed', () => {
    const { written, terminal } = screen()
    const frame = new FrameRenderer(terminal)
    frame.draw(['one', 'two'])
    written.length = 0
    frame.draw(['one', 'three'])
    expect(written.join('')).not.toContain('one')
    expect(written.join('')).toContain('three')
    frame.close()
  })

  it('hides the cursor while it draws and gives it back once', () => {
    const { written, terminal } = screen()
    const frame = new FrameRenderer(terminal)
    frame.draw(['one'])
    frame.close()
    frame.close()
    expect(written.join('').split('\u001b[?25l')).toHaveLength(2)
    expect(written.join('').split('\u001b[?25h')).toHaveLength(2)
  })

  it('knows that a line wider than the terminal takes several rows', () => {
    const { written, terminal } = screen()
    const frame = new FrameRenderer(terminal)
    frame.draw(['x'.repeat(200), 'two'])
    written.length = 0
    frame.draw(['x'.repeat(200), 'three'])
    expect(written.join('')).toContain('\u001b[4A')
    expect(written.join('')).not.toContain('xx')
    frame.close()
  })

  it('never draws more lines than the terminal has', () => {
    const { written, terminal } = screen()
    const frame = new FrameRenderer({ ...terminal, rows: 5 })
    frame.draw(Array.from({ length: 50 }, (_, index) => `line ${index}`))
    expect(written.join('')).toContain('line 3')
    expect(written.join('')).not.toContain('line 4')
    frame.close()
  })
})
