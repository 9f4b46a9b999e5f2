import { tagOf } from '@/lib/mitre';
import { SafeText } from './safe-text';

/** A rule's tag; a technique of ATT&CK leads to its description. */
export function AttackTag({ text }: { text: string }) {
  const tag = tagOf(text);
  if (tag.kind !== 'technique') return <SafeText text={tag.text} />;
  return (
    <a href={tag.url} target="_blank" rel="noopener noreferrer" title={`MITRE ATT&CK ${tag.text}`}>
      {tag.text}
    </a>
  );
}
