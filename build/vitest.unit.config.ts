import { configDefaults, defineConfig } from 'vitest/config';
import base from './vitest.config.ts';

/** The fast loop, `npm run test:unit`: tests beside their file that start neither ffmpeg nor a node, so that nothing has to be built. */
export default defineConfig({
  ...base,
  test: {
    ...base.test,
    globalSetup: [],
    exclude: [...configDefaults.exclude, 'src-main/test/**', 'src-renderer/e2e/**', '**/*.integration.test.ts'],
  },
});
