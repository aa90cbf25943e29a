import { type CSSVariablesResolver, createTheme, type MantineColorsTuple } from '@mantine/core';

/** The accent. As text, steps 7 (on light) and 4 (on dark) reach WCAG AA against the page's ground, and white does on step 7. */
const sea: MantineColorsTuple = [
  '#e8f6f6',
  '#d0ebec',
  '#a5d8db',
  '#75c5ca',
  '#4bb9c0',
  '#2fa6ae',
  '#178f97',
  '#0b757c',
  '#066268',
  '#004c52',
];
/** What destroys or failed; white reaches WCAG AA on step 7. */
const red: MantineColorsTuple = [
  '#fceceb',
  '#f8d6d4',
  '#f0aea9',
  '#e8837c',
  '#e16058',
  '#dc4a41',
  '#c9352c',
  '#b3261e',
  '#961d16',
  '#7a1510',
];
const gray: MantineColorsTuple = [
  '#f6f8f8',
  '#eef1f2',
  '#e4e9ea',
  '#d6dde0',
  '#bcc6c9',
  '#97a3a8',
  '#566267',
  '#434e53',
  '#2f393d',
  '#1b2326',
];
const dark: MantineColorsTuple = [
  '#e3eaec',
  '#c3cdd1',
  '#9aa7ac',
  '#7f8d93',
  '#3a454a',
  '#2a3236',
  '#1c2225',
  '#13171a',
  '#0e1214',
  '#0a0d0e',
];

export const theme = createTheme({
  primaryColor: 'sea',
  primaryShade: 7,
  colors: { sea, red, gray, dark },
  black: '#1b2326',
  defaultRadius: 8,
  fontFamily: "'Inter Variable', system-ui, sans-serif",
  fontFamilyMonospace: 'ui-monospace, SFMono-Regular, Menlo, Consolas, monospace',
  fontSizes: { xs: '12px', sm: '14px', md: '14px', lg: '16px', xl: '20px' },
  lineHeights: { xs: '16px', sm: '20px', md: '20px', lg: '24px', xl: '28px' },
  spacing: { xs: '8px', sm: '12px', md: '16px', lg: '24px', xl: '32px' },
  headings: {
    fontWeight: '600',
    sizes: {
      h1: { fontSize: '20px', lineHeight: '28px' },
      h2: { fontSize: '14px', lineHeight: '20px' },
      h3: { fontSize: '14px', lineHeight: '20px' },
    },
  },
  cursorType: 'pointer',
  respectReducedMotion: true,
  components: {
    Button: { defaultProps: { size: 'sm', fw: 500 } },
    ActionIcon: { defaultProps: { variant: 'subtle', color: 'gray' } },
    Tooltip: { defaultProps: { openDelay: 400, withArrow: false, events: { hover: true, focus: true, touch: false } } },
    Modal: {
      defaultProps: { centered: true, transitionProps: { duration: 150 }, closeButtonProps: { 'aria-label': 'Close' } },
      styles: { title: { fontWeight: 600 } },
    },
    Drawer: { defaultProps: { transitionProps: { duration: 150 }, closeButtonProps: { 'aria-label': 'Close' } } },
    Menu: { defaultProps: { transitionProps: { duration: 100 }, shadow: 'sm' } },
    Skeleton: { defaultProps: { radius: 4 } },
  },
});

/**
 * What colors mean here; everything else is gray. Each reaches WCAG AA as text on the page's ground, and the outlines of controls
 * the 3:1 of WCAG 1.4.11; theme.test.ts measures both.
 */
export const cssVariables: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    '--mantine-color-body': '#fbfcfc',
    '--mantine-color-dimmed': gray[6],
    '--mantine-color-placeholder': gray[6],
    '--fl-line': gray[2],
    '--fl-track': gray[3],
    '--fl-control': '#7f8d93',
    '--fl-sunken': gray[1],
    '--fl-hover': gray[1],
    '--fl-selected': sea[0],
    '--fl-accent': sea[7],
    '--fl-done': '#1f7238',
    '--fl-attention': '#855600',
    '--fl-attention-ground': '#fdf3df',
    '--fl-failed': '#b3261e',
    '--fl-failed-ground': '#fceceb',
  },
  dark: {
    '--mantine-color-body': dark[7],
    '--mantine-color-dimmed': dark[2],
    '--mantine-color-placeholder': dark[2],
    '--fl-line': dark[5],
    '--fl-track': dark[4],
    '--fl-control': '#6b787e',
    '--fl-sunken': dark[6],
    '--fl-hover': dark[6],
    '--fl-selected': '#12292b',
    '--fl-accent': sea[4],
    '--fl-done': '#5cbf78',
    '--fl-attention': '#e0ab4c',
    '--fl-attention-ground': '#2b2415',
    '--fl-failed': '#f0857d',
    '--fl-failed-ground': '#2e1b1a',
  },
});
