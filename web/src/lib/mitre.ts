/** What a rule's tag says: a technique or a tactic of MITRE ATT&CK, a CVE, or something of one's own. */
export type Tag =
  | { kind: 'technique'; text: string; url: string }
  | { kind: 'tactic' | 'other'; text: string };

export function tagOf(tag: string): Tag {
  const technique = /^attack\.(t\d{4})(?:\.(\d{3}))?$/i.exec(tag);
  if (technique?.[1]) {
    const id = technique[1].toUpperCase();
    const path = technique[2] ? `${id}/${technique[2]}` : id;
    return {
      kind: 'technique',
      text: technique[2] ? `${id}.${technique[2]}` : id,
      url: `https://attack.mitre.org/techniques/${path}/`,
    };
  }
  const tactic = /^attack\.([a-z][a-z_-]+)$/.exec(tag);
  if (tactic?.[1]) return { kind: 'tactic', text: tactic[1].replace(/[_-]/g, ' ') };
  return { kind: 'other', text: tag };
}
