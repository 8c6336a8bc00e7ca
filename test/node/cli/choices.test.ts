import { describe, expect, it } from 'vitest'
import { choiceArgument, choiceOption } from '../../../node/cli/choices.ts'

describe('a word that is one of several', () => {
  it('is taken as it is', () => {
    expect(choiceOption('format', 'plain', ['gpt2', 'plain'])).toBe('plain')
    expect(choiceArgument('shoal completion', 'shell', 'zsh', ['bash', 'zsh'])).toBe('zsh')
  })

  it('is told with what can be typed instead, as an option or as an argument', () => {
    expect(() => choiceOption('format', 'plian', ['gpt2', 'plain'])).toThrow(expect.objectContaining({ message: '--format cannot be plian', tryThis: '--format plain' }) as Error)
    expect(() => choiceArgument('shoal completion', 'shell', 'tcsh', ['bash', 'zsh'])).toThrow(expect.objectContaining({ message: 'the shell cannot be tcsh', tryThis: expect.stringMatching(/^shoal completion (bash|zsh)$/) as string }) as Error)
  })
})
