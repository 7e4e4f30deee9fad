import { syntaxError } from './syntax-error.ts'

/**
 * The fields of one line of comma-separated values. A field that begins with a quotation mark ends with one and may hold
 * commas; two of them in it stand for one. Throws for a quotation mark anywhere else.
 */
export function csvFields(text: string): readonly string[] {
  const fields: string[] = []
  for (let at = 0; ; at += 1) {
    const field = text[at] === '"' ? quotedField(text, at) : plainField(text, at)
    fields.push(field.text)
    at = field.end
    if (at >= text.length) return fields
    if (text[at] !== ',') throw misquoted(text)
  }
}

interface Field {
  readonly text: string
  /** Where the comma behind it is, or the end of the text. */
  readonly end: number
}

function plainField(text: string, start: number): Field {
  const comma = text.indexOf(',', start)
  const end = comma < 0 ? text.length : comma
  const field = text.slice(start, end)
  if (field.includes('"')) throw misquoted(text)
  return { text: field, end }
}

function quotedField(text: string, start: number): Field {
  let field = ''
  for (let at = start + 1; at < text.length; at += 1) {
    if (text[at] !== '"') field += text[at]
    else if (text[at + 1] !== '"') return { text: field, end: at + 1 }
    else {
      field += '"'
      at += 1
    }
  }
  throw misquoted(text)
}

function misquoted(text: string): Error {
  return syntaxError(`the quotation marks of ${JSON.stringify(text)} make no sense`, {
    why: 'a value with a comma is written "key=a,b", from the first letter of the key to its end',
  })
}
