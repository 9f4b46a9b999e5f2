import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useId } from 'react';
import { useTranslation } from 'react-i18next';
import { createRule } from '@/api/rules';
import { safeString } from '@/lib/safe-text';
import { SafeText } from '@/parts/safe-text';
import { useFailureText } from '@/parts/states';
import classes from './rule.module.css';

const FILES_MAX = 200;
const BYTES_MAX = 64 * 1024;

interface Taken {
  name: string;
  title?: string;
  error?: unknown;
}

async function takeOne(file: File, note: string, tooLarge: Error): Promise<Taken> {
  const { name } = file;
  if (file.size > BYTES_MAX) return { name, error: tooLarge };
  try {
    const { title } = await createRule(await file.text(), note);
    return { name, title };
  } catch (error) {
    return { name, error };
  }
}

/** Files that become rules of one's own, one after the other. */
export function Import() {
  const { t } = useTranslation('rule');
  const client = useQueryClient();
  const id = useId();
  const taking = useMutation({
    mutationFn: async (files: File[]) => {
      const taken: Taken[] = [];
      const tooLarge = new Error(t('import.large'));
      for (const file of files.slice(0, FILES_MAX)) {
        taken.push(await takeOne(file, t('import.note', { file: file.name }), tooLarge));
      }
      return taken;
    },
    onSettled: () => client.invalidateQueries({ queryKey: ['rules'] }),
  });
  return (
    <section className={classes.part} aria-labelledby={id}>
      <h2 id={id}>{t('import')}</h2>
      <p className={classes.hint}>{t('import.hint')}</p>
      <input
        type="file"
        multiple
        accept=".yml,.yaml"
        aria-labelledby={id}
        disabled={taking.isPending}
        onChange={(event) => {
          const files = [...(event.target.files ?? [])];
          event.target.value = '';
          if (files.length > 0) taking.mutate(files);
        }}
      />
      <div role="status">
        <ul className={classes.results}>
          {taking.data?.map((one) => (
            <Told key={one.name} taken={one} />
          ))}
        </ul>
      </div>
    </section>
  );
}

function Told({ taken: { name, title, error } }: { taken: Taken }) {
  const { t } = useTranslation('rule');
  const failure = useFailureText(error);
  const wrong = error instanceof Error && error.name === 'Error' ? error.message : failure;
  return (
    <li>
      <SafeText text={name} />:{' '}
      {error === undefined ? (
        <bdi>{t('import.taken', { title: safeString(title ?? '') })}</bdi>
      ) : (
        <span className={classes.bad}>
          <SafeText text={wrong} />
        </span>
      )}
    </li>
  );
}
