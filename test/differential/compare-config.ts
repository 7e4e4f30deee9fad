import type { ImageConfiguration } from '../support/image-tree.ts'

/** The fields of a container configuration that a running container is made from. */
const compared = [
  'User',
  'ExposedPorts',
  'Env',
  'Entrypoint',
  'Cmd',
  'Volumes',
  'WorkingDir',
  'Labels',
  'StopSignal',
  'Healthcheck',
  'OnBuild',
  'Shell',
] as const

/** Differences between two configurations, one line each; an empty value is no value. */
export function compareConfigs(left: ImageConfiguration, right: ImageConfiguration): readonly string[] {
  const fields = compared.map((name): [string, unknown, unknown] => [name, left.config[name], right.config[name]])
  fields.push(['architecture', left.architecture, right.architecture], ['os', left.os, right.os])
  fields.push(['author', left.author, right.author])
  return fields.flatMap(([name, a, b]) => {
    const [shownA, shownB] = [shown(a), shown(b)]
    return shownA === shownB ? [] : [`${name}: ${shownA} | ${shownB}`]
  })
}

function shown(value: unknown): string {
  if (Array.isArray(value)) return value.length === 0 ? 'nothing' : JSON.stringify(value)
  if (typeof value !== 'object' || value === null)
    return value === '' || value == null ? 'nothing' : JSON.stringify(value)
  const entries = Object.entries(value).filter(([name]) => name !== 'io.buildah.version')
  return entries.length === 0 ? 'nothing' : JSON.stringify(Object.fromEntries(entries.sort()))
}
