import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dataPaths } from '../../platform/data-paths.ts';

/** The token that lets a monitoring system read the metrics and nothing else: METRICS_TOKEN, or the one that was made. */
export function metricsToken(dataDir: string, env: Record<string, string | undefined>): string | undefined {
  const given = env.METRICS_TOKEN?.trim();
  if (given) return given;
  const { metricsToken: file } = dataPaths(dataDir);
  return existsSync(file) ? readFileSync(file, 'utf8').trim() || undefined : undefined;
}

/** Writes a new token to the data folder, readable by its owner only; a previous token is no longer valid. */
export function makeMetricsToken(dataDir: string): string {
  const { metricsToken: file } = dataPaths(dataDir);
  const token = randomBytes(32).toString('base64url');
  rmSync(file, { force: true });
  writeFileSync(file, `${token}\n`, { mode: 0o600 });
  return token;
}

/** Takes it back. */
export function removeMetricsToken(dataDir: string): void {
  rmSync(dataPaths(dataDir).metricsToken, { force: true });
}
