import type { delivery as en } from '../en/delivery';
import type { Russian } from '../shape';

export const delivery: Russian<typeof en> = {
  title: 'Доставка',
};
