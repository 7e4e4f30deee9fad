import type { Project } from './project.ts'

export const project: Project = {
  dockerfile: `FROM node:22 AS deps
WORKDIR /app
COPY package.json package-lock.json ./
# npm ci
RUN mkdir node_modules && cp package-lock.json node_modules/installed

FROM deps AS build
COPY . .
# npm run build
RUN mkdir dist && cat src/*.js >dist/app.js

FROM node:22-slim
ENV NODE_ENV=production
WORKDIR /app
COPY --from=deps /app/node_modules node_modules
COPY --from=build /app/dist dist
USER nobody
CMD ["node", "dist/app.js"]
`,
  files: {
    '.dockerignore': 'Dockerfile\nREADME.md\nnode_modules\n',
    'package.json': '{ "version": "1.0.0" }\n',
    'package-lock.json': '{ "left-pad": "1.0.0" }\n',
    'src/app.js': 'main()\n',
    'test/app.test.js': 'test()\n',
    'README.md': 'An app.\n',
  },
  bases: {
    'node:22': { files: { 'usr/bin/node': '22.0' } },
    'node:22-slim': { files: { 'usr/bin/node': '22.0 slim' } },
  },
  changes: [
    { what: 'nothing' },
    { what: 'all files touched', touches: true },
    { what: 'README.md edited, which is ignored', files: { 'README.md': 'A better app.\n' } },
    { what: 'src/app.js edited', files: { 'src/app.js': 'betterMain()\n' } },
    { what: 'test/app.test.js edited, which is not in dist', files: { 'test/app.test.js': 'test(1)\n' } },
    { what: 'src/app.js made executable', files: { 'src/app.js': { text: 'main()\n', mode: 0o755 } } },
    {
      what: 'version in package.json raised, the same packages installed',
      files: { 'package.json': '{ "version": "1.0.1" }\n' },
    },
    { what: 'package-lock.json changed', files: { 'package-lock.json': '{ "left-pad": "1.0.1" }\n' } },
    { what: 'a comment in the Dockerfile', dockerfile: [['# npm ci', '# npm ci, as of version 10']] },
    { what: 'CMD changed', dockerfile: [['"dist/app.js"', '"dist/app.js", "--verbose"']] },
    { what: 'ENV of the last stage changed', dockerfile: [['NODE_ENV=production', 'NODE_ENV=staging']] },
    {
      what: 'the stage deps renamed',
      dockerfile: [
        ['AS deps', 'AS packages'],
        ['FROM deps', 'FROM packages'],
        ['=deps', '=packages'],
      ],
    },
    { what: 'node:22-slim moved', bases: { 'node:22-slim': { files: { 'usr/bin/node': '22.1 slim' } } } },
    { what: 'node:22 moved, building the same', bases: { 'node:22': { files: { 'usr/bin/node': '22.1' } } } },
    {
      what: 'node:22-slim has another label',
      bases: { 'node:22-slim': { files: { 'usr/bin/node': '22.0 slim' }, config: { Labels: { built: 'today' } } } },
    },
  ],
}
