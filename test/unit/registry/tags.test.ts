import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseRepository } from '../../../src/oci/reference.ts'
import { startHttpServer } from '../../support/http-server.ts'
import { refusal, testClient } from './test-client.ts'

// Debian's registry gives all tags at once, whatever is asked for: pages need a server of our own.
async function tagsFrom(link: (last: string | null, host: string) => string | undefined): Promise<{
  readonly tags: readonly string[]
  readonly asked: readonly string[]
}> {
  const all = ['a', 'b', 'c', 'd', 'e']
  const asked: string[] = []
  await using server = await startHttpServer((request, response) => {
    const url = new URL(request.url ?? '', 'http://here')
    if (!url.pathname.endsWith('/tags/list')) return void response.end('{}')
    asked.push(url.pathname + url.search)
    const [last, n] = [url.searchParams.get('last'), Number(url.searchParams.get('n'))]
    const from = last === null ? 0 : all.indexOf(last) + 1
    const page = all.slice(from, from + n)
    const next = from + n < all.length ? link(page.at(-1) ?? '', server.host) : undefined
    response.writeHead(200, { 'content-type': 'application/json', ...(next === undefined ? {} : { link: next }) })
    response.end(JSON.stringify({ name: 'team/cache', tags: page }))
  })
  await using t = testClient({ policy: { plainHttp: () => true } })
  const tags: string[] = []
  const repository = parseRepository(`${server.host}/team/cache`)
  for await (const tag of t.client.tags(repository, { pageSize: 2 })) tags.push(tag)
  return { tags, asked }
}

const path = '/v2/team/cache/tags/list'

test('tags come over as many pages as there are', async () => {
  const { tags, asked } = await tagsFrom((last) => `<${path}?last=${last}&n=2>; rel="next"`)
  assert.deepEqual(tags, ['a', 'b', 'c', 'd', 'e'])
  assert.deepEqual(asked, [`${path}?n=2`, `${path}?last=b&n=2`, `${path}?last=d&n=2`])
})

test('a link may be a whole address of the same host, and one of several', async () => {
  const first = '<https://elsewhere.example/>; rel="first", '
  const { tags } = await tagsFrom((last, host) => `${first}<https://${host}${path}?last=${last}&n=2>; rel=next`)
  assert.deepEqual(tags, ['a', 'b', 'c', 'd', 'e'])
})

test('a link to another host is refused', async () => {
  const other = tagsFrom((last) => `<http://elsewhere.example${path}?last=${last}&n=2>; rel="next"`)
  await assert.rejects(other, refusal('registry-refused', /another host/))
})

test('a page that names itself as the next one is refused', async () => {
  const same = tagsFrom(() => `<${path}?n=2>; rel="next"`)
  await assert.rejects(same, refusal('registry-refused', /names itself/))
})
