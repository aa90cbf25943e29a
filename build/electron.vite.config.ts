import { chmod } from 'node:fs/promises';
import path from 'node:path';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'electron-vite';
import type { Plugin } from 'vite';

const root = path.resolve(import.meta.dirname, '..');
const source = (file: string) => path.join(root, file);
const out = (folder: string) => path.join(root, 'out', folder);

/** Makes the command line program executable; its shebang line comes from the source. */
const executable = (file: string): Plugin => ({
  name: 'flotilla:executable',
  writeBundle: ({ dir = '' }) => chmod(path.join(dir, file), 0o755),
});

/**
 * Pages have addresses of several parts, so that the page finds assets from the root, or from where a reverse proxy shows it, which
 * src-main/server/web/index-page.ts puts in; scripts and styles find each other. electron-vite would have all beside the page.
 */
const assets: Plugin = {
  name: 'flotilla:assets',
  config: () => ({
    base: '/',
    experimental: {
      renderBuiltUrl: (file, { hostType }) => (hostType === 'html' ? `__BASE__/${file}` : { relative: true }),
    },
  }),
};

/**
 * Packages of many small files that every start needs: as part of the program they are read at once. All are modules of plain
 * JavaScript.
 */
const BUNDLED = [
  ...['compression', 'cookie', 'env-paths', 'execa', 'express', 'helmet', 'ipaddr.js', 'jsonc-parser', 'limiter'],
  ...['p-limit', 'p-retry', 'pino', 'rate-limiter-flexible', 'socket.io', 'zod'],
];

/** build/notices.mjs makes the notices of what program and page are made of from it. */
const LICENSES = '.vite/licenses.json';

export default defineConfig({
  main: {
    root,
    // express and socket.io bring different versions of this large table of media types; the newest serves both.
    resolve: { dedupe: ['mime-db'] },
    plugins: [executable('headless.js')],
    build: {
      outDir: out('main'),
      license: { fileName: LICENSES },
      externalizeDeps: { exclude: BUNDLED },
      // The command line runs on the oldest Node of package.json's engines, not only on Electron's.
      target: 'node22',
      rolldownOptions: {
        input: {
          index: source('src-main/electron/app/start.ts'),
          headless: source('src-main/headless.ts'),
          'node-thread': source('src-main/electron/backend/node-thread.ts'),
          walker: source('src-main/master/library/walker.ts'),
          'backup-thread': source('src-main/db/backup-thread.ts'),
        },
        // One folder for all, so that new URL('./walker.js', import.meta.url) is right in every chunk.
        output: { format: 'es', entryFileNames: '[name].js', chunkFileNames: '[name]-[hash].js' },
      },
    },
  },
  preload: {
    root,
    build: {
      outDir: out('preload'),
      rolldownOptions: {
        input: source('src-main/electron/window/preload.ts'),
        // A sandboxed preload script has to be CommonJS; .cjs says so inside a package of modules.
        output: { format: 'cjs', entryFileNames: '[name].cjs' },
      },
    },
  },
  renderer: {
    root: source('src-renderer'),
    plugins: [react(), assets],
    // src-main/server/web/index-page.ts puts a new one in with every answer.
    html: { cspNonce: '%CSP_NONCE%' },
    build: {
      outDir: out('renderer'),
      license: { fileName: LICENSES },
      emptyOutDir: true,
      // Served to any browser of the network, not only to Electron's.
      target: 'es2022',
      minify: true,
      rolldownOptions: {
        input: source('src-renderer/index.html'),
        // All that the first page takes comes in one file, whatever later pages share with it.
        output: { codeSplitting: { groups: [{ name: 'app', test: /[\\/]app\.tsx$/ }] } },
      },
    },
  },
});
