import { mkdirSync } from 'node:fs'
import { chromium } from 'playwright-core'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Port } from '../../../node/web/ports.ts'
import { programOr } from '../../support/programs.ts'
import { temporaryFolder } from '../../support/shoal-process.ts'
import { openExamplePage } from './page-port.ts'

const program = programOr('SHOAL_CHROMIUM', 'chromium', 'chromium-browser', 'google-chrome')
/** SHOAL_SCREENSHOTS names the folder that they are kept in; they are looked at by people. */
const screenshots = process.env['SHOAL_SCREENSHOTS']

describe.skipIf(program === undefined)(`the page in Chromium${program === undefined ? ' (skipped: no chromium on the path, and SHOAL_CHROMIUM is not set)' : ''}`, () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>
  let port: Port
  let browser: Browser
  let release: (() => void) | undefined

  beforeAll(async () => {
    folder = await temporaryFolder()
    port = await openExamplePage(folder.path, async (_request, { onText, signal }) => {
      for (const piece of [' of the United', ' States']) onText(piece)
      await new Promise<void>(resolve => {
        release = resolve
        signal.addEventListener('abort', () => { resolve() })
      })
      onText('.')
    })
    browser = await chromium.launch({ executablePath: program ?? '', args: ['--no-sandbox'] })
  })
  afterAll(async () => {
    await browser.close()
    await port.close()
    await folder.remove()
  })

  /** Opens the page, and fails over anything that the browser complains of or that is asked of anyone else. */
  async function open (colorScheme: 'light' | 'dark', width = 1280): Promise<{ readonly page: Page, readonly complaints: string[] }> {
    const page = await browser.newPage({ colorScheme, viewport: { width, height: 1000 } })
    const complaints: string[] = []
    page.on('console', message => { if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text()) })
    page.on('pageerror', error => complaints.push(error.message))
    page.on('request', request => { if (!request.url().startsWith(port.url)) complaints.push(`asked for ${request.url()}`) })
    await page.goto(`${port.url}/`)
    await page.getByRole('heading', { name: 'evening' }).waitFor()
    await page.locator('#loss path.line.strong').waitFor()
    return { page, complaints }
  }

  it.each(['light', 'dark'] as const)('draws the swarm in %s', async scheme => {
    const { page, complaints } = await open(scheme)
    expect(await page.locator('#loss path.line').count()).toBe(5)
    expect(await page.locator('#graph .node').count()).toBe(4)
    expect(await page.locator('#graph .edge').count()).toBeGreaterThan(2)
    expect(await page.locator('#bytes .bars li').count()).toBe(5)
    expect(await page.locator('#timeline .row-dot').count()).toBeGreaterThan(40)
    expect(await page.locator('#tiles').innerText()).toContain('238× less than all-reduce')
    const ground = await page.evaluate('getComputedStyle(document.body).backgroundColor')
    expect(ground).toBe(scheme === 'dark' ? 'rgb(10, 21, 27)' : 'rgb(238, 243, 244)')
    if (screenshots !== undefined) {
      mkdirSync(screenshots, { recursive: true })
      await page.screenshot({ path: `${screenshots}/page-${scheme}.png`, fullPage: true })
    }
    expect(complaints).toEqual([])
    await page.close()
  })

  it('fits a telephone without scrolling sideways', async () => {
    const { page } = await open('light', 360)
    expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true)
    await page.close()
  })

  it('shows numbers to keyboards and to who does not see the drawing', async () => {
    const { page } = await open('light')
    await page.keyboard.press('Tab')
    expect(await page.evaluate('document.activeElement.textContent')).toBe('Skip to the charts')
    const chart = page.getByRole('img', { name: /Loss of each peer/ })
    await chart.focus()
    await page.keyboard.press('End')
    await page.keyboard.press('ArrowLeft')
    const tip = page.locator('#loss .tip')
    await tip.waitFor({ state: 'visible' })
    expect(await tip.innerText()).toMatch(/^step 1 1\d\d/)
    await page.keyboard.press('Escape')
    await tip.waitFor({ state: 'hidden' })
    await page.locator('#timeline summary').press('Enter')
    expect(await page.locator('#timeline tbody tr').first().innerText()).toMatch(/^60\s/)
    const unnamed = await page.evaluate(`[...document.querySelectorAll('button, input, [role=img], section')].filter(node => {
      const label = node.getAttribute('aria-label') ?? node.getAttribute('aria-labelledby') ?? node.closest('label')?.textContent ?? node.textContent
      return label.trim() === ''
    }).map(node => node.outerHTML)`)
    expect(unnamed).toEqual([])
    await page.close()
  })

  it('writes text piece by piece, and stops when told', async () => {
    const { page } = await open('dark')
    await page.getByLabel('Begins with').fill('The people')
    await page.getByRole('button', { name: 'Write' }).click()
    await expect.poll(async () => page.locator('#text').innerText()).toBe('The people of the United States')
    release?.()
    await expect.poll(async () => page.locator('#text').innerText()).toBe('The people of the United States.')
    await page.getByRole('button', { name: 'Write' }).click()
    await page.getByRole('button', { name: 'Stop' }).click()
    await expect.poll(async () => page.locator('#writing-note').innerText()).toBe('Stopped.')
    await page.close()
  })

  it('says so when the peer is gone, and keeps what it showed', async () => {
    const { page } = await open('light')
    await page.route('**/v1/**', async route => route.abort())
    await expect.poll(async () => page.getByRole('alert').innerText()).toContain('No answer from the peer')
    expect(await page.locator('#graph .node').count()).toBe(4)
    await page.unroute('**/v1/**')
    await expect.poll(async () => page.getByRole('alert').count()).toBe(0)
    await page.close()
  })

  it('remembers the colours that somebody chose', async () => {
    const { page } = await open('light')
    await page.getByRole('button', { name: 'Dark' }).click()
    await page.reload()
    await expect.poll(async () => page.evaluate('document.documentElement.dataset.theme')).toBe('dark')
    await page.close()
  })
})
