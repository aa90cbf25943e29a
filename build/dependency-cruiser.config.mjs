// The import rules of the house, which `npm run check` enforces.

/** The rooms of each program, floor by floor: a room may import its own files and those of all floors below, and no room beside it. */
const HOUSE = {
  'src-shared': [['util'], ['media'], ['fleet'], ['settings'], ['plan'], ['jobs'], ['contract'], ['text']],
  'src-main': [
    ['util'],
    ['platform'],
    ['fs', 'log'],
    ['db', 'media', 'lan'],
    ['master', 'worker'],
    ['server'],
    ['app'],
    ['cli'],
    ['headless.ts', 'electron'],
  ],
  'src-renderer': [
    ['lib'],
    ['store'],
    ['components'],
    ['features'],
    ['pages'],
    ['theme.ts', 'style.css'],
    ['app.tsx'],
    ['main.tsx'],
  ],
};

/** What stands lower but is not for everyone, and what stands outside of the house: from, to, and the reason. */
const WALLS = [
  ['src-main/worker/', 'src-main/db/', 'A worker may run on another computer than the database.'],
  ['src-main/(?!electron/)', 'node_modules/electron/', 'Only the desktop knows Electron.'],
  [
    'src-shared/',
    'node_modules/(?!zod/)|^node:|src-main/|src-renderer/',
    'src-shared runs everywhere: zod and its own files.',
  ],
  ['src-main/', 'src-renderer/', 'The page is built separately and served as files.'],
  ['src-renderer/', 'src-main/|^node:|node_modules/electron/', 'A page reaches the computer through its transport.'],
  ['src-renderer/pages/([^/]+)/', 'src-renderer/pages/(?!$1/)[^/]+/', 'What pages share is a feature.'],
];

const TESTS = String.raw`\.test\.tsx?$|^src-main/test/|^src-renderer/e2e/`;
const place = (program, rooms) => `^${program}/(${rooms.join('|').replaceAll('.', String.raw`\.`)})(/|$)`;

const floors = Object.entries(HOUSE).flatMap(([program, house]) =>
  house.flatMap((floor, i) =>
    floor.map((room) => {
      const below = house.slice(0, i).flat();
      return {
        name: `${program}/${room}`,
        comment: `It may import ${[room, ...below].join(', ')}.`,
        severity: 'error',
        from: { path: place(program, [room]), pathNot: TESTS },
        to: { path: `^${program}/`, pathNot: place(program, [room, ...below]) },
      };
    }),
  ),
);

export default {
  forbidden: [
    ...floors,
    ...WALLS.map(([from, to, comment]) => ({
      name: `wall of ${from}`,
      comment,
      severity: 'error',
      from: { path: `^${from}`, pathNot: TESTS },
      to: { path: to },
    })),
    {
      name: 'no circles',
      comment: 'Two files that need each other are one file, or lack a third.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
  ],
  options: { parser: 'swc', doNotFollow: { path: 'node_modules' } },
};
