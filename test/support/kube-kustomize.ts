import { existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { at, mapTexts } from './kube-objects.ts'
import { isObject } from './kube-shape.ts'
import { type Document, parseYaml, readYaml } from './kube-yaml.ts'

interface Kustomization {
  readonly namespace?: string
  readonly resources?: readonly string[]
  readonly components?: readonly string[]
  readonly images?: readonly { readonly name: string; readonly newName?: string; readonly newTag?: string }[]
  readonly patches?: readonly Patch[]
}

interface Patch {
  readonly path?: string
  readonly patch?: string
  readonly target?: { readonly kind?: string; readonly name?: string; readonly labelSelector?: string }
}

interface Operation {
  readonly op: 'add' | 'replace'
  readonly path: string
  readonly value: unknown
}

/**
 * The objects that "kustomize build" makes of a directory, as far as the examples use it. A resource that is not there,
 * a patch without a target and an image nobody uses are errors.
 */
export async function kustomize(directory: string, before: readonly Document[] = []): Promise<readonly Document[]> {
  const file = join(directory, 'kustomization.yaml')
  const own = (await readYaml(file))[0] as Kustomization
  let objects = [...before]
  for (const name of own.resources ?? []) objects.push(...(await resource(join(directory, name))))
  for (const name of own.components ?? []) objects = [...(await kustomize(join(directory, name), objects))]
  for (const patch of own.patches ?? []) objects = await patched(objects, patch, directory)
  for (const image of own.images ?? []) objects = withImage(objects, image, file)
  const { namespace } = own
  if (namespace !== undefined) objects = objects.map((object) => merge(object, { metadata: { namespace } }) as Document)
  const names = objects.map(({ kind, metadata }) => `${kind} ${at(metadata, ['name'])}`)
  if (new Set(names).size < names.length) throw new Error(`${file}: an object is there twice: ${names}`)
  return objects
}

async function resource(path: string): Promise<readonly Document[]> {
  if (!existsSync(path)) throw new Error(`${path} is not there`)
  return statSync(path).isDirectory() ? await kustomize(path) : await readYaml(path)
}

async function patched(objects: readonly Document[], patch: Patch, directory: string): Promise<Document[]> {
  const content = patch.path === undefined ? patch.patch : undefined
  if (content !== undefined) {
    const operations = (await parseYaml(content))[0] as unknown as readonly Operation[]
    return change(
      objects,
      (object) => selected(object, patch.target ?? {}),
      (object) => operations.reduce(operate, object),
    )
  }
  const [merging] = await readYaml(join(directory, patch.path ?? ''))
  const target = { kind: String(merging?.kind), name: String(at(merging, ['metadata', 'name'])) }
  return change(
    objects,
    (object) => selected(object, target),
    (object) => merge(object, merging) as Document,
  )
}

function change(
  objects: readonly Document[],
  chosen: (object: Document) => boolean,
  make: (object: Document) => Document,
): Document[] {
  if (!objects.some(chosen)) throw new Error('a patch has no target')
  return objects.map((object) => (chosen(object) ? make(object) : object))
}

function selected(object: Document, { kind, name, labelSelector = '' }: NonNullable<Patch['target']>): boolean {
  const labels = labelSelector.split(',').filter((label) => label !== '')
  return (
    (kind === undefined || object.kind === kind) &&
    (name === undefined || at(object, ['metadata', 'name']) === name) &&
    labels.every((label) => at(object, ['metadata', 'labels', label.split('=')[0]!]) === label.split('=')[1])
  )
}

/** One step of a JSON patch. */
function operate(object: Document, { op, path, value }: Operation): Document {
  const copy = structuredClone(object)
  const keys = path.slice(1).split('/')
  const last = keys.pop()!
  const parent = keys.reduce<unknown>((inner, key) => (inner as Record<string, unknown> | undefined)?.[key], copy)
  if (Array.isArray(parent) && op === 'add' && last === '-') parent.push(value)
  else if (isObject(parent) && (op === 'add' || last in parent)) Object.assign(parent, { [last]: value })
  else throw new Error(`${op} ${path}: there is no such place in ${object.kind}`)
  return copy
}

/** A strategic merge: objects by key, lists of named things by name, everything else replaced. */
function merge(value: unknown, change: unknown): unknown {
  if (isObject(value) && isObject(change)) {
    const merged = Object.entries(change).map(([name, item]) => [name, name in value ? merge(value[name], item) : item])
    return { ...value, ...Object.fromEntries(merged) }
  }
  if (!Array.isArray(value) || !Array.isArray(change) || !isObject(change[0]) || !('name' in change[0])) return change
  const unknown = change.filter(({ name }) => !value.some((item) => item.name === name))
  return [...value.map((item) => merge(item, change.find(({ name }) => name === item.name) ?? {})), ...unknown]
}

function withImage(
  objects: readonly Document[],
  image: { readonly name: string; readonly newName?: string; readonly newTag?: string },
  file: string,
): Document[] {
  const counted = { uses: 0 }
  const changed = objects.map((object) => {
    return mapTexts(object, (text) => {
      if (text.slice(0, text.lastIndexOf(':')) !== image.name) return text
      counted.uses += 1
      return `${image.newName ?? image.name}:${image.newTag ?? text.slice(text.lastIndexOf(':') + 1)}`
    })
  })
  if (counted.uses === 0) throw new Error(`${file}: nothing uses the image ${image.name}`)
  return changed
}
