import type { search as en } from '../en/search';
import type { Russian } from '../shape';

export const search: Russian<typeof en> = {
  title: 'Поиск',
};
