import type { overview as en } from '../en/overview';
import type { Russian } from '../shape';

export const overview: Russian<typeof en> = {
  title: 'Обзор',
};
