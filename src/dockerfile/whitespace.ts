const spaces = new Set(
  [0x85, 0xa0, 0x1680, 0x2028, 0x2029, 0x202f, 0x205f, 0x3000].concat(Array.from({ length: 11 }, (_, i) => 0x2000 + i)),
)

/** Whether a UTF-16 unit is white space in the sense of Unicode, which is what Dockerfile tools go by. */
export function isSpace(unit: number): boolean {
  return unit === 32 || (unit >= 9 && unit <= 13) || (unit >= 0x85 && spaces.has(unit))
}

export function trimStart(text: string): string {
  let start = 0
  while (start < text.length && isSpace(text.charCodeAt(start))) start++
  return text.slice(start)
}

export function trim(text: string): string {
  let end = text.length
  while (end > 0 && isSpace(text.charCodeAt(end - 1))) end--
  return trimStart(text.slice(0, end))
}

/** The words between blanks; quotes mean nothing. */
export function splitBlanks(text: string): readonly string[] {
  return text === '' ? [] : text.split(blanks)
}

/** The text before the first blanks and the text after them, which is undefined when there are none. */
export function cutAtBlanks(text: string): readonly [before: string, after: string | undefined] {
  const match = blanks.exec(text)
  return match === null ? [text, undefined] : [text.slice(0, match.index), text.slice(match.index + match[0].length)]
}

const blanks = /[\t\v\f\r ]+/
