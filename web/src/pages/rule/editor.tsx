import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { checkQuery } from '@/api/rules';
import type { CheckedText, RuleOutline, RuleProblem, RuleSource } from '@/api/types';
import { SafeText } from '@/parts/safe-text';
import { Failure } from '@/parts/states';
import classes from './rule.module.css';
import { makeTextEditor, type TextEditor } from './text-editor';

/** Long enough for a word, short enough to feel at once. */
const PAUSE_MS = 300;

interface Props {
  text: string;
  /** The rule whose place it takes. */
  ruleKey?: string;
  fixed: boolean;
  change(text: string): void;
  save(): void;
}

/** A rule's text, checked while it is typed. */
export function Editor({ text, ruleKey, fixed, change, save }: Props) {
  const { t } = useTranslation('rule');
  const place = useRef<HTMLDivElement>(null);
  const editor = useRef<TextEditor>(undefined);
  const latest = useRef({ change, save });
  latest.current = { change, save };
  const first = useRef({ text, fixed, label: t('text') });
  useEffect(() => {
    const parent = place.current;
    if (!parent) return;
    const made = makeTextEditor({
      parent,
      ...first.current,
      changed: (now) => latest.current.change(now),
      save: () => latest.current.save(),
    });
    editor.current = made;
    return () => made.destroy();
  }, []);
  useEffect(() => editor.current?.setText(text), [text]);
  useEffect(() => editor.current?.setFixed(fixed), [fixed]);
  const { data, error } = useChecked(text, ruleKey);
  const problems = data?.problems;
  useEffect(() => {
    const lines = (problems ?? []).flatMap(({ line }) => (line === undefined ? [] : [line]));
    editor.current?.setWrong(lines);
  }, [problems]);
  return (
    <>
      <div className={classes.editor} data-fixed={fixed || undefined} ref={place} />
      {error && <Failure error={error} />}
      <div className={classes.checked} role="status">
        {data && <Checked checked={data} goTo={(line) => editor.current?.goTo(line)} />}
      </div>
    </>
  );
}

function useChecked(text: string, key: string | undefined) {
  const [late, setLate] = useState(text);
  useEffect(() => {
    const timer = setTimeout(() => setLate(text), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [text]);
  return useQuery({
    ...checkQuery(late, key),
    enabled: late.trim() !== '',
    placeholderData: keepPreviousData,
    retry: false,
  });
}

function Checked({ checked, goTo }: { checked: CheckedText; goTo(line: number): void }) {
  const { t } = useTranslation('rule');
  const { problems, rules } = checked;
  return (
    <>
      {problems.length === 0 && <p className={classes.good}>{t('check.good')}</p>}
      {problems.length > 0 && (
        <ul className={classes.problems} aria-label={t('check.problems')}>
          {problems.map((problem) => (
            <li key={`${problem.line} ${problem.message}`}>
              <Place problem={problem} goTo={goTo} /> <SafeText text={problem.message} />
            </li>
          ))}
        </ul>
      )}
      {rules.map(({ key, title, outline }) => (
        <Outline key={key} title={rules.length > 1 ? title : undefined} outline={outline} />
      ))}
    </>
  );
}

function Place({ problem, goTo }: { problem: RuleProblem; goTo(line: number): void }) {
  const { t } = useTranslation('rule');
  const { line } = problem;
  if (line === undefined) return null;
  return (
    <button type="button" className={classes.line} onClick={() => goTo(line)}>
      {t('check.line', { line })}
    </button>
  );
}

const sourceText = ({ product, category, service }: RuleSource) =>
  [product, category, service].filter((part) => part !== undefined).join(' / ');

/** What a rule looks at. */
function Outline({ title, outline }: { title?: string; outline: RuleOutline }) {
  const { t } = useTranslation('rule');
  const fields = [...outline.fields, ...(outline.words ? [t('outline.words')] : [])];
  return (
    <dl className={classes.outline}>
      {title !== undefined && (
        <div>
          <dt>{t('outline.rule')}</dt>
          <dd>
            <SafeText text={title} />
          </dd>
        </div>
      )}
      <div>
        <dt>{t('outline.sources')}</dt>
        <dd>
          <SafeText text={outline.sources.map(sourceText).join(', ')} />
        </dd>
      </div>
      {outline.counts && (
        <div>
          <dt>{t('outline.counts')}</dt>
          <dd>
            <SafeText text={outline.counts.map((one) => one.title).join(', ')} />
          </dd>
        </div>
      )}
      <div>
        <dt>{t('outline.fields')}</dt>
        <dd>
          <SafeText text={fields.join(', ')} />
        </dd>
      </div>
    </dl>
  );
}
