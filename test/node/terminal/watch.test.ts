import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FullScreen } from '../../../node/terminal/full-screen.ts'
import { keysOf } from '../../../node/terminal/keys.ts'
import { watchScreen } from '../../../node/terminal/screens/watch/watch-screen.ts'
import { createTheme } from '../../../node/terminal/theme.ts'
import type { WatchSnapshot } from '../../../node/terminal/watch-snapshot.ts'
import { initialWatchState, pressKey, TABS } from '../../../node/terminal/watch-state.ts'
import { exampleStatus } from '../api/support.ts'

const plain = createTheme(false)
const peerId = (letter: string): string => `12D3KooW${letter.repeat(40)}f7X${letter}`

const snapshot: WatchSnapshot = {
  status: {
    ...exampleStatus, run: { id: 'ab'.repeat(32), name: 'quickstart' }, phase: 'training', sentence: 'training to step 420, with round 21 in flight', step: 400, budgetSteps: 1000, round: 20,
    loss: 2.5, lossHistory: Array.from({ length: 20 }, (_, index) => 5 - Math.sqrt(index)), heldOut: { loss: 1.7, step: 390 }, yardstick: { bitsPerNat: 1.5, gzipBitsPerCharacter: 2.64 },
    tokensPerSecond: 5000, peers: { present: 3, training: 2 }, uptimeSeconds: 754, allReduceBytes: 1e8,
    lastRound: { round: 20, step: 400, members: ['a', 'b'], outcome: 'averaged', reason: 'averaged with 12D3…f7Xb, 12D3…f7Xc (3 of 4): 12D3…f7Xd did not come', spread: 0.01, loss: 2.5, waitedMs: 0, payloadBytesSent: 1e5, payloadBytesReceived: 1e5 },
    bytes: { payloadSent: 1e6, payloadReceived: 9e5, wireSent: 1.1e6, wireReceived: 1.1e6, controlSent: 1e5, controlReceived: 1e5 }
  },
  peers: {
    connected: ['b', 'c', 'd'].map((letter, index) => ({
      peerId: peerId(letter), round: 20 - index, step: 400 - 20 * index, training: index < 2, direction: index === 0 ? 'inbound' as const : 'outbound' as const,
      bytesSent: 4e5 + index, bytesReceived: 3e5, addresses: ['/ip4/192.0.2.7/tcp/4001']
    })),
    rejected: [{ peerId: peerId('e'), code: 'WRONG_RUN', sentence: 'I am in another run', by: 'them', atMs: 0 }]
  },
  bandwidth: {
    totals: { payloadSent: 1e6, payloadReceived: 9e5, wireSent: 1.1e6, wireReceived: 1.1e6, controlSent: 1e5, controlReceived: 1e5 },
    rate: { sentPerSecond: 12_300, receivedPerSecond: 9800 }, promise: '1mbit',
    protocols: [{ protocol: '/shoal/exchange/1', sent: 1e6, received: 9e5 }, { protocol: '/meshsub/1.2.0', sent: 1e4, received: 1e4 }],
    peers: ['b', 'c'].map(letter => ({ peerId: peerId(letter), sent: 5e5, received: 4e5 }))
  },
  rounds: Array.from({ length: 60 }, (_, index) => ({
    round: index + 1, step: 20 * (index + 1), members: index % 3 === 0 ? ['me'] : ['me', peerId('b')], outcome: index % 3 === 0 ? 'solo' as const : 'averaged' as const,
    reason: index % 3 === 0 ? 'solo: nobody else is training' : 'averaged with 12D3…f7Xb (2 of 2)', spread: null, loss: 5 - index / 20, waitedMs: 0, payloadBytesSent: 50_000, payloadBytesReceived: 48_000
  })),
  losses: Array.from({ length: 100 }, (_, index) => ({ step: 4 * index, loss: 5 - Math.sqrt(index) / 4 })),
  log: Array.from({ length: 60 }, (_, index) => ({ atMs: 1000 * index, text: `round ${index + 1}  averaged with 12D3…f7Xb (2 of 2)` })),
  source: 'live'
}

const SIZES = [{ columns: 80, rows: 24 }, { columns: 120, rows: 40 }]

