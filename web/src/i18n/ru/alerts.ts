import type { alerts as en } from '../en/alerts';
import type { Russian } from '../shape';

export const alerts: Russian<typeof en> = {
  title: 'Оповещения',
};
