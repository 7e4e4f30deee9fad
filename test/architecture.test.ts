import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { architectureViolations, sourceFileCount } from './support/architecture.ts'

const checkout = join(import.meta.dirname, '..')

test('every source file keeps the rules of the house', () => {
  assert.ok(sourceFileCount(checkout) > 50, 'the sources were found')
  assert.deepEqual(architectureViolations(checkout), [])
})

const planted: readonly {
  readonly rule: string
  readonly path: string
  readonly text: string
  readonly says: RegExp
}[] = [
  {
    rule: 'a lower room importing a higher one',
    path: 'src/tar/read.ts',
    text: "import { build } from '../build/build.ts'\n",
    says: /src\/tar \(level 2\) imports src\/build\/build\.ts \(level 5\)/,
  },
  {
    rule: 'a room importing its neighbour',
    path: 'src/content/store.ts',
    text: "import type { A } from '../registry/client.ts'\n",
    says: /lower levels only/,
  },
  {
    rule: 'the side door used the wrong way',
    path: 'src/tar/back.ts',
    text: "export { walk } from '../rootfs/walk.ts'\n",
    says: /lower levels only/,
  },
  {
    rule: 'an import over several lines',
    path: 'src/stream/wide.ts',
    text: "import {\n  a,\n  b,\n} from '../image/layer.ts'\n",
    says: /src\/image\/layer\.ts \(level 3\)/,
  },
  {
    rule: 'an import for its effect',
    path: 'src/run/effect.ts',
    text: "import '../cli/options.ts'\n",
    says: /src\/cli\/options\.ts \(level 6\)/,
  },
  {
    rule: 'a dynamic import',
    path: 'cache/late.ts',
    text: "export const late = () => import('../src/output/write.ts')\n",
    says: /src\/output\/write\.ts \(level 5\)/,
  },
  {
    rule: 'product code importing test code',
    path: 'warmer/tested.ts',
    text: "import { x } from '../test/support/temp.ts'\n",
    says: /outside the house/,
  },
  {
    rule: 'a package through the wrong door',
    path: 'src/registry/get.ts',
    text: "import { request } from 'undici'\n",
    says: /imports undici; only src\/http may/,
  },
  {
    rule: 'a part of a package through the wrong door',
    path: 'bin/more.ts',
    text: "import { hideBin } from 'yargs/helpers'\n",
    says: /imports yargs; only src\/cli may/,
  },
  {
    rule: 'a package required',
    path: 'src/rootfs/native.ts',
    text: "const koffi = createRequire(import.meta.url)('koffi')\nconst k = require('koffi')\n",
    says: /imports koffi; only src\/sys may/,
  },
  {
    rule: 'a package nobody let in',
    path: 'src/output/pad.ts',
    text: "import pad from 'left-pad'\n",
    says: /left-pad, which no rule lets in/,
  },
  {
    rule: 'a shared package too low',
    path: 'src/http/slots.ts',
    text: "import pLimit from 'p-limit'\n",
    says: /imports p-limit; only rooms from level 2 up/,
  },
  {
    rule: 'a pure room reading files',
    path: 'src/plan/read.ts',
    text: "import { readFileSync } from 'node:fs'\n",
    says: /src\/plan is pure but imports node:fs/,
  },
  {
    rule: 'a pure room asking for the time',
    path: 'src/oci/now.ts',
    text: 'export const now = (): Date => new Date()\n',
    says: /src\/oci is pure but uses new Date\(\)/,
  },
  {
    rule: 'a pure room looking at the process',
    path: 'src/dockerfile/arch.ts',
    text: 'export const arch = process.arch\n',
    says: /src\/dockerfile is pure but uses process\.arch/,
  },
  {
    rule: 'the environment read below the command line',
    path: 'src/registry/env.ts',
    text: 'export const home = process.env.HOME\n',
    says: /uses process\.env; only src\/cli and bin may/,
  },
  {
    rule: 'a file that is too long',
    path: 'src/run/long.ts',
    text: 'export type A = 1\n'.repeat(351),
    says: /has 351 lines; 350 are the most/,
  },
  { rule: 'a barrel', path: 'src/run/index.ts', text: "export * from './user.ts'\n", says: /is an index file/ },
  { rule: 'a drawer', path: 'src/run/utils.ts', text: 'export {}\n', says: /named for no idea/ },
  {
    rule: 'a drawer with a longer name',
    path: 'src/run/path-utils.ts',
    text: 'export {}\n',
    says: /named for no idea/,
  },
  { rule: 'a default export', path: 'src/run/a.ts', text: 'export default function a() {}\n', says: /default export/ },
  { rule: 'a renamed default export', path: 'src/run/b.ts', text: 'export { a as default }\n', says: /default export/ },
  {
    rule: 'mutable state of a module',
    path: 'src/run/c.ts',
    text: 'let count = 0\n',
    says: /module-level "let count"/,
  },
  { rule: 'a room without a level', path: 'src/attic/box.ts', text: 'export {}\n', says: /"src\/attic" is no room/ },
]

for (const { rule, path, text, says } of planted) {
  test(`${rule} is found and named`, (t) => {
    const found = violationsOf({ [path]: text }, t)
    assert.equal(
      found.every((line) => line.startsWith(`${path}: `)),
      true,
    )
    assert.match(found.join('\n'), says)
  })
}

test('what the rules allow is left alone', (t) => {
  const tree = {
    'src/rootfs/extract.ts': "import { readTar } from '../tar/read.ts'\nimport { HearthError } from '../errors.ts'\n",
    'src/oci/digest.ts': "import { createHash } from 'node:crypto'\nexport const at = new Date(0)\n",
    'src/cli/run.ts': "import yargs from 'yargs'\nexport const env = process.env\n",
    'src/plan/said.ts': "// process.env and new Date() in a comment\nexport const url = 'https://let.example'\n",
    'src/run/count.ts': 'export function count() {\n  let n = 0\n  return n\n}\n',
  }
  assert.deepEqual(violationsOf(tree, t), [])
})

function violationsOf(
  files: Readonly<Record<string, string>>,
  t: { after(clean: () => void): void },
): readonly string[] {
  const root = mkdtempSync(join(tmpdir(), 'hearth-house-'))
  t.after(() => rmSync(root, { recursive: true }))
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(root, dirname(path)), { recursive: true })
    writeFileSync(join(root, path), text)
  }
  return architectureViolations(root)
}
