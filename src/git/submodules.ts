import { type GitAddress, parseGitAddress, shownAddress } from './address.ts'
import { ProtocolError } from './failure.ts'

/** Where the repositories of submodules are, by the path of each, as a .gitmodules file tells it. */
export function readSubmodules(text: string): ReadonlyMap<string, string> {
  const urls = new Map<string, string>()
  let section: { path?: string; url?: string } = {}
  const keep = (): void => {
    if (section.path !== undefined && section.url !== undefined) urls.set(section.path, section.url)
  }
  for (const line of text.split('\n').map((raw) => raw.trim())) {
    if (line.startsWith('[')) {
      keep()
      section = {}
      continue
    }
    const [, key, value = ''] = /^(path|url)\s*=\s*(.*)$/i.exec(line) ?? []
    if (key !== undefined) section[key.toLowerCase() as 'path' | 'url'] = plainValue(value)
  }
  keep()
  return urls
}

/** A value of a configuration file, which may be quoted. */
function plainValue(text: string): string {
  return text.startsWith('"') ? text.replace(/^"|"$/g, '').replace(/\\(.)/g, '$1') : text.replace(/\s+[#;].*$/, '')
}

/** The address of a submodule. One that begins with "./" or "../" starts at the repository it belongs to. */
export function submoduleAddress(parent: GitAddress, url: string, commit: string): GitAddress {
  const wishes = { revision: commit }
  if (!/^\.\.?\//.test(url)) return { ...parseGitAddress(url), wishes }
  const parts = parent.path.replace(/\/$/, '').split('/')
  for (const part of url.split('/')) {
    if (part === '..') {
      if (parts.length === 0)
        throw new ProtocolError(`the submodule address ${url} leads out of ${shownAddress(parent)}`)
      parts.pop()
    } else if (part !== '.' && part !== '') parts.push(part)
  }
  return { ...parent, path: parts.join('/'), wishes }
}
