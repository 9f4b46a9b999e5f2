import type { ChannelInfo } from '@/api/types';

export type ChannelState = 'ok' | 'idle' | 'down' | 'trouble' | 'gone' | 'unusable';

/** Where a channel stands, in a word. */
export function channelState({ kind, down, error, messages, made }: ChannelInfo): ChannelState {
  if (made?.problem) return 'unusable';
  if (!kind) return 'gone';
  if (down) return 'down';
  if (error) return 'trouble';
  return (messages.sent ?? 0) + (messages.told ?? 0) > 0 ? 'ok' : 'idle';
}
