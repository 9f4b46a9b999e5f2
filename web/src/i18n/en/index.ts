import { alerts } from './alerts';
import type { audit } from './audit';
import type { channels } from './channels';
import { common } from './common';
import type { delivery } from './delivery';
import { frame } from './frame';
import type { host } from './host';
import { login } from './login';
import { overview } from './overview';
import type { reports } from './reports';
import type { rule } from './rule';
import type { rules } from './rules';
import { search } from './search';
import type { silences } from './silences';

/** What every page needs. */
export const en = { alerts, common, frame, login, overview, search };

/** All texts, with those that are fetched with their page. */
export type Texts = typeof en & {
  audit: typeof audit;
  channels: typeof channels;
  delivery: typeof delivery;
  host: typeof host;
  reports: typeof reports;
  rule: typeof rule;
  rules: typeof rules;
  silences: typeof silences;
};
