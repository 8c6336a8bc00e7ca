import { describe, expect, it } from 'vitest'
import { SwarmHistory } from '../../../node/web/swarm-history.ts'
import { idTail } from '../../../src/membership/short-id.ts'
import { record } from '../metrics/support.ts'

const [a, b, c] = ['12D3KooWaaaaaaaa', '12D3KooWbbbbbbbb', '12D3KooWcccccccc'] as const
const seen = (peerId: string, round: number, met: readonly string[] = [], loss = 3): Parameters<SwarmHistory['look']>[0][number] =>
  ({ peerId, round, step: 10 * round, training: true, loss, tokensPerSecond: 100, met: met.map(idTail) })

describe('the history of a swarm', () => {
  it('knows a meeting of two once, whoever tells of it first', () => {
    const history = new SwarmHistory(a, () => 5)
    history.own(record({ round: 1, members: [a, b] }), 100)
    history.look([seen(b, 1, [a]), seen(c, 1)])
    history.look([seen(b, 2, [c]), seen(c, 1)])
    history.look([seen(b, 2, [c]), seen(c, 2, [b])])
    expect(history.answer().meetings).toEqual([{ round: 1, atMs: 5, members: [a, b] }, { round: 2, atMs: 5, members: [b, c] }])
  })

  it('keeps apart the groups of one round', () => {
    const history = new SwarmHistory(a, () => 5)
    const d = '12D3KooWdddddddd'
    history.own(record({ round: 3, members: [a, b] }), 100)
    history.look([seen(b, 3, [a]), seen(c, 3, [d]), seen(d, 3, [c])])
    expect(history.answer().meetings.map(({ members }) => members)).toEqual([[a, b], [c, d]])
  })

  it('takes for one group what its members tell of it in part', () => {
    const history = new SwarmHistory(a, () => 5)
    history.own(record({ round: 3, members: [a, b] }), 100)
    history.look([seen(b, 3, [a, c]), seen(c, 3, [a])])
    expect(history.answer().meetings).toEqual([{ round: 3, atMs: 5, members: [a, b, c] }])
  })

  it('follows each peer, also one that leaves and comes back', () => {
    const history = new SwarmHistory(a, () => 5)
    history.look([seen(b, 1, [], 4)])
    history.look([seen(b, 1, [], 4)])
    history.look([])
    expect(history.answer().peers[1]).toMatchObject({ peerId: b, present: false, course: [{ round: 1, step: 10, loss: 4 }] })
    history.look([seen(b, 4, [], Number.NaN)])
    expect(history.answer().peers[1]).toMatchObject({ present: true, course: [{ loss: 4 }, { round: 4, loss: null }] })
    expect(history.answer().peers[0]).toMatchObject({ peerId: a, present: true })
  })

  it('takes little room however long a run is and however many come and go', () => {
    const history = new SwarmHistory(a, () => 5)
    for (let round = 1; round < 3000; round++) {
      history.own(record({ round, step: round, members: [a, b] }), 100)
      history.look([seen(`12D3KooWvisitor${round}`, round)])
    }
    const { peers, meetings, rounds } = history.answer()
    expect(peers.length).toBeLessThanOrEqual(65)
    expect(peers[0]).toMatchObject({ peerId: a })
    expect(peers[0]!.course.length).toBeLessThanOrEqual(241)
    expect(meetings.length).toBeLessThanOrEqual(128)
    expect(rounds.at(-1)).toMatchObject({ round: 2999 })
    expect(JSON.stringify(history.answer()).length).toBeLessThan(200_000)
  })

  it('writes nothing that JSON has not', () => {
    const history = new SwarmHistory(a, () => 5)
    history.own(record({ outcome: 'solo', members: [a], spread: Number.NaN, codecError: undefined, bitsPerValue: undefined }), Number.NaN)
    expect(history.answer().rounds[0]).toMatchObject({ spread: null, codecError: null, bitsPerValue: null })
    expect(history.answer().peers[0]).toMatchObject({ tokensPerSecond: null })
  })
})
