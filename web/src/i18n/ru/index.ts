import { alerts } from './alerts';
import { common } from './common';
import { frame } from './frame';
import { login } from './login';
import { overview } from './overview';
import { search } from './search';

export const ru = { alerts, common, frame, login, overview, search };
