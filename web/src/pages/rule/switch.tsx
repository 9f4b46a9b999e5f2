import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useId, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { switchRule } from '@/api/rules';
import type { RuleView } from '@/api/types';
import { safeString } from '@/lib/safe-text';
import { announce } from '@/parts/announce';
import { Button } from '@/parts/button';
import { SafeText } from '@/parts/safe-text';
import { Failure } from '@/parts/states';
import { Time } from '@/parts/time';
import classes from './rule.module.css';

/** The server takes 1,000 bytes; a character may have four, and most have two at most. */
export const REASON_MAX = 450;

/** Whether a rule is looked for, who said so, and the way to change it. */
export function Switch({ rule }: { rule: RuleView }) {
  const { t } = useTranslation('rule');
  const [asking, setAsking] = useState(false);
  const [reason, setReason] = useState('');
  const client = useQueryClient();
  const id = useId();
  const change = useMutation({
    mutationFn: () => switchRule(rule.key, !rule.enabled, reason.trim()),
    onSuccess: (now) => {
      setAsking(false);
      setReason('');
      announce(now.enabled ? t('is.on') : t('is.off'));
      return client.invalidateQueries({ queryKey: ['rules'] });
    },
  });
  const submit = (event: React.FormEvent) => {
    event.preventDefault();
    if (rule.enabled && reason.trim() === '') return;
    change.mutate();
  };
  return (
    <div className={classes.switch}>
      <p>
        <b data-on={rule.enabled}>{rule.enabled ? t('is.on') : t('is.off')}</b>
        {rule.state && (
          <span className={classes.hint}>
            <Time at={rule.state.at} precision="minute" />{' '}
            <bdi>{t('by', { who: safeString(rule.state.by) })}</bdi>{' '}
            <SafeText text={rule.state.reason} />
          </span>
        )}
        {!asking && (
          <Button
            small
            onClick={() => (rule.enabled ? setAsking(true) : change.mutate())}
            disabled={change.isPending}
          >
            {rule.enabled ? t('disable') : t('enable')}
          </Button>
        )}
      </p>
      {asking && (
        <form className={classes.actions} onSubmit={submit}>
          <label htmlFor={id}>{t('reason')}</label>
          <input
            id={id}
            // biome-ignore lint/a11y/noAutofocus: it was just asked for
            autoFocus
            required
            maxLength={REASON_MAX}
            value={reason}
            onChange={(event) => setReason(event.target.value)}
          />
          <Button type="submit" disabled={reason.trim() === '' || change.isPending}>
            {t('disable')}
          </Button>
          <Button look="quiet" onClick={() => setAsking(false)}>
            {t('leave')}
          </Button>
        </form>
      )}
      {change.error && <Failure error={change.error} />}
    </div>
  );
}
