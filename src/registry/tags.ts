import { HearthError } from '../errors.ts'
import { asRecord, parseJson } from '../oci/descriptor.ts'
import { collect } from '../stream/bytes.ts'
import type { Endpoint } from './endpoint.ts'
import { registryError, type Subject, unreachable } from './registry-error.ts'
import type { RegistrySession } from './registry-session.ts'
import { repositoryScope } from './scope.ts'

export interface TagsAddress {
  readonly endpoint: Endpoint
  readonly subject: Subject
  /** Tags asked for at once; the registry may give fewer. */
  readonly pageSize: number
  readonly retries: number
  readonly signal?: AbortSignal | undefined
}

/** The largest page that is read, in bytes. */
const maxPageSize = 4 << 20
/** A registry that has more pages leads round in circles. */
const maxPages = 10_000

/** The tags of a repository, page by page as they are asked for. */
export async function* listTags(session: RegistrySession, address: TagsAddress): AsyncGenerator<string, void> {
  const { endpoint, subject, retries, signal } = address
  const scopes = [repositoryScope(endpoint.repository, 'pull')]
  let query: string | undefined = `?n=${address.pageSize}`
  for (let page = 0; query !== undefined; page++) {
    if (page === maxPages) throw refused(subject, `it has given ${maxPages} pages, and says that there are more`)
    const target = `tags/list${query}`
    const response = await session.send({ endpoint, method: 'GET', target, scopes, subject, retries, signal })
    if (response.status !== 200) throw await registryError(response, subject)
    const next = nextQuery(response.headers.link, address)
    if (next === query) throw refused(subject, 'a page names itself as the next one')
    yield* tagsOf(await pageBody(response.body, subject), subject)
    query = next
  }
}

/** What to ask for next. Only the query is taken from the link, so that the way stays in this repository. */
function nextQuery(link: string | undefined, { endpoint, subject }: TagsAddress): string | undefined {
  const next = link?.split(/,(?=\s*<)/).find((one) => /;\s*rel="?next"?(?:\s*;|\s*$)/i.test(one))
  const text = next === undefined ? undefined : /<([^>]*)>/.exec(next)?.[1]
  if (text === undefined) return undefined
  const url = URL.parse(text, `https://${endpoint.host}/v2/${endpoint.repository}/tags/list`)
  const isHere = url !== null && url.host === URL.parse(`${url.protocol}//${endpoint.host}`)?.host
  if (url === null || !isHere) throw refused(subject, 'its next page would be on another host')
  return url.search
}

async function pageBody(body: AsyncIterable<Uint8Array>, subject: Subject): Promise<Uint8Array> {
  try {
    return await collect(body, maxPageSize)
  } catch (error) {
    if (!(error instanceof RangeError)) throw unreachable(error, subject)
    throw refused(subject, `a page is larger than ${maxPageSize >> 20} MiB`)
  }
}

function tagsOf(bytes: Uint8Array, subject: Subject): readonly string[] {
  const { tags } = asRecord(parseJson(bytes, 'list of tags'), 'list of tags')
  // The registry's word for none.
  if (tags === null || tags === undefined) return []
  if (Array.isArray(tags) && tags.every((tag) => typeof tag === 'string')) return tags
  throw refused(subject, 'its answer is no list of tags')
}

function refused(subject: Subject, why: string): HearthError {
  return new HearthError({
    code: 'registry-refused',
    message: `${subject.host} gives no usable list of the tags of ${subject.what}`,
    why,
  })
}
