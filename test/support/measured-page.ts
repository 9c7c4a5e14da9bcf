// Measures a page as it is painted: what a stylesheet promises, a browser has to keep.
import type { Page } from 'playwright-core'

export interface Measures {
  /** Texts whose contrast with their ground is below 4.5:1 (WCAG 1.4.3). */
  readonly faintTexts: readonly string[]
  /** Fields and buttons whose edge or fill is below 3:1 against what is around them (WCAG 1.4.11). */
  readonly faintControls: readonly string[]
  /** Buttons and fields smaller than 24 by 24 pixels (WCAG 2.5.8). */
  readonly smallTargets: readonly string[]
  /** By how much the page is wider than its window. */
  readonly sidewaysPixels: number
  readonly headings: number
  readonly language: string
  readonly unlabelled: number
}

/** Measures the page that is open. */
export function measure(page: Page): Promise<Measures> {
  return page.evaluate<Measures>(SCRIPT)
}

// Text, because it runs in the browser: this project's types know no document.
const SCRIPT = `(() => {
  const parse = color => {
    const [r, g, b, a = 1] = color.match(/[\\d.]+/g).map(Number)
    return { r, g, b, a }
  }
  const luminance = ({ r, g, b }) => {
    const [x, y, z] = [r, g, b].map(value => {
      const part = value / 255
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
    })
    return 0.2126 * x + 0.7152 * y + 0.0722 * z
  }
  const contrast = (one, other) => {
    const [dark, light] = [luminance(one), luminance(other)].sort((a, b) => a - b)
    return (light + 0.05) / (dark + 0.05)
  }
  const groundOf = element => {
    for (let at = element; at !== null; at = at.parentElement) {
      const ground = parse(getComputedStyle(at).backgroundColor)
      if (ground.a === 1) return ground
      if (ground.a !== 0) throw new Error('a translucent ground cannot be measured')
    }
    return parse('rgb(255, 255, 255)')
  }
  const texts = [...document.querySelectorAll('body *')].filter(element =>
    [...element.childNodes].some(node => node.nodeType === 3 && node.data.trim() !== ''))
  const faintTexts = texts
    .map(element => ({ element, ratio: contrast(parse(getComputedStyle(element).color), groundOf(element)) }))
    .filter(({ ratio }) => ratio < 4.5)
    .map(({ element, ratio }) => element.textContent.trim().slice(0, 40) + ' ' + ratio.toFixed(2))
  const controls = [...document.querySelectorAll('button, input:not([type=hidden])')]
  const faintControls = controls
    .filter(element => {
      const around = groundOf(element.parentElement)
      const style = getComputedStyle(element)
      return Math.max(contrast(parse(style.borderTopColor), around), contrast(groundOf(element), around)) < 3
    })
    .map(element => element.outerHTML.slice(0, 60))
  const smallTargets = controls
    .filter(element => element.getBoundingClientRect().width < 24 || element.getBoundingClientRect().height < 24)
    .map(element => element.outerHTML.slice(0, 60))
  return {
    faintTexts, faintControls, smallTargets,
    sidewaysPixels: document.documentElement.scrollWidth - innerWidth,
    headings: document.querySelectorAll('h1').length,
    language: document.documentElement.lang,
    unlabelled: [...document.querySelectorAll('input:not([type=hidden])')].filter(input => input.labels.length === 0).length,
  }
})()`
