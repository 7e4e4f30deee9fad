import type { Project } from './project.ts'

export const project: Project = {
  dockerfile: `ARG BASE=node:22
FROM $BASE AS shared
WORKDIR /repo
COPY package.json ./
COPY packages/shared packages/shared
RUN cat packages/shared/*.ts >shared.js

FROM shared AS api
COPY packages/api packages/api
RUN cat shared.js packages/api/*.ts >api.js

FROM shared AS web
COPY packages/web packages/web
RUN cat packages/web/*.ts >web.js

FROM $BASE
WORKDIR /srv
COPY --from=api /repo/api.js ./
COPY --from=web /repo/web.js public/
COPY gateway.conf ./
RUN cat api.js public/web.js gateway.conf >all
`,
  files: {
    '.dockerignore': '**/*.md\n**/dist\n!packages/web/NOTICE.md\n',
    'package.json': '{ "workspaces": ["packages/*"] }\n',
    'packages/shared/index.ts': 'shared\n',
    'packages/api/index.ts': 'api\n',
    'packages/web/index.ts': 'web\n',
    'packages/web/README.md': 'The web.\n',
    'packages/web/NOTICE.md': 'Ours.\n',
    'gateway.conf': 'listen 80\n',
  },
  bases: { 'node:22': {}, 'node:24': { files: { 'usr/bin/node': '24' } } },
  changes: [
    { what: 'nothing' },
    { what: 'the api edited', files: { 'packages/api/index.ts': 'api 2\n' } },
    { what: 'the web edited', files: { 'packages/web/index.ts': 'web 2\n' } },
    {
      what: 'the shared package edited, which the web does not have in it',
      files: { 'packages/shared/index.ts': 'shared 2\n' },
    },
    { what: 'package.json edited, giving the same', files: { 'package.json': '{ "private": true }\n' } },
    { what: 'gateway.conf edited', files: { 'gateway.conf': 'listen 8080\n' } },
    {
      what: 'packages/web/README.md edited, which is ignored',
      files: { 'packages/web/README.md': 'The whole web.\n' },
    },
    { what: 'packages/web/NOTICE.md edited, which is an exception', files: { 'packages/web/NOTICE.md': 'Yours.\n' } },
    { what: 'a directory dist appeared, which is ignored', files: { 'packages/api/dist/api.js': 'x' } },
    { what: 'BASE=node:24', buildArgs: { BASE: 'node:24' } },
  ],
}