describe('the screens of top', () => {
  for (const size of SIZES) {
    for (const tab of TABS) {
      it(`show ${tab} at ${size.columns}×${size.rows}`, async () => {
        await expect(`${watchScreen(snapshot, { ...initialWatchState, tab }, size, plain).join('\n')}\n`).toMatchFileSnapshot(`snapshots/${tab}-${size.columns}x${size.rows}.txt`)
      })
    }
  }

  it('show refusals and keys when asked', async () => {
    await expect(`${watchScreen(snapshot, { ...initialWatchState, tab: 'peers', showsRefused: true }, { columns: 80, rows: 10 }, plain).join('\n')}\n`).toMatchFileSnapshot('snapshots/refused-80x10.txt')
    await expect(`${watchScreen(snapshot, { ...initialWatchState, showsHelp: true }, { columns: 80, rows: 14 }, plain).join('\n')}\n`).toMatchFileSnapshot('snapshots/help-80x14.txt')
  })

  it('fill every terminal exactly, whatever is scrolled, chosen or not there yet', () => {
    const empty = { ...snapshot, peers: { connected: [], rejected: [] }, rounds: [], losses: [], log: [], bandwidth: { ...snapshot.bandwidth, peers: [], protocols: [] } }
    const state = fc.record({
      tab: fc.constantFrom(...TABS), scroll: fc.nat(200), showsHelp: fc.boolean(), isFrozen: fc.boolean(), showsRefused: fc.boolean(),
      bandwidthBy: fc.constantFrom('peer' as const, 'protocol' as const, 'round' as const), speed: fc.constant(1), isOver: fc.constant(false)
    })
    fc.assert(fc.property(state, fc.integer({ min: 40, max: 200 }), fc.integer({ min: 10, max: 70 }), fc.boolean(), (chosen, columns, rows, isEmpty) => {
      const lines = watchScreen(isEmpty ? empty : snapshot, chosen, { columns, rows }, plain)
      expect(lines).toHaveLength(rows)
      for (const line of lines) expect(Array.from(line).length, line).toBeLessThanOrEqual(columns)
    }))
  })

  it('ask for a larger terminal where nothing would be legible', () => {
    expect(watchScreen(snapshot, initialWatchState, { columns: 30, rows: 24 }, plain)).toEqual(['enlarge the terminal to 40×10'])
  })

  it('scroll from the newest back to the oldest, and no further', () => {
    const at = (scroll: number): string => watchScreen(snapshot, { ...initialWatchState, tab: 'rounds', scroll }, { columns: 80, rows: 24 }, plain).join('\n')
    expect(at(0)).toContain('   60  1 200')
    expect(at(1000)).toContain('    1     20')
    expect(at(1000)).toBe(at(500))
  })
})

describe('keys', () => {
  it('are known by what terminals send', () => {
    expect(keysOf('1\t\u001b[A\u001bOB\u001b[5~\u001b[Z q\u0003')).toEqual(['1', 'tab', 'up', 'down', 'page-up', 'back-tab', 'space', 'q', 'interrupt'])
    expect(keysOf('\u001b')).toEqual(['escape'])
    expect(keysOf('\u001b[1;5Cq\u007f\u001b[200~')).toEqual(['q'])
  })

  it('open screens in turn, both ways, and leave', () => {
    const after = (...keys: string[]): string => keys.reduce(pressKey, initialWatchState).tab
    expect(['1', '2', '3', '4', '5'].map(key => after(key))).toEqual(TABS)
    expect(after('tab', 'tab')).toBe('bandwidth')
    expect(after('left')).toBe('log')
    expect(after('5', 'right')).toBe('overview')
    expect(pressKey(initialWatchState, 'q').isOver).toBe(true)
    expect(pressKey({ ...initialWatchState, showsHelp: true }, 'interrupt').isOver).toBe(true)
    expect(pressKey({ ...initialWatchState, showsHelp: true }, '3')).toEqual(initialWatchState)
  })

  it('never lead anywhere else, whatever is typed', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 40 }), input => {
      const state = keysOf(input).reduce(pressKey, initialWatchState)
      expect(TABS).toContain(state.tab)
      expect(state.scroll).toBeGreaterThanOrEqual(0)
      expect(state.speed).toBeGreaterThanOrEqual(0.25)
      expect(state.speed).toBeLessThanOrEqual(1024)
    }))
  })
})

describe('the full screen', () => {
  function terminal (): { written: string[], columns: number, rows: number, write (text: string): void } {
    const written: string[] = []
    return { written, columns: 80, rows: 24, write: text => { written.push(text) } }
  }

  it('writes only the lines that changed, and everything after a resize', () => {
    const it = terminal()
    const screen = new FullScreen(it)
    screen.draw(['one', 'two'])
    it.written.length = 0
    screen.draw(['one', 'three'])
    expect(it.written.join('')).toContain('\u001b[2;1Hthree')
    expect(it.written.join('')).not.toContain('one')
    it.written.length = 0
    screen.draw(['one', 'three'])
    expect(it.written).toEqual([])
    it.rows = 10
    screen.draw(['one', 'three'])
    expect(it.written.join('')).toContain('one')
    screen.close()
  })

  it('clears what a shorter picture leaves over', () => {
    const it = terminal()
    const screen = new FullScreen(it)
    screen.draw(['one', 'two'])
    it.written.length = 0
    screen.draw(['one'])
    expect(it.written.join('')).toContain('\u001b[2;1H\u001b[0m\u001b[K')
    screen.close()
  })

  it('gives the terminal back once, and also when the process ends by itself', () => {
    const it = terminal()
    const before = process.listenerCount('exit')
    const screen = new FullScreen(it)
    screen.draw(['one'])
    expect(process.listenerCount('exit')).toBe(before + 1)
    for (const listener of process.listeners('exit').slice(before)) (listener as () => void)()
    screen.close()
    expect(it.written.join('').split('\u001b[?1049h')).toHaveLength(2)
    expect(it.written.join('').split('\u001b[?1049l')).toHaveLength(2)
    expect(it.written.join('').split('\u001b[?25h')).toHaveLength(2)
    expect(process.listenerCount('exit')).toBe(before)
  })
})
