import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import {
  chmod,
  chown,
  copyFile,
  link,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  symlink,
  unlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, onTestFinished, type TestContext, test } from 'vitest';
import type { LibraryView } from '../../src-shared/contract.ts';
import { DEFAULT_SETTINGS } from '../../src-shared/settings.ts';
import { FileTable } from '../db/files.ts';
import { JobTable } from '../db/jobs.ts';
import { LibraryTable } from '../db/libraries.ts';
import { type Db, openDatabase } from '../db/open.ts';
import { type Swap, SwapTable, type VaultRow } from '../db/swaps.ts';
import { makeLog } from '../log.ts';
import type { MasterContext } from '../master/context.ts';
import { carryOver } from '../master/durable.ts';
import { identify, inodeOf, versionOf } from '../master/identity.ts';
import { Scanner } from '../master/scanner.ts';
import { Swapper, type SwapRequest } from '../master/swap.ts';
import { Vault } from '../master/vault.ts';
import { keptPath, writeManifest } from '../master/vault-folder.ts';
import { type RunningNode, startNode } from '../node.ts';
