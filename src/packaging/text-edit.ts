import { refused } from './refused.ts'

/** A text inside a program that is replaced by another of the same length, so that nothing in the file moves. */
export interface TextEdit {
  /** A whole text, as C ends it; may hold NULs of its own. */
  readonly find: string
  readonly replace: string
  /** How often it must be there. */
  readonly times: number
  /** `find` is the beginning of a text: compilers keep the rest of some elsewhere, in the code. */
  readonly isBeginning?: boolean
}

/** Makes the edits in a copy. Throws when a text is not there exactly as often as expected. */
export function editTexts(name: string, bytes: Buffer, edits: readonly TextEdit[]): Buffer {
  const edited = Buffer.from(bytes)
  for (const edit of edits) {
    const { find, replace, times } = edit
    if (replace.length !== find.length) throw new TypeError(`${shown(replace)} is not as long as ${shown(find)}`)
    const places = placesOf(edited, find, edit)
    if (places.length !== times) throw unexpected(name, { find, times }, places.length)
    for (const place of places) edited.write(replace, place, 'latin1')
  }
  return edited
}

/** Throws unless a file, read again, holds the edits. */
export function checkTexts(name: string, bytes: Buffer, edits: readonly TextEdit[]): void {
  for (const edit of edits) {
    const { find, replace, times } = edit
    const [left, made] = [placesOf(bytes, find, edit).length, placesOf(bytes, replace, edit).length]
    if (left === 0 && made >= times) continue
    throw refused({
      message: `The edit of ${shown(find)} did not last`,
      where: name,
      why: `the old text is there ${left} times, the new one ${made} times; expected 0 and ${times}`,
      fix: 'Look for what else writes to this file.',
    })
  }
}

/** A path in a directory, filled up with slashes to a length. */
export function pathOfLength(directory: string, name: string, length: number): string {
  const slashes = length - directory.length - name.length
  if (slashes < 1) throw new TypeError(`${directory}/${name} is longer than ${length} characters`)
  return directory + '/'.repeat(slashes) + name
}

/** Where a text begins: no other character stands before it, and a NUL behind it if it is whole. */
function placesOf(bytes: Buffer, find: string, { isBeginning = false }: TextEdit): readonly number[] {
  const ended = Buffer.from(isBeginning ? find : `${find}\0`, 'latin1')
  const places: number[] = []
  for (let at = bytes.indexOf(ended); at >= 0; at = bytes.indexOf(ended, at + 1)) {
    if (!isPrintable(bytes[at - 1])) places.push(at)
  }
  return places
}

function isPrintable(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 0x20 && byte < 0x7f
}

function unexpected(name: string, { find, times }: Omit<TextEdit, 'replace'>, found: number): Error {
  return refused({
    message: `${shown(find)} is in this file ${found} times, not ${times}`,
    where: name,
    why: 'it was built in another way than those this image is known to work with; left as it is, it would load files of the images being built',
    fix: 'Use the libraries of Debian 12 (DEBIAN_IMAGE) and the Node of package-lock.json, or teach src/packaging the new place.',
  })
}

function shown(text: string): string {
  return JSON.stringify(text.replaceAll('\0', '|'))
}
