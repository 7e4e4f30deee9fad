import assert from 'node:assert/strict'
import { test } from 'node:test'
import { opinions } from '../../../src/lint/all-rules.ts'
import { marksOf } from './linting.ts'

const digest = `sha256:${'a'.repeat(64)}`

type Examples = readonly (readonly [text: string, ...marks: readonly string[]])[]

const whole: readonly [string, string] = ['COPY . .', '2:1 COPY . .']
const installs = [
  'npm ci',
  'cd app && npm --silent install',
  'yarn',
  'yarn install --frozen-lockfile',
  'pnpm i',
  'pip install --no-cache-dir -r requirements.txt',
  'pip3 install .',
  'poetry install --no-root',
  'uv sync',
  'go mod download',
  'go build ./...',
  'bundle install',
  'composer install',
  'cargo build --release',
  './mvnw -B package',
  './gradlew --no-daemon build',
]
const harmless = ['npm run build', 'yarn build', 'pip install --upgrade pip', 'go vet', 'make']

const examples: Readonly<Record<string, Examples>> = {
  LatestBaseImage: [
    ['FROM alpine', '1:6 alpine'],
    ['ARG T=latest\nFROM r.example/a/b:$T', '2:6 r.example/a/b:$T'],
    [`FROM alpine:3.20\nFROM alpine:latest@${digest}\nFROM scratch`],
    ['FROM alpine:3 AS latest\nFROM latest'],
  ],
  UnpinnedBaseImage: [
    ['FROM alpine:3.20', '1:6 alpine:3.20'],
    ['FROM alpine', '1:6 alpine'],
    [`FROM alpine@${digest} AS a\nFROM a\nFROM scratch\nFROM alpine:3@${digest}`],
  ],
  CopyBeforeDependencies: [
    ...installs.map((command): [string, string] => [`FROM a:1\n${whole[0]}\nRUN ${command}`, whole[1]]),
    ...harmless.map((command): [string] => [`FROM a:1\n${whole[0]}\nRUN ${command}`]),
    ['FROM a:1\nADD ./ /app/\nRUN ["npm", "ci"]', '2:1 ADD ./ /app/'],
    ['FROM a:1\nCOPY / /app\nRUN <<E\nset -e\nnpm ci\nE', '2:1 COPY / /app'],
    ['FROM a:1\nCOPY package.json .\nRUN npm ci\nCOPY . .\nRUN npm run build && npm install'],
    ['FROM a:1 AS deps\nCOPY go.mod .\nRUN go mod download\nFROM deps\nCOPY . .\nRUN go build'],
    ['FROM a:1\nCOPY src src\nRUN npm ci'],
    ['FROM a:1 AS o\nFROM a:1\nCOPY --from=o . .\nRUN npm ci'],
    ['FROM a:1\nRUN npm ci\nCOPY . .'],
  ],
  AptGetUpdateAlone: [
    ['FROM a:1\nRUN apt-get update', '2:5 apt-get'],
    ['FROM a:1\nRUN apt -qq update && echo done', '2:5 apt'],
    ['FROM a:1\nRUN apt-get update && apt-get install -y curl'],
    ['FROM a:1\nRUN <<E\napt-get update\napt-get upgrade -y\nE'],
    ['FROM a:1\nRUN apk update'],
  ],
  AptGetInstallWithoutUpdate: [
    ['FROM a:1\nRUN apt-get install -y curl', '2:5 apt-get'],
    ['FROM a:1\nRUN apt-get install -y curl && apt-get update', '2:5 apt-get'],
    ['FROM a:1\nRUN apt-get update && apt-get -y --no-install-recommends install curl'],
    ['FROM a:1\nRUN apt-get remove curl && apk add x'],
  ],
}

test('every opinion has examples on both sides', () => {
  const sided = Object.entries(examples).filter(
    ([, all]) => all.some(([, ...marks]) => marks.length > 0) && all.some(([, ...marks]) => marks.length === 0),
  )
  assert.deepEqual(sided.map(([rule]) => rule).sort(), opinions.map(({ name }) => name).sort())
})

for (const [rule, all] of Object.entries(examples)) {
  for (const [text, ...marks] of all) {
    const says = marks.length === 0 ? 'nothing' : marks.join(', ')
    test(`${rule} finds ${says} in ${JSON.stringify(text)}`, () => assert.deepEqual(marksOf(rule, text), marks))
  }
}
