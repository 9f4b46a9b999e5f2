import {
  type CSSVariablesResolver,
  createTheme,
  localStorageColorSchemeManager,
  type MantineColorsTuple,
} from '@mantine/core';

/** One accent. Shade 7 is the light theme's, shade 4 the dark theme's; both equal `--accent`. */
const accent: MantineColorsTuple = [
  '#e7effb',
  '#cfdff6',
  '#a9c6ef',
  '#a3c7f9',
  '#7fb0f5',
  '#4a86dc',
  '#2f6fcd',
  '#1f5fbf',
  '#184d9d',
  '#123c7c',
];

/** Mantine takes its dark greys from here; the same as in tokens.css. */
const dark: MantineColorsTuple = [
  '#e3e6ea',
  '#b1b9c4',
  '#98a2af',
  '#6d7784',
  '#3e4651',
  '#20252c',
  '#1a1e24',
  '#15181d',
  '#101317',
  '#0b0d10',
];

export const theme = createTheme({
  colors: { accent, dark },
  primaryColor: 'accent',
  primaryShade: { light: 7, dark: 4 },
  autoContrast: true,
  fontFamily: 'var(--font-text)',
  fontFamilyMonospace: 'var(--font-mono)',
  fontSizes: { xs: '12px', sm: '13px', md: '13px', lg: '15px', xl: '18px' },
  lineHeights: { xs: '16px', sm: '20px', md: '20px', lg: '24px', xl: '28px' },
  spacing: { xs: '4px', sm: '8px', md: '12px', lg: '16px', xl: '24px' },
  radius: { xs: '2px', sm: '4px', md: '4px', lg: '6px', xl: '8px' },
  defaultRadius: 'sm',
  shadows: { md: 'var(--shadow)' },
  focusRing: 'auto',
  cursorType: 'pointer',
  components: {
    TextInput: { defaultProps: { size: 'xs' } },
    PasswordInput: { defaultProps: { size: 'xs' } },
    Modal: { defaultProps: { transitionProps: { duration: 0 }, centered: false } },
    Menu: { defaultProps: { transitionProps: { duration: 0 }, shadow: 'md' } },
    Popover: { defaultProps: { transitionProps: { duration: 0 }, shadow: 'md' } },
  },
});

/** Mantine draws with our tokens, so that its parts and ours cannot drift apart. */
const shared = {
  '--mantine-color-body': 'var(--bg)',
  '--mantine-color-text': 'var(--text)',
  '--mantine-color-bright': 'var(--text)',
  '--mantine-color-dimmed': 'var(--text-3)',
  '--mantine-color-placeholder': 'var(--text-3)',
  '--mantine-color-anchor': 'var(--accent)',
  '--mantine-color-error': 'var(--danger)',
  '--mantine-color-default': 'var(--bg)',
  '--mantine-color-default-hover': 'var(--bg-hover)',
  '--mantine-color-default-color': 'var(--text)',
  '--mantine-color-default-border': 'var(--line-strong)',
};

export const variables: CSSVariablesResolver = () => ({
  variables: { '--mantine-primary-color-contrast': 'var(--on-accent)' },
  light: shared,
  dark: shared,
});

export const schemes = localStorageColorSchemeManager({ key: 'watchpost.scheme' });
