import { useComputedColorScheme } from '@mantine/core';

/** The theme that is shown, for what is drawn and not styled. */
export function useScheme(): 'light' | 'dark' {
  return useComputedColorScheme('light', { getInitialValueInEffect: false });
}
