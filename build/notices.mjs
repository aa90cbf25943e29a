// The notices of everything that is shipped: the packages beside the program, and those that are part of it and of its page.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '..');
const LICENSE_FILE = /^(licen[cs]e|copying|notice)/i;
const RULE = `\n${'-'.repeat(80)}\n\n`;

/** Texts of the licence and notice files in a package's folder. */
function textsOf(folder) {
  const files = readdirSync(folder, { withFileTypes: true }).filter((f) => f.isFile() && LICENSE_FILE.test(f.name));
  return files.map(({ name }) => readFileSync(path.join(folder, name), 'utf8').trim()).join('\n\n');
}

/** The packages that the lock file has for run time, where they are installed. */
function shipped() {
  const { packages } = JSON.parse(readFileSync(path.join(root, 'package-lock.json'), 'utf8'));
  const places = Object.keys(packages).filter((place) => place && !packages[place].dev && !packages[place].devOptional);
  return places.flatMap((place) => {
    const folder = path.join(root, place);
    try {
      const { name, version, license } = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8'));
      return [{ name, version, license, text: textsOf(folder) }];
    } catch (error) {
      // Optional ones of other systems.
      if (error.code === 'ENOENT' && packages[place].optional) return [];
      throw error;
    }
  });
}

/** The packages that Vite found in the program and in the page. */
function bundled() {
  return ['main', 'renderer'].flatMap((part) => {
    const file = path.join(root, 'out', part, '.vite/licenses.json');
    return JSON.parse(readFileSync(file, 'utf8')).map(({ identifier, ...rest }) => ({ ...rest, license: identifier }));
  });
}

/** Writes THIRD-PARTY-NOTICES.txt into a folder. */
export function writeNotices(folder) {
  const all = new Map([...shipped(), ...bundled()].map((one) => [`${one.name} ${one.version}`, one]));
  const entries = [...all.keys()].sort().map((title) => {
    const { license, text } = all.get(title);
    return `${title} (${license ?? 'see below'})\n\n${text || 'The package names its licence and brings no text of it.'}\n`;
  });
  const head = 'Flotilla contains these packages. Thank you to all who made them.\n';
  mkdirSync(folder, { recursive: true });
  writeFileSync(path.join(folder, 'THIRD-PARTY-NOTICES.txt'), [head, ...entries].join(RULE));
}
