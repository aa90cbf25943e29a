// What electron-builder does first: everything that ships needs its notices.
import path from 'node:path';
import { writeNotices } from './notices.mjs';

export default () => writeNotices(path.resolve(import.meta.dirname, '../dist/notices'));
