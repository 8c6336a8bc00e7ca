import { byId } from './elements.ts'

const KEY = 'shoal-theme'

/** Light or dark as the system is, until somebody chooses; the choice stays in this browser. */
export function followTheme (): void {
  const system = matchMedia('(prefers-color-scheme: dark)')
  const apply = (): void => {
    const isDark = (localStorage.getItem(KEY) ?? (system.matches ? 'dark' : 'light')) === 'dark'
    document.documentElement.dataset['theme'] = isDark ? 'dark' : 'light'
    byId('theme').textContent = isDark ? 'Light' : 'Dark'
  }
  system.addEventListener('change', apply)
  byId('theme').addEventListener('click', () => {
    localStorage.setItem(KEY, document.documentElement.dataset['theme'] === 'dark' ? 'light' : 'dark')
    apply()
  })
  apply()
}
