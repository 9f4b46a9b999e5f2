import { Modal } from '@mantine/core';
import '@/parts/modal.css';
import { type KeyboardEvent, useEffect, useMemo, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { matchesWords } from '@/lib/match';
import { type Command, useCommandLists } from './commands';
import classes from './palette.module.css';

interface Props {
  opened: boolean;
  close(): void;
}

/** Everything that can be done here, by typing a part of its name. */
export function Palette({ opened, close }: Props) {
  const { t } = useTranslation('frame');
  return (
    <Modal
      opened={opened}
      onClose={close}
      withCloseButton={false}
      padding={0}
      size={520}
      yOffset="12vh"
      aria-label={t('palette')}
    >
      <PaletteBody close={close} />
    </Modal>
  );
}

function useFound(typed: string): Command[] {
  const lists = useCommandLists();
  return useMemo(() => {
    const owners = [...lists.keys()].sort();
    const all = owners.flatMap((owner) => lists.get(owner) ?? []);
    return all.filter((command) => matchesWords(typed, `${command.group} ${command.label}`));
  }, [lists, typed]);
}

function PaletteBody({ close }: { close(): void }) {
  const { t } = useTranslation('frame');
  const [typed, setTyped] = useState('');
  const [at, setAt] = useState(0);
  const list = useRef<HTMLDivElement>(null);
  const found = useFound(typed);
  const chosen = Math.min(at, found.length - 1);
  useEffect(() => {
    list.current?.querySelector(`#command-${chosen}`)?.scrollIntoView({ block: 'nearest' });
  }, [chosen]);
  const run = (command: Command | undefined) => {
    if (!command) return;
    close();
    command.run();
  };
  const press = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) setAt((chosen + step + found.length) % Math.max(found.length, 1));
    else if (event.key === 'Enter') run(found[chosen]);
    else return;
    event.preventDefault();
  };
  return (
    <>
      <input
        className={classes.input}
        placeholder={t('palette.placeholder')}
        aria-label={t('palette.placeholder')}
        role="combobox"
        aria-expanded="true"
        aria-controls="commands"
        aria-activedescendant={found.length ? `command-${chosen}` : undefined}
        value={typed}
        onChange={(event) => {
          setTyped(event.currentTarget.value);
          setAt(0);
        }}
        onKeyDown={press}
        data-autofocus
      />
      <div className={classes.list} id="commands" role="listbox" tabIndex={-1} ref={list}>
        {found.length === 0 && <p className={classes.none}>{t('palette.empty')}</p>}
        {found.map((command, index) => (
          <Item
            key={command.id}
            command={command}
            index={index}
            selected={index === chosen}
            first={found[index - 1]?.group !== command.group}
            run={run}
          />
        ))}
      </div>
    </>
  );
}

interface ItemProps {
  command: Command;
  index: number;
  selected: boolean;
  first: boolean;
  run(command: Command): void;
}

function Item({ command, index, selected, first, run }: ItemProps) {
  return (
    <>
      {first && (
        <div className={classes.group} role="presentation">
          {command.group}
        </div>
      )}
      {/* biome-ignore lint/a11y/useKeyWithClickEvents: keys are handled where the focus is, in the field */}
      <div
        id={`command-${index}`}
        className={classes.item}
        role="option"
        aria-selected={selected}
        tabIndex={-1}
        onClick={() => run(command)}
      >
        {command.label}
        {command.keys && <kbd>{command.keys}</kbd>}
      </div>
    </>
  );
}
