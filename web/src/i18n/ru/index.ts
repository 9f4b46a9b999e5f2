import { alerts } from './alerts';
import { common } from './common';
import { delivery } from './delivery';
import { frame } from './frame';
import { login } from './login';
import { overview } from './overview';
import { search } from './search';

export const ru = { alerts, common, delivery, frame, login, overview, search };
