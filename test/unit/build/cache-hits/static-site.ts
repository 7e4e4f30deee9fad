import type { Project } from './project.ts'

export const project: Project = {
  dockerfile: `FROM node:22 AS site
WORKDIR /site
COPY content content
COPY theme theme
RUN mkdir public && cat theme/head.html content/*.md >public/index.html && cp theme/style.css public

FROM nginx:1
COPY nginx.conf /etc/nginx/
COPY --from=site /site/public/style.css /usr/share/nginx/html/
COPY --from=site /site/public /usr/share/nginx/html
`,
  files: {
    'content/index.md': '# Hello\n',
    'content/draft.txt': 'not yet\n',
    'theme/head.html': '<html>\n',
    'theme/style.css': 'body {}\n',
    'nginx.conf': 'gzip on;\n',
  },
  bases: { 'node:22': {}, 'nginx:1': { files: { 'etc/nginx/mime.types': 'text' } } },
  changes: [
    { what: 'nothing' },
    { what: 'content/index.md edited', files: { 'content/index.md': '# Hello again\n' } },
    { what: 'content/draft.txt edited, which is not published', files: { 'content/draft.txt': 'soon\n' } },
    { what: 'theme/style.css edited', files: { 'theme/style.css': 'body { margin: 0 }\n' } },
    { what: 'nginx.conf edited', files: { 'nginx.conf': 'gzip off;\n' } },
    { what: 'nginx:1 moved', bases: { 'nginx:1': { files: { 'etc/nginx/mime.types': 'text image' } } } },
    { what: 'all files touched', touches: true },
    { what: 'a label', dockerfile: [['FROM nginx:1\n', 'FROM nginx:1\nLABEL a=b\n']] },
  ],
}
