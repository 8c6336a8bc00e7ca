import pc from 'picocolors'

/** Colours by meaning; each returns its text unchanged where there are none. Colour is never the only signal. */
export interface Theme {
  readonly title: (text: string) => string
  readonly good: (text: string) => string
  readonly warning: (text: string) => string
  readonly bad: (text: string) => string
  readonly faint: (text: string) => string
  readonly accent: (text: string) => string
}

export function createTheme (colours: boolean): Theme {
  const { bold, green, yellow, red, dim, cyan } = pc.createColors(colours)
  return { title: bold, good: green, warning: yellow, bad: red, faint: dim, accent: cyan }
}
