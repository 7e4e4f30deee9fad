import { readFileSync } from 'node:fs'
import { run } from './command.ts'

/** A document of a YAML file. */
export type Document = Readonly<Record<string, unknown>>

/**
 * Reads the documents of a YAML file by the rules of YAML 1.2, in which only true and false are booleans. A key that is
 * there twice is an error.
 */
export function readYaml(path: string): Promise<readonly Document[]> {
  return parseYaml(readFileSync(path, 'utf8'))
}

/** Like readYaml, of a text. */
export async function parseYaml(text: string): Promise<readonly Document[]> {
  return JSON.parse(await run('/usr/bin/python3', ['-c', reader], { input: text }))
}

const reader = `
import json, re, sys, yaml

class Loader(yaml.SafeLoader):
    pass

Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith((':bool', ':timestamp'))]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
Loader.add_implicit_resolver('tag:yaml.org,2002:bool', re.compile('^(?:true|false)$'), list('tf'))

def mapping(loader, node):
    pairs = [(loader.construct_object(key), loader.construct_object(value, deep=True)) for key, value in node.value]
    if len(dict(pairs)) < len(pairs):
        raise ValueError('a key is there twice, line %d' % (node.start_mark.line + 1))
    return dict(pairs)

Loader.add_constructor('tag:yaml.org,2002:map', mapping)
json.dump([document for document in yaml.load_all(sys.stdin, Loader) if document is not None], sys.stdout)
`
