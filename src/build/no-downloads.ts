import { HearthError } from '../errors.ts'
import type { HttpClient } from '../http/http-client.ts'

/** Asks nobody: for plans, which do without what they would have to download. */
export const noDownloads: HttpClient = {
  async request({ url }) {
    throw new HearthError({
      code: 'add-download',
      message: `${url.protocol}//${url.host}${url.pathname} is not downloaded to make a plan`,
    })
  },
  async [Symbol.asyncDispose]() {},
}
