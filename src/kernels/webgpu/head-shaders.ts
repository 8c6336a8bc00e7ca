import { EACH_VALUE, THREADS, shader } from './shader.ts'
import type { Shader } from './shader.ts'

const SCALARS = { count: 'u32', length: 'u32', heads: 'u32', groups: 'u32', headWidth: 'u32' } as const

/** Rotation of one element with its partner, half a head away (arXiv 2104.09864); `direction` −1 turns back. */
const TURN = `
fn turned(value: f32, partner: f32, place: u32, row: u32, direction: f32) -> f32 {
  let pairs = scalars.headWidth / 2u;
  let start = row * scalars.headWidth + place % pairs;
  let sine = direction * angles[start + pairs];
  return value * angles[start] + select(partner, -partner, place < pairs) * sine;
}
fn partnerOf(place: u32) -> u32 {
  let pairs = scalars.headWidth / 2u;
  return select(place - pairs, place + pairs, place < pairs);
}`

/** One thread for each value of [tokens, 3 · heads · headWidth]. */
export const spreadHeadsShader: Shader = shader({
  name: 'spreadHeads',
  writes: { qkv: 'f32' },
  reads: { grouped: 'f32', angles: 'f32' },
  scalars: SCALARS,
  threads: THREADS,
  declarations: TURN,
  body: `${EACH_VALUE}
  let place = index % scalars.headWidth;
  let slot = index / scalars.headWidth % (3u * scalars.heads);
  let token = index / scalars.headWidth / (3u * scalars.heads);
  let kind = slot / scalars.heads;
  let head = slot % scalars.heads;
  let own = head * scalars.groups / scalars.heads;
  let origin = select(scalars.heads + (kind - min(kind, 1u)) * scalars.groups + own, head, kind == 0u);
  let start = (token * (scalars.heads + 2u * scalars.groups) + origin) * scalars.headWidth;
  var value = grouped[start + place];
  if (kind < 2u) { value = turned(value, grouped[start + partnerOf(place)], place, token % scalars.length, 1f); }
  qkv[index] = value;`
})

/** One thread for each value of [tokens, (heads + 2 · groups) · headWidth]: the sum over the heads that share it, turned back. */
export const gatherHeadsShader: Shader = shader({
  name: 'gatherHeads',
  writes: { dgrouped: 'f32' },
  reads: { dqkv: 'f32', angles: 'f32' },
  scalars: SCALARS,
  threads: THREADS,
  declarations: TURN,
  body: `${EACH_VALUE}
  let place = index % scalars.headWidth;
  let slots = scalars.heads + 2u * scalars.groups;
  let slot = index / scalars.headWidth % slots;
  let token = index / scalars.headWidth / slots;
  let sharers = scalars.heads / scalars.groups;
  var first = slot;
  var last = slot + 1u;
  var turns = true;
  if (slot >= scalars.heads) {
    let own = (slot - scalars.heads) % scalars.groups;
    let isValue = slot >= scalars.heads + scalars.groups;
    first = select(scalars.heads, 2u * scalars.heads, isValue) + own * sharers;
    last = first + sharers;
    turns = !isValue;
  }
  var sum = 0f;
  var partners = 0f;
  for (var spread = first; spread < last; spread++) {
    let start = (token * 3u * scalars.heads + spread) * scalars.headWidth;
    sum += dqkv[start + place];
    partners += dqkv[start + partnerOf(place)];
  }
  if (turns) { sum = turned(sum, partners, place, token % scalars.length, -1f); }
  dgrouped[index] = sum;`
})
