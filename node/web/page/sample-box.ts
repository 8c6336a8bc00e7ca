import { byId, element, inputById } from './elements.ts'
import type { PeerApi } from './peer-api.ts'

/** Seeds are 32 bits. */
const SEEDS = 2 ** 32

/** Lets the model continue a text with the weights of this moment. */
export class SampleBox {
  readonly #api: PeerApi
  readonly #note = byId('writing-note')
  readonly #text = byId('text')
  readonly #write = byId('write')
  readonly #stop = byId('stop')
  #writing: AbortController | undefined

  constructor (api: PeerApi) {
    this.#api = api
    byId('sample').addEventListener('submit', event => {
      event.preventDefault()
      void this.#begin()
    })
    this.#stop.addEventListener('click', () => { this.#writing?.abort() })
  }

  async #begin (): Promise<void> {
    if (this.#writing !== undefined) return
    const prompt = inputById('prompt').value
    const writing = this.#writing = new AbortController()
    this.#show(true, 'The model writes when its stretch of training is over …')
    this.#text.replaceChildren(element('span', { class: 'given' }, prompt))
    this.#text.hidden = false
    try {
      await this.#api.sample({
        prompt, tokens: inputById('tokens').valueAsNumber, temperature: inputById('temperature').valueAsNumber, seed: Math.floor(Math.random() * SEEDS)
      }, piece => {
        this.#note.textContent = ''
        this.#text.append(piece)
      }, writing.signal)
      this.#show(false, '')
    } catch (error) {
      this.#show(false, writing.signal.aborted ? 'Stopped.' : `No text: ${error instanceof Error ? error.message : String(error)}`)
    } finally {
      this.#writing = undefined
    }
  }

  #show (isBusy: boolean, note: string): void {
    this.#write.toggleAttribute('disabled', isBusy)
    this.#stop.hidden = !isBusy
    this.#text.setAttribute('aria-busy', String(isBusy))
    this.#note.textContent = note
  }
}
