import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import type { Event, Json } from '@/api/types';
import { flatten, textOf } from '@/lib/event';
import { cut } from '@/lib/safe-text';
import { SafeText } from '@/parts/safe-text';
import classes from './detail.module.css';
import { filter, searchAround } from './search-link';

const VALUE_MAX = 2000;

function isLeaf(value: Json): value is string | number | boolean {
  return ['string', 'number', 'boolean'].includes(typeof value);
}

/** A detection's fields; the message stands above already. */
export function Fields({ event, at }: { event: Event; at: string }) {
  const { t } = useTranslation('alerts');
  const fields = flatten(event).fields.filter(({ name }) => name !== 'message');
  return (
    <table className={classes.fields}>
      <tbody>
        {fields.map(({ name, value }) => (
          <tr key={name}>
            <th scope="row">
              <SafeText text={name} />
            </th>
            <td>
              {isLeaf(value) && name !== '@timestamp' && String(value).length <= 200 ? (
                <Link
                  to="/search"
                  search={searchAround(at, [filter(name, value)])}
                  title={t('fields.find')}
                >
                  <SafeText text={String(value)} />
                </Link>
              ) : (
                <SafeText text={cut(textOf(value), VALUE_MAX)} />
              )}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
