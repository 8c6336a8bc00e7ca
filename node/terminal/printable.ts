/** A model may write control characters, and weights come from strangers; a terminal must not obey them. */
export function printable (text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\uFFFD]/gu, letter => letter === '\n' ? '\n' : '·')
}
