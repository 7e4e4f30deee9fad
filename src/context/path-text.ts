import type { RawPath } from '../tar/raw-path.ts'

/** A path as the text that patterns are matched against; bytes that are no UTF-8 become U+FFFD. */
export function pathText(path: RawPath): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the range is that of ASCII
  return /^[\x00-\x7f]*$/.test(path) ? path : Buffer.from(path, 'latin1').toString('utf8')
}
