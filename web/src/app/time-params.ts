import { useSearch } from '@tanstack/react-router';
import { type Params, type TimeParams, timeParams } from './address';

/**
 * The time parameters of the page that is shown. Also for the frame, which stands around every page and
 * sees the address as it was typed: so they are read here again.
 */
export function useTimeParams(): TimeParams {
  return timeParams(useSearch({ strict: false }) as Params);
}
