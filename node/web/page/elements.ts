type Child = Node | string

/** An HTML element. Text arrives as text, never as markup: much of it comes from other peers. */
export function element<Tag extends keyof HTMLElementTagNameMap> (tag: Tag, attributes: Readonly<Record<string, string>> = {}, ...children: readonly Child[]): HTMLElementTagNameMap[Tag] {
  const made = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value)
  made.append(...children)
  return made
}

/** An element of a drawing. */
export function drawn<Tag extends keyof SVGElementTagNameMap> (tag: Tag, attributes: Readonly<Record<string, string | number>> = {}, ...children: readonly Child[]): SVGElementTagNameMap[Tag] {
  const made = document.createElementNS('http://www.w3.org/2000/svg', tag)
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, String(value))
  made.append(...children)
  return made
}

/** @throws Error for an element that the page has not: page and script belong together */
export function byId (id: string): HTMLElement {
  const found = document.getElementById(id)
  if (found === null) throw new Error(`the page has no element ${id}`)
  return found
}

export function inputById (id: string): HTMLInputElement {
  const found = byId(id)
  if (!(found instanceof HTMLInputElement)) throw new Error(`${id} is no input`)
  return found
}

/** The same data for those who do not see a drawing, or want its numbers; filled only while it is open. */
export function dataTable (title: string, columns: readonly string[], rows: () => ReadonlyArray<readonly string[]>): { readonly root: HTMLElement, readonly update: () => void } {
  const body = element('tbody')
  const table = element('table', {}, element('thead', {}, element('tr', {}, ...columns.map(column => element('th', { scope: 'col' }, column)))), body)
  const root = element('details', {}, element('summary', {}, title), element('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': title }, table))
  const update = (): void => {
    if (root.open) body.replaceChildren(...rows().map(cells => element('tr', {}, ...cells.map((cell, index) => element('td', columns[index] === 'why' ? { class: 'reason' } : {}, cell)))))
  }
  root.addEventListener('toggle', update)
  return { root, update }
}
